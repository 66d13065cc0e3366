import { isDeepStrictEqual } from "node:util";
import { LoaderError } from "../base/error.ts";
import {
  readExperimentFolder,
  type StoredExperiment,
  type StoredRun,
} from "../store/read/experiment_folder.ts";
import type { InputHashes, RunManifest, RunStatus, ShardFacts } from "../store/schema/manifest.ts";
import { flagOf } from "../option/option.ts";
import { formatShard, type Shard } from "../run/shard/shard.ts";
import { formatInstant } from "../run/shard/shard_options.ts";

/** A run of one of several loaders, on disk. */
export interface ShardRun extends StoredRun {
  readonly manifest: RunManifest & { readonly shard: ShardFacts };
}

/** The folders of all loaders of one experiment. */
export interface ShardSet {
  /** By loader, the first first. */
  readonly folders: readonly StoredExperiment[];
  /** Runs that every loader made: for each its parts, by loader. */
  readonly runs: readonly (readonly ShardRun[])[];
  readonly status: RunStatus;
  /** Runs that only some loaders made, after an overload. */
  readonly leftOut: readonly string[];
}

/** Where input lies may differ from machine to machine; the hash of the schedule tells what it is. */
const PLACES: ReadonlySet<string> = new Set(["shard", "trace", "schedules"]);

const ENDED: readonly RunStatus[] = ["finished", "overloaded"];

/**
 * Reads the folders of an experiment's loaders and checks that they belong
 * together and are complete.
 *
 * @param paths one folder a loader, in any order
 * @throws LoaderError `input` saying which folder does not fit, and why
 */
export async function readShardSet(paths: readonly string[]): Promise<ShardSet> {
  const found = await Promise.all(paths.map(async (path) => {
    const folder = await readExperimentFolder(path);
    return { folder, shard: shardOf(folder) };
  }));
  checkNumbers(found);
  found.sort((a, b) => a.shard.index - b.shard.index);
  const folders = found.map(({ folder }) => folder);
  checkExperiments(folders);
  checkAnswers(folders);
  const { runs, leftOut, status } = takeRuns(folders);
  return { folders, runs: runs.map((parts) => parts.map(checkPart)), leftOut, status };
}

function shardOf({ path, manifest }: StoredExperiment): Shard {
  const shard = manifest.options.shard as Shard | null | undefined;
  if (shard !== null && shard !== undefined) return shard;
  throw refuse(path, "This experiment was made by one loader alone (without --shard).");
}

interface NumberedFolder {
  readonly folder: StoredExperiment;
  readonly shard: Shard;
}

/** Each number is there once. */
function checkNumbers(found: readonly NumberedFolder[]): void {
  const [first] = found;
  const { count } = first.shard;
  const byIndex = new Map<number, NumberedFolder>();
  for (const one of found) {
    const { shard, folder: { path } } = one;
    if (shard.count !== count) {
      throw refuse(
        path,
        `This is shard ${formatShard(shard)}, but ${first.folder.path} is ` +
          `${formatShard(first.shard)}.`,
      );
    }
    const same = byIndex.get(shard.index);
    if (same !== undefined) {
      throw refuse(path, `This is shard ${formatShard(shard)}, and so is ${same.folder.path}.`);
    }
    byIndex.set(shard.index, one);
  }
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((i) => !byIndex.has(i));
  if (missing.length === 0) return;
  const names = missing.map((index) => formatShard({ index, count })).join(", ");
  throw new LoaderError(
    "input",
    `Of ${count} shards, ${names} ${missing.length === 1 ? "is" : "are"} missing; name the ` +
      "folder of each loader.",
  );
}

/** What a configuration file comes to are options, which are compared; the shard may stand in it. */
const COMPARED_OTHERWISE: ReadonlySet<string> = new Set(["config"]);

/** All asked the same. */
function checkExperiments([first, ...others]: readonly StoredExperiment[]): void {
  for (const { path, manifest } of others) {
    for (const key of ["experiment", "platform"] as const) {
      if (manifest[key] === first.manifest[key]) continue;
      throw refuse(
        path,
        `The ${key} is ${manifest[key]}, but ${first.manifest[key]} in ${first.path}.`,
      );
    }
    const [own, its] = [manifest.options, first.manifest.options];
    for (const name of new Set([...Object.keys(own), ...Object.keys(its)])) {
      if (PLACES.has(name) || JSON.stringify(own[name]) === JSON.stringify(its[name])) continue;
      throw refuse(
        path,
        `${flagOf(name)} was ${describe(name, own[name])}, but ${
          describe(name, its[name])
        } in ${first.path}.`,
      );
    }
    checkFiles(path, manifest.inputs?.files ?? {}, first);
  }
}

