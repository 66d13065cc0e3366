/** Longest name of a file that every file system takes, with room for what is put behind it. */
const MOST_CHARACTERS = 200;

/**
 * What is wrong with a text as the name of a file or folder inside of another; `null`:
 * nothing. A name that comes from a file could otherwise lead out of its folder.
 *
 * @example
 * ```ts
 * import { findNameMistake } from "./plain_name.ts";
 * if (findNameMistake("rate-5") !== null) throw new Error("refused");
 * if (findNameMistake("../rate-5") === null) throw new Error("let through");
 * ```
 */
export function findNameMistake(name: string): string | null {
  const quoted = JSON.stringify(name.slice(0, MOST_CHARACTERS));
  if (name === "") return "the name is empty";
  if (name.length > MOST_CHARACTERS) return `${quoted}… is too long for a name`;
  // deno-lint-ignore no-control-regex -- these are looked for
  if (/[/\\\x00-\x1f\x7f]/.test(name)) return `${quoted} is no plain name: it holds a separator`;
  if (name.startsWith(".")) return `${quoted} is no plain name: it begins with a dot`;
  return null;
}
