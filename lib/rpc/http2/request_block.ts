import type { HeaderBlock } from "../hpack/header_block.ts";
import { isFieldWellFormed } from "./field_rules.ts";

/** Pseudo-header fields of a request (RFC 9113, section 8.3.1). */
const PSEUDO_FIELDS: ReadonlySet<string> = new Set([":method", ":scheme", ":path", ":authority"]);

/**
 * Header fields of a request, looked at once: HPACK hands out the very same block
 * for what a peer repeats, and so what was found is kept with it.
 */
export class RequestBlock {
  readonly fields: HeaderBlock;
  readonly method: string;
  readonly path: string;
  /** `:authority`, or `host` where only that was sent; may be empty. */
  readonly authority: string;
  /** Whether it is a request at all (RFC 9113, sections 8.2 and 8.3). */
  readonly isWellFormed: boolean;
  /** `content-length`; NaN where there is none. */
  readonly contentLength: number;
  /** For the layer above, to keep what it found. */
  view: unknown = undefined;

  private constructor(fields: HeaderBlock) {
    this.fields = fields;
    this.method = fields.get(":method") ?? "";
    this.path = fields.get(":path") ?? "";
    this.authority = fields.get(":authority") ?? fields.get("host") ?? "";
    this.contentLength = Number(fields.get("content-length") ?? NaN);
    this.isWellFormed = this.method !== "" && this.path !== "" &&
      fields.get(":scheme") !== undefined && areFieldsWellFormed(fields);
  }

  /** What is known of a block. */
  static of(fields: HeaderBlock): RequestBlock {
    if (fields.view instanceof RequestBlock) return fields.view;
    const block = new RequestBlock(fields);
    fields.view = block;
    return block;
  }
}

function areFieldsWellFormed({ names, values }: HeaderBlock): boolean {
  const regular = names.findIndex((name) => !name.startsWith(":"));
  const pseudo = regular < 0 ? names : names.slice(0, regular);
  if (pseudo.some((name) => !PSEUDO_FIELDS.has(name))) return false;
  if (new Set(pseudo).size < pseudo.length) return false;
  // A pseudo-header field among the others is none of their names.
  return names.every((name, i) =>
    i < pseudo.length ||
    (isFieldWellFormed(name, values[i]) && (name !== "te" || values[i] === "trailers"))
  );
}
