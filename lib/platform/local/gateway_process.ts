import process from "node:process";
import { type Clock, sleep } from "../../clock/clock.ts";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { ownProgramCommand } from "../../base/own_program.ts";
import { setSessionNice } from "../../base/process.ts";
import {
  type DeployMessage,
  type GatewayInstanceEvent,
  type GatewayMessage,
  type GatewayScalingStep,
  LastWords,
  readLines,
  type SpinConstants,
} from "./control.ts";
import { FUNCTION_SERVER, GATEWAY, TRACED_CALLERS_ONLY } from "./programs.ts";

/** Niceness of the session of the gateway and its instances, so that the loader goes before them. */
const LEAST_URGENT = 19;

/** How long instances may take to end after their gateway, at low priority on a busy machine. */
const INSTANCE_END_MS = 3000;
const LOOK_EVERY_MS = 5;

/** Characters of what is no message that are shown. */
const MOST_QUOTED = 80;

/** What the gateway says once it listens. */
export interface ListeningGateway {
  readonly gatewayPort: number;
  readonly metricsPort: number;
  readonly calibration: SpinConstants;
}

/** Who is told what the gateway does. */
export interface GatewayCallbacks {
  readonly onEvent: (event: GatewayInstanceEvent) => void;
  readonly onScaling: (steps: readonly GatewayScalingStep[]) => void;
  /** The gateway ended after it was deployed without being asked to. */
  readonly onLost: (reason: LoaderError) => void;
}

/** The gateway's process as the loader sees it. */
export class GatewayProcess {
  readonly #clock: Clock;
  readonly #child: Deno.ChildProcess;
  readonly #callbacks: GatewayCallbacks;
  readonly #ended: Promise<void>;
  readonly #instances = new Map<string, GatewayInstanceEvent>();
  readonly #deployed = Promise.withResolvers<ListeningGateway>();
  #listening: ListeningGateway | null = null;
  #isDeployed = false;
  #stopping = false;
  readonly #lastWords = new LastWords();
  /** A line that is no message: the last one may be cut where the process ended. */
  #unreadable: string | null = null;
  /** Why it was ended, if that was for what it said. */
  #garbled: LoaderError | null = null;

