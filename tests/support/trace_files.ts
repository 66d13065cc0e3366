import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { SlotCounts } from "../../lib/model/slot_counts.ts";
import type { FunctionProfile, Trace } from "../../lib/model/trace.ts";
import { type TemporaryFolder, temporaryFolder } from "./script.ts";

/** The texts of the three files of a trace in the Azure Functions 2019 format. */
export interface TraceText {
  readonly invocations: string;
  readonly durations: string;
  readonly memory: string;
}

export const INVOCATIONS_HEADER = "HashOwner,HashApp,HashFunction,Trigger,1,2,3";
export const DURATIONS_HEADER = "HashOwner,HashApp,HashFunction,Average,Count,Minimum,Maximum," +
  [0, 1, 25, 50, 75, 99, 100].map((percent) => `percentile_Average_${percent}`).join();
const MEMORY_FIGURES = "SampleCount,AverageAllocatedMb," +
  [1, 5, 25, 50, 75, 95, 99, 100].map((percent) => `AverageAllocatedMb_pct${percent}`).join();
export const APPLICATION_MEMORY_HEADER = `HashOwner,HashApp,${MEMORY_FIGURES}`;
export const FUNCTION_MEMORY_HEADER = `HashOwner,HashApp,HashFunction,${MEMORY_FIGURES}`;

/** Lines as a CSV file. */
export function csv(...lines: readonly string[]): string {
  return lines.map((line) => line + "\n").join("");
}

/** Three minutes of two functions, `o/a/f` and `o/a/g`, of one application. */
export const SMALL_TRACE: TraceText = {
  invocations: csv(INVOCATIONS_HEADER, "o,a,f,http,1,0,2", "o,a,g,timer,0,3,0"),
  durations: csv(
    DURATIONS_HEADER,
    "o,a,f,20,3,10,30,10,11,15,20,25,29,30",
    "o,a,g,200,3,100,300,100,110,150,200,250,290,300",
  ),
  memory: csv(APPLICATION_MEMORY_HEADER, "o,a,9,100,80,84,90,100,110,120,130,140"),
};

/** The files of a trace in a folder of its own that says what it is. */
export function nameFiles(text: Partial<TraceText>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(text).map(([content, lines]) => [`${content}.csv`, lines]),
  );
}

/** A temporary folder with files, those named `*.gz` packed; goes when disposed of. */
export async function temporaryFiles(
  files: Readonly<Record<string, string>>,
): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(folder.path, name)), { recursive: true });
    const bytes = new TextEncoder().encode(text);
    await Deno.writeFile(join(folder.path, name), name.endsWith(".gz") ? gzipSync(bytes) : bytes);
  }
  return folder;
}

/** A function of which only the named part matters. */
export function profileOf(part: Partial<FunctionProfile>): FunctionProfile {
  return {
    id: "f",
    appId: "a",
    ownerId: "o",
    trigger: null,
    invocationsPerSlot: SlotCounts.from([1]),
    runtimeMs: { quantiles: [0, 1], values: [10, 10], mean: 10 },
    memoryMib: { quantiles: [0.01, 1], values: [100, 100], mean: 100 },
    ...part,
  };
}

/** A trace of functions of equally many minutes. */
export function traceOf(functions: readonly FunctionProfile[]): Trace {
  const slots = functions.at(0)?.invocationsPerSlot.length ?? 0;
  return { name: "test", slotMs: 60_000, slots, functions, repairs: [], hash: "" };
}
