import type { HeaderBlock } from "../hpack/header_block.ts";
import { isFieldWellFormed } from "./field_rules.ts";

/**
 * Header fields or trailers of a reply, looked at once: HPACK hands out the very
 * same block for what a peer repeats, and so what was found is kept with it.
 */
export class ResponseBlock {
  readonly fields: HeaderBlock;
  /** `:status`; 0 where there is none, NaN where the block is malformed. */
  readonly status: number;
  /** `content-length`; NaN where there is none. */
  readonly contentLength: number;
  /** For the layer above, to keep what it found. */
  view: unknown = undefined;

  private constructor(fields: HeaderBlock) {
    this.fields = fields;
    const length = fields.get("content-length");
    this.contentLength = length === undefined ? NaN : Number(length);
    this.status = isWellFormed(fields) ? parseStatus(fields.get(":status")) : NaN;
  }

  /** What is known of a block. */
  static of(fields: HeaderBlock): ResponseBlock {
    if (fields.view instanceof ResponseBlock) return fields.view;
    const block = new ResponseBlock(fields);
    fields.view = block;
    return block;
  }
}

function parseStatus(text: string | undefined): number {
  if (text === undefined) return 0;
  return /^[1-5]\d\d$/.test(text) ? Number(text) : NaN;
}

function isWellFormed({ names, values }: HeaderBlock): boolean {
  return names.every((name, i) => {
    // The one pseudo-header field of a reply comes first, and once (section 8.3).
    if (name.startsWith(":")) return name === ":status" && i === 0;
    return isFieldWellFormed(name, values[i]);
  });
}
