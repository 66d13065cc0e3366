/** What `--json` leaves on standard output: one value, whatever comes of it. */
import assert from "node:assert/strict";
import { TOOLS } from "../../loader.ts";
import { runScript, type ScriptResult, temporaryFolder } from "../support/script.ts";

/** The one value on standard output. */
// deno-lint-ignore no-explicit-any -- a value of any shape
function valueOf({ stdout, stderr }: ScriptResult): any {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`no JSON: ${stdout}\n${stderr}`);
  }
}

Deno.test("--json: every tool tells a mistake as JSON, and as a sentence for people", async () => {
  for (const verb of Object.keys(TOOLS)) {
    const result = await runScript("loader.ts", [verb, "--json", "--no-such-flag"]);
    assert.equal(result.status, 2, `${verb}: ${result.stderr}`);
    const { error } = valueOf(result);
    assert.equal(error.code, "usage", verb);
    assert.ok(result.stderr.startsWith(`Error: ${error.message}`), verb);
  }
});

Deno.test("--json: an experiment, its report again, and traces", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/burst`;
  const burst = "--platform simulator --rps 5 --duration 5s --json".split(" ");
  const made = valueOf(await runScript("experiments/burst.ts", [...burst, "--output", output]));
  assert.deepEqual(Object.keys(made), ["folder", "report", "status", "verdict", "runs"]);
  assert.deepEqual([made.status, made.verdict, made.runs.length], ["finished", "VALID", 1]);

  const again = valueOf(await runScript("scripts/report.ts", [output, "--json"]));
  assert.equal(again.report, `${output}/report.html`);
  assert.ok(again.figures > 0);

  const refused = await runScript("experiments/burst.ts", [...burst, "--rps", "no"]);
  assert.equal(refused.status, 2);
  assert.equal(valueOf(refused).error.code, "usage");

  const trace = `${folder.path}/trace`;
  const sizes = "--preset demonstration --functions 20 --json".split(" ");
  const synthesized = valueOf(
    await runScript("scripts/trace_synthesize.ts", [...sizes, "--output", trace]),
  );
  assert.equal(synthesized.files.length, 3);
  const converted = valueOf(
    await runScript("scripts/trace_convert.ts", [
      ...[trace, "--json", "--output", `${folder.path}/normal`],
    ]),
  );
  assert.deepEqual([converted.functions, converted.slots], [20, 1440]);
  assert.ok(converted.files.every(({ bytes }: { bytes: number }) => bytes > 0));
  const { samples } = valueOf(
    await runScript("scripts/trace_sample.ts", [
      ...[trace, "--sizes", "5", "--json", "--output", `${folder.path}/sample`],
    ]),
  );
  assert.equal(samples[0].certificate.size, 5);
});
