import { basename, resolve } from "node:path";

/**
 * The name of a trace by its file or folder: the last part of the path, without what
 * packing and tables add.
 *
 * @example
 * ```ts
 * import { nameTrace } from "./trace_name.ts";
 * if (nameTrace("data/week.csv.gz") !== "week") throw new Error("without endings");
 * ```
 */
export function nameTrace(path: string): string {
  return basename(resolve(path)).replace(/(\.(csv|txt|tsv))?(\.(gz|zst))?$/i, "");
}
