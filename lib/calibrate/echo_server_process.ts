import { fileURLToPath } from "node:url";
import { RealClock } from "../clock/clock.ts";
import { errorMessage, LoaderError } from "../base/error.ts";
import { type OwnProgram, ownProgramCommand } from "../base/own_program.ts";

const ECHO_SERVER: OwnProgram = {
  verb: "echo-server",
  script: fileURLToPath(new URL("../rpc/executor/echo_server_main.ts", import.meta.url)),
  permissions: ["--no-prompt", "--allow-net=127.0.0.1"],
};

/** Longest wait for its first words. */
const START_MS = 20_000;

/** Ends a process that takes too long, unless it is disposed of before. */
function killAfter(child: Deno.ChildProcess, patienceMs: number): Disposable {
  const clock = new RealClock();
  const timer = clock.at(clock.nowMs() + patienceMs, () => child.kill("SIGKILL"));
  return { [Symbol.dispose]: () => timer.cancel() };
}

/** A server on this machine that answers at once, in a process of its own; ends when disposed of. */
export class EchoServerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  /** `host:port`. */
  readonly address: string;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.address = `127.0.0.1:${port}`;
  }

  /** @throws LoaderError `platform` when it does not start */
  static async start(): Promise<EchoServerProcess> {
    let said = "";
    let child: Deno.ChildProcess | undefined;
    try {
      const [program, ...args] = ownProgramCommand(ECHO_SERVER);
      child = new Deno.Command(program, {
        args,
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
        // A group of its own: the terminal's Ctrl-C is for the measurement alone.
        detached: true,
      }).spawn();
      using _patience = killAfter(child, START_MS);
      const output = child.stdout.pipeThrough(new TextDecoderStream());
      for await (const text of output.values({ preventCancel: true })) {
        said += text;
        if (said.includes("\n")) break;
      }
      return new EchoServerProcess(child, Number(JSON.parse(said).port));
    } catch (cause) {
      child?.kill("SIGKILL");
      throw new LoaderError(
        "platform",
        `The server to measure against could not be started (${errorMessage(cause)}); ` +
          "name one that is there with --server.",
        { cause, value: said },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It ends when its standard input does.
    await this.#child.stdin.close();
    await this.#child.stdout.cancel().catch(() => {/* It may be locked by the reading above. */});
    await this.#child.status;
  }
}
