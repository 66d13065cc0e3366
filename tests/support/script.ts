import { fileURLToPath } from "node:url";
import { EVENT_INTERVAL_VARIABLE } from "../../lib/clock/event_interval.ts";

/** Root of the project. */
export const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** What a script came to. */
export interface ScriptResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The commands of the tasks in `deno.json`, by name. */
export function readTaskCommands(): ReadonlyMap<string, string> {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${PROJECT}/deno.json`)) as {
    readonly tasks: Readonly<Record<string, { readonly command: string }>>;
  };
  return new Map(Object.entries(tasks).map(([name, { command }]) => [name, command]));
}

/** The permissions that the task of a script has; those of an experiment where it has none. */
export function permissionFlags(path: string): string[] {
  const command = [...readTaskCommands().values()].find((text) => text.split(" ").includes(path));
  const flag = command?.split(" ").find((word) => /^-P(=|$)/.test(word)) ?? "-P";
  return ["--no-prompt", flag];
}

/** A script that runs as a user would start it, in a folder of its own for results. */
export class Script implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly result: Promise<ScriptResult>;
  #ended = false;
  #stderr = "";
  #onText: (() => void)[] = [];

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.result = this.#collect();
  }

  /** Starts `deno run` with the flags in front of the script's path, as its task does by default. */
  static start(
    path: string,
    args: readonly string[],
    flags: readonly string[] = permissionFlags(path),
    env: Readonly<Record<string, string>> = {},
  ): Script {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", ...flags, path, ...args],
      cwd: PROJECT,
      // As the tasks do.
      env: { NO_COLOR: "1", [EVENT_INTERVAL_VARIABLE]: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    return new Script(command.spawn());
  }

  get pid(): number {
    return this.#process.pid;
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Resolves with what matches once standard error has said it; rejects when it ends before. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#stderr);
      if (match !== null) return match;
      if (this.#ended) throw new Error(`ended without ${pattern}: ${this.#stderr}`);
      await new Promise<void>((resolve) => this.#onText.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#process.kill("SIGKILL");
    await this.result;
  }

  async #collect(): Promise<ScriptResult> {
    const stdout = new Response(this.#process.stdout).text();
    for await (const bytes of this.#process.stderr) {
      this.#stderr += new TextDecoder().decode(bytes);
      this.#wake();
    }
    const { code } = await this.#process.status;
    this.#ended = true;
    this.#wake();
    return { status: code, stdout: await stdout, stderr: this.#stderr };
  }

  #wake(): void {
    for (const resolve of this.#onText.splice(0)) resolve();
  }
}

/** Runs a script to its end. */
export async function runScript(
  path: string,
  args: readonly string[],
  flags?: readonly string[],
): Promise<ScriptResult> {
  await using script = Script.start(path, args, flags);
  return await script.result;
}

/** A folder that goes when it is disposed of. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** A temporary folder that goes when disposed of. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await Deno.makeTempDir({ prefix: "loader-e2e-" });
  return {
    path,
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true });
    },
  };
}
