/** Between looks. */
const LOOK_EVERY_MS = 50;

/**
 * Waits until something is so.
 *
 * @param what for the message, completes "not within … s: "
 */
export async function waitUntil(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!await isSo()) {
    if (performance.now() >= untilMs) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
