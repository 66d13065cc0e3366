import { LoaderError } from "../../base/error.ts";
import { MAX_COUNT, type SlotCountsBuilder } from "../../model/slot_counts.ts";

/** A record of a file of a trace has at most this many bytes: 1440 counts need some 20 KB. */
const MAX_RECORD_BYTES = 1 << 24;

/** Bytes that are read at once; they stay in the processor's cache until they are taken apart. */
const BLOCK_BYTES = 1 << 18;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const QUOTE = 34;
const COMMA = 44;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const BLANK = 32;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Four cells of 0, each with its comma: eight bytes that are one number of 64 bits. */
const FOUR_ZEROS = new DataView(new TextEncoder().encode("0,0,0,0,").buffer).getFloat64(0);

/** Bytes after the buffer's last that may be looked at, but never count. */
const PADDING_BYTES = 8;

/** Columns that hold the counts of consecutive slots, from left to right. */
export interface CountColumns {
  /** Index of the first. */
  readonly first: number;
  /** How many, from 1. */
  readonly length: number;
}

/**
 * Takes the bytes of a CSV file apart into rows of cells, without making a
 * string of any: RFC 4180, with line feeds, carriage returns or both at the ends
 * of lines. Bytes are put in at the free end of its buffer
 * ({@linkcode CsvScanner.free}, {@linkcode CsvScanner.grow}); of the current row
 * it tells where each cell begins and ends. Rows of blanks are passed over.
 */
export class CsvScanner {
  /** The buffer; grows with the longest row. */
  bytes = new Uint8Array(BLOCK_BYTES + PADDING_BYTES);
  /** Where each cell of the row begins, without its quotes. */
  starts = new Int32Array(64);
  /** Where each cell of the row ends. */
  ends = new Int32Array(64);
  /** Number of cells of the row; those beyond {@linkcode CsvScanner.setColumns} have no place. */
  cells = 0;
  /** One-based line of the file on which the row begins. */
  line = 0;
  /** True if the counts of the row are in the builder of {@linkcode CsvScanner.readCounts}. */
  hasCounts = false;
  readonly #file: string;
  #view = new DataView(this.bytes.buffer);
  #from = 0;
  #to = 0;
  #isComplete = false;
  #isBegun = false;
  #nextLine = 1;
  #mostPlaces = Infinity;
  #counts: CountColumns | null = null;
  #builder: SlotCountsBuilder | null = null;
  /** Cells of the row with quotes inside, which are written twice. */
  readonly #escaped: number[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * From the next row on, counts are added to a builder while the row is taken
   * apart, and their cells have no place. Where that does not succeed, because
   * something else stands there, the row has all of its cells.
   */
  readCounts(columns: CountColumns, builder: SlotCountsBuilder): void {
    this.#counts = columns;
    this.#builder = builder;
  }

  /** From the next row on, cells beyond so many are counted, no more. */
  setColumns(columns: number): void {
    this.#mostPlaces = columns;
  }

