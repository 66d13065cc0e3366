import assert from "node:assert/strict";
import type { DistributionDeclaration } from "../../../lib/model/answer.ts";
import { renderReport } from "../../../lib/report/report.ts";
import { writeExperimentManifest } from "../../support/run_folder.ts";
import { temporaryFolder } from "../../support/script.ts";
import { syntheticArrivals, writeSyntheticRun } from "../../support/synthetic_run.ts";

async function reportOf(answer: DistributionDeclaration, methods: readonly string[]) {
  await using folder = await temporaryFolder();
  for (const [i, method] of methods.entries()) {
    await writeSyntheticRun(`${folder.path}/runs/run-${i}`, {
      experiment: "mine",
      name: `run-${i}`,
      parameters: { method },
      seed: i,
      durationMs: 20_000,
      phases: [{ fromMs: 0, phase: "measurement" }],
      arrivals: syntheticArrivals(i, 10, 20_000),
      cores: 4,
      capacity: 8,
    });
  }
  const runs = methods.map((_, i) => `runs/run-${i}`);
  await writeExperimentManifest(folder.path, { experiment: "mine", answer, runs });
  const { html, figures } = await renderReport(folder.path);
  const names = figures.map((file) => file.replace(/^.*\//, ""));
  return { page: await Deno.readTextFile(html), names };
}

Deno.test("cold and warm invocations have a curve each, and their numbers below", async () => {
  const { page, names } = await reportOf(
    { kind: "distribution", measure: "added_time", split: { by: "cold" } },
    ["any"],
  );
  assert.ok(names.includes("added_time_distribution.svg"));
  assert.match(page, /Time beyond the requested runtime, cold and warm invocations/);
  assert.match(page, /warm: half at most [\d.]+; cold: (half at most|too few)/);
  assert.match(page, /<td class="text">warm<\/td>\s*<td class="number">\d+<\/td>/);
});

Deno.test("runs with the same parameter are of one group", async () => {
  const { page, names } = await reportOf({
    kind: "distribution",
    measure: "slowdown",
    split: { by: "parameter", parameter: "method", against: "our sample and a random one" },
  }, ["ours", "random", "ours"]);
  assert.ok(names.includes("slowdown_distribution.svg"));
  assert.match(page, /Slowdown, our sample and a random one/);
  const [caption] = /ours: half at most [^<]*/.exec(page)!;
  assert.match(
    caption,
    /^ours: half at most [\d.]+(?: to [\d.]+)?; random: half at most [\d.,]+\. /,
  );
});
