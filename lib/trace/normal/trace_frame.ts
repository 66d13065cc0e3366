import { LoaderError } from "../../base/error.ts";
import type { ColumnRequest, ParquetFile } from "../parquet/parquet_file.ts";
import { MAX_SLOT_MS, readMetadata } from "./metadata.ts";

/** What most traces are divided into. */
const DEFAULT_SLOT_MS = 60_000;

/** Columns that say the same in every row. */
export const CONSTANT_COLUMNS: readonly ColumnRequest[] = [
  { name: "slot_ms", use: "milliseconds" },
  { name: "start", use: "instant" },
];

/** What the files of a trace say of it as a whole; they must say the same. */
export class TraceFrame {
  #slotMs: number | null = null;
  #startMs: number | null = null;
  /** Number of slots, `null` where no file says. */
  slots: number | null = null;
  name: string | null = null;
  firstMinute: number | null = null;
  readonly notes = new Set<string>();
  readonly assumptions = new Set<string>();

  /** Width of a slot: a minute where no file says. */
  get slotMs(): number {
    return this.#slotMs ?? DEFAULT_SLOT_MS;
  }

  /** Instant of the start in ms since 1970, `null` where no file says. */
  get startMs(): number | null {
    return this.#startMs;
  }

  /**
   * Takes in what a file says: its metadata, and columns that have one value in all rows.
   *
   * @throws LoaderError `input` when it is wrong, or something else than another file says
   */
  async readFile(file: ParquetFile): Promise<void> {
    const metadata = readMetadata(file);
    const place = { file: file.path };
    if (metadata.slotMs !== null) {
      this.setSlotMs(metadata.slotMs, { ...place, column: "metadata loader.slot_ms" });
    }
    if (metadata.startMs !== null) {
      this.setStartMs(metadata.startMs, { ...place, column: "metadata loader.start" });
    }
    if (metadata.slots !== null) this.slots = Math.max(this.slots ?? 0, metadata.slots);
    this.name ??= metadata.name;
    this.firstMinute ??= metadata.firstMinute;
    for (const note of metadata.notes) this.notes.add(note);
    for (const assumption of metadata.assumptions) this.assumptions.add(assumption);
    for (const request of CONSTANT_COLUMNS) await this.#readConstant(file, request);
  }

  async #readConstant(file: ParquetFile, request: ColumnRequest): Promise<void> {
    const { name: column } = request;
    if (file.element(column) === undefined) return;
    for await (const { firstRow, columns: [values] } of file.read([request])) {
      for (let i = 0; i < values.length; i++) {
        if (i > 0 && values[i] === values[i - 1]) continue;
        const place = { file: file.path, line: firstRow + i + 1, column };
        if (column === "slot_ms") this.setSlotMs(values[i], place);
        else this.setStartMs(values[i], place);
      }
    }
  }

  /** @throws LoaderError `input` when it is no width, or another one than before */
  setSlotMs(slotMs: number, place: FramePlace): void {
    if (!(Number.isInteger(slotMs) && slotMs >= 1 && slotMs <= MAX_SLOT_MS)) {
      throw new LoaderError(
        "input",
        `Expected the width of a slot in whole milliseconds from 1 to ${MAX_SLOT_MS}, ` +
          `got ${slotMs}; correct it.`,
        { ...place, value: slotMs },
      );
    }
    if (this.#slotMs !== null && this.#slotMs !== slotMs) {
      throw new LoaderError(
        "input",
        `The width of a slot is ${slotMs} ms here and ${this.#slotMs} ms before; a trace has one.`,
        { ...place, value: slotMs },
      );
    }
    this.#slotMs = slotMs;
  }

  /** @throws LoaderError `input` when it is no instant, or another one than before */
  setStartMs(startMs: number, place: FramePlace): void {
    if (!(Math.abs(startMs) <= 8.64e15)) {
      throw new LoaderError("input", `Expected an instant, got ${describe(startMs)}; correct it.`, {
        ...place,
        value: startMs,
      });
    }
    if (this.#startMs !== null && this.#startMs !== startMs) {
      throw new LoaderError(
        "input",
        `The trace starts at ${describe(startMs)} here and at ${describe(this.#startMs)} before; ` +
          "a trace has one start.",
        { ...place, value: startMs },
      );
    }
    this.#startMs = startMs;
  }
}

interface FramePlace {
  readonly file: string;
  readonly line?: number;
  readonly column: string;
}

function describe(instantMs: number): string {
  return Math.abs(instantMs) <= 8.64e15 ? new Date(instantMs).toISOString() : "nothing";
}
