/** From the lowest to the highest. */
const LEVELS = "▁▂▃▄▅▆▇█";

/**
 * A series as a line of blocks, from 0 to its maximum: where there are more
 * values than characters, each shows the largest of its part.
 *
 * @param width most characters
 *
 * @example
 * ```ts
 * import { renderSparkline } from "./sparkline.ts";
 * if (renderSparkline([0, 1, 2, 4], 4) !== "▁▃▅█") throw new Error("not a climb");
 * ```
 */
export function renderSparkline(values: readonly number[], width: number): string {
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const columns = Math.min(width, values.length);
  let line = "";
  for (let column = 0; column < columns; column++) {
    const from = Math.floor(column * values.length / columns);
    const until = Math.floor((column + 1) * values.length / columns);
    const largest = values.slice(from, until).reduce((a, b) => Math.max(a, b), 0);
    const level = most === 0 ? 0 : Math.min(7, Math.floor(8 * largest / most));
    line += LEVELS[level];
  }
  return line;
}
