import { join } from "node:path";
import { errorMessage, LoaderError } from "../base/error.ts";
import { listNames } from "./csv_table.ts";

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

/** Which of several traces in a folder. */
export interface TraceFileChoice {
  /** Number of functions, for folders with a trace for each of several sizes. */
  readonly size?: number;
  /** Day from 1, for the dataset's own files; the first day there is by default. */
  readonly day?: number;
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

const SIZED_FILE = /^(\d+)_inv\.csv(?:\.gz)?$/;
const SIZED_FOLDER = /^\d+$/;
const DAY_FILE = /^invocations_per_function_md\.anon\.d(\d+)\.csv(?:\.gz)?$/;

/** Where samplers put a folder for each size. */
const SAMPLES_FOLDER = "samples";

/** What is in a folder, by name. */
interface FolderContent {
  readonly path: string;
  readonly files: ReadonlySet<string>;
  readonly folders: ReadonlySet<string>;
}

/** A trace in a folder, before it is known whether all of its files are there. */
interface Candidate {
  readonly content: FolderContent;
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
 * @throws LoaderError `input` when the folder cannot be read, or invocations or durations are
 *   missing, `usage` when the day is not there
 */
export async function findTraceFiles(
  folder: string,
  choice: TraceFileChoice = {},
): Promise<TraceFiles> {
  const content = await listFolder(folder);
  const found = await findCandidate(content, choice);
  if (found === undefined) throw nothingFound(content);
  const [invocations, durations, memory] = found.names;
  return {
    invocations: requireFile(found.content, "invocations", invocations),
    durations: requireFile(found.content, "durations", durations),
    memory: pickFile(found.content, memory),
    size: found.size,
    label: found.label,
    notes: found.notes ?? [],
  };
}

async function findCandidate(
  content: FolderContent,
  choice: TraceFileChoice,
): Promise<Candidate | undefined> {
  if (choice.day !== undefined) return chooseDay(content, choice.day);
  const sized = await listSized(content);
  const exact = sized.find(({ size }) => size === choice.size);
  if (exact !== undefined) return exact;
  const areFilesSized = sized.some((one) => one.content === content);
  if (!areFilesSized && pickFile(content, PLAIN_NAMES[0]) !== null) {
    return { content, names: PLAIN_NAMES, size: null, label: "" };
  }
  const found = largest(sized) ?? chooseDay(content, undefined);
  if (found !== undefined || !content.folders.has(SAMPLES_FOLDER)) return found;
  return await findCandidate(await listFolder(join(content.path, SAMPLES_FOLDER)), choice);
}

/** The traces of different sizes, files before folders. */
async function listSized(content: FolderContent): Promise<Candidate[]> {
  const sizes = new Set([...content.files].flatMap((name) => SIZED_FILE.exec(name)?.[1] ?? []));
  const sized = Array.from(sizes, (size): Candidate => ({
    content,
    names: sizedNames(size),
    size: Number(size),
    label: size,
  }));
  for (const name of content.folders) {
    if (!SIZED_FOLDER.test(name)) continue;
    const inside = await listFolder(join(content.path, name));
    if (pickFile(inside, PLAIN_NAMES[0]) === null) continue;
    sized.push({ content: inside, names: PLAIN_NAMES, size: Number(name), label: name });
  }
  return sized;
}

function largest(sized: readonly Candidate[]): Candidate | undefined {
  return sized.toSorted((a, b) => a.size! - b.size!).at(-1);
}

/** A day of the dataset's own files: the one asked for, else the first, which is told. */
function chooseDay(content: FolderContent, asked: number | undefined): Candidate | undefined {
  const marks = [...new Set([...content.files].flatMap((name) => DAY_FILE.exec(name)?.[1] ?? []))]
    .toSorted((a, b) => Number(a) - Number(b));
  const mark = asked === undefined ? marks.at(0) : marks.find((mark) => Number(mark) === asked);
  const days = listNames(marks.map((mark) => String(Number(mark))));
  if (mark !== undefined) {
    const isChosenHere = asked === undefined && marks.length > 1;
    return {
      content,
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
        `found ${listContent(content)}.`
      : `--day: there are no files of day ${asked}; those of ${
        marks.length === 1 ? "day" : "the days"
      } ${days} are there.`,
    { file: content.path, value: asked },
  );
}

function nothingFound(content: FolderContent): LoaderError {
  const looked = [sizedNames("<n>")[0], PLAIN_NAMES[0], `<n>/${PLAIN_NAMES[0]}`, dayNames("01")[0]];
  return new LoaderError(
    "input",
    `No file of invocations: looked for ${looked.join(", ")}, plain or .gz; ` +
      `found ${listContent(content)}.`,
    { file: content.path },
  );
}

async function listFolder(path: string): Promise<FolderContent> {
  const files = new Set<string>();
  const folders = new Set<string>();
  try {
    for await (const entry of Deno.readDir(path)) {
      const isFolder = entry.isSymlink
        ? await Deno.stat(join(path, entry.name)).then((info) => info.isDirectory, () => false)
        : entry.isDirectory;
      (isFolder ? folders : files).add(entry.name);
    }
  } catch (error) {
    throw new LoaderError(
      "input",
      `The folder of the trace cannot be read: ${errorMessage(error)}.`,
      { file: path, cause: error },
    );
  }
  return { path, files, folders };
}

/** What is in a folder, for a message; folders end in a slash. */
function listContent({ files, folders }: FolderContent): string {
  return listNames([...Array.from(folders, (name) => `${name}/`), ...files].toSorted());
}

function requireFile(content: FolderContent, what: string, name: string): string {
  const file = pickFile(content, name);
  if (file === null) {
    throw new LoaderError(
      "input",
      `The file of ${what} is missing: looked for ${name} and ${name}.gz; ` +
        `found ${listContent(content)}.`,
      { file: content.path },
    );
  }
  return file;
}

function pickFile({ path, files }: FolderContent, name: string): string | null {
  const pick = [name, `${name}.gz`].find((candidate) => files.has(candidate));
  return pick === undefined ? null : join(path, pick);
}
