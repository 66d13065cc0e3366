import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { burst } from "../../../experiments/burst.ts";
import { coldStart } from "../../../experiments/cold_start.ts";
import { keepAlive } from "../../../experiments/keep_alive.ts";
import { rpsRamp } from "../../../experiments/rps_ramp.ts";
import { traceSweep } from "../../../experiments/trace_sweep.ts";
import type { AnswerDeclaration, SweepDeclaration } from "../../../lib/model/answer.ts";
import type { ExperimentManifest } from "../../../lib/store/schema/manifest.ts";
import { createAnswer } from "../../../lib/report/answers/create_answer.ts";
import { undeclaredAnswerOf } from "../../../lib/report/answers/undeclared_answer.ts";
import { renderReport } from "../../../lib/report/report.ts";
import { readExperimentFolder } from "../../../lib/store/read/experiment_folder.ts";
import { readExperimentManifest } from "../../../lib/store/read/manifest_reader.ts";
import { writeExperimentManifest } from "../../support/run_folder.ts";
import { temporaryFolder } from "../../support/script.ts";
import { syntheticArrivals, writeSyntheticRun } from "../../support/synthetic_run.ts";

type Parameters = Readonly<Record<string, number | string>>;

const THREADS: SweepDeclaration = {
  kind: "sweep",
  parameter: "threads",
  against: "threads",
  axis: "threads of the server",
  unit: "threads",
  figures: ["response_time"],
};

/** The folder of an experiment with a run for each set of parameters. */
async function experimentWith(
  manifest: Pick<ExperimentManifest, "experiment"> & Partial<ExperimentManifest>,
  parametersOfRuns: readonly Parameters[],
): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await temporaryFolder();
  for (const [i, parameters] of parametersOfRuns.entries()) {
    await writeSyntheticRun(`${folder.path}/runs/run-${i}`, {
      experiment: manifest.experiment,
      name: `run-${i}`,
      parameters,
      seed: 1,
      durationMs: 4_000,
      phases: [{ fromMs: 0, phase: "measurement" }],
      arrivals: syntheticArrivals(1, 6, 4_000),
      cores: 4,
      capacity: 8,
    });
  }
  const runs = parametersOfRuns.map((_, i) => `runs/run-${i}`);
  await writeExperimentManifest(folder.path, { ...manifest, runs });
  return folder;
}

Deno.test("an answer is what the experiment declares, whatever its parameters are called", async () => {
  await using folder = await experimentWith(
    { experiment: "mine", answer: THREADS },
    [{ threads: 1, functions: 3 }, { threads: 8, functions: 6 }],
  );
  const { html, figures } = await renderReport(folder.path);
  const own = figures.filter((file) => file.includes("against"));
  assert.deepEqual(own, [`${folder.path}/figures/response_time_against_threads.svg`]);
  const page = await readFile(html, "utf8");
  assert.match(page, /Response time against threads/);
  assert.match(page, / at 1 threads .*at 8\./);
  assert.match(await readFile(own[0], "utf8"), /threads of the server/);
});

Deno.test("a declared answer names the run that lacks what it is drawn by", async () => {
  await using folder = await experimentWith(
    { experiment: "mine", answer: THREADS },
    [{ threads: 1 }, { threads: "many" }],
  );
  await assert.rejects(
    renderReport(folder.path),
    /runs\/run-1: The experiment's answer needs of this run a number "threads" among its param/,
  );
});

Deno.test("who declares to have no answer has none, whatever its parameters are called", async () => {
  await using folder = await experimentWith(
    { experiment: "trace-sweep", answer: null },
    [{ functions: 1 }, { functions: 2 }],
  );
  const { html } = await renderReport(folder.path);
  assert.doesNotMatch(await readFile(html, "utf8"), /id="answer"/);
});

Deno.test("a name in a declaration cannot lead out of the folder of figures", async () => {
  await using folder = await experimentWith(
    { experiment: "mine", answer: { ...THREADS, parameter: "../x" } },
    [{ "../x": 1 }, { "../x": 2 }],
  );
  const { figures } = await renderReport(folder.path);
  assert.ok(figures.includes(`${folder.path}/figures/response_time_against_---x.svg`));
});

Deno.test("the manifests of earlier versions declare nothing: the answer goes by the name", async () => {
  for (
    const { name, answer, parameters } of [
      { ...traceSweep, parameters: { functions: 5, repetition: 0 } },
      { ...rpsRamp, parameters: { ratePerS: 5 } },
      { ...burst, parameters: { ratePerS: 5, burstAtMs: 1000, burstMs: 1000 } },
      { ...keepAlive, parameters: { policy: "oracle" } },
    ] as readonly { name: string; answer: AnswerDeclaration | null; parameters: Parameters }[]
  ) {
    await using folder = await experimentWith({ experiment: name, answer: undefined }, [
      parameters,
    ]);
    const experiment = await readExperimentFolder(folder.path);
    assert.equal(experiment.manifest.answer, undefined);
    // Nobody told then by what a rate counts as kept.
    const { knee: _, ...known } = { knee: undefined, ...answer! };
    assert.deepEqual(undeclaredAnswerOf(experiment), known, name);
  }
  for (
    const [experiment, ...parametersOfRuns] of [
      ["another", { functions: 5 }],
      ["toString", { functions: 5 }],
      ["trace-sweep", { functions: 5 }, { ratePerS: 5 }],
      ["trace-sweep", { functions: "many" }],
      ["keep-alive", { policy: "knative" }, { ratePerS: 3 }],
    ] as const
  ) {
    await using folder = await experimentWith({ experiment, answer: undefined }, parametersOfRuns);
    const stored = await readExperimentFolder(folder.path);
    assert.equal(undeclaredAnswerOf(stored), null, experiment);
    assert.equal(createAnswer(stored).renderText, undefined);
  }
});

Deno.test("every declared answer comes back from its manifest as it was", async () => {
  await using folder = await temporaryFolder();
  for (const { name, answer } of [traceSweep, rpsRamp, burst, keepAlive, coldStart]) {
    await writeExperimentManifest(folder.path, { experiment: name, answer, runs: [] });
    const file = `${folder.path}/experiment.json`;
    assert.deepEqual(readExperimentManifest(folder.path)?.answer, answer);
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace(`"kind": "${answer!.kind}"`, '"kind": "x"'));
    assert.throws(
      () => readExperimentManifest(folder.path),
      /Expected an experiment's manifest, but answer\.kind is wrong/,
    );
  }
});
