import { join } from "node:path";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { type ByteSource, openByteSource } from "../csv/byte_source.ts";

/** Something that rows are read from: a file, or standard input. */
export interface LogSource {
  /** What messages call it. */
  readonly name: string;
  /** Its bytes, unpacked. */
  open(): Promise<ByteSource>;
}

const STANDARD_INPUT = "-";

/** Bytes that are read at once. */
const BLOCK_BYTES = 1 << 18;

/** Longest line: a batch of spans of the Collector has some megabytes, a text at most 512 MiB. */
const MOST_CHARACTERS = 1 << 28;

/**
 * The files that paths name, those in folders by their names; `-` is standard input. What begins
 * with a dot is no log.
 *
 * @throws LoaderError `input` when one cannot be read, or a folder is empty; `usage` when a file
 *   is named twice
 */
export async function listSources(paths: readonly string[]): Promise<LogSource[]> {
  const files: string[] = [];
  for (const path of paths) {
    files.push(...path === STANDARD_INPUT ? [path] : await listFiles(path));
  }
  const twice = files.find((file, i) => files.indexOf(file) !== i);
  if (twice !== undefined) {
    throw new LoaderError("usage", "The file is named twice; its requests would count twice.", {
      file: twice,
    });
  }
  return files.map((name) => ({
    name,
    open: name === STANDARD_INPUT
      ? () => openByteSource("standard input", () => Promise.resolve(Deno.stdin))
      : () => openByteSource(name),
  }));
}

async function listFiles(path: string): Promise<string[]> {
  const files: string[] = [];
  try {
    if (!(await Deno.stat(path)).isDirectory) return [path];
    for await (const { name } of Deno.readDir(path)) {
      const file = join(path, name);
      if (!name.startsWith(".") && (await Deno.stat(file)).isFile) files.push(file);
    }
  } catch (cause) {
    throw new LoaderError("input", `The log cannot be read: ${errorMessage(cause)}.`, {
      file: path,
      cause,
    });
  }
  if (files.length > 0) return files.sort();
  throw new LoaderError("input", "There are no files in the folder.", { file: path });
}

/**
 * The lines of a source, some at a time; a byte order mark and CRLF are taken off.
 *
 * @throws LoaderError `input` when it cannot be read or unpacked, is no text, or has a line that
 *   does not end
 */
export async function* readLines(source: LogSource): AsyncGenerator<readonly string[]> {
  await using bytes = await source.open();
  const decoder = new TextDecoder();
  const block = new Uint8Array(BLOCK_BYTES);
  /** The parts of a line that goes on: joined once, for it may be long. */
  let open: string[] = [];
  let characters = 0;
  for (let length = await bytes.read(block); length > 0; length = await bytes.read(block)) {
    const lines = decoder.decode(block.subarray(0, length), { stream: true }).split("\n");
    const rest = lines.pop()!;
    if (lines.length > 0) {
      lines[0] = open.join("") + lines[0];
      open = [];
      characters = 0;
      yield lines.map(trimReturn);
    }
    open.push(rest);
    characters += rest.length;
    if (characters > MOST_CHARACTERS) {
      throw new LoaderError(
        "input",
        `A line is longer than ${MOST_CHARACTERS} characters; give it in smaller pieces.`,
        { file: source.name },
      );
    }
  }
  const last = open.join("") + decoder.decode();
  if (last !== "") yield [trimReturn(last)];
}

function trimReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
