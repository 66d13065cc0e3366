import { join } from "node:path";
import { FileReplacement } from "../../base/file.ts";
import { LoaderError } from "../../base/error.ts";
import { SlotCounts, SlotCountsBuilder } from "../../model/slot_counts.ts";
import type { FunctionProfile, Trace } from "../../model/trace.ts";
import { formatAzure2019, isKept, WITHOUT_NAME } from "./azure2019_text.ts";
import { DURATION_LAYOUT, MEMORY_LAYOUT } from "./percentile_table.ts";
import { dayNames, type FileNames, PLAIN_NAMES } from "./trace_files.ts";

const MINUTE_MS = 60_000;
const MINUTES_OF_DAY = 1440;

/** How much text is collected for a write. */
const BLOCK_CHARACTERS = 1 << 18;

/** What has been written. */
export interface WrittenTrace {
  readonly files: readonly string[];
  /** Sentences on what the format does not take as the trace has it. */
  readonly notes: readonly string[];
}

/**
 * Writes a trace in the format of the Azure Functions 2019 dataset, line by line: three
 * files, or, of a trace longer than a day, three for each of its days under the dataset's
 * own names. Shorter slots become minutes; single invocations are counted.
 *
 * @throws LoaderError `usage` when its slots do not make minutes; anything when a file cannot be
 *   written
 */
export async function writeAzure2019(trace: Trace, folder: string): Promise<WrittenTrace> {
  const functions = foldToMinutes(trace);
  const minutes = Math.ceil(trace.slots * trace.slotMs / MINUTE_MS);
  await Deno.mkdir(folder, { recursive: true });
  const files: string[] = [];
  const write = (names: FileNames, from: number, to: number, firstNumber: number) => {
    const text = formatAzure2019(functions, { from, to, firstNumber });
    const contents = [text.invocations, text.durations, text.memory];
    for (const [index, lines] of contents.entries()) {
      const path = join(folder, names[index]);
      writeLines(path, lines);
      files.push(path);
    }
  };
  if (minutes <= MINUTES_OF_DAY) {
    write(PLAIN_NAMES, 0, minutes, trace.firstMinute ?? 1);
  } else {
    for (let day = 0; day * MINUTES_OF_DAY < minutes; day++) {
      const from = day * MINUTES_OF_DAY;
      const names = dayNames(String(day + 1).padStart(2, "0"));
      write(names, from, Math.min(from + MINUTES_OF_DAY, minutes), 1);
    }
  }
  return { files, notes: describeLosses(trace, minutes) };
}

function writeLines(path: string, lines: Iterable<string>): void {
  using file = new FileReplacement(path);
  const encoder = new TextEncoder();
  let block = "";
  for (const line of lines) {
    block += line;
    if (block.length < BLOCK_CHARACTERS) continue;
    file.write(encoder.encode(block));
    block = "";
  }
  file.write(encoder.encode(block));
  file.putInPlace();
}

/** Functions with counts by the minute. */
function foldToMinutes(trace: Trace): readonly FunctionProfile[] {
  const { name, slotMs, slots, functions } = trace;
  if (slotMs === MINUTE_MS) return functions;
  if (MINUTE_MS % slotMs !== 0) {
    throw new LoaderError(
      "usage",
      `The trace ${name} has slots of ${slotMs} ms, which do not make minutes; the Azure Functions ` +
        "2019 format has nothing else. Write the normal form, which takes any slots.",
      { value: slotMs },
    );
  }
  const slotsOfMinute = MINUTE_MS / slotMs;
  const minutes = Math.ceil(slots / slotsOfMinute);
  const builder = new SlotCountsBuilder();
  const fold = (counts: SlotCounts) => {
    counts.forEach((slot, count) => builder.add(Math.floor(slot / slotsOfMinute), count));
    return builder.finish(minutes);
  };
  return functions.map((profile) => ({
    ...profile,
    invocationsPerSlot: fold(profile.invocationsPerSlot),
  }));
}

function describeLosses({ slotMs, slots, functions }: Trace, minutes: number): string[] {
  const notes: string[] = [];
  const say = (count: number, sentence: string) => {
    if (count > 0) notes.push(`${count} of ${functions.length} functions ${sentence}`);
  };
  const count = (test: (profile: FunctionProfile) => boolean) => functions.filter(test).length;
  if (slotMs !== MINUTE_MS) notes.push(`Slots of ${slotMs} ms have been added up to minutes.`);
  const extraMs = minutes * MINUTE_MS - slots * slotMs;
  if (extraMs > 0) {
    notes.push(`The last minute is not whole: the trace has become ${extraMs} ms longer.`);
  }
  say(
    count(({ recorded }) => recorded !== undefined),
    "have single invocations, of which their number in each minute is written.",
  );
  say(
    count(({ runtimeMs, memoryMib }) =>
      runtimeMs.quantiles.join() !== DURATION_LAYOUT.quantiles.join() ||
      memoryMib.quantiles.join() !== MEMORY_LAYOUT.quantiles.join()
    ),
    "have other percentiles than the format: these are interpolated.",
  );
  say(
    count(({ ownerId, appId }) => ownerId === "" || appId === ""),
    `have no owner or no app: ${WITHOUT_NAME} is written.`,
  );
  say(
    count(({ ownerId, appId, id }) => ![ownerId, appId, id].every(isKept)),
    "have blanks at the ends of a name or line breaks in it: these are percent-encoded.",
  );
  return notes;
}
