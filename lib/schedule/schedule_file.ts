import { z } from "zod";
import { LoaderError } from "../base/error.ts";
import { FileReplacement, statIfPresent } from "../base/file.ts";
import { LoopPauses } from "../clock/loop_pauses.ts";
import type {
  ChunkOptions,
  PhaseSpan,
  Schedule,
  ScheduleChunk,
  ScheduleStep,
} from "../model/schedule.ts";
import { SlotCounts } from "../model/slot_counts.ts";
import type { FunctionProfile } from "../model/trace.ts";
import { chunksAmong, inSteps } from "./chunk_slices.ts";
import { hashSchedule } from "./schedule_hash.ts";

/**
 * First bytes of a schedule file. Then, little-endian: the header's length in
 * bytes (uint32), the header (JSON, UTF-8), and for each chunk its row count
 * (uint32) and its columns one after the other: scheduledMs (float64),
 * functionIndex, runtimeMs, memoryMib (uint32 each).
 */
const MAGIC = "loader schedule 1\n";
const ROW_BYTES = 20;
/** What is read between two steps: less than a tenth of a millisecond. */
const BYTES_A_STEP = 1 << 17;
/** No minute of any schedule that can be dispatched is larger. */
const MOST_ROWS_IN_CHUNK = 100_000_000;

