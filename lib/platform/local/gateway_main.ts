/**
 * The gateway's process: reads one {@linkcode DeployMessage} from standard
 * input and runs until that is closed, in whatever way the loader ends.
 */
import { RealClock } from "../../clock/clock.ts";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { calibrateQuickly } from "../../../workloads/trace_function/calibration.ts";
import {
  type DeployMessage,
  type GatewayInstanceEvent,
  type GatewayMessage,
  readLines,
} from "./control.ts";
import { LocalGateway } from "./local_gateway.ts";

const clock = new RealClock();
const encoder = new TextEncoder();
const output = Deno.stdout.writable.getWriter();

function tell(message: GatewayMessage): void {
  output.write(encoder.encode(JSON.stringify(message) + "\n")).catch(() => {
    // The loader is gone; the end of standard input tells so too.
  });
}

/**
 * Resolves when the initial instances are ready.
 *
 * @throws LoaderError when one of them ends instead
 */
class InitialInstances {
  readonly done: Promise<void>;
  #missing: number;
  #resolve = () => {};
  #reject: (error: LoaderError) => void = () => {};

  constructor(count: number) {
    this.#missing = count;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (count === 0) this.#resolve();
  }

  observe({ event, instance, detail }: GatewayInstanceEvent): void {
    if (event === "ready" && --this.#missing === 0) this.#resolve();
    if (event === "gone" && this.#missing > 0) {
      this.#reject(
        new LoaderError("platform", `The instance ${instance} could not be started: ${detail}`),
      );
    }
  }
}

async function run(): Promise<void> {
  // While the loader still prepares: the machine is quiet now.
  const measured = calibrateQuickly();
  const lines = readLines(Deno.stdin.readable);
  const first = await lines.next();
  if (first.done) return;
  const message: DeployMessage = JSON.parse(first.value);
  const { settings, functions } = message;
  const calibration = settings.calibration ?? measured;
  const initial = new InitialInstances(
    functions.reduce((sum, { initialScale }) => sum + initialScale, 0),
  );
  const gateway = new LocalGateway(message, calibration, clock, (event) => {
    tell({ type: "instance", ...event });
    initial.observe(event);
  }, (steps) => tell({ type: "scaling", steps }));
  const loaderGone = (async () => {
    while (!(await lines.next()).done);
  })();
  try {
    const ports = gateway.listen(settings.gatewayPort, settings.metricsPort);
    tell({ type: "listening", ...ports, calibration });
    gateway.start();
    await Promise.race([initial.done, loaderGone]);
    tell({ type: "deployed" });
    await loaderGone;
  } finally {
    await gateway.close(settings.stopTimeoutMs + 1000);
  }
}

export async function main(): Promise<never> {
  // The terminal's signals are for the loader, which ends this process by its pipe.
  Deno.addSignalListener("SIGINT", () => {});
  Deno.addSignalListener("SIGHUP", () => {});
  let exitStatus = 0;
  try {
    await run();
  } catch (error) {
    exitStatus = 1;
    const code = error instanceof LoaderError && error.code === "usage" ? "usage" : "platform";
    tell({ type: "failed", code, sentence: errorMessage(error) });
  }
  await output.ready;
  await output.close().catch(() => {});
  return Deno.exit(exitStatus);
}

if (import.meta.main) await main();
