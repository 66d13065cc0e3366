import { ByteWriter } from "../byte_writer.ts";
import type { HeaderField, HpackEncoder } from "./encoder.ts";

/** Lists that are kept; more than a connection repeats. */
const MAX_LISTS = 256;

interface CachedBlock {
  readonly generation: number;
  readonly bytes: Uint8Array;
}

/**
 * Lists of fields that are sent again and again, compressed once for as long as
 * the compression stays as it is. A list is known by its identity: it must not
 * be changed, and one that is made anew for each block gains nothing.
 *
 * @example
 * ```ts
 * import { HpackEncoder } from "./encoder.ts";
 * import { FieldCache } from "./field_cache.ts";
 * const cache = new FieldCache(new HpackEncoder());
 * const ok = [{ name: "grpc-status", value: "0", indexing: "index" as const }];
 * cache.encode(ok); // puts it in the peer's table
 * if (cache.encode(ok).view().join() !== "190") throw new Error("index 62, the first of the table");
 * ```
 */
export class FieldCache {
  readonly #encoder: HpackEncoder;
  readonly #blocks = new Map<readonly HeaderField[], CachedBlock>();
  readonly #block = new ByteWriter(256);

  constructor(encoder: HpackEncoder) {
    this.#encoder = encoder;
  }

  /** The block of `fields`, valid until the next. It must be sent, and in order. */
  encode(fields: readonly HeaderField[]): ByteWriter {
    const block = this.#block;
    block.length = 0;
    const before = this.#encoder.generation;
    const cached = this.#blocks.get(fields);
    if (cached?.generation === before) {
      block.append(cached.bytes);
      return block;
    }
    this.#encoder.encode(fields, block);
    // Bytes that changed the table are not to be sent again.
    if (this.#encoder.generation === before) {
      if (this.#blocks.size === MAX_LISTS) this.#blocks.clear();
      this.#blocks.set(fields, { generation: before, bytes: block.view().slice() });
    }
    return block;
  }
}
