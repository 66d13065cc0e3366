/**
 * Makes a report in a thread of its own; see `make_report.ts`.
 *
 * @module
 */
import { errorMessage, LoaderError } from "../base/error.ts";
import { renderReport } from "../report/report.ts";
import { writeInvitroTables } from "./invitro_tables.ts";
import type { ReportJob, ReportMessage } from "./make_report.ts";

/** What a worker has beside what every module has; the library for pages does not declare it. */
const worker = self as unknown as {
  onmessage: (event: MessageEvent<ReportJob>) => void;
  postMessage(message: ReportMessage): void;
};

worker.onmessage = async ({ data: { folder, compat, formats } }) => {
  try {
    if (compat) await writeInvitroTables(folder);
    worker.postMessage({ report: await renderReport(folder, formats) });
  } catch (error) {
    const isOurs = error instanceof LoaderError;
    worker.postMessage({
      code: isOurs ? error.code : null,
      sentence: isOurs ? errorMessage(error) : Deno.inspect(error),
    });
  }
};
