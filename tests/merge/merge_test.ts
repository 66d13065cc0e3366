import assert from "node:assert/strict";
import fc from "fast-check";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import { LoaderError } from "../../lib/base/error.ts";
import { readTextIfPresent } from "../../lib/base/file.ts";
import { readRunManifest } from "../../lib/store/read/manifest_reader.ts";
import { deriveVerdict, NO_EVIDENCE, VERDICT_LIMITS } from "../../lib/invoke/verdict.ts";
import type { ExperimentManifest, RunManifest, Verdict } from "../../lib/store/schema/manifest.ts";
import {
  CONNECTIONS,
  GENERATOR,
  NODES,
  PLATFORM_METRICS,
  PROCESSES,
  TABLES,
} from "../../lib/store/schema/tables.ts";
import { formatHeader } from "../../lib/store/write/csv_sink.ts";
import { mergeGenerators, mergePlatformMetrics } from "../../lib/store/merge/merge_observations.ts";
import { mergeNodes, mergeProcesses } from "../../lib/store/merge/merge_tables.ts";
import { mergeShards } from "../../lib/merge/merge.ts";
import { mergeVerdicts } from "../../lib/merge/merge_manifest.ts";
import { runExperiment } from "../../lib/cli/run_experiment.ts";
import { readExperiment, readRows, readRun } from "../support/run_files.ts";
import { temporaryFolder } from "../support/script.ts";
import { sweep, sweepInShards, valuesOf } from "../support/shard_run.ts";
import { csvText } from "../support/synthetic_run.ts";

const RUN = "functions-6_repetition-0";
const START = ["--start-at", "2030-01-01T00:00:00Z"];

/** Empty where there is none. */
function textOf(folder: string, table: string, run = RUN): string {
  return readTextIfPresent(`${folder}/runs/${run}/${table}.csv`) ?? "";
}

/** Lines before `endMs`, those of one instant in a fixed order. */
function linesUntil(text: string, endMs: number): string[] {
  const rows = text.trimEnd().split("\n").slice(1);
  const known = rows.map((line) => ({ timeMs: parseFloat(line), line }))
    .filter(({ timeMs }) => timeMs < endMs);
  for (let i = 1; i < known.length; i++) assert.ok(known[i - 1].timeMs <= known[i].timeMs);
  return known.sort((a, b) => a.timeMs - b.timeMs || (a.line < b.line ? -1 : 1))
    .map(({ line }) => line);
}

/** The last instant that all loaders still looked at their platforms. */
function commonEndMs(folders: readonly string[]): number {
  return Math.min(...folders.map((folder) => {
    return Math.max(...readRows(`${folder}/runs/${RUN}/generator.csv`).map((r) => +r.time_ms));
  }));
}

Deno.test("merge: shards of a simulated run are the whole run, for any seed and number of loaders", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 10_000 }),
      fc.integer({ min: 2, max: 5 }),
      fc.boolean(),
      async (seed, count, warmup) => {
        await using folder = await temporaryFolder();
        const args = ["--seed", String(seed), ...START, ...warmup ? ["--warmup", "1min"] : []];
        const whole = await sweep(`${folder.path}/whole`, ...args);
        const parts = await sweepInShards(folder.path, count, ...args);
        const merged = await mergeShards(parts, { output: `${folder.path}/merged` });
        assert.equal(textOf(merged, "generator"), textOf(whole, "generator"));
        const byIndex = (text: string) =>
          text.trimEnd().split("\n").slice(1).sort((a, b) => parseInt(a) - parseInt(b));
        assert.deepEqual(
          byIndex(textOf(merged, "invocations")),
          byIndex(textOf(whole, "invocations")),
        );
        const ends = readRows(`${merged}/runs/${RUN}/invocations.csv`).map((r) => +r.completed_ms);
        ends.forEach((end, i) => assert.ok(i === 0 || ends[i - 1] <= end, "in order of time"));
        const endMs = commonEndMs(parts);
        for (const table of ["instances", "scales", "autoscaler"]) {
          assert.deepEqual(
            linesUntil(textOf(merged, table), endMs),
            linesUntil(textOf(whole, table), endMs),
          );
        }
        assertMetricsNear(merged, whole, endMs);
        const [manifest, expected] = [merged, whole].map((path) => readRun(path, RUN));
        for (
          const key of ["scheduleHash", "plan", "phases", "outcomes", "seed", "trace"] as const
        ) {
          assert.deepEqual(manifest[key], expected[key], key);
        }
        assert.equal(manifest.verdict?.verdict, expected.verdict?.verdict);
        assert.equal(manifest.verdict?.evidence.dispatched, expected.verdict?.evidence.dispatched);
      },
    ),
    { seed: 6, numRuns: 8 },
  );
});

