import { dirname, join } from "node:path";
import assert from "node:assert/strict";
import { LoaderError } from "../../../lib/base/error.ts";
import { Rng } from "../../../lib/base/rng.ts";
import type { Trace } from "../../../lib/model/trace.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { checkTrace } from "./check_trace.ts";
import type { Files, FuzzedFormat } from "./formats.ts";
import { mutateBytes, mutateTextFile } from "./mutations.ts";

/** Files of a format of which one was changed, and what they were read as. */
export interface Variant {
  readonly files: Files;
  readonly outcome: Trace | LoaderError;
  /** Which one it is, for a message. */
  describe(): string;
}

/**
 * Changes files of a format, so many times, and reads each variant in the folder.
 *
 * @throws Error that names the variant when it ends in anything but a trace that is sound or a
 *   `LoaderError` that says where
 */
export async function* readVariants(
  format: FuzzedFormat,
  folder: string,
  { seed, rounds }: { readonly seed: number; readonly rounds: number },
): AsyncGenerator<Variant> {
  const rng = Rng.fromSeed(seed, "format fuzz", format.name);
  let written: Files = new Map();
  for (let round = 0; round < rounds; round++) {
    const base = format.files(rng);
    const paths = [...base.keys()].toSorted();
    const changed = paths[rng.nextBelow(paths.length)];
    const mutate = format.isText ? mutateTextFile : mutateBytes;
    const files = new Map(base).set(changed, mutate(base.get(changed)!, rng));
    await writeFiles(folder, files, written);
    written = files;
    const describe = () => {
      const text = new TextDecoder().decode(files.get(changed)!.subarray(0, 4000));
      return `${format.name}, round ${round}, ${changed}: ${JSON.stringify(text)}`;
    };
    let outcome: Trace | LoaderError;
    try {
      outcome = await outcomeOf(folder);
      if (!(outcome instanceof LoaderError)) checkTrace(outcome);
    } catch (error) {
      throw new Error(describe(), { cause: error });
    }
    yield { files, outcome, describe };
  }
}

/** Writes what is not there as it is to be. */
async function writeFiles(folder: string, files: Files, written: Files): Promise<void> {
  for (const [path, bytes] of files) {
    if (written.get(path) === bytes) continue;
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeFile(join(folder, path), bytes);
  }
}

/** What is wrong with files as a whole, and so has neither a line nor a column. */
const WHOLE_FILE = new RegExp([
  "Parquet file is damaged",
  "No trace of a known format",
  "cannot be read or unpacked",
  "not text in UTF-8",
  "is empty",
  "No functions are left",
  "not CSV",
].join("|"));

/** A trace, or the one error that may be. */
async function outcomeOf(folder: string): Promise<Trace | LoaderError> {
  try {
    return await readTrace(folder);
  } catch (error) {
    if (!(error instanceof LoaderError)) throw error;
    const { file, line, column } = error.place;
    assert.equal(error.code, "input", error.message);
    assert.ok(file?.startsWith(folder), error.message);
    const isPlaced = line !== undefined || column !== undefined;
    assert.ok(isPlaced || WHOLE_FILE.test(error.message), error.message);
    return error;
  }
}
