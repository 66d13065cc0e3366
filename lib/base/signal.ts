/** A signal that never aborts: for what nobody can stop. */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}

/**
 * A signal that aborts as soon as one of several does, with its reason; those that are
 * absent never do.
 *
 * @example
 * ```ts
 * import { anySignal } from "./signal.ts";
 * const [user, late] = [new AbortController(), new AbortController()];
 * const signal = anySignal(user.signal, undefined, late.signal);
 * late.abort("too late");
 * if (signal.reason !== "too late") throw new Error("not heard");
 * ```
 */
export function anySignal(...signals: readonly (AbortSignal | null | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== null && signal !== undefined));
}

/**
 * What the promise comes to, or the signal's reason as soon as that aborts; what the
 * promise stands for goes on then, unheard.
 *
 * @throws the signal's reason when it aborts first
 *
 * @example
 * ```ts
 * import { untilAborted } from "./signal.ts";
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