/** Sums are equal; averages of three decimals are averaged again. */
function assertMetricsNear(merged: string, whole: string, endMs: number): void {
  const rowsOf = (folder: string) =>
    readRows(`${folder}/runs/${RUN}/platform_metrics.csv`).filter((r) => +r.time_ms < endMs);
  const [found, expected] = [rowsOf(merged), rowsOf(whole)];
  assert.equal(found.length, expected.length);
  found.forEach((row, i) => {
    for (const [name, text] of Object.entries(row)) {
      if (!name.endsWith("_concurrency")) assert.equal(text, expected[i][name], name);
      else assert.ok(Math.abs(Number(text) - Number(expected[i][name])) <= 0.0011, name);
    }
  });
}

Deno.test("merge: without initial instances the shards equal a run without any agreed start", async () => {
  await using folder = await temporaryFolder();
  const whole = await sweep(`${folder.path}/whole`);
  const merged = await mergeShards(await sweepInShards(folder.path, 3), {
    output: `${folder.path}/merged`,
  });
  for (const table of ["invocations", "generator"]) {
    assert.equal(textOf(merged, table), textOf(whole, table), table);
  }
});

Deno.test("merge: one shard of one is the run itself, byte for byte", async () => {
  await using folder = await temporaryFolder();
  const whole = await sweep(`${folder.path}/whole`, ...START);
  const [part] = await sweepInShards(folder.path, 1, ...START);
  const merged = await mergeShards([part], { output: null });
  assert.equal(merged, `${part}_merged`);
  for (const { name } of TABLES) {
    assert.equal(textOf(merged, name), textOf(whole, name), name);
  }
  const [manifest, expected] = [merged, whole].map((path) => readRun(path, RUN));
  assert.deepEqual(manifest.verdict, expected.verdict);
  assert.deepEqual(manifest.plan, expected.plan);
});

Deno.test("merge: what each loader said stays, and the manifest can be read back", async () => {
  await using folder = await temporaryFolder();
  const parts = await sweepInShards(folder.path, 2, ...START);
  const merged = await mergeShards(parts.toReversed(), {
    output: `${folder.path}/merged`,
    command: ["deno", "task", "merge"],
  });
  const run = `${merged}/runs/${RUN}`;
  parts.forEach((part, i) => {
    for (const file of ["manifest.json", "generator.csv"]) {
      assert.equal(
        Deno.readTextFileSync(`${run}/loaders/${i + 1}/${file}`),
        Deno.readTextFileSync(`${part}/runs/${RUN}/${file}`),
      );
    }
  });
  const manifest = readRunManifest(run)!;
  assert.deepEqual(manifest.loaders?.map(({ index }) => index), [1, 2]);
  assert.equal(manifest.runStartUnixMs, Date.UTC(2030, 0, 1));
  assert.deepEqual([manifest.shard, manifest.options.shard], [undefined, null]);
  assert.equal(
    manifest.loaders?.reduce((sum, { plan }) => sum + plan.invocations, 0),
    manifest.plan.invocations,
  );
  const experiment = readExperiment(merged);
  assert.deepEqual([experiment.status, experiment.runs], ["finished", [`runs/${RUN}`]]);
  assert.deepEqual(experiment.answer, traceSweep.answer);
});

Deno.test("merge: loaders that have no function of a run belong to it too", async () => {
  await using folder = await temporaryFolder();
  // Six functions on twelve loaders.
  const parts = await sweepInShards(folder.path, 12);
  const plans = parts.map((part) => readRun(part, RUN).plan);
  assert.ok(plans.some(({ functions }) => functions === 0));
  const merged = await mergeShards(parts, { output: `${folder.path}/merged` });
  const whole = await sweep(`${folder.path}/whole`);
  assert.equal(textOf(merged, "invocations"), textOf(whole, "invocations"));
});

