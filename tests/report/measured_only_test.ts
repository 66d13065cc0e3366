import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readExperimentFolder } from "../../lib/store/read/experiment_folder.ts";
import { readRunInvocations, readRunTables } from "../../lib/analyze/run_analysis.ts";
import type {
  AnswerDeclaration,
  BurstDeclaration,
  KeepAliveDeclaration,
} from "../../lib/model/answer.ts";
import type { PhaseSpan } from "../../lib/model/schedule.ts";
import { KeepAliveListener } from "../../lib/report/answers/keep_alive_run.ts";
import { renderReport } from "../../lib/report/report.ts";
import { writeExperimentManifest } from "../support/run_folder.ts";
import { type SyntheticArrival, writeSyntheticRun } from "../support/synthetic_run.ts";

const PHASES: readonly PhaseSpan[] = [
  { fromMs: 0, phase: "warmup" },
  { fromMs: 5000, phase: "measurement" },
];

const KEEP_ALIVE: KeepAliveDeclaration = {
  kind: "keep_alive",
  policyParameter: "policy",
  memoryParameter: "nodeMemoryMib",
  reference: "fixed-10min",
  bound: "oracle",
};

const BURST: BurstDeclaration = {
  kind: "burst",
  functions: { bursty: "bursty", steady: "steady", victim: "victim" },
  beginParameter: "burstAtMs",
  lengthParameter: "burstMs",
};

/** The folder of an experiment with one run that has a warm-up of five of its ten seconds. */
async function withRun(
  answer: AnswerDeclaration,
  parameters: Readonly<Record<string, number | string>>,
  arrivals: readonly SyntheticArrival[],
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
  try {
    await writeSyntheticRun(join(folder, "runs/only"), {
      experiment: "any",
      name: "only",
      parameters,
      seed: 1,
      durationMs: 10_000,
      phases: PHASES,
      arrivals,
      cores: 8,
      capacity: 8,
    });
    await writeExperimentManifest(folder, { experiment: "any", answer, runs: ["runs/only"] });
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function arrival(role: string, scheduledMs: number, runtimeMs: number): SyntheticArrival {
  return { functionId: `o/a/${role}`, scheduledMs, runtimeMs };
}

Deno.test("keep-alive: memory-time before the measurement is not wasted", async () => {
  // Its instance is there from 0.1 s until after the end, and idle in all of the measurement.
  await withRun(KEEP_ALIVE, { policy: "knative" }, [arrival("f", 100, 10)], async (folder) => {
    const { runs: [run] } = await readExperimentFolder(folder);
    const listener = new KeepAliveListener(readRunTables(run));
    readRunInvocations(run, [listener]);
    const { memoryTime } = listener.build(KEEP_ALIVE);
    assert.deepEqual(memoryTime, { startingMibS: 0, idleMibS: 5 * 170, servingMibS: 0 });
  });
});

Deno.test("burst: what came before it is of the measurement, too", async () => {
  const arrivals = [
    arrival("steady", 1000, 3000),
    ...Array.from({ length: 20 }, (_, i) => arrival("steady", 5200 + 100 * i, 20)),
    ...Array.from({ length: 20 }, (_, i) => arrival("bursty", 8000 + i, 20)),
    arrival("victim", 8010, 20),
  ];
  await withRun(BURST, { burstAtMs: 8000, burstMs: 1000 }, arrivals, async (folder) => {
    const { html } = await renderReport(folder);
    const text = await Deno.readTextFile(html);
    const [, before] = /steady ([\d.,]+) ms before and none in the burst/.exec(text)!;
    assert.ok(Number(before.replaceAll(",", "")) < 3000, before);
  });
});
