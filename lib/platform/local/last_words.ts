import { readLines } from "./control.ts";

/** More of a line says no more to a person. */
const MOST_CHARACTERS = 300;

/** What a process says on standard error before it ends, in one line. */
export class LastWords {
  #text: string | null = null;

  /** The line that tells most: the first of Deno's `error: …`, else the last; `null`: nothing. */
  get text(): string | null {
    return this.#text;
  }

  /** Reads until the stream ends, however much that is. */
  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of readLines(stream, MOST_CHARACTERS)) {
      // After "error: …" Deno tells where, which says little to the user.
      if (line.trim() !== "" && !this.#text?.startsWith("error: ")) this.#text = line.trim();
    }
  }
}