  /**
   * Where the next bytes belong. What was not taken apart yet moves to the
   * front; where a row fills the buffer, that gets larger.
   *
   * @throws LoaderError `input` when the row is longer than any of a trace
   */
  free(): Uint8Array {
    const kept = this.#to - this.#from;
    if (kept * 2 > this.bytes.length) {
      if (kept >= MAX_RECORD_BYTES) {
        const mib = MAX_RECORD_BYTES / 2 ** 20;
        throw this.#refuse(`a row is longer than ${mib} MiB (perhaps a quote is not closed)`);
      }
      const larger = new Uint8Array((this.bytes.length - PADDING_BYTES) * 2 + PADDING_BYTES);
      larger.set(this.bytes.subarray(this.#from, this.#to));
      this.bytes = larger;
      this.#view = new DataView(larger.buffer);
    } else if (kept > 0) {
      this.bytes.copyWithin(0, this.#from, this.#to);
    }
    this.#from = 0;
    this.#to = kept;
    return this.bytes.subarray(kept, this.bytes.length - PADDING_BYTES);
  }

  /** Tells how many bytes were put in; 0: there are no more. */
  grow(bytes: number): void {
    this.#to += bytes;
    if (bytes === 0) this.#isComplete = true;
    if (this.#isBegun || this.#to < BYTE_ORDER_MARK.length && !this.#isComplete) return;
    this.#isBegun = true;
    if (BYTE_ORDER_MARK.every((byte, i) => this.bytes[i] === byte)) {
      this.#from = BYTE_ORDER_MARK.length;
    }
  }

  /** True if all bytes were put in and taken apart. */
  get isDone(): boolean {
    return this.#isComplete && this.#from >= this.#to;
  }

  /**
   * Goes on to the next row; false: it is not there as a whole yet, or there are
   * no more.
   *
   * @throws LoaderError `input` when quotes are wrong
   */
  next(): boolean {
    while (this.#isBegun && this.#from < this.#to) {
      // Whatever runs to the end of what is there stops at it.
      this.bytes[this.#to] = LINE_FEED;
      const from = this.#from;
      if (!this.#scan(this.#counts)) return false;
      if (this.bytes[from] <= COMMA && this.#isBlank(from)) continue;
      if (this.#escaped.length > 0) this.#unescape();
      return true;
    }
    return false;
  }

  /** Takes a row apart; false: it is not there as a whole, and begins anew when it is. */
  #scan(counts: CountColumns | null): boolean {
    const { bytes } = this;
    let { starts, ends } = this;
    const limit = this.#to;
    const firstCount = counts === null ? -1 : counts.first;
    let at = this.#from;
    let cell = 0;
    let newLines = 1;
    this.line = this.#nextLine;
    this.hasCounts = false;
    this.#escaped.length = 0;
    for (;;) {
      let start = at;
      let end: number;
      if (cell === firstCount) {
        at = this.#scanCounts(at, counts!.length);
        if (at < 0) {
          this.#builder!.clear();
          return this.#scan(null);
        }
        cell += counts!.length - 1;
        this.hasCounts = true;
        end = at;
      } else if (bytes[at] === QUOTE) {
        start = ++at;
        for (;;) {
          const byte = bytes[at];
          if (byte === QUOTE) {
            if (bytes[at + 1] !== QUOTE) break;
            if (this.#escaped.at(-1) !== cell) this.#escaped.push(cell);
            at++;
          } else if (at >= limit) {
            if (this.#isComplete) throw this.#refuse("a quote that opens in this row never closes");
            return false;
          } else if (
            byte === LINE_FEED || byte === CARRIAGE_RETURN && bytes[at + 1] !== LINE_FEED
          ) {
            newLines++;
          }
          at++;
        }
        end = at++;
        // It may be the first of two.
        if (at >= limit && !this.#isComplete) return false;
      } else {
        for (;;) {
          const byte = bytes[at];
          if (byte > COMMA) at++;
          else if (byte === COMMA || byte === LINE_FEED || byte === CARRIAGE_RETURN) break;
          else if (byte === QUOTE) {
            throw this.#refuse("a quote stands inside a cell without quotes");
          } else at++;
        }
        end = at;
      }
      if (cell < this.#mostPlaces) {
        if (cell >= starts.length) {
          this.#growPlaces(cell);
          ({ starts, ends } = this);
        }
        starts[cell] = start;
        ends[cell] = end;
      }
      const byte = bytes[at];
      cell++;
      if (byte === COMMA) {
        at++;
        continue;
      }
      if (byte === LINE_FEED) {
        if (at >= limit && !this.#isComplete) return this.#forget();
        at++;
      } else if (byte === CARRIAGE_RETURN) {
        if (at + 1 >= limit && !this.#isComplete) return this.#forget();
        at += bytes[at + 1] === LINE_FEED ? 2 : 1;
      } else {
        throw this.#refuse("something stands after a closing quote, before the comma");
      }
      this.cells = cell;
      this.#nextLine += newLines;
      // The line feed at the end of a file that has none is not of the file.
      this.#from = Math.min(at, limit);
      return true;
    }
  }

  #forget(): boolean {
    if (this.hasCounts) this.#builder!.clear();
    return false;
  }

  /** Adds counts to the builder; the place after the last one, or -1 where something else stands. */
  #scanCounts(at: number, length: number): number {
    const { bytes } = this;
    const view = this.#view;
    const builder = this.#builder!;
    let slot = 0;
    for (;;) {
      // Most counts of a trace are 0.
      while (slot + 4 < length && view.getFloat64(at) === FOUR_ZEROS) {
        at += 8;
        slot += 4;
      }
      let count = bytes[at] - ZERO;
      if (count < 0 || count > 9) return -1;
      let byte = bytes[++at];
      while (byte >= ZERO && byte <= NINE) {
        count = count * 10 + byte - ZERO;
        if (count > MAX_COUNT) return -1;
        byte = bytes[++at];
      }
      if (byte === POINT) {
        do byte = bytes[++at]; while (byte === ZERO);
      }
      if (count > 0) builder.add(slot, count);
      if (++slot === length) {
        return byte === COMMA || byte === LINE_FEED || byte === CARRIAGE_RETURN ? at : -1;
      }
      if (byte !== COMMA) return -1;
      at++;
    }
  }

  /** A line of blanks, or the empty row of a spreadsheet. */
  #isBlank(from: number): boolean {
    if (this.hasCounts) return false;
    if (this.cells > this.#mostPlaces) return this.#isEmpty(from, this.#from, COMMA);
    for (let cell = 0; cell < this.cells; cell++) {
      if (!this.#isEmpty(this.starts[cell], this.ends[cell], BLANK)) return false;
    }
    return true;
  }

  #isEmpty(from: number, to: number, separator: number): boolean {
    for (let at = from; at < to; at++) {
      const byte = this.bytes[at];
      if (byte > BLANK && byte !== separator) return false;
    }
    return true;
  }

  #growPlaces(places: number): void {
    const [starts, ends] = [this.starts, this.ends];
    this.starts = new Int32Array(places * 2);
    this.ends = new Int32Array(places * 2);
    this.starts.set(starts);
    this.ends.set(ends);
  }

  /** Makes one quote of two, where they stand. */
  #unescape(): void {
    const { bytes } = this;
    for (const cell of this.#escaped) {
      if (cell >= this.#mostPlaces) return;
      let to = this.starts[cell];
      for (let at = to; at < this.ends[cell]; at++) {
        bytes[to++] = bytes[at];
        if (bytes[at] === QUOTE) at++;
      }
      this.ends[cell] = to;
    }
  }

  #refuse(reason: string): LoaderError {
    return new LoaderError("input", `The file is not valid CSV: ${reason}.`, {
      file: this.#file,
      line: this.#nextLine,
    });
  }
}
