import { join } from "node:path";
import { errorMessage, LoaderError } from "../base/error.ts";
import { listNames } from "./csv_table.ts";

/** The files of one trace in the Azure Functions 2019 format. */
export interface TraceFiles {
  readonly invocations: string;
  readonly durations: string;
  /** `null` where the folder has none, as for days 13 and 14 of the dataset. */
  readonly memory: string | null;
  /** Number of functions as the file names tell, `null` where they do not. */
  readonly size: number | null;
  /** What tells the trace from others in the folder: `100` or `d01`, empty where it is alone. */
  readonly label: string;
}

/** Which of several traces in a folder. */
export interface TraceFileChoice {
  /** Number of functions, for folders with `<n>_inv.csv` files. */
  readonly size?: number;
  /** Day from 1, for the dataset's own files; the first day there is by default. */
  readonly day?: number;
}

/** A way to name the files; `mark` is the size, the day or nothing. */
interface NamingScheme {
  /** Matches a file of invocations and captures the mark. */
  readonly pattern: RegExp;
  /** Names without `.gz`: invocations, durations, memory. */
  readonly names: (mark: string) => readonly [string, string, string];
  /** The mark among those found. */
  readonly choose: (marks: readonly string[], choice: TraceFileChoice) => string | undefined;
  readonly size: (mark: string) => number | null;
  readonly label: (mark: string) => string;
}

const SCHEMES: readonly NamingScheme[] = [
  {
    pattern: /^(\d+)_inv\.csv(?:\.gz)?$/,
    names: (mark) => [`${mark}_inv.csv`, `${mark}_run.csv`, `${mark}_mem.csv`],
    choose: (marks, { size }) =>
      marks.find((mark) => Number(mark) === size) ??
        marks.toSorted((a, b) => Number(a) - Number(b)).at(-1),
    size: Number,
    label: (mark) => mark,
  },
  {
    pattern: /^invocations\.csv(?:\.gz)?()$/,
    names: () => ["invocations.csv", "durations.csv", "memory.csv"],
    choose: (marks) => marks.at(0),
    size: () => null,
    label: () => "",
  },
  {
    pattern: /^invocations_per_function_md\.anon\.d(\d+)\.csv(?:\.gz)?$/,
    names: (mark) => [
      `invocations_per_function_md.anon.d${mark}.csv`,
      `function_durations_percentiles.anon.d${mark}.csv`,
      `app_memory_percentiles.anon.d${mark}.csv`,
    ],
    choose: (marks, { day }) =>
      day === undefined ? marks.toSorted().at(0) : marks.find((mark) => Number(mark) === day),
    size: () => null,
    label: (mark) => `d${mark}`,
  },
];

/**
 * Finds the files of a trace in a folder, by any of three naming schemes:
 * `<n>_inv.csv, <n>_run.csv, <n>_mem.csv` (n as in `size`, else the largest);
 * `invocations.csv, durations.csv, memory.csv`; the dataset's own names. Each
 * may be plain or end in `.gz`; the plain one is taken where both are there.
 *
 * @throws LoaderError `input` when the folder cannot be read, or invocations or durations are missing
 */
export async function findTraceFiles(
  folder: string,
  choice: TraceFileChoice = {},
): Promise<TraceFiles> {
  const found = await listFiles(folder);
  for (const scheme of SCHEMES) {
    const marks = [...found].flatMap((name) => scheme.pattern.exec(name)?.[1] ?? []);
    const mark = scheme.choose(marks, choice);
    if (mark === undefined) continue;
    const [invocations, durations, memory] = scheme.names(mark);
    return {
      invocations: requireFile(folder, found, "invocations", invocations),
      durations: requireFile(folder, found, "durations", durations),
      memory: pickFile(folder, found, memory),
      size: scheme.size(mark),
      label: scheme.label(mark),
    };
  }
  const day = String(choice.day ?? 1).padStart(2, "0");
  const looked = SCHEMES.map((scheme, index) => scheme.names(["<n>", "", day][index])[0]);
  throw new LoaderError(
    "input",
    `No file of invocations: looked for ${looked.join(", ")}, plain or .gz; ` +
      `found ${listNames([...found].toSorted())}.`,
    { file: folder },
  );
}

async function listFiles(folder: string): Promise<Set<string>> {
  const names = new Set<string>();
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (!entry.isDirectory) names.add(entry.name);
    }
  } catch (error) {
    throw new LoaderError(
      "input",
      `The folder of the trace cannot be read: ${errorMessage(error)}.`,
      {
        file: folder,
        cause: error,
      },
    );
  }
  return names;
}

function requireFile(
  folder: string,
  found: ReadonlySet<string>,
  content: string,
  name: string,
): string {
  const file = pickFile(folder, found, name);
  if (file === null) {
    throw new LoaderError(
      "input",
      `The file of ${content} is missing: looked for ${name} and ${name}.gz; ` +
        `found ${listNames([...found].toSorted())}.`,
      { file: folder },
    );
  }
  return file;
}

function pickFile(folder: string, found: ReadonlySet<string>, name: string): string | null {
  const pick = [name, `${name}.gz`].find((candidate) => found.has(candidate));
  return pick === undefined ? null : join(folder, pick);
}
