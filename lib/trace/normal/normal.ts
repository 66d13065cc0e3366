import { LoaderError } from "../../base/error.ts";
import type { TraceFormat } from "../format.ts";
import { isParquet, ParquetFile } from "../parquet/parquet_file.ts";
import type { TraceFolder } from "../trace_folder.ts";
import { type NormalFiles, readNormal } from "./read_normal.ts";
import { listNames } from "../csv_table.ts";

/** Names of the files in a folder. */
export const NORMAL_FILES = {
  counts: "counts.parquet",
  invocations: "invocations.parquet",
  functions: "functions.parquet",
} as const;

const COLUMNS = "function, slot, invocations (a row for a function and a slot) or function, " +
  "arrival_ms (a row for an invocation)";

/**
 * The project's own form of a trace, in Parquet: `counts.parquet` with a row for a
 * function and a slot, or `invocations.parquet` with a row for an invocation (or
 * both, of different functions), and `functions.parquet` with what is known of each
 * function. A file alone may have any name. In place of a file there may be a folder
 * of that name with its parts. Columns, units and what is assumed where one is
 * missing are in `docs/traces.md`.
 *
 * Functions keep the order of `functions.parquet`, others that of their first rows.
 */
export const NORMAL: TraceFormat = {
  name: "normal form",
  looksFor: [NORMAL_FILES.counts, NORMAL_FILES.invocations],
  async recognise(folder) {
    const named = await findNamed(folder) ?? await findSingle(folder);
    if (named === null) return null;
    if ("unsupported" in named) return named;
    const { evidence, files } = named;
    return {
      evidence,
      select(choice) {
        if (choice.days !== undefined) {
          throw new LoaderError(
            "usage",
            "--day: a trace in the normal form is not divided into days; choose a part with " +
              "--window.",
            { file: folder.path },
          );
        }
        return Promise.resolve({
          key: [...files.counts, ...files.invocations].join("\n"),
          size: null,
          read: (reading) => readNormal(folder.path, files, reading),
        });
      },
    };
  },
};

interface Found {
  readonly evidence: string;
  readonly files: NormalFiles;
}

/** The files by their names. */
async function findNamed(folder: TraceFolder): Promise<Found | null> {
  const [counts, invocations, functions] = await Promise.all(
    [NORMAL_FILES.counts, NORMAL_FILES.invocations, NORMAL_FILES.functions].map((name) =>
      findParts(folder, name)
    ),
  );
  const evidence = counts.length > 0 ? NORMAL_FILES.counts : NORMAL_FILES.invocations;
  if (counts.length + invocations.length === 0) return null;
  return { evidence, files: { counts, invocations, functions } };
}

/** A file, or the files of a folder of its name, as several writers at once make them. */
async function findParts(folder: TraceFolder, name: string): Promise<string[]> {
  if (folder.files.has(name)) return [folder.pathOf(name)];
  if (!folder.folders.has(name)) return [];
  const parts = await folder.enter(name);
  return [...parts.files].filter((part) => part.endsWith(".parquet")).toSorted()
    .map((part) => parts.pathOf(part));
}

/** A file that stands alone; its columns tell what it is. */
async function findSingle(
  folder: TraceFolder,
): Promise<Found | { readonly evidence: string; readonly unsupported: string } | null> {
  const [name, ...others] = folder.files;
  if (name === undefined || others.length > 0 || folder.folders.size > 0) return null;
  const path = folder.pathOf(name);
  if (!await isParquet(path)) return null;
  using file = await ParquetFile.open(path);
  const has = (column: string) => file.element(column) !== undefined;
  const none = { counts: [], invocations: [], functions: [] };
  if (has("slot") || has("invocations")) {
    return { evidence: name, files: { ...none, counts: [path] } };
  }
  if (has("arrival_ms") || has("arrival")) {
    return { evidence: name, files: { ...none, invocations: [path] } };
  }
  return {
    evidence: name,
    unsupported: `The file has the columns ${listNames(file.columns)}; name them ${COLUMNS}.`,
  };
}
