import { relative } from "node:path";
import { LoaderError } from "../../base/error.ts";
import { listNames } from "../csv_table.ts";
import type { TraceChoice } from "../format.ts";
import type { TraceFolder } from "../trace_folder.ts";

/** The files of one trace in the Azure Functions 2019 format. */
export interface TraceFiles {
  readonly invocations: string;
  readonly durations: string;
  /** `null` where the folder has none, as for days 13 and 14 of the dataset. */
  readonly memory: string | null;
  /** Number of functions as the names tell, `null` where they do not. */
  readonly size: number | null;
  /** What tells the trace from others in the folder: `100` or `d01`, empty where it is alone. */
  readonly label: string;
  /** Sentences that a person should know, such as which of several days was chosen. */
  readonly notes: readonly string[];
}

/** Names without `.gz`: invocations, durations, memory. */
type FileNames = readonly [invocations: string, durations: string, memory: string];

const PLAIN_NAMES: FileNames = ["invocations.csv", "durations.csv", "memory.csv"];
const sizedNames = (size: string): FileNames => [
  `${size}_inv.csv`,
  `${size}_run.csv`,
  `${size}_mem.csv`,
];
const dayNames = (day: string): FileNames => [
  `invocations_per_function_md.anon.d${day}.csv`,
  `function_durations_percentiles.anon.d${day}.csv`,
  `app_memory_percentiles.anon.d${day}.csv`,
];

const SIZED_FILE = /^(\d+)_inv\.csv(?:\.gz|\.zst)?$/;
const SIZED_FOLDER = /^\d+$/;
const DAY_FILE = /^invocations_per_function_md\.anon\.d(\d+)\.csv(?:\.gz|\.zst)?$/;

/** Where samplers put a folder for each size. */
const SAMPLES_FOLDER = "samples";

/** Names of files of invocations, by which the format is recognised. */
export const INVOCATION_FILES: readonly string[] = [
  sizedNames("<n>")[0],
  PLAIN_NAMES[0],
  `<n>/${PLAIN_NAMES[0]}`,
  dayNames("01")[0],
];

/** A trace in a folder, before it is known whether all of its files are there. */
interface Candidate {
  readonly folder: TraceFolder;
  readonly names: FileNames;
  readonly size: number | null;
  readonly label: string;
  readonly notes?: readonly string[];
}

/**
 * Finds the files of a trace in a folder: for each of several sizes
 * `<n>_inv.csv, <n>_run.csv, <n>_mem.csv` or a folder `<n>` with
 * `invocations.csv, durations.csv, memory.csv` (n as in `size`, else the
 * largest); those three names in the folder itself; the dataset's own names, by
 * day. Each may be plain or end in `.gz`; the plain one is taken where both are
 * there. Where the folder has none of these but a folder `samples`, that is
 * looked into.
 *
 * @throws LoaderError `input` when a folder cannot be read, or invocations or durations are
 *   missing, `usage` when the day is not there
 */
export async function findTraceFiles(
  folder: TraceFolder,
  choice: TraceChoice,
): Promise<TraceFiles> {
  const found = await findCandidate(folder, choice);
  if (found === undefined) throw missingFile(folder, "invocations", PLAIN_NAMES[0]);
  const [invocations, durations, memory] = found.names;
  return {
    invocations: requireFile(found.folder, "invocations", invocations),
    durations: requireFile(found.folder, "durations", durations),
    memory: found.folder.findFile(memory),
    size: found.size,
    label: found.label,
    notes: found.notes ?? [],
  };
}

/** A file of invocations in the folder, by its path from there; `null`: none. */
export async function findInvocations(folder: TraceFolder): Promise<string | null> {
  const found = await findCandidate(folder, {});
  const file = found?.folder.findFile(found.names[0]);
  return file === undefined || file === null ? null : relative(folder.path, file);
}

async function findCandidate(
  folder: TraceFolder,
  choice: TraceChoice,
): Promise<Candidate | undefined> {
  if (choice.days !== undefined) return chooseDay(folder, choice.days.first);
  const sized = await listSized(folder);
  const exact = sized.find(({ size }) => size === choice.size);
  if (exact !== undefined) return exact;
  const areFilesSized = sized.some((one) => one.folder === folder);
  if (!areFilesSized && folder.findFile(PLAIN_NAMES[0]) !== null) {
    return { folder, names: PLAIN_NAMES, size: null, label: "" };
  }
  const found = largest(sized) ?? chooseDay(folder, undefined);
  if (found !== undefined || !folder.folders.has(SAMPLES_FOLDER)) return found;
  return await findCandidate(await folder.enter(SAMPLES_FOLDER), choice);
}

/** The traces of different sizes, files before folders. */
async function listSized(folder: TraceFolder): Promise<Candidate[]> {
  const sizes = new Set([...folder.files].flatMap((name) => SIZED_FILE.exec(name)?.[1] ?? []));
  const sized = Array.from(sizes, (size): Candidate => ({
    folder,
    names: sizedNames(size),
    size: Number(size),
    label: size,
  }));
  for (const name of folder.folders) {
    if (!SIZED_FOLDER.test(name)) continue;
    const inside = await folder.enter(name);
    if (inside.findFile(PLAIN_NAMES[0]) === null) continue;
    sized.push({ folder: inside, names: PLAIN_NAMES, size: Number(name), label: name });
  }
  return sized;
}

function largest(sized: readonly Candidate[]): Candidate | undefined {
  return sized.toSorted((a, b) => a.size! - b.size!).at(-1);
}

/** A day of the dataset's own files: the one asked for, else the first, which is told. */
function chooseDay(folder: TraceFolder, asked: number | undefined): Candidate | undefined {
  const marks = [...new Set([...folder.files].flatMap((name) => DAY_FILE.exec(name)?.[1] ?? []))]
    .toSorted((a, b) => Number(a) - Number(b));
  const mark = asked === undefined ? marks.at(0) : marks.find((mark) => Number(mark) === asked);
  const days = listNames(marks.map((mark) => String(Number(mark))));
  if (mark !== undefined) {
    const isChosenHere = asked === undefined && marks.length > 1;
    return {
      folder,
      names: dayNames(mark),
      size: null,
      label: `d${mark}`,
      notes: isChosenHere
        ? [`The folder of the trace has the days ${days}; day ${Number(mark)} is taken (--day).`]
        : [],
    };
  }
  if (asked === undefined) return undefined;
  throw new LoaderError(
    "usage",
    marks.length === 0
      ? `--day: the folder has no files of the dataset's days such as ${dayNames("01")[0]}; ` +
        `found ${folder.describe()}.`
      : `--day: there are no files of day ${asked}; those of ${
        marks.length === 1 ? "day" : "the days"
      } ${days} are there.`,
    { file: folder.path, value: asked },
  );
}

function requireFile(folder: TraceFolder, what: string, name: string): string {
  const file = folder.findFile(name);
  if (file === null) throw missingFile(folder, what, name);
  return file;
}

function missingFile(folder: TraceFolder, what: string, name: string): LoaderError {
  return new LoaderError(
    "input",
    `The file of ${what} is missing: looked for ${name} and ${name}.gz; ` +
      `found ${folder.describe()}.`,
    { file: folder.path },
  );
}
