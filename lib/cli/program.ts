import { errorMessage, LoaderError } from "../base/error.ts";
import { hideSecrets } from "../base/secrets.ts";

/** A tool: a script of its own, and a verb of `loader.ts`. */
export interface Command {
  readonly name: string;
  /** What it does, or the question that it answers, in a line. */
  readonly summary: string;
  /** Returns the exit status; nothing: 0. */
  run(args: readonly string[]): Promise<number | void>;
}

/**
 * Runs a command and exits with its status; a mistake that it tells of is one sentence on
 * standard error, and exits with the mistake's own.
 */
export async function runCommand(
  command: Pick<Command, "run">,
  args: readonly string[] = Deno.args,
): Promise<never> {
  let status: number;
  try {
    status = await command.run(args) ?? 0;
  } catch (error) {
    const isTold = error instanceof LoaderError;
    print("stderr", isTold ? `Error: ${errorMessage(error)}` : Deno.inspect(error));
    status = isTold ? error.exitStatus : 1;
  }
  Deno.exit(status);
}

/**
 * Writes a line for whoever looks on. A terminal that has been closed refuses
 * it, which must not end a run that still has results to save. Secrets are hidden.
 */
export function print(stream: "stdout" | "stderr", line: string): void {
  const shown = hideSecrets(line);
  tolerateClosed(() => stream === "stdout" ? console.log(shown) : console.error(shown));
}

/** Writes to a terminal that may be gone. */
export function tolerateClosed(write: () => void): void {
  try {
    write();
  } catch {
    // Nobody is there to be told.
  }
}

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
