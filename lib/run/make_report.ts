import { type ErrorCode, LoaderError } from "../base/error.ts";
import { neverAborted, untilAborted } from "../base/signal.ts";
import type { FigureFormats } from "../report/page/figure_formats.ts";
import type { Report } from "../report/report.ts";

/** What a report is made of. */
export interface ReportJob {
  /** The experiment's folder. */
  readonly folder: string;
  /** True if In-Vitro's tables are written too. */
  readonly compat: boolean;
  /** Further files of each figure; absent: none. */
  readonly formats?: FigureFormats;
}

/** What the thread says, once. */
export type ReportMessage =
  | { readonly report: Report }
  /** `code`: `null` where it is none of ours. */
  | { readonly code: ErrorCode | null; readonly sentence: string };

/**
 * Makes the report of an experiment, in a thread of its own: reading, sorting and
 * drawing hold it for minutes where a run has millions of rows, and this one hears the
 * user meanwhile. Given up at once when the signal aborts; what there was before stays,
 * page and tables are replaced as a whole.
 *
 * @throws LoaderError as `renderReport` does, and the signal's reason when it aborts
 */
export async function makeReport(
  job: ReportJob,
  signal: AbortSignal = neverAborted(),
): Promise<Report> {
  signal.throwIfAborted();
  const worker = new Worker(new URL("./report_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve } = Promise.withResolvers<ReportMessage>();
  worker.onmessage = ({ data }: MessageEvent<ReportMessage>) => resolve(data);
  worker.onerror = (event) => {
    // Told here, and not a second time by the runtime.
    event.preventDefault();
    resolve({ code: null, sentence: event.message });
  };
  try {
    worker.postMessage(job);
    const message = await untilAborted(signal, promise);
    if ("report" in message) return message.report;
    if (message.code === null) throw new Error(message.sentence);
    throw new LoaderError(message.code, message.sentence);
  } finally {
    worker.terminate();
  }
}
