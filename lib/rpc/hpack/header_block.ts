/**
 * The fields of one header block, in the order they were sent. One object may
 * stand for many blocks: the decoder returns the same one whenever the same
 * bytes come again and still mean the same, so whoever reads fields out of it
 * should keep what was read in {@linkcode HeaderBlock.view}.
 *
 * @example
 * ```ts
 * import { HeaderBlock } from "./header_block.ts";
 * const block = new HeaderBlock([":status", "via"], ["200", "1.1 proxy"]);
 * if (block.get(":status") !== "200") throw new Error("the status is 200");
 * ```
 */
export class HeaderBlock {
  /** Names, as sent; they may repeat. */
  readonly names: readonly string[];
  /** `values[i]` belongs to `names[i]`; one UTF-16 unit an octet (ISO 8859-1). */
  readonly values: readonly string[];
  /** The header list exceeded the limit; there are no fields then, but the table was kept right. */
  readonly tooLarge: boolean;
  /** Belongs to the layer above: what it made of the fields, so that it is made once. */
  view: unknown = undefined;

  constructor(names: readonly string[], values: readonly string[], tooLarge = false) {
    this.names = names;
    this.values = values;
    this.tooLarge = tooLarge;
  }

  /** Value of the first field called `name` (lower case). */
  get(name: string): string | undefined {
    const index = this.names.indexOf(name);
    return index < 0 ? undefined : this.values[index];
  }
}

/**
 * A header block that cannot be decoded. Both sides' tables can no longer be
 * taken to agree, so the connection must end with COMPRESSION_ERROR (RFC 9113
 * section 4.3) and the decoder that threw must not be used again.
 *
 * @example
 * ```ts
 * import { HpackDecoder } from "./decoder.ts";
 * import { HpackError } from "./header_block.ts";
 * const decoder = new HpackDecoder({ maxTableSize: 4096, maxHeaderListSize: 8192 });
 * let caught: unknown;
 * try {
 *   decoder.decode(Uint8Array.of(0xff, 0x00), 0, 2); // index 127 of 61
 * } catch (error) {
 *   caught = error;
 * }
 * if (!(caught instanceof HpackError)) throw new Error("index 127 is in no table");
 * ```
 */
export class HpackError extends Error {
  override readonly name = "HpackError";
}