  /**
   * Starts the process; it finds out the speed of this machine meanwhile.
   *
   * @throws LoaderError `platform` when there is no such executable
   */
  constructor(executable: string, clock: Clock, callbacks: GatewayCallbacks) {
    this.#clock = clock;
    this.#callbacks = callbacks;
    try {
      const [program, ...args] = ownProgramCommand(GATEWAY, executable);
      this.#child = new Deno.Command(program, {
        args,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
        // Instances have it from the gateway.
        env: { NO_COLOR: "1", ...TRACED_CALLERS_ONLY },
        // A group of its own: the terminal's Ctrl-C is for the loader alone.
        detached: true,
      }).spawn();
    } catch (error) {
      throw new LoaderError(
        "platform",
        `The gateway of the local platform could not be started: ${errorMessage(error)}.`,
        { value: executable, cause: error },
      );
    }
    // Starting instances delayed the loader by up to 80 ms without this.
    setSessionNice(this.#child.pid, LEAST_URGENT);
    // Observed by `deploy` only; a gateway that dies before is told of then.
    this.#deployed.promise.catch(() => {});
    this.#ended = this.#live();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Processes of instances that have not gone. */
  get instancePids(): number[] {
    return [...this.#instances.values()].flatMap(({ pid }) => pid === null ? [] : [pid]);
  }

  /**
   * Downloads what the function server needs, if it is not here yet; a start
   * of an instance must not wait for a network. A compiled loader has it all.
   *
   * @throws LoaderError `platform` when it cannot be had
   */
  static async prepareFunctionServer(executable: string): Promise<void> {
    if (Deno.build.standalone) return;
    let reason: string;
    try {
      const { success, stderr } = await new Deno.Command(executable, {
        args: ["cache", "--quiet", FUNCTION_SERVER.script],
        stdin: "null",
        stdout: "null",
        stderr: "piped",
        env: { NO_COLOR: "1" },
      }).output();
      if (success) return;
      const lines = new TextDecoder().decode(stderr).trim().split("\n");
      reason = lines.find((line) => line.startsWith("error: ")) ?? lines.at(-1)!;
    } catch (error) {
      reason = errorMessage(error);
    }
    throw new LoaderError(
      "platform",
      `The function server of the local platform could not be prepared: ${reason}`,
    );
  }

  /**
   * Resolves when every function can be called and has its initial instances.
   *
   * @throws LoaderError when the gateway says so, or ends
   */
  async deploy(message: DeployMessage): Promise<ListeningGateway> {
    await this.#write(message);
    return await this.#deployed.promise;
  }

  /**
   * Closes the pipe, upon which the gateway ends its instances and itself, and
   * waits until all are gone; what is left after `boundMs` is killed.
   */
  async stop(boundMs: number): Promise<void> {
    if (this.#stopping) return await this.#ended;
    this.#stopping = true;
    this.#child.stdin.close().catch(() => {/* It has ended already. */});
    const tooLate = new AbortController();
    await Promise.race([
      this.#ended,
      sleep(this.#clock, boundMs, tooLate.signal).then(
        () => kill([this.pid, ...this.instancePids]),
        () => {/* It ended in time. */},
      ),
    ]);
    tooLate.abort();
    await this.#ended;
  }

  async #live(): Promise<void> {
    await Promise.all([this.#readMessages(), this.#lastWords.read(this.#child.stderr)]);
    const { code, signal } = await this.#child.status;
    const said = this.#lastWords.text;
    const how = (signal ?? `exit status ${code}`) +
      (said === null ? "" : `, after saying "${said}"`);
    const reason = this.#garbled ??
      new LoaderError("platform", `The gateway of the local platform ended: ${how}.`);
    this.#deployed.reject(reason);
    await this.#outliveInstances();
    // No one else will tell.
    const unixMs = this.#clock.originUnixMs + this.#clock.nowMs();
    for (const last of [...this.#instances.values()]) {
      this.#observe({ ...last, unixMs, event: "gone", detail: `The gateway ended (${how}).` });
    }
    if (this.#isDeployed && !this.#stopping) this.#callbacks.onLost(reason);
  }

  /** Their pipes have closed with the gateway, so they end; those that do not are killed. */
  async #outliveInstances(): Promise<void> {
    const pids = this.instancePids;
    for (let waitedMs = 0; pids.some(isAlive); waitedMs += LOOK_EVERY_MS) {
      if (waitedMs >= INSTANCE_END_MS) return kill(pids);
      await sleep(this.#clock, LOOK_EVERY_MS);
    }
  }

  async #readMessages(): Promise<void> {
    for await (const line of readLines(this.#child.stdout)) {
      const message = this.#parse(line);
      if (message === null) continue;
      switch (message.type) {
        case "listening":
          this.#listening = message;
          break;
        case "deployed":
          this.#isDeployed = true;
          if (this.#listening !== null) this.#deployed.resolve(this.#listening);
          break;
        case "failed":
          this.#deployed.reject(new LoaderError(message.code, message.sentence));
          break;
        case "instance":
          this.#observe(message);
          break;
        case "scaling":
          this.#callbacks.onScaling(message.steps);
          break;
      }
    }
  }

  /** `null`: it is none. Who goes on after that cannot be trusted, and is ended. */
  #parse(line: string): GatewayMessage | null {
    if (this.#unreadable !== null) {
      this.#garbled ??= new LoaderError(
        "platform",
        "The gateway of the local platform said what is no message: " +
          `${JSON.stringify(this.#unreadable)}.`,
      );
      kill([this.pid]);
      return null;
    }
    try {
      return JSON.parse(line);
    } catch {
      this.#unreadable = line.slice(0, MOST_QUOTED);
      return null;
    }
  }

  #observe(event: GatewayInstanceEvent): void {
    if (event.event === "gone") this.#instances.delete(event.instance);
    else this.#instances.set(event.instance, event);
    this.#callbacks.onEvent(event);
  }

  async #write(message: DeployMessage): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(JSON.stringify(message) + "\n"));
    } catch {
      // It has ended; `#live` tells why.
    } finally {
      writer.releaseLock();
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 is not sent; it only asks whether it could be.
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It has ended in between.
    }
  }
}
