/** Room for the last manifests of a run and of an experiment; they take a few KiB each. */
const RESERVED_BYTES = 64 * 1024;

const SENTENCE = "This file keeps room on the disk for the manifests of an experiment that fills " +
  "it. It goes when the experiment ends.\n";

/**
 * A file that holds some room on the disk, so that a run that has filled it can
 * still say so in its manifests. A file system that compresses keeps less.
 */
export class DiskReserve {
  readonly #path: string;

  /** @throws Error of the operating system when there is no room */
  constructor(path: string) {
    this.#path = path;
    const sentences = Math.ceil(RESERVED_BYTES / SENTENCE.length);
    Deno.writeTextFileSync(path, SENTENCE.repeat(sentences));
  }

  /** Gives the room back; may be called twice. */
  release(): void {
    try {
      Deno.removeSync(this.#path);
    } catch {
      // It is gone already, or it stays: nobody can do more.
    }
  }
}
