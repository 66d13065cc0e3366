import assert from "node:assert/strict";
import { pidFileOf, readPid } from "./cluster_process.ts";
import { waitUntil } from "./condition.ts";
import type { TestRole } from "./role.ts";

/** What is asked through the API server of servers behind it, which it must find again. */
const METRICS_PATH = "/apis/metrics.k8s.io/v1beta1/nodes";

/** All that it takes to start a process again. */
interface ProcessFacts {
  readonly command: readonly string[];
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
}

/**
 * The API server of the test cluster, a process of this machine that is ended and
 * started again just as it was. When disposed of it runs, and all behind it answers.
 */
export class ApiServer implements AsyncDisposable {
  readonly #role: TestRole;
  readonly #pidFile: string;
  readonly #facts: ProcessFacts;
  #isAway = false;

  private constructor(role: TestRole, pidFile: string, facts: ProcessFacts) {
    this.#role = role;
    this.#pidFile = pidFile;
    this.#facts = facts;
  }

  /** @param role whose namespace must be readable for the server to count as back */
  static find(role: TestRole): ApiServer {
    const pidFile = pidFileOf("kube-apiserver");
    return new ApiServer(role, pidFile, readFacts(readPid(pidFile)));
  }

  /** Ends it as a crash would. */
  async stop(): Promise<void> {
    const pid = readPid(this.#pidFile);
    this.#isAway = true;
    Deno.kill(pid, "SIGKILL");
    await waitUntil(`the end of process ${pid}`, () => !isThere(pid));
  }

  /** Starts it again if it is away, and waits until it and what is behind it answer. */
  async start(): Promise<void> {
    if (!this.#isAway) return;
    const { command, folder, env, log } = this.#facts;
    const { code, stdout } = await new Deno.Command("bash", {
      // It outlives this process and its terminal, as if the cluster's own script had started it.
      args: ["-c", 'log=$1; shift; setsid "$@" >> "$log" 2>&1 < /dev/null & echo $!', "bash", log]
        .concat(command),
      cwd: folder,
      clearEnv: true,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).output();
    assert.equal(code, 0);
    Deno.writeTextFileSync(this.#pidFile, new TextDecoder().decode(stdout));
    this.#isAway = false;
    await this.#waitUntilReady();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.start();
  }

  async #waitUntilReady(): Promise<void> {
    const { admin, access, namespace } = this.#role;
    const answers = (question: Promise<unknown>) => question.then(() => true, () => false);
    await waitUntil(
      "the API server is ready",
      async () =>
        await answers(admin.readText("/readyz")) && await answers(admin.readText(METRICS_PATH)) &&
        // As the role: who may do what is known again.
        await answers(access.core.listNamespacedPod({ namespace })),
    );
  }
}

function readFacts(pid: number): ProcessFacts {
  const read = (name: string) => Deno.readTextFileSync(`/proc/${pid}/${name}`).split("\0");
  const command = read("cmdline").slice(0, -1);
  assert.match(command[0], /\/kube-apiserver$/, `process ${pid} is not the API server`);
  const env = read("environ").filter((line) => line.includes("=")).map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  });
  return {
    command,
    folder: Deno.readLinkSync(`/proc/${pid}/cwd`),
    env: Object.fromEntries(env),
    log: Deno.readLinkSync(`/proc/${pid}/fd/1`),
  };
}

/** The process runs; one that has ended and that nobody asked after does not. */
function isThere(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
