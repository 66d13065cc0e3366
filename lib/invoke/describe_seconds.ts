/** Runs of seconds that a sentence lists. */
const MOST_LISTED = 5;

/**
 * Seconds in words, those that follow one another as a range.
 *
 * @param seconds ascending
 *
 * @example
 * ```ts
 * import { describeSeconds } from "./describe_seconds.ts";
 * if (describeSeconds([4, 5, 6, 9]) !== "seconds 4 – 6 and 9") throw new Error("a range and one");
 * if (describeSeconds([14]) !== "second 14") throw new Error("one");
 * ```
 */
export function describeSeconds(seconds: readonly number[]): string {
  const runs: { readonly from: number; until: number }[] = [];
  for (const second of seconds) {
    const last = runs.at(-1);
    if (last !== undefined && last.until === second - 1) last.until = second;
    else runs.push({ from: second, until: second });
  }
  const listed = runs.slice(0, MOST_LISTED).map(({ from, until }) =>
    from === until ? `${from}` : `${from} – ${until}`
  );
  const others = runs.slice(MOST_LISTED).reduce(
    (sum, { from, until }) => sum + until - from + 1,
    0,
  );
  if (others > 0) listed.push(`${others} others`);
  const last = listed.pop() ?? "none";
  const noun = seconds.length === 1 ? "second" : "seconds";
  return `${noun} ${listed.length === 0 ? last : `${listed.join(", ")} and ${last}`}`;
}
