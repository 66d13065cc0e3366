import { basename, join } from "node:path";
import { LoaderError } from "../base/error.ts";
import { statIfPresent } from "../base/file.ts";
import { hideSecrets } from "../base/secrets.ts";
import { GENERATOR } from "../store/schema/tables.ts";
import type { ExperimentManifest } from "../store/schema/manifest.ts";
import { mergeTables, type TablePart } from "../store/merge/merge_tables.ts";
import { writeManifest } from "../store/write/manifest_file.ts";
import { writeSchemaFiles } from "../store/write/schema_files.ts";
import { mergeRunManifests } from "./merge_manifest.ts";
import { readShardSet, type ShardRun, type ShardSet } from "./shard_set.ts";

/** Options of {@linkcode mergeShards}. */
export interface MergeOptions {
  /** A new folder; `null`: beside the first loader's. */
  readonly output: string | null;
  /** For the manifests: what the user typed. */
  readonly command?: readonly string[];
}

/**
 * Joins the folders of several loaders that made one experiment together into
 * one folder of that experiment, run by run. The folders are read only.
 *
 * @param folders one a loader, in any order
 * @returns the new folder
 * @throws LoaderError `input` when the folders do not fit together, `usage` when
 * the output is there already, `result` when a table is broken or cannot be
 * written; what was begun is then removed
 */
export async function mergeShards(
  folders: readonly string[],
  { output, command = [] }: MergeOptions,
): Promise<string> {
  if (folders.length === 0) {
    throw new LoaderError("usage", "Name the folders of the loaders to merge.");
  }
  const set = await readShardSet(folders);
  const path = output ?? `${set.folders[0].path.replace(/\/+$/, "")}_merged`;
  makeFolder(path);
  try {
    await writeMerged(set, path, command);
  } catch (error) {
    Deno.removeSync(path, { recursive: true });
    throw error;
  }
  return path;
}

async function writeMerged(
  set: ShardSet,
  path: string,
  command: readonly string[],
): Promise<void> {
  Deno.mkdirSync(join(path, "runs"));
  const manifest = mergeExperiments(set, command);
  writeManifest(join(path, "experiment.json"), { ...manifest, status: "running", endedAt: null });
  const scrapeIntervalMs = Number(manifest.options.scrapeInterval);
  for (const parts of set.runs) {
    const run = join(path, "runs", parts[0].manifest.name);
    Deno.mkdirSync(run);
    const tableRows = await mergeTables(parts.map(tablesOf), scrapeIntervalMs, run);
    for (const part of parts) keepEvidence(part, run);
    writeManifest(join(run, "manifest.json"), {
      ...mergeRunManifests(parts, command),
      tableRows,
    });
  }
  writeManifest(join(path, "experiment.json"), manifest);
  await writeSchemaFiles(path);
}

function tablesOf({ path, manifest: { shard, plan, tableRows } }: ShardRun): TablePart {
  const { functions, invocations } = plan;
  return { path, index: shard.index, functions, invocations, tableRows };
}

/** What each loader says of itself, as it was. */
function keepEvidence({ path, manifest: { shard } }: ShardRun, run: string): void {
  const folder = join(run, "loaders", String(shard.index));
  Deno.mkdirSync(folder, { recursive: true });
  const manifest = hideSecrets(Deno.readTextFileSync(join(path, "manifest.json")));
  Deno.writeTextFileSync(join(folder, "manifest.json"), manifest);
  const generator = `${GENERATOR.name}.csv`;
  if (statIfPresent(join(path, generator)) !== null) {
    Deno.copyFileSync(join(path, generator), join(folder, generator));
  }
}

function mergeExperiments(set: ShardSet, command: readonly string[]): ExperimentManifest {
  const manifests = set.folders.map(({ manifest }) => manifest);
  const [first] = manifests;
  const notes = [
    ...manifests.map(({ command }, i) => `Loader ${i + 1} was started as: ${command.join(" ")}`),
    ...manifests.flatMap(({ notes }, i) => notes.map((note) => `Loader ${i + 1}: ${note}`)),
  ];
  if (set.leftOut.length > 0) {
    notes.push(
      `Not all loaders made ${set.leftOut.join(", ")}: one had met an overload before, and the ` +
        "rest was not the whole load. These runs are left out.",
    );
  }
  return {
    ...first,
    answer: manifests.find(({ answer }) => answer !== undefined)?.answer,
    status: set.status,
    error: null,
    command,
    options: { ...first.options, shard: null },
    createdAt: manifests.map(({ createdAt }) => createdAt).sort()[0],
    endedAt: manifests.map(({ endedAt }) => endedAt).toSorted().at(-1) ?? null,
    runs: set.runs.map(([{ manifest }]) => `runs/${basename(manifest.name)}`),
    notes,
  };
}

/** Makes a folder that is new, or takes an empty one. */
function makeFolder(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true });
    for (const _ of Deno.readDirSync(path)) {
      throw new LoaderError(
        "usage",
        "The folder to merge into holds other files; name a new or empty one with --output.",
        { file: path },
      );
    }
  } catch (cause) {
    if (cause instanceof LoaderError) throw cause;
    throw new LoaderError("usage", "The folder to merge into cannot be made; name another.", {
      file: path,
      cause,
    });
  }
}
