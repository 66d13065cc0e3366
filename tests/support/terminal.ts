import xterm from "@xterm/headless";
import { permissionFlags, PROJECT } from "./script.ts";

/** A script at a terminal: a pseudo-terminal of the kernel, and xterm.js for its screen. */
export class TerminalScript implements AsyncDisposable {
  /** All that was written to the terminal. */
  bytes = "";
  readonly status: Promise<number>;
  readonly #process: Deno.ChildProcess;
  readonly #screen: xterm.Terminal;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #hasEnded = false;
  #onChange = () => {};

  /** Starts a script as its task does, at a terminal of so many columns. */
  constructor(
    path: string,
    args: readonly string[],
    columns: number,
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#screen = new xterm.Terminal({ cols: columns, rows: 24, allowProposedApi: true });
    const all = Deno.env.toObject();
    this.#process = new Deno.Command("python3", {
      args: [
        `${PROJECT}/tests/support/at_terminal.py`,
        String(columns),
        ...[Deno.execPath(), "run", "-q", ...permissionFlags(path), path, ...args],
      ],
      cwd: PROJECT,
      // What the tests themselves were started with says nothing here.
      clearEnv: true,
      env: {
        ...Object.fromEntries(KEPT.flatMap((name) => name in all ? [[name, all[name]]] : [])),
        TERM: "xterm-256color",
        ...env,
      },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.status = this.#read();
  }

  /** Lines that are on the screen, and those above it. */
  get lines(): string[] {
    const { active } = this.#screen.buffer;
    return Array.from({ length: active.length }, (_, i) => active.getLine(i)!)
      .map((line) => line.translateToString(true));
  }

  /** The line that the cursor is in, and its place there. */
  get cursor(): { readonly line: string; readonly column: number } {
    const { baseY, cursorX, cursorY } = this.#screen.buffer.active;
    return { line: this.lines[baseY + cursorY], column: cursorX };
  }

  /** Waits until the screen is so; fails when the script ends before. */
  async until(isSo: (lines: readonly string[]) => boolean): Promise<void> {
    while (!isSo(this.lines)) {
      if (this.#hasEnded) throw new Error(`It ended before:\n${this.lines.join("\n")}`);
      await new Promise<void>((resolve) => this.#onChange = resolve);
    }
  }

  async resize(columns: number): Promise<void> {
    this.#screen.resize(columns, 24);
    await this.#act(columns);
  }

  async type(text: string): Promise<void> {
    await this.#act(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Its terminal hangs up, which ends the script.
    if (!this.#hasEnded) this.#process.kill("SIGKILL");
    await this.status;
    await this.#input.close().catch(() => {/* It is gone. */});
    this.#screen.dispose();
  }

  async #act(wish: string | number): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(wish)}\n`));
  }

  async #read(): Promise<number> {
    const text = this.#process.stdout.pipeThrough(
      new TextDecoderStream() as ReadableWritablePair<string>,
    );
    for await (const part of text) {
      this.bytes += part;
      await new Promise<void>((resolve) => this.#screen.write(part, resolve));
      this.#onChange();
    }
    const { code } = await this.#process.status;
    this.#hasEnded = true;
    this.#onChange();
    return code;
  }
}

/** What of the environment programs need. */
const KEPT = ["PATH", "HOME", "DENO_DIR", "TMPDIR"];
