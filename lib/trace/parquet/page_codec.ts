import {
  decompressBrotli,
  decompressLz4,
  decompressLz4Raw,
  decompressSnappy,
} from "hyparquet-compressors";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { DamagedPage } from "./page_values.ts";

/** How much a page may hold unpacked; writers make pages of about 1 MiB. */
export const MAX_PAGE_BYTES = 1 << 29;

type Unpack = (packed: Uint8Array, length: number) => Uint8Array;

/** By the name of the codec. What Node unpacks is unpacked by it, several times as fast. */
const UNPACK: Readonly<Record<string, Unpack>> = {
  UNCOMPRESSED: (packed) => packed,
  SNAPPY: unpackSnappy,
  GZIP: (packed, length) => gunzipSync(packed, { maxOutputLength: length }),
  // What Deno unpacks writes of leaking blocks to the standard error where the bytes are damaged.
  BROTLI: decompressBrotli,
  ZSTD: (packed, length) => zstdDecompressSync(packed, { maxOutputLength: length }),
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
};

/**
 * Unpacks a page.
 *
 * @throws DamagedPage, or what a library throws, when it is damaged or its codec is not known
 */
export function unpackPage(packed: Uint8Array, codec: string, length: number): Uint8Array {
  const unpack = UNPACK[codec];
  if (unpack === undefined) throw new DamagedPage(`the codec ${codec} is not known`);
  if (!(length >= 0 && length <= MAX_PAGE_BYTES)) {
    throw new DamagedPage(`a page of ${length} bytes`);
  }
  if (length === 0) return new Uint8Array(0);
  const { buffer, byteOffset, byteLength } = unpack(packed, length);
  // What Node unpacks is a Buffer, whose `slice` does not copy.
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  if (bytes.length !== length) {
    throw new DamagedPage(`a page of ${bytes.length} bytes is to have ${length}`);
  }
  return bytes;
}

/** Looks at the length that the packed bytes begin with before anything is allocated for it. */
function unpackSnappy(packed: Uint8Array, length: number): Uint8Array {
  let told = 0;
  let weight = 1;
  for (let i = 0; i < 5; i++) {
    told += ((packed[i] ?? 0) & 0x7f) * weight;
    if ((packed[i] ?? 0) < 0x80) break;
    weight *= 0x80;
  }
  if (told !== length) throw new DamagedPage(`a page of ${told} bytes is to have ${length}`);
  return decompressSnappy(packed, length);
}
