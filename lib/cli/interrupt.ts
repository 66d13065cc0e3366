import { LoaderError } from "../base/error.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Stops listening when disposed. */
export interface Interrupt extends Disposable {
  /** Aborted by the first Ctrl-C, a termination, or the end of the terminal. */
  readonly signal: AbortSignal;
}

/**
 * Listens to the user's wish to stop: the first signal aborts, the second ends
 * the program at once. Child processes end through their closed pipes.
 */
export function listenForInterrupt(onFirst: () => void): Interrupt {
  const controller = new AbortController();
  const listener = () => {
    if (controller.signal.aborted) Deno.exit(130);
    controller.abort(new LoaderError("interrupted", "Stopped by the user."));
    onFirst();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, listener);
    },
  };
}
