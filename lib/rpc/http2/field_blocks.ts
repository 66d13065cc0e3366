import type { HeaderBlock } from "../hpack/header_block.ts";

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
  /** It is a request at all (RFC 9113, sections 8.2 and 8.3). */
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

  /** Judges a block, or remembers it. */
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

  /** Judges a block, or remembers it. */
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

/** Fields of a connection of HTTP/1, which HTTP/2 forbids (RFC 9113, section 8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** Characters of a name, without upper case (RFC 9110, section 5.1; RFC 9113, section 8.2.1). */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * What a value must not have (RFC 9113, section 8.2.1). Space at its ends is let
 * pass: servers of gRPC send the message of a status as it is.
 */
const BAD_VALUE = /[\0\r\n]/;

/** Tells if a field, other than a pseudo-header field, may be in a block (RFC 9113, section 8.2). */
function isFieldWellFormed(name: string, value: string): boolean {
  if (name === "content-length" && !/^\d+$/.test(value)) return false;
  return NAME.test(name) && !CONNECTION_FIELDS.has(name) && !BAD_VALUE.test(value);
}

/** Trailers are fields that are well-formed, without pseudo-header fields (RFC 9113, section 8.1). */
export function areTrailersWellFormed({ names, values }: HeaderBlock): boolean {
  return names.every((name, i) => isFieldWellFormed(name, values[i]));
}
