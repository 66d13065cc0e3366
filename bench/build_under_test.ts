import { pathToFileURL } from "node:url";

/** What a benchmark calls of a build of this project. */
export interface BuildUnderTest {
  readonly clock: typeof import("../lib/clock/clock.ts");
  readonly dispatcher: typeof import("../lib/invoke/dispatcher.ts");
  readonly http2: typeof import("../lib/rpc/transport/http2_transport.ts");
  readonly schedule: typeof import("../lib/schedule/trace_schedule.ts");
  readonly sink: typeof import("../lib/store/write/invocation_csv_sink.ts");
}

/** Loads a build; of another checkout where a folder is named, which must know what is called. */
export async function loadBuild(folder: string | undefined): Promise<BuildUnderTest> {
  const root = folder === undefined
    ? new URL("../", import.meta.url)
    : pathToFileURL(`${Deno.realPathSync(folder)}/`);
  const load = (path: string) => import(new URL(path, root).href);
  const [clock, dispatcher, http2, schedule, sink] = await Promise.all([
    load("lib/clock/clock.ts"),
    load("lib/invoke/dispatcher.ts"),
    load("lib/rpc/transport/http2_transport.ts"),
    load("lib/schedule/trace_schedule.ts"),
    load("lib/store/write/invocation_csv_sink.ts"),
  ]);
  return { clock, dispatcher, http2, schedule, sink };
}
