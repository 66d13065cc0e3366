/** How many bytes of a file tell what it holds. */
export const TELLING_BYTES = 256;

/** What a file holds, as its first bytes tell: text, packed text, or what no reader of a trace takes. */
export type FileContent =
  | { readonly kind: "text" }
  | { readonly kind: "gzip" | "zstd" }
  /** A sentence that says what it is and what to do. */
  | { readonly kind: "foreign"; readonly sentence: string };

/** Formats that are recognised by their first bytes, and the program that unpacks or converts them. */
const FOREIGN: readonly (readonly [magic: readonly number[], what: string, remedy: string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], "a zip archive", "unpack it"],
  [[0x42, 0x5a, 0x68], "packed with bzip2", 'unpack it with "bunzip2", or pack it with gzip'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "packed with xz", 'unpack it with "unxz"'],
  [[0x50, 0x41, 0x52, 0x31], "in the Parquet format", "write it as CSV"],
];

/**
 * Tells what a file holds by its first bytes, whatever its name says. A pointer
 * is what stands in place of a large file where a repository was cloned without
 * the tool that keeps such files.
 *
 * @param head the first {@linkcode TELLING_BYTES} bytes, or all there are
 *
 * @example
 * ```ts
 * import { recogniseContent } from "./file_content.ts";
 * const head = new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n");
 * const content = recogniseContent(head);
 * if (content.kind !== "foreign" || !content.sentence.includes("git lfs pull")) {
 *   throw new Error("a pointer is no trace");
 * }
 * ```
 */
export function recogniseContent(head: Uint8Array): FileContent {
  if (startsWith(head, [0x1f, 0x8b])) return { kind: "gzip" };
  if (startsWith(head, [0x28, 0xb5, 0x2f, 0xfd])) return { kind: "zstd" };
  const found = FOREIGN.find(([magic]) => startsWith(head, magic));
  if (found !== undefined) {
    return { kind: "foreign", sentence: `The file is ${found[1]}, not CSV; ${found[2]}.` };
  }
  const text = new TextDecoder().decode(head).trimStart();
  if (/^version https?:\/\/\S*(git-lfs|hawser)/.test(text)) {
    return {
      kind: "foreign",
      sentence: "The file is a pointer of Git LFS, not the data that it points to; fetch them " +
        'with "git lfs pull" in the repository.',
    };
  }
  if (/^\/annex\/objects\//.test(text)) {
    return {
      kind: "foreign",
      sentence: "The file is a pointer of git-annex, not the data that it points to; fetch them " +
        'with "git annex get".',
    };
  }
  if (/^<(!doctype|html|\?xml)/i.test(text)) {
    return {
      kind: "foreign",
      sentence: "The file is a web page, not CSV; download the file itself.",
    };
  }
  if (startsWith(head, [0xff, 0xfe]) || startsWith(head, [0xfe, 0xff]) || head.includes(0)) {
    return {
      kind: "foreign",
      sentence: "The file is not text in UTF-8 (perhaps in UTF-16); save it as UTF-8.",
    };
  }
  return { kind: "text" };
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, i) => bytes[i] === byte);
}
