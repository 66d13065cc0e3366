/**
 * How many invocations a second can this machine generate, and how punctually?
 *
 *     deno task calibrate
 *
 * Measures against a server on this machine that answers at once, and leaves the
 * answer in a file that every experiment looks into before it starts.
 *
 * @module
 */
import Table from "cli-table3";
import { dirname } from "node:path";
import { formatJson } from "../lib/base/json.ts";
import { parseAddress } from "../lib/base/address.ts";
import { VERDICT_LIMITS } from "../lib/invoke/verdict.ts";
import { calibrate } from "../lib/calibrate/calibrate.ts";
import {
  CALIBRATION_FILE,
  type CalibrationStep,
  deriveSustainedRatePerS,
} from "../lib/run/calibration.ts";
import { describeCpuLimit } from "../lib/run/machine_facts.ts";
import {
  type Command,
  JSON_OPTION,
  listenForInterrupt,
  runCommand,
  ToolOutput,
} from "../lib/cli/program.ts";
import { restartForEachTurn } from "../lib/cli/restart.ts";
import { durationOption, integerListOption, textOption } from "../lib/option/option.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import { EchoServerProcess } from "../lib/calibrate/echo_server_process.ts";

const SUMMARY = "How many invocations a second can this machine generate, and how punctually?";

const OPTIONS = {
  rates: integerListOption("list", {
    meaning: "rates to try, invocations a second, ascending",
    default: [1000, 5000, 10_000, 20_000, 30_000, 40_000, 50_000, 70_000, 100_000],
    minimum: 1,
    maximum: 1_000_000,
  }),
  stepMs: durationOption({
    meaning: "how long each rate is tried",
    default: 3000,
    minimum: 500,
    maximum: 600_000,
  }),
  server: textOption<string | null>("host:port", {
    meaning: "a server of faas.Executor to measure against (default: one of its own)",
    default: null,
  }),
  output: textOption("file", { meaning: "where the answer goes", default: CALIBRATION_FILE }),
  json: JSON_OPTION,
};

/** Milliseconds for people; without enough observations, nothing. */
function formatMs(value: number | null): string {
  return value === null ? "" : value < 10 ? value.toFixed(3) : value.toFixed(0);
}

function renderSteps(steps: readonly CalibrationStep[]): string {
  const table = new Table({
    head: [
      "asked/s",
      "reached/s",
      "dropped",
      "lag p50 ms",
      "p99 ms",
      "max ms",
      "CPU %",
      "waiting %",
    ],
    colAligns: Array.from({ length: 8 }, () => "right" as const),
    style: { head: [], border: [], compact: true },
  });
  for (const step of steps) {
    table.push([
      step.ratePerS.toLocaleString("en"),
      Math.round(step.dispatchedPerS).toLocaleString("en"),
      step.dropped.toLocaleString("en"),
      formatMs(step.lagP50Ms),
      formatMs(step.lagP99Ms),
      formatMs(step.lagMaxMs),
      step.cpuPercent.toFixed(0),
      step.waitingPercent.toFixed(0),
    ]);
  }
  return table.toString();
}

async function run(args: readonly string[]): Promise<number> {
  const { values, help } = parseOptions(
    "calibrate",
    SUMMARY,
    OPTIONS,
    args,
  );
  if (help !== null) {
    console.log(help);
    return 0;
  }
  restartForEachTurn();
  const limit = describeCpuLimit();
  if (limit !== null) console.error(limit);
  using interrupt = listenForInterrupt(() => console.error("Stopping."));
  if (values.server !== null) parseAddress(values.server);
  const server = values.server === null ? await EchoServerProcess.start() : null;
  const folder = Deno.makeTempDirSync({ prefix: "loader-calibrate-" });
  try {
    const calibration = await calibrate({
      address: values.server ?? server!.address,
      ratesPerS: values.rates,
      stepMs: values.stepMs,
      folder,
      signal: interrupt.signal,
      onStep: ({ ratePerS, lagP99Ms }) =>
        console.error(`${ratePerS}/s: dispatch lag p99 ${formatMs(lagP99Ms)} ms`),
    });
    Deno.mkdirSync(dirname(values.output), { recursive: true });
    Deno.writeTextFileSync(values.output, formatJson(calibration) + "\n");
    const { steps } = calibration;
    const output = new ToolOutput(values);
    output.say(renderSteps(steps));
    const sustained = deriveSustainedRatePerS(steps, VERDICT_LIMITS).toLocaleString("en");
    output.say(`Keeps its time up to ${sustained} invocations a second.`);
    output.say(`\nWritten to ${values.output}; experiments look there before they start.`);
    output.tell({ file: values.output, calibration });
    return 0;
  } finally {
    await server?.[Symbol.asyncDispose]();
    Deno.removeSync(folder, { recursive: true });
  }
}

export const command: Command = { name: "calibrate", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
