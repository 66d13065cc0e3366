import { ByteWriter } from "../byte_writer.ts";
import type { HeaderField, HpackEncoder } from "../hpack/encoder.ts";
import { EXECUTE_PATH } from "../executor/executor_messages.ts";

/** Who is calling, as the specification of gRPC wants it. */
const USER_AGENT = "loader";

/** What the requests of one function share. */
export interface RequestTarget {
  readonly scheme: "http" | "https";
  readonly authority: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Header fields of a target but for its time-out, in the order that gRPC wants. */
function fieldsOf({ scheme, authority, metadata }: RequestTarget): HeaderField[] {
  const field = (
    name: string,
    value: string,
    indexing: HeaderField["indexing"] = "index",
  ): HeaderField => ({ name, value, indexing });
  return [
    field(":method", "POST"),
    field(":scheme", scheme),
    field(":path", EXECUTE_PATH),
    field(":authority", authority),
    field("te", "trailers"),
    field("content-type", "application/grpc"),
    field("user-agent", USER_AGENT),
    // Any may be a secret, which is not to be guessed by what it is compressed with, here or by a
    // proxy on the way (RFC 7541, section 7.1.3).
    ...Object.entries(metadata).map(([name, value]) => field(name, value, "never")),
  ];
}

/** A target's fields, compressed, for one state of the compression. */
interface CachedBlock {
  readonly generation: number;
  readonly bytes: Uint8Array;
}

/**
 * The header fields of requests on one connection, compressed once for each
 * function: what differs from call to call is the time-out, which comes last
 * and is compressed once too for as long as it repeats.
 */
export class RequestHeaders {
  readonly #encoder: HpackEncoder;
  readonly #targets: readonly RequestTarget[];
  readonly #blocks: (CachedBlock | undefined)[];
  #timeoutMs = NaN;
  #timeout: CachedBlock = { generation: -1, bytes: new Uint8Array(0) };
  readonly #block = new ByteWriter(256);

  /** `targets`, by the index of the function. */
  constructor(encoder: HpackEncoder, targets: readonly RequestTarget[]) {
    this.#encoder = encoder;
    this.#targets = targets;
    this.#blocks = new Array(targets.length).fill(undefined);
  }

  /**
   * The block for a call; valid until the next. It must be sent, and in order.
   *
   * @param traceparent of a call that is traced; no other has it
   */
  encode(functionIndex: number, timeoutMs: number, traceparent: string | null = null): ByteWriter {
    const block = this.#block;
    block.length = 0;
    const cached = this.#blocks[functionIndex];
    if (cached !== undefined && cached.generation === this.#encoder.generation) {
      block.append(cached.bytes);
    } else {
      this.#blocks[functionIndex] = this.#encodeFields(fieldsOf(this.#targets[functionIndex]));
    }
    // Below a millisecond time-outs differ from call to call, and nobody measures them.
    const wholeMs = Math.ceil(timeoutMs);
    if (wholeMs === this.#timeoutMs && this.#timeout.generation === this.#encoder.generation) {
      block.append(this.#timeout.bytes);
    } else {
      // The first stays in the table, and lends the others its name.
      const indexing = Number.isNaN(this.#timeoutMs) ? "index" : "literal";
      this.#timeoutMs = wholeMs;
      this.#timeout = this.#encodeFields([
        { name: "grpc-timeout", value: formatTimeout(wholeMs), indexing },
      ]);
    }
    if (traceparent !== null) {
      this.#encoder.encode([
        { name: "traceparent", value: traceparent, indexing: "literal" },
      ], block);
    }
    return block;
  }

  /** Appends fields to the block; what came out repeats for as long as the generation holds. */
  #encodeFields(fields: readonly HeaderField[]): CachedBlock {
    const before = this.#encoder.generation;
    const start = this.#block.length;
    this.#encoder.encode(fields, this.#block);
    const { generation } = this.#encoder;
    return {
      // Bytes that changed the table are not to be sent again.
      generation: before === generation ? generation : -1,
      bytes: this.#block.bytes.slice(start, this.#block.length),
    };
  }
}

/** Largest number that `grpc-timeout` can carry: eight digits. */
const MAX_TIMEOUT_VALUE = 99_999_999;

/** Units of `grpc-timeout` from the finest that is useful here, in milliseconds. */
const UNITS = [["m", 1], ["S", 1000], ["M", 60_000], ["H", 3_600_000]] as const;

/**
 * A time-out as the header field `grpc-timeout` has it (grpc/grpc:
 * doc/PROTOCOL-HTTP2.md): rounded up to whole milliseconds, or to the next
 * coarser unit where that is more than eight digits. What is over already is 1 ms:
 * zero is no positive time-out.
 *
 * @example
 * ```ts
 * import { formatTimeout } from "./request_headers.ts";
 * if (formatTimeout(120_000) !== "120000m") throw new Error("milliseconds");
 * if (formatTimeout(86_400_000_000) !== "86400000S") throw new Error("seconds");
 * ```
 */
export function formatTimeout(timeoutMs: number): string {
  for (const [unit, unitMs] of UNITS) {
    const value = Math.max(1, Math.ceil(timeoutMs / unitMs));
    if (value <= MAX_TIMEOUT_VALUE) return `${value}${unit}`;
  }
  return `${MAX_TIMEOUT_VALUE}H`;
}
