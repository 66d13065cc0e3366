import type { Clock } from "../../clock/clock.ts";
import { ByteWriter } from "../byte_writer.ts";
import type { ByteStream } from "../socket.ts";

/** A write that took longer than this found the socket full. */
const BLOCKED_WRITE_MS = 1;

const LEAST_BYTES = 4096;

/** Whom an {@linkcode OutBuffer} tells; never from within one of its methods. */
export interface OutBufferListener {
  /** The first byte after a mark went to the socket. */
  onSent(mark: number, nowMs: number): void;
  /** What was collected when the last write began is out; `isEmpty`: nothing came since. */
  onWritten(isEmpty: boolean): void;
  /** The socket takes no more. */
  onFailed(error: unknown): void;
}

/**
 * What a connection sends: whatever is written in one turn of the event loop, or
 * while the socket is busy, goes out in one write.
 */
export class OutBuffer {
  /** Where to write; after that, {@linkcode OutBuffer.scheduleFlush}. */
  writer = new ByteWriter(LEAST_BYTES);
  readonly #socket: ByteStream;
  readonly #clock: Clock;
  readonly #listener: OutBufferListener;
  #spare = new ByteWriter(LEAST_BYTES);
  /** Marks in `writer`, and where they are. */
  #marks: number[] = [];
  #places: number[] = [];
  #spareMarks: number[] = [];
  #sparePlaces: number[] = [];
  /** When the write that is going on began; NaN: none is. */
  writingSinceMs = NaN;
  /** How many of the marks of the write that is going on went to the socket. */
  #sent = 0;
  #isWriting = false;
  #isScheduled = false;
  #isClosed = false;
  readonly #flush = () => this.flush();

  constructor(socket: ByteStream, clock: Clock, listener: OutBufferListener) {
    this.#socket = socket;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Everything is out. */
  get isIdle(): boolean {
    return !this.#isWriting && this.writer.length === 0;
  }

  /** The listener is told when what is written next goes out. */
  mark(mark: number): void {
    this.#places.push(this.writer.length);
    this.#marks.push(mark);
  }

  /** Marks of what the socket was not given, or did not take. */
  unsentMarks(): readonly number[] {
    return this.#marks;
  }

  /** Forgets what the socket was not given yet. */
  clear(): void {
    this.writer.length = this.#marks.length = this.#places.length = 0;
  }

  /** Writes at the end of this turn of the event loop. */
  scheduleFlush(): void {
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    queueMicrotask(this.#flush);
  }

  /** Writes now, or as soon as the socket is free. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#isWriting || this.#isClosed || this.writer.length === 0) return;
    this.#isWriting = true;
    this.#writeAll();
  }

  /** Writes nothing more, and the listener hears no more. */
  close(): void {
    this.#isClosed = true;
  }

  async #writeAll(): Promise<void> {
    try {
      let isMore: boolean;
      do {
        const { writer } = this;
        const marks = this.#marks;
        const places = this.#places;
        this.writer = this.#spare;
        this.#marks = this.#spareMarks;
        this.#places = this.#sparePlaces;
        this.#spare = writer;
        this.#spareMarks = marks;
        this.#sparePlaces = places;
        this.#sent = 0;
        for (let written = 0; written < writer.length;) {
          const beforeMs = this.#clock.nowMs();
          this.writingSinceMs = beforeMs;
          written += await this.#socket.write(writer.bytes.subarray(written, writer.length));
          if (this.#isClosed) return;
          const afterMs = this.#clock.nowMs();
          const nowMs = afterMs - beforeMs > BLOCKED_WRITE_MS ? afterMs : beforeMs;
          while (this.#sent < marks.length && places[this.#sent] < written) {
            this.#listener.onSent(marks[this.#sent++], nowMs);
          }
        }
        writer.length = 0;
        marks.length = 0;
        places.length = 0;
        this.writingSinceMs = NaN;
        isMore = this.writer.length > 0;
        this.#isWriting = isMore;
        // What the listener writes now is a write of its own.
        this.#listener.onWritten(!isMore);
      } while (isMore && !this.#isClosed);
    } catch (error) {
      if (this.#isClosed) return;
      this.#marks = this.#marks.concat(this.#spareMarks.slice(this.#sent));
      this.#listener.onFailed(error);
    }
  }
}
