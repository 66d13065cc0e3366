import { ByteWriter } from "../../../lib/rpc/byte_writer.ts";
import { HpackDecoder } from "../../../lib/rpc/hpack/decoder.ts";
import type { DynamicTableView } from "../../../lib/rpc/hpack/dynamic_table.ts";
import type { HeaderField, HpackEncoder } from "../../../lib/rpc/hpack/encoder.ts";
import type { HeaderBlock } from "../../../lib/rpc/hpack/header_block.ts";

/** A field as the tests write it. */
export type Pair = readonly [name: string, value: string];

/** Octets written in hexadecimal; white space is for the reader. */
export function octets(hexadecimal: string): Uint8Array {
  return Uint8Array.fromHex(hexadecimal.replaceAll(/\s/g, ""));
}

/** Octets of a text in ISO 8859-1. */
export function latin1Octets(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** The fields of a block. */
export function pairsOf(block: HeaderBlock): Pair[] {
  return block.names.map((name, i): Pair => [name, block.values[i]]);
}

/** The entries of a table, the newest first. */
export function entriesOf(table: DynamicTableView): Pair[] {
  return Array.from(
    { length: table.count },
    (_, position): Pair => [table.nameAt(position), table.valueAt(position)],
  );
}

/** A decoder with room enough, unless said otherwise. */
export function createDecoder({ maxTableSize = 4096, maxHeaderListSize = 1 << 20 } = {}) {
  return new HpackDecoder({ maxTableSize, maxHeaderListSize });
}

/** Decodes octets written in hexadecimal. */
export function decodeHex(decoder: HpackDecoder, hexadecimal: string): HeaderBlock {
  const bytes = octets(hexadecimal);
  return decoder.decode(bytes, 0, bytes.length);
}

/** The block of `pairs`, all with the same indexing, as octets of its own. */
export function encodePairs(
  encoder: HpackEncoder,
  pairs: readonly Pair[],
  indexing: HeaderField["indexing"] = "index",
): Uint8Array {
  return encodeFields(encoder, pairs.map(([name, value]) => ({ name, value, indexing })));
}

/** The block of `fields` as octets of its own. */
export function encodeFields(encoder: HpackEncoder, fields: readonly HeaderField[]): Uint8Array {
  const writer = new ByteWriter(16);
  encoder.encode(fields, writer);
  return writer.view().slice();
}
