import assert from "node:assert/strict";
import { findScript, listExperiments } from "../../lib/cli/find_experiment.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { runScript } from "../support/script.ts";

const EXPERIMENTS = new URL("../../experiments/", import.meta.url);
const SCRIPTS = await Promise.all(
  listExperiments(EXPERIMENTS).map((name) => findScript(EXPERIMENTS, name)),
);

/** Words as a shell has them: quotes keep blanks. */
function splitWords(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
}

for (const { name, options, examples = [] } of SCRIPTS) {
  Deno.test(`${name}: --help has examples, and each is a call that is understood`, () => {
    assert.ok(examples.length >= 2);
    for (const example of examples) parseOptions(name, "", options, splitWords(example));
  });

  Deno.test(`${name}: what it makes can be made several times`, () => {
    assert.ok("repetitions" in options || "samples" in options);
  });
}

Deno.test("--help ends with the examples", async () => {
  const { stdout } = await runScript("experiments/burst.ts", ["--help"]);
  assert.match(
    stdout,
    /\nExamples:\n {2}deno task exp:burst\n {2}deno task exp:burst --rps 20 --burst/,
  );
});
