/**
 * What the promise comes to, or the signal's reason as soon as that aborts; what the
 * promise stands for goes on then, unheard.
 *
 * @throws the signal's reason when it aborts first
 *
 * @example
 * ```ts
 * import { untilAborted } from "./until_aborted.ts";
 * const { signal } = new AbortController();
 * if (await untilAborted(signal, Promise.resolve(7)) !== 7) throw new Error("it has settled");
 * ```
 */
export async function untilAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
