/**
 * Makes cases at the same time, as most of their time is waiting.
 *
 * @returns true when all have passed
 */
export async function runTogether(
  t: Deno.TestContext,
  cases: Readonly<Record<string, () => Promise<void>>>,
): Promise<boolean> {
  const passed = await Promise.all(
    Object.entries(cases).map(([name, fn]) =>
      t.step({
        name,
        fn,
        // Steps that overlap cannot tell whose resources are whose; the whole test can.
        sanitizeExit: false,
        sanitizeOps: false,
        sanitizeResources: false,
      })
    ),
  );
  return passed.every((isSo) => isSo);
}
