/**
 * How far twins are from runs that they were not measured from: for each recorded run in
 * `bench/recorded/` a twin with the parameters of the other runs of the same experiment and
 * platform (leave-one-out), and beside the difference how far two of the real runs are from
 * each other, which a twin cannot beat. Real time plays no part in it.
 *
 *     deno task bench:twin-recorded
 */
import { dirname } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { neverAborted } from "../lib/base/signal.ts";
import {
  deriveDivergence,
  deriveRelativeDifference,
  readSummarizedRun,
} from "../lib/analyze/divergence.ts";
import { readTwinSource } from "../lib/analyze/twin/source.ts";
import { findExperiment } from "../lib/cli/find_experiment.ts";
import { planStoredRun } from "../lib/cli/stored_plan.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import type { CommonOptions } from "../lib/run/common_options.ts";
import type { MadeRun } from "../lib/run/run_call.ts";
import { readTwinFolder } from "../lib/store/read/experiment_folder.ts";
import { readRunManifest } from "../lib/store/read/manifest_reader.ts";
import type { RunManifest } from "../lib/store/schema/manifest.ts";
import { medianOf } from "../lib/analyze/twin/contention.ts";
import { makeTwins } from "../lib/twin/twin.ts";
import { temporaryFolder } from "../tests/support/script.ts";

const RECORDED = new URL("recorded/", import.meta.url);
const EXPERIMENTS = new URL("../experiments/", import.meta.url);

const METRICS = [
  "response_time_p50",
  "response_time_p90",
  "response_time_p99",
  "cold_invocations",
] as const;

/** Recordings of one command on one platform. */
interface Group {
  readonly name: string;
  /** Of each recording its runs, which shared a deployment or came one after the other. */
  readonly recordings: readonly (readonly MadeRun[])[];
}

/** Writes a recording's files into a folder, and plans its runs again. */
async function unpack(file: URL, into: string): Promise<MadeRun[]> {
  const files = JSON.parse(brotliDecompressSync(await Deno.readFile(file)).toString());
  for (const [path, text] of Object.entries(files as Record<string, string>)) {
    await Deno.mkdir(dirname(`${into}/${path}`), { recursive: true });
    await Deno.writeTextFile(`${into}/${path}`, text);
  }
  const folders = [...new Set(Object.keys(files).map((path) => dirname(path)))];
  const made: MadeRun[] = [];
  for (const folder of folders) made.push(await plan(`${into}/${folder}`));
  return made.sort((a, b) => a.folder.manifest.runStartUnixMs! - b.folder.manifest.runStartUnixMs!);
}

async function plan(path: string): Promise<MadeRun> {
  const manifest = readRunManifest(path)!;
  const experiment = await findExperiment(EXPERIMENTS, manifest.experiment);
  const first = manifest.command.findIndex((word) => word.startsWith("-"));
  const { values } = parseOptions(
    experiment.name,
    "",
    experiment.options,
    manifest.command.slice(first),
  );
  const folder = {
    path,
    manifest,
    update(change: Partial<RunManifest>) {
      if (change.notes !== undefined) console.log(change.notes.at(-1));
    },
  };
  return { run: await planStoredRun(path), options: values as CommonOptions, folder };
}

async function readGroups(into: string): Promise<Group[]> {
  const groups = new Map<string, MadeRun[][]>();
  const names = [...Deno.readDirSync(RECORDED)].map(({ name }) => name).sort();
  for (const name of names.filter((name) => name.endsWith(".json.br"))) {
    const group = name.slice(0, name.lastIndexOf("_"));
    const recording = await unpack(new URL(name, RECORDED), `${into}/${name}`);
    groups.set(group, [...groups.get(group) ?? [], recording]);
  }
  return [...groups].map(([name, recordings]) => ({ name, recordings }));
}

/** Differences by metric, in parts; those without one are left out. */
type Differences = Map<string, number[]>;

function note(differences: Differences, metric: string, difference: number | null): void {
  if (difference === null) return;
  differences.set(metric, [...differences.get(metric) ?? [], Math.abs(difference)]);
}

async function measure({ name, recordings }: Group): Promise<void> {
  const ofTwins: Differences = new Map();
  for (const [i, recording] of recordings.entries()) {
    const others = recordings.filter((_, other) => other !== i).flat();
    const sources = others.map(({ folder }) => readTwinSource(folder.path, folder.manifest));
    await makeTwins(recording, neverAborted(), sources);
    for (const { folder: { path, manifest: { name: run } } } of recording) {
      const twin = readTwinFolder({ path });
      if (twin === null) continue;
      const cells = METRICS.map((metric) => {
        const found = twin.divergence.find((one) => one.metric === metric)!;
        note(ofTwins, metric, found.relativeDifference);
        return `${format(found.run)} / ${format(found.twin)}`;
      });
      printRow(`${name} ${i + 1}`, run, cells);
    }
  }
  const ofRuns = deriveSpread(recordings);
  printRow(name, "median difference of twins", METRICS.map((one) => formatMedian(ofTwins, one)));
  printRow(name, "median difference of runs", METRICS.map((one) => formatMedian(ofRuns, one)));
}

/** How far the same run of two recordings is from itself. */
function deriveSpread(recordings: readonly (readonly MadeRun[])[]): Differences {
  const differences: Differences = new Map();
  const tables = recordings.map((recording) =>
    new Map(recording.map(({ folder }) => [folder.manifest.name, readSummarizedRun(folder)]))
  );
  for (const [i, one] of tables.entries()) {
    for (const other of tables.slice(i + 1)) {
      for (const [name, run] of one) {
        const same = other.get(name);
        if (same === undefined) continue;
        for (const { metric, run: a, twin: b } of deriveDivergence(run, same)) {
          // Neither is the truth: the mean of both ways round.
          const ways = [deriveRelativeDifference(a, b), deriveRelativeDifference(b, a)];
          if (ways.includes(null)) continue;
          note(differences, metric, (Math.abs(ways[0]!) + Math.abs(ways[1]!)) / 2);
        }
      }
    }
  }
  return differences;
}

function formatMedian(differences: Differences, metric: string): string {
  const median = medianOf(differences.get(metric) ?? []);
  return median === null ? "–" : `${(100 * median).toFixed(1)} %`;
}

function format(value: number | null): string {
  return value === null ? "–" : value.toFixed(1);
}

function printRow(recording: string, run: string, cells: readonly string[]): void {
  console.log(
    [recording.padEnd(18), run.padEnd(28), ...cells.map((cell) => cell.padEnd(20))]
      .join("").trimEnd(),
  );
}

await using folder = await temporaryFolder();
printRow("recording", "run", ["p50 ms, run / twin", "p90", "p99", "cold invocations"]);
for (const group of await readGroups(folder.path)) await measure(group);
