import { LoaderError } from "../base/error.ts";
import type { DefectClass, RepairLog } from "./repair_log.ts";
import type { TraceFolder } from "./trace_folder.ts";

/** A file whose header is of a format that was looked for. */
export interface FoundHeader {
  /** Name of the file in its folder. */
  readonly name: string;
  /** Names of the columns, as {@linkcode headerOf} makes them. */
  readonly columns: readonly string[];
}

/** Files with one of these endings are no tables, and are not looked into. */
const NO_TABLE =
  /\.(ipynb|json|md|parquet|pdf|pickle|pkl|png|py|svg|yaml|yml|7z|bz2|rar|tar|xz|zip)$/i;

/**
 * Finds the files of a folder by their header, whatever they are called. What
 * cannot be read is passed over: it may belong to something else.
 *
 * @param fits looks at the names of the columns, in lower case
 */
export async function findByHeader(
  folder: TraceFolder,
  fits: (columns: readonly string[]) => boolean,
): Promise<FoundHeader[]> {
  const found: FoundHeader[] = [];
  const names = [...folder.files].filter((name) => !name.startsWith(".") && !NO_TABLE.test(name));
  for (const name of names.toSorted()) {
    const columns = headerOf(await readHead(folder, name));
    if (fits(columns)) found.push({ name, columns });
  }
  return found;
}

/** True if a header has all of these columns, given in lower case. */
export function hasColumns(columns: readonly string[], names: readonly string[]): boolean {
  return names.every((name) => columns.includes(name));
}

/**
 * The names of the columns in the first line of a text, in lower case, without
 * quotes and blanks; the last may be cut where the text is.
 *
 * @example
 * ```ts
 * import { headerOf } from "./header_search.ts";
 * if (headerOf('\ufeff"App", func\r\n1,2\n').join("|") !== "app|func") throw new Error("two");
 * ```
 */
export function headerOf(text: string): string[] {
  const [line] = skipBlankRows(text).split(/[\r\n]/, 1);
  return line.split(",").map((name) => name.trim().replace(/^"(.*)"$/, "$1").toLowerCase());
}

/** What is left behind a byte order mark and rows of blank cells, which tables are read without. */
function skipBlankRows(text: string): string {
  return text.replace(/^\ufeff/, "").replace(/^(?:[\s,]|"\s*")*[\r\n]/, "").trimStart();
}

const NOT_READ: DefectClass = {
  defect: "file beside those of the trace, with other columns",
  repair: "file not read",
  severity: "loss",
};

/**
 * Counts the files of a folder that look like those of a trace of several files and have other
 * columns: a part of it whose header is wrong would be missing in silence.
 */
export function tellNotRead(
  folder: TraceFolder,
  found: readonly FoundHeader[],
  repairs: RepairLog,
): void {
  const endingOf = (name: string) => /(\.[^.]+)?$/.exec(name.replace(/\.(gz|zst)$/i, ""))![0];
  const read = new Set(found.map(({ name }) => name));
  const endings = new Set(Array.from(read, endingOf));
  for (const name of [...folder.files].toSorted()) {
    if (read.has(name) || name.startsWith(".") || !endings.has(endingOf(name))) continue;
    repairs.add(NOT_READ, { file: folder.pathOf(name), value: name });
  }
}

async function readHead(folder: TraceFolder, name: string): Promise<string> {
  try {
    return await folder.head(name);
  } catch (error) {
    if (error instanceof LoaderError) return "";
    throw error;
  }
}
