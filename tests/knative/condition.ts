/** Between looks. */
const LOOK_EVERY_MS = 50;

/** So much longer than anything takes on two busy cores that only what never comes exceeds it. */
export const LONGEST_MS = 240_000;

/**
 * Waits until something is so.
 *
 * @param what for the message, completes "not within … s: "
 */
export async function waitUntil(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs = LONGEST_MS,
): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!await isSo()) {
    if (performance.now() >= untilMs) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