// What does not fit

/** Changes a manifest in place. */
function change<T>(path: string, changes: (manifest: T) => Partial<T>): void {
  const manifest: T = JSON.parse(Deno.readTextFileSync(path));
  Deno.writeTextFileSync(path, JSON.stringify({ ...manifest, ...changes(manifest) }));
}

interface Misfit {
  readonly what: string;
  readonly sentence: RegExp;
  /** Spoils folders, and returns those to merge. */
  spoil(parts: readonly string[]): readonly string[];
}

const changeRun = (part: string, changes: (manifest: RunManifest) => Partial<RunManifest>) =>
  change<RunManifest>(`${part}/runs/${RUN}/manifest.json`, changes);

const changeExperiment = (
  part: string,
  changes: (manifest: ExperimentManifest) => Partial<ExperimentManifest>,
) => change<ExperimentManifest>(`${part}/experiment.json`, changes);

const MISFITS: readonly Misfit[] = [
  {
    what: "a missing shard",
    sentence: /^Of 3 shards, 2\/3 is missing; name the folder of each loader\./,
    spoil: ([first, , third]) => [first, third],
  },
  {
    what: "a shard twice",
    sentence: /This is shard 1\/3, and so is .*1-of-3\./,
    spoil: ([first, second]) => [first, second, first],
  },
  {
    what: "another number of shards",
    sentence: /2-of-3: This is shard 2\/4, but .*1-of-3 is 1\/3\./,
    spoil: (parts) => {
      changeExperiment(parts[1], ({ options }) => ({
        options: { ...options, shard: { index: 2, count: 4 } },
      }));
      return parts;
    },
  },
  {
    what: "a run without shards",
    sentence: /1-of-3: This experiment was made by one loader alone/,
    spoil: (parts) => {
      changeExperiment(parts[0], ({ options }) => ({ options: { ...options, shard: null } }));
      return parts;
    },
  },
  {
    what: "another experiment",
    sentence: /3-of-3: The experiment is burst, but trace-sweep in .*1-of-3\./,
    spoil: (parts) => {
      changeExperiment(parts[2], () => ({ experiment: "burst" }));
      return parts;
    },
  },
  {
    what: "another platform",
    sentence: /3-of-3: The platform is local, but simulator in/,
    spoil: (parts) => {
      changeExperiment(parts[2], () => ({ platform: "local" }));
      return parts;
    },
  },
  {
    what: "another option",
    sentence: /2-of-3: --rate-scale was 2, but 1 in .*1-of-3\./,
    spoil: (parts) => {
      changeExperiment(parts[1], ({ options }) => ({ options: { ...options, rateScale: 2 } }));
      return parts;
    },
  },
  {
    what: "another start",
    sentence: /2-of-3: --start-at was 2030-01-01T00:00:05Z, but 2030-01-01T00:00:00Z in/,
    spoil: (parts) => {
      changeExperiment(parts[1], ({ options }) => ({
        options: { ...options, startAt: Date.UTC(2030, 0, 1, 0, 0, 5) },
      }));
      return parts;
    },
  },
  {
    what: "another start of a run",
    sentence: /2-of-3.*: The start was 5, but \d+ in/,
    spoil: (parts) => {
      changeRun(parts[1], ({ shard }) => ({ shard: { ...shard!, startAtUnixMs: 5 } }));
      return parts;
    },
  },
  {
    what: "another seed",
    sentence: /2-of-3.*: The seed is 7, but 42 in/,
    spoil: (parts) => {
      changeRun(parts[1], () => ({ seed: 7 }));
      return parts;
    },
  },
  {
    what: "another schedule",
    sentence: /3-of-3.*: The schedule's hash is abc…, but [0-9a-f]{12}… in/,
    spoil: (parts) => {
      changeRun(parts[2], () => ({ scheduleHash: "abc" }));
      return parts;
    },
  },
  {
    what: "another content of the trace",
    sentence: /3-of-3.*: The trace has another content \(SHA-256 abc\) than in .* \([0-9a-f]{64}\)/,
    spoil: (parts) => {
      changeRun(parts[2], ({ trace }) => ({ trace: { ...trace!, hash: "abc" } }));
      return parts;
    },
  },
  {
    what: "another content of a file that an option names",
    sentence:
      /2-of-3: The file of --simulation has another content \(SHA-256 abc\) than in .*\(def\)/,
    spoil: (parts) => {
      for (const [i, hash] of ["def", "abc", "def"].entries()) {
        changeExperiment(parts[i], ({ inputs }) => ({
          // What a configuration file holds beside options may differ.
          inputs: { ...inputs!, files: { config: hash, simulation: hash } },
        }));
      }
      return parts;
    },
  },
  {
    what: "another answer, even where the first says nothing of one",
    sentence: /3-of-3: The answer is declared as null, but as \{"kind":"sweep",.* in .*2-of-3\./,
    spoil: (parts) => {
      changeExperiment(parts[0], () => ({ answer: undefined }));
      changeExperiment(parts[2], () => ({ answer: null }));
      return parts;
    },
  },
  {
    what: "an unfinished run",
    sentence: /2-of-3: The run functions-6_repetition-0 is failed here \(Lost\), so the/,
    spoil: (parts) => {
      changeRun(parts[1], () => ({ status: "failed", error: "Lost." }));
      return parts;
    },
  },
  {
    what: "a run that one did not make",
    sentence: /2-of-3: The run functions-6_repetition-0 was not made here/,
    spoil: (parts) => {
      Deno.removeSync(`${parts[1]}/runs/${RUN}`, { recursive: true });
      return parts;
    },
  },
  {
    what: "an unfinished experiment",
    sentence: /2-of-3: This shard has not come to its end: it is interrupted\./,
    spoil: (parts) => {
      changeExperiment(parts[1], () => ({ status: "interrupted" }));
      return parts;
    },
  },
  {
    what: "a table that lost rows",
    sentence: /2-of-3.*invocations\.csv: The table has \d+ rows, but \d+ invocations were planned/,
    spoil: (parts) => {
      const path = `${parts[1]}/runs/${RUN}/invocations.csv`;
      const lines = Deno.readTextFileSync(path).split("\n");
      Deno.writeTextFileSync(path, lines.toSpliced(-2, 1).join("\n"));
      return parts;
    },
  },
  {
    what: "a table that is not there",
    sentence: /2-of-3.*scales\.csv: The table is missing/,
    spoil: (parts) => {
      Deno.removeSync(`${parts[1]}/runs/${RUN}/scales.csv`);
      return parts;
    },
  },
  {
    what: "no experiment",
    sentence: /nowhere.*experiment\.json: There is no such file/,
    spoil: ([first]) => [first, "/nowhere"],
  },
];

Deno.test("merge: what does not fit is refused with a sentence, and nothing is left", async (t) => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/made`);
  const made = await sweepInShards(`${folder.path}/made`, 3, ...START);
  for (const [number, { what, sentence, spoil }] of MISFITS.entries()) {
    await t.step(what, async () => {
      const parts = made.map((part) => part.replace("/made/", `/${number}/`));
      for (const [i, part] of parts.entries()) copyFolder(made[i], part);
      const output = `${folder.path}/merged`;
      await assert.rejects(
        mergeShards(spoil(parts), { output }),
        (error) =>
          error instanceof LoaderError && error.code === "input" && sentence.test(error.message),
      );
      await assert.rejects(Deno.stat(output), Deno.errors.NotFound);
    });
  }
});

function copyFolder(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) copyFolder(`${from}/${name}`, `${to}/${name}`);
    else Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}

Deno.test("merge: shards without an agreed start, whose functions took differently long, are refused", async () => {
  await using folder = await temporaryFolder();
  const parts = await sweepInShards(folder.path, 2, "--warmup", "1min");
  changeRun(parts[1], ({ runStartUnixMs }) => ({ runStartUnixMs: runStartUnixMs! + 10 }));
  await assert.rejects(
    mergeShards(parts, { output: `${folder.path}/merged` }),
    /started at another instant than in .*; give each loader the same --start-at/,
  );
});

Deno.test("merge: nothing is overwritten", async () => {
  await using folder = await temporaryFolder();
  const parts = await sweepInShards(folder.path, 2);
  const output = `${folder.path}/merged`;
  await mergeShards(parts, { output });
  const before = Deno.readTextFileSync(`${output}/experiment.json`);
  await assert.rejects(mergeShards(parts, { output }), /holds other files/);
  assert.equal(Deno.readTextFileSync(`${output}/experiment.json`), before);
});

Deno.test("merge: after an overload the runs that all loaders made are the experiment", async () => {
  await using folder = await temporaryFolder();
  const parts: string[] = [];
  for (const index of [1, 2]) {
    const output = `${folder.path}/${index}`;
    const args = ["--platform", "simulator", "--start", "5", "--step", "5", "--end", "15"];
    args.push("--slot", "5s", "--shard", `${index}/2`, ...START, "--output", output);
    await runExperiment(rpsRamp, valuesOf(rpsRamp, args));
    parts.push(output);
  }
  // As if the first had met an overload in its second run, and the user had stopped the other.
  changeExperiment(parts[0], ({ runs }) => ({ status: "overloaded", runs: runs.slice(0, 2) }));
  Deno.removeSync(`${parts[0]}/runs/rate-15`, { recursive: true });
  change<RunManifest>(`${parts[0]}/runs/rate-10/manifest.json`, () => ({ status: "overloaded" }));
  changeExperiment(parts[1], () => ({ status: "interrupted" }));
  change<RunManifest>(`${parts[1]}/runs/rate-15/manifest.json`, () => ({ status: "interrupted" }));
  const merged = await mergeShards(parts, { output: `${folder.path}/merged` });
  const { status, runs, notes } = readExperiment(merged);
  assert.deepEqual([status, runs], ["overloaded", ["runs/rate-5", "runs/rate-10"]]);
  assert.ok(notes.some((note) => /Not all loaders made rate-15/.test(note)));
  assert.equal(readRun(merged, "rate-5").status, "finished");
  assert.equal(readRun(merged, "rate-10").status, "overloaded");
});

// Its parts

const EVIDENCE: Verdict["evidence"] = {
  ...NO_EVIDENCE,
  dispatched: 100,
  dropped: 1,
  lateDispatches: 2,
  dispatchLagP50Ms: 0.5,
  dispatchLagP99Ms: null,
  dispatchLagMaxMs: 3,
  loopProbes: 10,
  lateLoopProbes: 1,
  loopDelayP99Ms: 4,
  loopDelayMaxMs: 5,
  busySeconds: [3, 7],
  seconds: 10,
  waitingPercent: null,
  measured: 100,
  measuredNotOk: 0,
};

Deno.test("merged verdict: the platform is judged by the sums, a late loader by itself", () => {
  const loader = (
    index: number,
    evidence: Partial<Verdict["evidence"]>,
  ) => ({
    index,
    verdict: deriveVerdict({
      ...NO_EVIDENCE,
      dispatched: 1000,
      loopProbes: 5000,
      seconds: 100,
      measured: 1000,
      ...evidence,
    }, VERDICT_LIMITS),
  });
  const wordOf = (...loaders: ReturnType<typeof loader>[]) => mergeVerdicts(loaders)!.verdict;
  // 3 % of a small part are 12 of 2,400.
  const tiny = loader(1, { dispatched: 400, measured: 400, measuredNotOk: 12 });
  assert.equal(tiny.verdict.verdict, "PLATFORM-LIMITED");
  assert.equal(wordOf(tiny, loader(2, {}), loader(3, {})), "VALID");
  // 0.9 % of one and 3 % of the other are more than 1 % of both.
  assert.equal(wordOf(tiny, loader(2, { measuredNotOk: 9 })), "PLATFORM-LIMITED");
  assert.match(
    mergeVerdicts([tiny, loader(2, { measuredNotOk: 9 })])!.reasons.join(),
    /^21 of 1400 measured invocations were not ok\.$/,
  );
  // 20 of 2,000 is within a hundredth, and 20 of 1,000 is not.
  assert.equal(wordOf(loader(1, { lateDispatches: 20 }), loader(2, {})), "GENERATOR-LIMITED");
  // Too few of each to be judged, enough of all.
  const few = (index: number) => loader(index, { dispatched: 60, lateDispatches: 1, measured: 60 });
  assert.equal(few(1).verdict.verdict, "VALID");
  assert.equal(wordOf(...[1, 2, 3, 4, 5, 6].map(few)), "GENERATOR-LIMITED");
  // Busy seconds of different loaders do not add up.
  const busy = (index: number) =>
    loader(index, { busySeconds: [0, 1, 2, 3, 4].map((k) => 5 * index + k) });
  const merged = mergeVerdicts([busy(1), busy(2), busy(3)]);
  assert.equal(merged?.verdict, "VALID");
  assert.equal(merged?.evidence.busySeconds.length, 15);
});

Deno.test("merged verdict: waits are summed, the longest of any, in the seconds of all", () => {
  const waiting = (index: number, invocations: number, longestMs: number, seconds: number[]) => ({
    index,
    verdict: deriveVerdict({
      ...NO_EVIDENCE,
      measured: 1000,
      peerWaits: { invocations, longestMs, seconds },
    }, VERDICT_LIMITS),
  });
  const merged = mergeVerdicts([waiting(1, 100, 900, [4, 5]), waiting(2, 5, 1900, [5, 6])]);
  assert.deepEqual(merged?.evidence.peerWaits, {
    invocations: 105,
    longestMs: 1900,
    seconds: [4, 5, 6],
  });
  assert.equal(merged?.verdict, "PLATFORM-LIMITED");
  assert.match(
    merged!.reasons[0],
    /^105 of 2000 measured .* 1\.9 s .* \(due in seconds 4 – 6\)\.$/,
  );
});

Deno.test("merged verdict: the worst, with each loader's reasons; no lag is averaged away", () => {
  const valid: Verdict = {
    verdict: "VALID",
    reasons: [],
    limits: VERDICT_LIMITS,
    evidence: EVIDENCE,
  };
  const late: Verdict = {
    ...valid,
    verdict: "GENERATOR-LIMITED",
    reasons: ["It was late."],
    evidence: { ...EVIDENCE, dispatchLagP99Ms: 50, dispatchLagMaxMs: 80, busySeconds: [7, 2] },
  };
  const merged = mergeVerdicts([
    { index: 1, verdict: valid },
    { index: 2, verdict: { ...valid, verdict: "PLATFORM-LIMITED", reasons: ["It failed."] } },
    { index: 3, verdict: late },
    { index: 4, verdict: null },
  ]);
  assert.equal(merged?.verdict, "GENERATOR-LIMITED");
  assert.deepEqual(merged?.reasons, ["Loader 2: It failed.", "Loader 3: It was late."]);
  assert.deepEqual(merged?.evidence, {
    ...EVIDENCE,
    dispatched: 300,
    dropped: 3,
    lateDispatches: 6,
    dispatchLagP99Ms: 50,
    dispatchLagMaxMs: 80,
    loopProbes: 30,
    lateLoopProbes: 3,
    busySeconds: [2, 3, 7],
    measured: 300,
  });
  assert.equal(mergeVerdicts([{ index: 1, verdict: null }]), null);
});

/** Files with these texts, the merged text of which is asked for. */
async function withFiles(
  texts: readonly string[],
  merge: (paths: readonly string[], output: string) => Promise<number>,
): Promise<Record<string, string>[]> {
  await using folder = await temporaryFolder();
  const paths = texts.map((text, i) => {
    Deno.writeTextFileSync(`${folder.path}/${i}.csv`, text);
    return `${folder.path}/${i}.csv`;
  });
  await merge(paths, `${folder.path}/out.csv`);
  return readRows(`${folder.path}/out.csv`);
}

Deno.test("merged generator: late rows fall into their second, ended loaders have nothing in flight", async () => {
  // time, scheduled, dispatched, completed, dropped, in flight, memory, lag, delay, cpu, waiting,
  // phase
  const first = csvText(GENERATOR, [
    [1000.4, 5, 5, 3, 0, 2, 20, 0.5, 1, 10, 0, "measurement"],
    // The loop stood still through a whole second.
    [3200, 6, 6, 8, 1, 0, 0, 900, 1200, 95, 1, "measurement"],
  ]);
  const second = csvText(GENERATOR, [
    [1000.1, 1, 1, 0, 0, 1, 10, 0.1, 2, 20, 5, "measurement"],
    [2000.2, 1, 1, 0, 0, 2, 20, null, 1, 5, 0, "measurement"],
    [2500, 0, 0, 2, 0, 0, 0, null, null, null, null, "drain"],
  ]);
  const rows = await withFiles([first, second], mergeGenerators);
  assert.deepEqual(rows.map((row) => Object.values(row).join().replace(/,+$/, "")), [
    "1000.4,6,6,3,0,3,30,0.5,2.0,20.0,5.0,measurement",
    "3200.0,7,7,8,1,2,20,900.0,1200.0,95.0,1.0,measurement",
    "2500.0,0,0,2,0,0,0,,,,,drain",
  ]);
});

Deno.test("merged platform metrics: sums, averages over functions, gaps where one is missing", async () => {
  const width = PLATFORM_METRICS.columns.length;
  const row = (timeMs: number, instances: number | null, average: number | null) => [
    timeMs,
    ...Array(5).fill(instances),
    ...Array(3).fill(average),
    instances,
    ...Array(width - 10).fill(null),
  ];
  const rows = await withFiles(
    [
      csvText(PLATFORM_METRICS, [row(-19, 2, 1), row(981, 3, null), row(1981, null, null)]),
      csvText(PLATFORM_METRICS, [row(-18, 1, 4), row(983, 1, 2), row(1982, 1, 1), row(2982, 5, 5)]),
    ],
    ([one, other], output) =>
      mergePlatformMetrics(
        [{ path: one, functions: 2 }, { path: other, functions: 1 }],
        1000,
        output,
      ),
  );
  const seen = rows.map((
    r,
  ) => [r.time_ms, r.desired_instances, r.activator_requests, r.stable_concurrency]);
  assert.deepEqual(seen, [
    ["-19.0", "3", "3", "2.0"],
    ["981.0", "4", "4", "2.0"],
    ["1981.0", "", "", ""],
    ["2982.0", "", "", ""],
  ]);
});

Deno.test("merged processes: each with its loader, in order of time", async () => {
  const texts = [
    csvText(PROCESSES, [[0, "loader", 1, 5, 90, 1], [0, "gateway", 1, 6, 50, 1]]),
    csvText(PROCESSES, [[0, "loader", 1, 7, 95, 1], [-1, "gateway", 1, 8, 60, 1]]),
  ];
  const rows = await withFiles(
    texts,
    (paths, output) => mergeProcesses(paths.map((path, i) => ({ index: i + 1, path })), output),
  );
  assert.deepEqual(rows.map(({ group, cpu_percent }) => `${group}: ${cpu_percent}`), [
    "gateway 2: 8.0",
    "loader 1: 5.0",
    "gateway 1: 6.0",
    "loader 2: 7.0",
  ]);
});

Deno.test("merged nodes: one cluster is told of once, with the nodes of all loaders", async () => {
  const row = (node: string, hasLoader: boolean) => [0, node, false, hasLoader, 100, 5, 900, 70, 1];
  const rows = await withFiles(
    [
      csvText(NODES, [row("a", true), row("b", false), row("c", false)]),
      csvText(NODES, [row("a", false), row("b", true), row("c", false)]),
    ],
    mergeNodes,
  );
  assert.deepEqual(rows.map(({ node, has_loader, cpu_milli }) => [node, has_loader, cpu_milli]), [
    ["a", "true", "100.0"],
    ["b", "true", "100.0"],
    ["c", "false", "100.0"],
  ]);
});

Deno.test("merge: connections of all loaders, in the order in which they ended", async () => {
  await using folder = await temporaryFolder();
  const parts = await sweepInShards(folder.path, 2, ...START);
  const rows = [
    [
      '-5,1,30,a:1,1,peer,ENHANCE_YOUR_CALM,"too many, really",9,8,0,1',
      "1,,90,a:1,12,peer,,x,0,0,0,0",
    ],
    ["2,3,40,b:1,1,loader,NO_ERROR,,7,0,0,0"],
  ];
  parts.forEach((part, i) => {
    const path = `${part}/runs/${RUN}/connections.csv`;
    const text = rows[i].map((row) => `${row}\n`).join("");
    Deno.writeTextFileSync(path, formatHeader(CONNECTIONS) + text);
  });
  const merged = await mergeShards(parts, { output: `${folder.path}/merged` });
  const lines = textOf(merged, "connections").trimEnd().split("\n").slice(1);
  assert.deepEqual(lines, [rows[0][0], rows[1][0], rows[0][1]]);
});
