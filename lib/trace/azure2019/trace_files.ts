import { relative } from "node:path";
import { LoaderError } from "../../base/error.ts";
import { listNames } from "../csv_table.ts";
import type { DayRange, TraceChoice } from "../format.ts";
import type { TraceFolder } from "../trace_folder.ts";

/** The files of a day, or of a trace that is not told by days. */
export interface DayFiles {
  /** Number of the day; `null`: the names have none. */
  readonly day: number | null;
  readonly invocations: string;
  readonly durations: string;
  /** `null` where the folder has none, as for days 13 and 14 of the dataset. */
  readonly memory: string | null;
}

/** The files of one trace in the Azure Functions 2019 format. */
export interface TraceFiles {
  /** In order; one where the trace is not told by days. */
  readonly days: readonly DayFiles[];
  /** Number of functions as the names tell, `null` where they do not. */
  readonly size: number | null;
  /** What tells the trace from others in the folder: `100`, `d01` or `d01-d03`; empty: it is alone. */
  readonly label: string;
  /** Sentences that a person should know, such as which of several days was chosen. */
  readonly notes: readonly string[];
}

/** Names without `.gz`: invocations, durations, memory. */
export type FileNames = readonly [invocations: string, durations: string, memory: string];

export const PLAIN_NAMES: FileNames = ["invocations.csv", "durations.csv", "memory.csv"];
const sizedNames = (size: string): FileNames => [
  `${size}_inv.csv`,
  `${size}_run.csv`,
  `${size}_mem.csv`,
];
export const dayNames = (day: string): FileNames => [
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
  /** For each day. */
  readonly days: readonly { readonly day: number | null; readonly names: FileNames }[];
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
  const days = found.days.map(({ day, names: [invocations, durations, memory] }): DayFiles => ({
    day,
    invocations: requireFile(found.folder, "invocations", invocations),
    durations: requireFile(found.folder, "durations", durations),
    memory: found.folder.findFile(memory),
  }));
  return {
    days,
    size: found.size,
    label: found.label,
    notes: found.notes ?? [],
  };
}

/** A file of invocations in the folder, by its path from there; `null`: none. */
export async function findInvocations(folder: TraceFolder): Promise<string | null> {
  const found = await findCandidate(folder, {});
  const file = found?.folder.findFile(found.days[0].names[0]);
  return file === undefined || file === null ? null : relative(folder.path, file);
}

async function findCandidate(
  folder: TraceFolder,
  choice: TraceChoice,
): Promise<Candidate | undefined> {
  if (choice.days !== undefined) return chooseDays(folder, choice.days);
  const sized = await listSized(folder);
  const exact = sized.find(({ size }) => size === choice.size);
  if (exact !== undefined) return exact;
  const areFilesSized = sized.some((one) => one.folder === folder);
  if (!areFilesSized && folder.findFile(PLAIN_NAMES[0]) !== null) {
    return { folder, days: undated(PLAIN_NAMES), size: null, label: "" };
  }
  const found = largest(sized) ?? chooseDays(folder, undefined);
  if (found !== undefined || !folder.folders.has(SAMPLES_FOLDER)) return found;
  return await findCandidate(await folder.enter(SAMPLES_FOLDER), choice);
}

/** The traces of different sizes, files before folders. */
async function listSized(folder: TraceFolder): Promise<Candidate[]> {
  const sizes = new Set([...folder.files].flatMap((name) => SIZED_FILE.exec(name)?.[1] ?? []));
  const sized = Array.from(sizes, (size): Candidate => ({
    folder,
    days: undated(sizedNames(size)),
    size: Number(size),
    label: size,
  }));
  for (const name of folder.folders) {
    if (!SIZED_FOLDER.test(name)) continue;
    const inside = await folder.enter(name);
    if (inside.findFile(PLAIN_NAMES[0]) === null) continue;
    sized.push({ folder: inside, days: undated(PLAIN_NAMES), size: Number(name), label: name });
  }
  return sized;
}

function largest(sized: readonly Candidate[]): Candidate | undefined {
  return sized.toSorted((a, b) => a.size! - b.size!).at(-1);
}

function undated(names: FileNames): Candidate["days"] {
  return [{ day: null, names }];
}

/** Days of the dataset's own files: those asked for, else the first, which is told. */
function chooseDays(folder: TraceFolder, asked: DayRange | undefined): Candidate | undefined {
  const marks = new Map(
    [...folder.files].flatMap((name) => DAY_FILE.exec(name)?.[1] ?? [])
      .map((mark) => [Number(mark), mark]),
  );
  const there = [...marks.keys()].toSorted((a, b) => a - b);
  if (asked === undefined && there.length === 0) return undefined;
  const { first, last } = asked ?? { first: there[0], last: there[0] };
  const days: Candidate["days"][number][] = [];
  for (let day = first; day <= last; day++) {
    const mark = marks.get(day);
    if (mark === undefined) throw missingDay(folder, day, there, first);
    days.push({ day, names: dayNames(mark) });
  }
  const isChosenHere = asked === undefined && there.length > 1;
  const label = [...new Set([first, last])].map((day) => `d${marks.get(day)}`).join("-");
  return {
    folder,
    days,
    size: null,
    label,
    notes: isChosenHere
      ? [
        `The folder of the trace has the days ${listDays(there)}; day ${first} is taken (--day).`,
      ]
      : [],
  };
}

function listDays(days: readonly number[]): string {
  return listNames(days.map(String));
}

function missingDay(
  folder: TraceFolder,
  day: number,
  there: readonly number[],
  first: number,
): LoaderError {
  return new LoaderError(
    "usage",
    there.length === 0
      ? `--day: the folder has no files of the dataset's days such as ${dayNames("01")[0]}; ` +
        `found ${folder.describe()}.`
      : `--day: there are no files of day ${day}; those of ${
        there.length === 1 ? "day" : "the days"
      } ${listDays(there)} are there.`,
    { file: folder.path, value: there.length === 0 ? first : day },
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
