import {
  importRequests,
  type ImportRequestsOptions,
} from "../../../lib/trace/import/import_requests.ts";
import type { LogSource } from "../../../lib/trace/import/log_source.ts";

/** A source of some text. */
export function source(text: string, name = "log"): LogSource {
  const bytes = new TextEncoder().encode(text);
  let offset = 0;
  return {
    name,
    open: () =>
      Promise.resolve({
        read(target: Uint8Array) {
          const part = bytes.subarray(offset, offset + target.length);
          target.set(part);
          offset += part.length;
          return part.length;
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  };
}

/** A request as a test looks at it: `function arrival runtime`. */
export interface SeenRequest {
  readonly name: string;
  readonly arrival: string;
  readonly runtimeMs: number | null;
}

/** Imports logs, and lists what was taken, by function and arrival; whole seconds are not spread. */
export async function importAll(
  logs: string | readonly LogSource[],
  options: ImportRequestsOptions = {},
) {
  const sources = typeof logs === "string" ? [source(logs)] : logs;
  const imported = await importRequests(sources, options);
  const requests = [...imported.columns.list(false)].flatMap(({ name, arrivalMs, runtimeMs }) =>
    Array.from(arrivalMs, (timeMs, i): SeenRequest => ({
      name,
      arrival: new Date(timeMs).toISOString(),
      runtimeMs: runtimeMs === null ? null : Number(runtimeMs[i].toFixed(3)),
    }))
  );
  return { ...imported, tally: imported.tally, notes: imported.notes, requests };
}
