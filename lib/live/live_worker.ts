/**
 * Serves the page of an experiment in a thread of its own; see `live_view.ts`.
 *
 * @module
 */
import { errorMessage } from "../base/error.ts";
import type { LiveAnswer, LiveMessage } from "./live_message.ts";
import { LiveServer } from "./live_server.ts";

/** What a worker has beside what every module has; the library for pages does not declare it. */
const worker = self as unknown as {
  onmessage: (event: MessageEvent<LiveMessage>) => void;
  postMessage(message: LiveAnswer): void;
};

let server: LiveServer | undefined;

worker.onmessage = async ({ data }) => {
  if (data.kind === "open") return open(data.port, data.experiment);
  if (data.kind !== "end") return server?.take(data);
  server?.end(data, await readReport(data.end.report));
  await server?.close();
  worker.postMessage({ kind: "closed" });
};

function open(...[port, experiment]: ConstructorParameters<typeof LiveServer>): void {
  try {
    server = new LiveServer(port, experiment);
    worker.postMessage({ kind: "listening", port: server.port });
  } catch (error) {
    const isInUse = error instanceof Deno.errors.AddrInUse;
    worker.postMessage({ kind: "failed", isInUse, reason: errorMessage(error) });
  }
}

async function readReport(path: string | null): Promise<string | null> {
  if (path === null) return null;
  try {
    return await Deno.readTextFile(path);
  } catch {
    // The page names its place.
    return null;
  }
}
