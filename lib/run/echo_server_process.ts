import { fileURLToPath } from "node:url";
import { errorMessage, LoaderError } from "../base/error.ts";

const ECHO_SERVER_MAIN = fileURLToPath(new URL("../rpc/echo_server_main.ts", import.meta.url));

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
    try {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1", ECHO_SERVER_MAIN],
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
        // A group of its own: the terminal's Ctrl-C is for the measurement alone.
        detached: true,
      }).spawn();
      const output = child.stdout.pipeThrough(new TextDecoderStream());
      for await (const text of output.values({ preventCancel: true })) {
        said += text;
        if (said.includes("\n")) break;
      }
      return new EchoServerProcess(child, Number(JSON.parse(said).port));
    } catch (cause) {
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
