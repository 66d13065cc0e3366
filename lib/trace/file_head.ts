import { createUnzip } from "node:zlib";
import { errorMessage, LoaderError } from "../base/error.ts";
import { recogniseContent, TELLING_BYTES } from "./file_content.ts";

/** As much of a file as is looked at to tell its format: the header of a day of minutes is 6 KiB. */
const HEAD_BYTES = 65_536;

/**
 * The first 64 KiB of a file as text, unpacked where it is packed with gzip;
 * empty where it holds something else than text. A file that is cut short gives
 * what there is.
 *
 * @throws LoaderError `input` when it cannot be read
 */
export async function readHead(file: string): Promise<string> {
  const bytes = await readStart(file);
  const content = recogniseContent(bytes.subarray(0, TELLING_BYTES));
  if (content.kind === "foreign") return "";
  const text = content.kind === "gzip" ? await unpackStart(bytes) : bytes;
  return new TextDecoder().decode(text.subarray(0, HEAD_BYTES));
}

async function readStart(path: string): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path);
    const bytes = new Uint8Array(HEAD_BYTES);
    let filled = 0;
    while (filled < bytes.length) {
      const read = await file.read(bytes.subarray(filled));
      if (read === null) break;
      filled += read;
    }
    return bytes.subarray(0, filled);
  } catch (cause) {
    throw new LoaderError("input", `The file cannot be read: ${errorMessage(cause)}.`, {
      file: path,
      cause,
    });
  }
}

/** What the first bytes of a packed file unpack to; they end in the midst of it. */
async function unpackStart(packed: Uint8Array): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  let length = 0;
  const unpacker = createUnzip();
  unpacker.on("data", (block: Uint8Array) => {
    blocks.push(block);
    length += block.length;
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  // Cut off in the midst, the end is an error, and what came before it counts.
  unpacker.on("error", () => resolve());
  unpacker.on("end", () => resolve());
  unpacker.end(packed);
  await promise;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const block of blocks) {
    bytes.set(block, offset);
    offset += block.length;
  }
  return bytes;
}
