import { errorMessage, LoaderError } from "../base/error.ts";
import { openByteSource } from "./csv/byte_source.ts";
import { recogniseContent, TELLING_BYTES } from "./file_content.ts";

/** As much of a file as is looked at to tell its format: the header of a day of minutes is 6 KiB. */
const HEAD_BYTES = 65_536;

/**
 * The first 64 KiB of a file as text, unpacked where it is packed;
 * empty where it holds something else than text. A file that is cut short gives
 * what there is.
 *
 * @throws LoaderError `input` when it cannot be read
 */
export async function readHead(file: string): Promise<string> {
  const bytes = await readStart(file);
  const content = recogniseContent(bytes.subarray(0, TELLING_BYTES));
  if (content.kind === "foreign") return "";
  if (content.kind === "text") return new TextDecoder().decode(bytes);
  return new TextDecoder().decode(await unpackStart(file));
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

/** The first bytes of a packed file, as far as it can be unpacked. */
async function unpackStart(file: string): Promise<Uint8Array> {
  await using source = await openByteSource(file);
  const bytes = new Uint8Array(HEAD_BYTES);
  let filled = 0;
  try {
    while (filled < bytes.length) {
      const read = await source.read(bytes.subarray(filled));
      if (read === 0) break;
      filled += read;
    }
  } catch {
    // Cut off in the midst: whoever reads it all is told, and what came before it counts here.
  }
  return bytes.subarray(0, filled);
}
