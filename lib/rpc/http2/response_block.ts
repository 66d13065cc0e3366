import type { HeaderBlock } from "../hpack/header_block.ts";

/**
 * Header fields or trailers of a reply, looked at once: HPACK hands out the very
 * same block for what a peer repeats, and so what was found is kept with it.
 */
export class ResponseBlock {
  readonly fields: HeaderBlock;
  /** `:status`; 0 where there is none, NaN where it is no status. */
  readonly status: number;
  /** For the layer above, to keep what it found. */
  view: unknown = undefined;

  private constructor(fields: HeaderBlock) {
    this.fields = fields;
    const status = fields.get(":status");
    if (status === undefined) {
      this.status = fields.names.some((name) => name.startsWith(":")) ? NaN : 0;
    } else {
      this.status = /^[1-5]\d\d$/.test(status) ? Number(status) : NaN;
    }
  }

  /** What is known of a block. */
  static of(fields: HeaderBlock): ResponseBlock {
    if (fields.view instanceof ResponseBlock) return fields.view;
    const block = new ResponseBlock(fields);
    fields.view = block;
    return block;
  }
}
