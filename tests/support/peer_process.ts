/** How to start a server in a process of its own. */
export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** A port to wait for; without it the server must print `listening on <host>:<port>`. */
  readonly port?: number;
}

/** Longest that a server may take until it listens, and until it ends. */
const PATIENCE_MS = 20_000;

/** A server in a process of its own, on loopback; ends when disposed of. */
export class PeerProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #outputEnd: Promise<unknown>;
  #output = "";
  #port: number | undefined;

  private constructor(command: PeerCommand) {
    this.#process = new Deno.Command(command.command, {
      args: [...command.args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#port = command.port;
    this.#outputEnd = Promise.all(
      [this.#process.stdout, this.#process.stderr].map((stream) => this.#read(stream)),
    );
  }

  /**
   * Starts the server and waits until it listens.
   *
   * @throws Error with what it printed, when it ends before or takes too long
   */
  static async start(command: PeerCommand): Promise<PeerProcess> {
    const peer = new PeerProcess(command);
    try {
      await peer.#listening(command);
      return peer;
    } catch (cause) {
      await peer.kill();
      throw new Error(`${command.command} does not serve; it printed:\n${peer.#output}`, { cause });
    }
  }

  get port(): number {
    if (this.#port === undefined) throw new Error("the server does not listen yet");
    return this.#port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Ends it without a chance to say goodbye. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.#process.status;
    await this.#outputEnd;
  }

  /** Ends it as asked by SIGTERM, or by force after a while. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.#signal("SIGKILL"), PATIENCE_MS);
    await this.#process.status;
    clearTimeout(timer);
    await this.#outputEnd;
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch {
      // It has ended already.
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const text = stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string>);
    for await (const part of text) {
      this.#output += part;
      const found = this.#output.match(/^listening on \S+:(\d+)$/m);
      if (found !== null) this.#port ??= Number(found[1]);
    }
  }

  async #listening(command: PeerCommand): Promise<void> {
    let ended = false;
    this.#process.status.then(() => ended = true);
    const startMs = performance.now();
    const isReady = async () =>
      command.port === undefined ? this.#port !== undefined : await accepts(command.port);
    while (!await isReady()) {
      if (ended) throw new Error("it has ended");
      if (performance.now() - startMs > PATIENCE_MS) throw new Error("it takes too long");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** A port that nobody listens on, for servers that cannot choose one themselves. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
