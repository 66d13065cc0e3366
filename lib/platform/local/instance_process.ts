import type { Clock, TimerHandle } from "../../clock/clock.ts";
import { errorMessage } from "../../base/error.ts";
import { ownProgramCommand } from "../../base/own_program.ts";
import { LastWords, readLines, type SpinConstants } from "./control.ts";
import type { InstanceCallbacks } from "./function_pool.ts";
import { FUNCTION_SERVER } from "./programs.ts";
import type { ProxiedInstance } from "./proxy.ts";
import { Upstream } from "./upstream.ts";

/** What every {@linkcode InstanceProcess} of a gateway shares. */
export interface InstanceProcessOptions {
  readonly clock: Clock;
  /** The Deno executable. */
  readonly executable: string;
  /** As `nice` takes it; 0 for none. */
  readonly niceness: number;
  readonly calibration: SpinConstants;
  readonly startTimeoutMs: number;
  /** How long it may take to end when it is asked to, before it is killed. */
  readonly stopTimeoutMs: number;
}

/**
 * An instance as a process of its own. It ends when its standard input closes,
 * so also when this process ends in whatever way.
 */
export class InstanceProcess implements ProxiedInstance {
  readonly pid: number | null;
  readonly #options: InstanceProcessOptions;
  readonly #callbacks: InstanceCallbacks;
  readonly #child: Deno.ChildProcess | null;
  readonly #timer: TimerHandle;
  readonly #stop = new AbortController();
  #isListening = false;
  #upstream: Upstream | null = null;
  readonly #lastWords = new LastWords();
  #reason: string | null = null;

  constructor(name: string, options: InstanceProcessOptions, callbacks: InstanceCallbacks) {
    this.#options = options;
    this.#callbacks = callbacks;
    this.#timer = options.clock.at(
      options.clock.nowMs() + options.startTimeoutMs,
      () => this.#kill(`It was not ready within ${options.startTimeoutMs / 1000} s.`),
    );
    this.#child = this.#spawn(name);
    this.pid = this.#child?.pid ?? null;
    this.#live();
  }

  get connected(): boolean {
    return this.#upstream !== null && this.#upstream.isUsable;
  }

  /** The connection to it. Only while it is connected. */
  get upstream(): Upstream {
    if (this.#upstream === null) throw new TypeError("The instance has no connection.");
    return this.#upstream;
  }

  stop(): void {
    if (this.#isStopping) return;
    this.#stop.abort();
    this.#timer.cancel();
    this.#upstream?.close();
    if (this.#child === null) return;
    // One that still loads would only find the closed pipe when it has loaded.
    if (this.#upstream === null) this.#signal("SIGKILL");
    const { clock, stopTimeoutMs } = this.#options;
    const timer = clock.at(clock.nowMs() + stopTimeoutMs, () => this.#signal("SIGKILL"));
    this.#child.status.finally(() => timer.cancel());
    this.#child.stdin.close().catch(() => {/* The process is gone already. */});
  }

  get #isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  #spawn(name: string): Deno.ChildProcess | null {
    const { executable, niceness, calibration } = this.#options;
    const command = [
      ...(niceness === 0 ? [] : ["nice", "-n", String(niceness)]),
      ...ownProgramCommand(FUNCTION_SERVER, executable),
      ...["--host", "127.0.0.1", "--port", "0", "--name", name, "--exit-with-stdin"],
    ];
    try {
      return new Deno.Command(command[0], {
        args: command.slice(1),
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        env: {
          COLD_ITER_PER_1MS: String(calibration.coldIterationsPerMs),
          WARM_ITER_PER_1MS: String(calibration.warmIterationsPerMs),
          NO_COLOR: "1",
        },
      }).spawn();
    } catch (error) {
      this.#reason = errorMessage(error);
      return null;
    }
  }

  /** From the first line to the end of the process. */
  async #live(): Promise<void> {
    const child = this.#child;
    // Without this, a failed spawn would tell of its end before it was created.
    if (child === null) {
      await Promise.resolve();
    } else {
      await Promise.all([this.#readOutput(child), this.#lastWords.read(child.stderr)]);
      const status = await child.status;
      this.#reason ??= this.#lastWords.text ?? describeEnd(status);
    }
    this.#timer.cancel();
    this.#upstream?.close();
    this.#callbacks.onGone(this.#isStopping ? null : this.#reason);
  }

  async #readOutput(child: Deno.ChildProcess): Promise<void> {
    for await (const line of readLines(child.stdout)) {
      const port = parseReadyLine(line);
      if (port === null || this.#isListening || this.#isStopping) continue;
      this.#isListening = true;
      this.#connect(port);
    }
  }

  async #connect(port: number): Promise<void> {
    const { clock, startTimeoutMs } = this.#options;
    try {
      this.#upstream = await Upstream.connect(`127.0.0.1:${port}`, {
        clock,
        timeoutMs: startTimeoutMs,
        signal: this.#stop.signal,
        onEnd: (reason) => this.#kill(`The connection to it ended: ${reason}.`),
      });
    } catch (error) {
      return this.#kill(`The connection to it failed: ${errorMessage(error)}.`);
    }
    if (this.#isStopping) return;
    this.#timer.cancel();
    this.#callbacks.onReady();
  }

  /** An instance without a connection is of no use. */
  #kill(reason: string): void {
    if (this.#isStopping) return;
    this.#reason ??= reason;
    this.#signal("SIGKILL");
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#child?.kill(signal);
    } catch {
      // It has ended already.
    }
  }
}

function parseReadyLine(line: string): number | null {
  try {
    const message = JSON.parse(line);
    return message?.ready === true && Number.isInteger(message.port) ? message.port : null;
  } catch {
    return null;
  }
}

function describeEnd({ code, signal }: Deno.CommandStatus): string {
  return signal === null ? `It ended with exit status ${code}.` : `It was ended by ${signal}.`;
}