/** The answer is declared alike by all that tell it; earlier versions did not. */
function checkAnswers(folders: readonly StoredExperiment[]): void {
  const [first, ...others] = folders.filter(({ manifest }) => manifest.answer !== undefined);
  for (const { path, manifest } of others) {
    if (isDeepStrictEqual(manifest.answer, first.manifest.answer)) continue;
    const [own, its] = [manifest, first.manifest].map(({ answer }) => JSON.stringify(answer));
    throw refuse(path, `The answer is declared as ${own}, but as ${its} in ${first.path}.`);
  }
}

/** The files that options name have one content, as far as both tell. */
function checkFiles(
  path: string,
  files: InputHashes["files"],
  first: StoredExperiment,
): void {
  for (const [name, hash] of Object.entries(files)) {
    const other = first.manifest.inputs?.files[name];
    if (other === undefined || other === hash || COMPARED_OTHERWISE.has(name)) continue;
    throw refuse(
      path,
      `The file of ${flagOf(name)} has another content (SHA-256 ${hash}) than in ${first.path} ` +
        `(${other}).`,
    );
  }
}

function describe(option: string, value: unknown): string {
  if (value === null || value === undefined) return "not given";
  return option === "startAt" ? formatInstant(Number(value)) : JSON.stringify(value);
}

/**
 * The runs that all loaders made, to their end. Where one met an overload, it
 * stopped, and what the others did afterwards was another load.
 */
function takeRuns(
  folders: readonly StoredExperiment[],
): { runs: StoredRun[][]; leftOut: string[]; status: RunStatus } {
  const isOverloaded = folders.some(({ manifest }) => manifest.status === "overloaded");
  const made = folders.map(({ runs }) => new Map(runs.map((run) => [run.manifest.name, run])));
  const names = new Set(made.flatMap((runs) => [...runs.keys()]));
  const runs: StoredRun[][] = [];
  const leftOut: string[] = [];
  const wanted = isOverloaded
    ? folders.filter(({ manifest }) => manifest.status === "overloaded")
      .map(({ runs }) => new Set(runs.map(({ manifest }) => manifest.name)))
      .reduce((both, one) => both.intersection(one))
    : names;
  for (const name of names) {
    if (!wanted.has(name)) {
      leftOut.push(name);
      continue;
    }
    runs.push(folders.map((folder, i) => {
      const run = made[i].get(name);
      if (run !== undefined && ENDED.includes(run.manifest.status)) return run;
      const how = run === undefined ? "was not made" : `is ${run.manifest.status}`;
      throw refuse(
        folder.path,
        `The run ${name} ${how} here${
          run?.manifest.error ? ` (${run.manifest.error.replace(/\.$/, "")})` : ""
        }, so the experiment is not whole.`,
      );
    }));
  }
  if (!isOverloaded) {
    for (const { path, manifest, missingRuns } of folders) {
      if (manifest.status === "finished" && missingRuns.length === 0) continue;
      throw refuse(path, `This shard has not come to its end: it is ${manifest.status}.`);
    }
  }
  if (runs.length === 0) throw refuse(folders[0].path, "No loader has made any run.");
  return { runs, leftOut, status: isOverloaded ? "overloaded" : "finished" };
}

/** The part of one loader, which must be of the very run that the first has a part of. */
function checkPart(
  { path, manifest }: StoredRun,
  _position: number,
  [first]: readonly StoredRun[],
): ShardRun {
  const { shard } = manifest;
  if (shard === undefined) throw refuse(path, "The manifest says nothing of a shard.");
  const other = first.manifest;
  if (manifest.seed !== other.seed) {
    throw refuse(path, `The seed is ${manifest.seed}, but ${other.seed} in ${first.path}.`);
  }
  if (manifest.scheduleHash !== other.scheduleHash) {
    throw refuse(
      path,
      `The schedule's hash is ${manifest.scheduleHash?.slice(0, 12) ?? "not known"}…, but ` +
        `${other.scheduleHash?.slice(0, 12) ?? "not known"}… in ${first.path}.`,
    );
  }
  const [trace, itsTrace] = [manifest.trace?.hash, other.trace?.hash];
  if (trace !== itsTrace) {
    throw refuse(
      path,
      `The trace has another content (SHA-256 ${trace ?? "of none"}) than in ${first.path} ` +
        `(${itsTrace ?? "of none"}).`,
    );
  }
  const starts = [shard, other.shard!].map((facts) => facts.startAtUnixMs);
  if (starts[0] !== starts[1]) {
    const [own, its] = starts.map((unixMs) => unixMs === null ? "not agreed" : String(unixMs));
    throw refuse(path, `The start was ${own}, but ${its} in ${first.path}.`);
  }
  // On virtual time without --start-at, each starts when its own functions are up.
  if (starts[0] === null && manifest.runStartUnixMs !== other.runStartUnixMs) {
    throw refuse(
      path,
      `The run started at another instant than in ${first.path}; give each loader the same ` +
        "--start-at.",
    );
  }
  return { path, manifest: { ...manifest, shard } };
}

function refuse(path: string, sentence: string): LoaderError {
  return new LoaderError("input", `${sentence} Nothing was merged.`, { file: path });
}