/** What a schedule was made from, so that whoever replays it can tell what is in force. */
export interface ScheduleOrigin {
  /** Name of the experiment. */
  readonly experiment: string;
  /** The options that the schedule follows. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly trace: { readonly name: string; readonly hash: string } | null;
}

/** A schedule that was read from a file. */
export interface SavedSchedule extends Schedule {
  /** `null` where the file does not tell. */
  readonly origin: ScheduleOrigin | null;
}

interface Header {
  readonly origin?: ScheduleOrigin;
  readonly hash: string;
  readonly durationMs: number;
  readonly phases: readonly PhaseSpan[];
  readonly chunks: number;
  readonly functions: readonly (Omit<FunctionProfile, "invocationsPerSlot" | "recorded">)[];
}

const percentiles = z.object({
  quantiles: z.array(z.number()).nonempty(),
  values: z.array(z.number()).nonempty(),
  mean: z.number(),
});

const headerSchema: z.ZodType<Header> = z.object({
  origin: z.object({
    experiment: z.string(),
    options: z.record(z.string(), z.unknown()),
    trace: z.object({ name: z.string(), hash: z.string() }).nullable(),
  }).optional(),
  hash: z.string(),
  durationMs: z.number().positive(),
  phases: z.array(
    z.object({ fromMs: z.number(), phase: z.enum(["warmup", "measurement"]) }),
  ).nonempty(),
  chunks: z.number().int().nonnegative(),
  functions: z.array(z.object({
    id: z.string(),
    appId: z.string(),
    ownerId: z.string(),
    trigger: z.string().nullable(),
    runtimeMs: percentiles,
    memoryMib: percentiles,
  })),
});

/**
 * Writes a schedule to a new file, whole or not at all.
 *
 * @param origin what it was made from, where that is known
 * @throws LoaderError `usage` when the file is there already
 * @throws the signal's reason when it aborts meanwhile
 */
export async function writeScheduleFile(
  schedule: Schedule,
  path: string,
  signal?: AbortSignal,
  origin?: ScheduleOrigin,
): Promise<void> {
  if (statIfPresent(path) !== null) {
    throw new LoaderError("usage", "The file exists already; name another or remove it.", {
      file: path,
    });
  }
  let chunks = 0;
  const pauses = new LoopPauses(signal);
  for (const _ of schedule.chunks({ reuse: true })) {
    chunks++;
    if (pauses.isDue) await pauses.take();
  }
  const header: Header = {
    ...(origin === undefined ? {} : { origin }),
    hash: await schedule.hash(signal),
    durationMs: schedule.durationMs,
    phases: schedule.phases,
    chunks,
    functions: schedule.functions.map((
      { invocationsPerSlot: _, recorded: __, ...profile },
    ) => profile),
  };
  using file = new FileReplacement(path);
  await writeSchedule(file, header, schedule, pauses);
  file.putInPlace();
}

async function writeSchedule(
  file: FileReplacement,
  header: Header,
  schedule: Schedule,
  pauses: LoopPauses,
): Promise<void> {
  const headerBytes = new TextEncoder().encode(JSON.stringify(header));
  file.write(new TextEncoder().encode(MAGIC));
  file.write(uint32Bytes(headerBytes.length));
  file.write(headerBytes);
  for (const chunk of schedule.chunks({ reuse: true })) {
    file.write(uint32Bytes(chunk.scheduledMs.length));
    for (const column of columnsOf(chunk)) {
      file.write(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
    }
    if (pauses.isDue) await pauses.take();
  }
}

/**
 * Opens a schedule that {@linkcode writeScheduleFile} wrote. The columns are
 * read a chunk at a time; the whole file is read once now, to check its hash.
 *
 * @throws LoaderError `input` when it is missing, of another kind, cut short or altered
 * @throws the signal's reason when it aborts meanwhile
 */
export async function readScheduleFile(
  path: string,
  signal?: AbortSignal,
): Promise<SavedSchedule> {
  const schedule = new FileSchedule(path);
  const found = await hashSchedule(schedule.functions, schedule.chunks({ reuse: true }), signal);
  const told = await schedule.hash();
  if (found !== told) {
    throw new LoaderError(
      "input",
      `The schedule's hash is ${found}, not ${told} as its header says; the file was altered.`,
      { file: path },
    );
  }
  return schedule;
}

class FileSchedule implements SavedSchedule {
  readonly origin: ScheduleOrigin | null;
  readonly functions: readonly FunctionProfile[];
  readonly durationMs: number;
  readonly phases: readonly PhaseSpan[];
  readonly #path: string;
  readonly #header: Header;
  readonly #firstChunkAt: number;

  constructor(path: string) {
    this.#path = path;
    using file = openForReading(path);
    const magic = new TextEncoder().encode(MAGIC);
    const start = new Uint8Array(magic.length + 4);
    if (readUpTo(file, start) < start.length || magic.some((byte, i) => start[i] !== byte)) {
      throw new LoaderError("input", "This is not a schedule file of this version.", {
        file: path,
      });
    }
    const headerLength = new DataView(start.buffer).getUint32(magic.length, true);
    if (start.length + headerLength > file.statSync().size) throw cutShort(path);
    const headerBytes = new Uint8Array(headerLength);
    if (readUpTo(file, headerBytes) < headerLength) throw cutShort(path);
    this.#header = parseHeader(new TextDecoder().decode(headerBytes), path);
    this.origin = this.#header.origin ?? null;
    this.#firstChunkAt = start.length + headerLength;
    this.functions = this.#header.functions.map((profile) => ({
      ...profile,
      invocationsPerSlot: SlotCounts.none(0),
    }));
    this.durationMs = this.#header.durationMs;
    this.phases = this.#header.phases;
  }

  chunks(_options?: ChunkOptions): IterableIterator<ScheduleChunk> {
    return chunksAmong(this.steps());
  }

  *steps(): IterableIterator<ScheduleStep> {
    using file = openForReading(this.#path);
    file.seekSync(this.#firstChunkAt, Deno.SeekMode.Start);
    for (let chunk = 0; chunk < this.#header.chunks; chunk++) {
      const countBytes = new Uint8Array(4);
      if (readUpTo(file, countBytes) < 4) throw cutShort(this.#path);
      const count = new DataView(countBytes.buffer).getUint32(0, true);
      if (count > MOST_ROWS_IN_CHUNK) throw cutShort(this.#path);
      const bytes = new Uint8Array(count * ROW_BYTES);
      yield* inSteps(bytes.length, BYTES_A_STEP, (from, to) => {
        if (readUpTo(file, bytes.subarray(from, to)) < to - from) throw cutShort(this.#path);
      });
      yield {
        scheduledMs: new Float64Array(bytes.buffer, 0, count),
        functionIndex: new Uint32Array(bytes.buffer, count * 8, count),
        runtimeMs: new Uint32Array(bytes.buffer, count * 12, count),
        memoryMib: new Uint32Array(bytes.buffer, count * 16, count),
      };
    }
  }

  hash(): Promise<string> {
    return Promise.resolve(this.#header.hash);
  }
}

function parseHeader(text: string, path: string): Header {
  try {
    return headerSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new LoaderError("input", "The header of the schedule file is damaged; write it again.", {
      file: path,
      cause,
    });
  }
}

function columnsOf(chunk: ScheduleChunk): (Float64Array | Uint32Array)[] {
  return [chunk.scheduledMs, chunk.functionIndex, chunk.runtimeMs, chunk.memoryMib];
}

function uint32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function openForReading(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path);
  } catch (cause) {
    throw new LoaderError("input", "The schedule file cannot be read; check its name.", {
      file: path,
      cause,
    });
  }
}

function cutShort(path: string): LoaderError {
  return new LoaderError("input", "The schedule file is cut short; write it again.", {
    file: path,
  });
}

/** Reads until `bytes` is full or the file ends; returns how much was read. */
function readUpTo(file: Deno.FsFile, bytes: Uint8Array): number {
  let filled = 0;
  while (filled < bytes.length) {
    const read = file.readSync(bytes.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return filled;
}
