import { isObject } from "./row_fields.ts";

/** Takes off what a container's runtime puts around each line of its log. */
export type LineWrapper = (line: string) => string;

/** `2026-11-27T08:00:00.123456789Z stdout F …`, of the CRI (kubernetes/design-proposals, "CRI log"). */
const CRI = /^\d{4}-\d{2}-\d{2}T\S+ (?:stdout|stderr) [FP] /;

/**
 * Finds out from a line how the lines of a log are wrapped: by the CRI as in files of Kubernetes'
 * nodes, by Docker's `json-file`; `null`: they are not.
 *
 * @example
 * ```ts
 * import { findWrapper } from "./line_wrapper.ts";
 * const line = '2026-11-27T08:00:00.123456789Z stdout F {"path":"/a"}';
 * if (findWrapper(line)!(line) !== '{"path":"/a"}') throw new Error("not taken off");
 * ```
 */
export function findWrapper(line: string): LineWrapper | null {
  if (CRI.test(line)) return (wrapped) => wrapped.replace(CRI, "");
  return unwrapDocker(line) === null ? null : (wrapped) => unwrapDocker(wrapped) ?? wrapped;
}

function unwrapDocker(line: string): string | null {
  if (!line.startsWith('{"log":"')) return null;
  try {
    const row: unknown = JSON.parse(line);
    const isWrapped = isObject(row) && typeof row.log === "string" && "stream" in row;
    return isWrapped ? String(row.log).trimEnd() : null;
  } catch {
    return null;
  }
}
