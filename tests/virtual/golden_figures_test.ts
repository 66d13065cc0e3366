/**
 * The figures of fixed simulated runs, as they are drawn: any change of one is seen. After
 * reading what changed (`git diff tests/golden/figures`), it is accepted with
 *
 *     GOLDEN=accept deno test -P tests/virtual/golden_figures_test.ts
 */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { PROJECT, runScript, temporaryFolder } from "../support/script.ts";

const GOLDEN = join(PROJECT, "tests/golden/figures");

/** What is run, and the figures that are kept of it. */
const RUNS = [
  {
    script: "experiments/burst.ts",
    args: ["--platform", "simulator", "--burst", "8"],
    figures: [
      "burst_response_time",
      "burst_instances",
      "burst.arrivals",
      "burst.concurrency",
      "burst.cold_starts",
      "burst.autoscaler",
    ],
  },
  {
    script: "experiments/trace_sweep.ts",
    args: ["--platform", "simulator", "--sizes", "3,6", "--repetitions", "2", "--duration", "20s"],
    figures: ["slowdown_against_functions", "arrival_fit", "served", "sample_memory"],
  },
] as const;

/** An SVG document a line a tag, its numbers rounded to a tenth of a pixel. */
function specOf(svg: string): string {
  return svg.replaceAll("><", ">\n<")
    .replaceAll(/-?\d+\.\d+/g, (number) => String(Math.round(10 * Number(number)) / 10));
}

for (const { script, args, figures } of RUNS) {
  Deno.test(`figures of ${basename(script, ".ts")} are drawn as before`, async () => {
    await using folder = await temporaryFolder();
    const { status, stderr } = await runScript(script, [...args, "--output", `${folder.path}/e`]);
    assert.equal(status, 0, stderr);
    for (const figure of figures) {
      const svg = await Deno.readTextFile(join(folder.path, "e/figures", `${figure}.svg`));
      const path = join(GOLDEN, `${figure}.svg`);
      if (Deno.env.get("GOLDEN") === "accept") {
        await Deno.mkdir(GOLDEN, { recursive: true });
        await Deno.writeTextFile(path, specOf(svg));
      }
      assert.equal(
        specOf(svg),
        await Deno.readTextFile(path),
        `${figure}: see the head of this test`,
      );
    }
  });
}
