import { errorMessage, LoaderError } from "../base/error.ts";
import { formatJson } from "../base/json.ts";
import { hideSecrets } from "../base/secrets.ts";
import { switchOption } from "../option/option.ts";

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
    if (args.includes("--json")) print("stdout", formatJson(describeFailure(error)));
    status = isTold ? error.exitStatus : 1;
  }
  Deno.exit(status);
}

/** What `--json` says where there is no result: a word for programs, a sentence for people. */
export function describeFailure(
  error: unknown,
): { readonly error: { readonly code: string; readonly message: string } } {
  const code = error instanceof LoaderError ? error.code : "fault";
  return { error: { code, message: errorMessage(error) } };
}

/** `--json` of a tool; that of experiments is with their options. */
export const JSON_OPTION = switchOption({
  meaning: "print the result as JSON on standard output, everything else on standard error",
  default: false,
});

/** What a tool says: words for people, and its result for programs where `--json` asks for it. */
export class ToolOutput {
  readonly #isJson: boolean;

  constructor({ json }: { readonly json: boolean }) {
    this.#isJson = json;
  }

  /** A line for people: on standard output unless that carries JSON. */
  say(line: string): void {
    print(this.#isJson ? "stderr" : "stdout", line);
  }

  /** What it came to, once. */
  tell(result: unknown): void {
    if (this.#isJson) print("stdout", formatJson(result));
  }
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
