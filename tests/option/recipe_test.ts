import assert from "node:assert/strict";
import { byBareName, durationOption, type OptionTable } from "../../lib/option/option.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { settleOptions } from "../../lib/option/settle_options.ts";
import { temporaryFolder } from "../support/script.ts";

// An option by the recipe of CONTRIBUTING.md: declared once, in a line.
const TABLE = {
  patienceMs: durationOption({ meaning: "how long", default: 500, minimum: 100, maximum: 9000 }),
};

Deno.test("an option by the recipe: a flag, a line of a file, a line of the help", async () => {
  const values = (...args: readonly string[]) => parseOptions("x", "", TABLE, args).values;
  assert.deepEqual(values(), { patienceMs: 500 });
  assert.deepEqual(values("--patience", "2s"), { patienceMs: 2000 });
  assert.throws(
    () => values("--patience", "1ms"),
    /^LoaderError: --patience: "1ms" is not between/,
  );
  const { help } = parseOptions("x", "", TABLE, ["--help"]);
  assert.match(help!, /--patience <time> +how long \(default: 500ms\)/);
  await using folder = await temporaryFolder();
  const file = `${folder.path}/options.yaml`;
  await Deno.writeTextFile(file, "patience: 3s\n");
  const config: OptionTable = {
    ...TABLE,
    config: { ...TABLE.patienceMs, unit: "", parse: String },
  };
  const configured = parseOptions("x", "", config, ["--config", file]).values;
  assert.equal(configured.patienceMs, 3000);
});

Deno.test("an option by the recipe: a setting of programs, with the same default and bounds", () => {
  assert.deepEqual(settleOptions("the moon", TABLE, {}, false), { patienceMs: 500 });
  assert.deepEqual(settleOptions("the moon", TABLE, { patienceMs: 700 }, false), {
    patienceMs: 700,
  });
  assert.throws(() => settleOptions("the moon", TABLE, { patienceMs: 7 }, false), {
    code: "usage",
    message: "The option patienceMs of the moon must be a number from 100 to 9000, not 7.",
  });
});

Deno.test("an option by the recipe: manifests have it as flags call it", () => {
  assert.deepEqual(byBareName(TABLE, { patienceMs: 500 }), { patience: 500 });
});
