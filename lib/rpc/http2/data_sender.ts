import { flowControl } from "./frame_checks.ts";
import { writeData } from "./frame_writer.ts";
import type { OutBuffer } from "./out_buffer.ts";
import { DEFAULT_MAX_FRAME_BYTES, DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES } from "./protocol.ts";
import type { Stream } from "./stream.ts";

/**
 * Sends DATA as the peer's windows allow, that of the stream and that of the
 * connection, and keeps what they do not allow yet.
 *
 * Worked example: the windows are 65,535 for the connection and 10 for a stream
 * that has 15 bytes to send. Ten go out, five wait, and the windows are 65,525
 * and 0. WINDOW_UPDATE of 100 for the stream sends the rest: 65,520 and 95.
 */
export class DataSender<S extends Stream> {
  /** The connection's window. */
  window = DEFAULT_WINDOW_BYTES;
  /** The window of a new stream. */
  initialWindow = DEFAULT_WINDOW_BYTES;
  /** Largest frame that the peer takes. */
  maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;
  readonly #out: OutBuffer;
  readonly #onResumed: (stream: S) => void;
  readonly #blocked = new Set<S>();

  /** `onResumed`: all that a stream had kept is sent. */
  constructor(out: OutBuffer, onResumed: (stream: S) => void) {
    this.#out = out;
    this.#onResumed = onResumed;
  }

  /** Sends `source[start, end)`, or as much as may be; the rest is copied. Tells whether all went. */
  send(
    stream: S,
    source: Uint8Array,
    start: number,
    end: number,
    endStream: boolean,
  ): boolean {
    const length = end - start;
    if (
      stream.unsent === null &&
      // No octets need no window, not even where SETTINGS made one negative (section 6.9.2).
      (length === 0 || length <= stream.sendWindow && length <= this.window &&
          length <= this.maxFrameBytes)
    ) {
      this.window -= length;
      stream.sendWindow -= length;
      writeData(this.#out.writer, stream.id, source, start, end, endStream);
      return true;
    }
    stream.endsWithData = endStream;
    stream.unsent = stream.unsent === null
      ? source.slice(start, end)
      : concatenate(stream.unsent, source.subarray(start, end));
    this.#blocked.add(stream);
    return this.#sendUnsent(stream);
  }

  /** The peer made the connection's window larger. @throws Http2Error when there is no such window */
  widen(increment: number): void {
    this.window += increment;
    if (this.window > MAX_WINDOW_BYTES) {
      throw flowControl("The peer made the connection's window larger than there is.");
    }
    for (const stream of [...this.#blocked]) this.#resume(stream);
  }

  /** The peer made a stream's window larger or smaller; tells whether there is such a window. */
  widenStream(stream: S, increment: number): boolean {
    stream.sendWindow += increment;
    if (stream.sendWindow > MAX_WINDOW_BYTES) return false;
    this.#resume(stream);
    return true;
  }

  /** Sends nothing more of a stream. */
  forget(stream: S): void {
    if (stream.unsent !== null) this.#blocked.delete(stream);
  }

  #resume(stream: S): void {
    if (stream.unsent !== null && this.#sendUnsent(stream)) this.#onResumed(stream);
  }

  #sendUnsent(stream: S): boolean {
    let unsent = stream.unsent!;
    while (unsent.length > 0) {
      const count = Math.min(unsent.length, stream.sendWindow, this.window, this.maxFrameBytes);
      if (count <= 0) {
        stream.unsent = unsent;
        return false;
      }
      stream.sendWindow -= count;
      this.window -= count;
      const endStream = count === unsent.length && stream.endsWithData;
      writeData(this.#out.writer, stream.id, unsent, 0, count, endStream);
      unsent = unsent.subarray(count);
    }
    stream.unsent = null;
    this.#blocked.delete(stream);
    this.#out.scheduleFlush();
    return true;
  }
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
