/** Longest wait for something that a server does beside its answers. */
const PATIENCE_MS = 20_000;

/**
 * Waits until the condition holds, asking again and again.
 *
 * @throws Error when it does not within 20 s
 */
export async function until(
  expectation: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const startMs = performance.now();
  while (!await condition()) {
    if (performance.now() - startMs > PATIENCE_MS) {
      throw new Error(`Expected within ${PATIENCE_MS / 1000} s that ${expectation}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
