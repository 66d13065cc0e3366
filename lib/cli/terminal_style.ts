/** How a terminal, or what stands in its place, is written to. */
export interface TerminalStyle {
  /** A line may be written over the one before. */
  readonly isLive: boolean;
  readonly hasColor: boolean;
}

/**
 * Decides by the stream and the environment: a line that changes wherever there is a terminal
 * that can (TERM is not `dumb`); colors there, unless NO_COLOR is set. FORCE_COLOR wins over
 * both, `0` as no colors.
 *
 * @param read a variable's value; undefined where there is none, or it may not be read
 *
 * @example
 * ```ts
 * import { deriveTerminalStyle } from "./terminal_style.ts";
 * const style = deriveTerminalStyle(true, (name) => name === "NO_COLOR" ? "1" : undefined);
 * if (!style.isLive || style.hasColor) throw new Error("a bar, without colors");
 * ```
 */
export function deriveTerminalStyle(
  isTerminal: boolean,
  read: (name: string) => string | undefined,
): TerminalStyle {
  const isLive = isTerminal && read("TERM") !== "dumb";
  // Empty is as if it were not set (no-color.org, force-color.org).
  const forced = read("FORCE_COLOR") || undefined;
  if (forced !== undefined) return { isLive, hasColor: forced !== "0" && forced !== "false" };
  return { isLive, hasColor: isLive && !read("NO_COLOR") };
}

/** The style of standard error. */
export function styleOfStderr(): TerminalStyle {
  return deriveTerminalStyle(Deno.stderr.isTerminal(), readIfGranted);
}

/** Asks nobody for the permission: what may not be read is not set. */
function readIfGranted(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

/** Colors by their meaning, as parameters of SGR. */
const COLORS = { good: 32, warn: 33, bad: 31, quiet: 2, bar: 36 } as const;

/** A text in a color, where there are colors. */
export function paint(
  text: string,
  color: keyof typeof COLORS,
  { hasColor }: Pick<TerminalStyle, "hasColor">,
): string {
  return hasColor && text !== "" ? `\x1b[${COLORS[color]}m${text}\x1b[0m` : text;
}
