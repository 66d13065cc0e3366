import { parseArgs } from "node:util";
import type { SpinCalibration } from "./calibration.ts";

/** How a function server runs. */
export interface FunctionServerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Name of the instance, told in every reply. */
  readonly name: string;
  /** End as soon as standard input closes: whoever started it is gone. */
  readonly exitWithStdin: boolean;
  /** `null`: found out at the start. */
  readonly calibration: SpinCalibration | null;
}

/**
 * Reads options from the command line, and from the environment what a
 * container platform sets: `PORT`, `HOSTNAME` (the name of the pod),
 * `COLD_ITER_PER_1MS` and `WARM_ITER_PER_1MS`.
 *
 * @throws Error naming the option and the value
 */
export function parseFunctionServerOptions(
  args: readonly string[],
  environment: (name: string) => string | undefined,
): FunctionServerOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      host: { type: "string", default: "0.0.0.0" },
      port: { type: "string", default: environment("PORT") ?? "80" },
      name: { type: "string", default: environment("HOSTNAME") ?? "trace-function" },
      "exit-with-stdin": { type: "boolean", default: false },
    },
  });
  const cold = environment("COLD_ITER_PER_1MS");
  const warm = environment("WARM_ITER_PER_1MS") ?? cold;
  return {
    host: values.host,
    port: parseInteger("--port", values.port, 0, 65535),
    name: values.name,
    exitWithStdin: values["exit-with-stdin"],
    calibration: cold === undefined || warm === undefined ? null : {
      coldIterationsPerMs: parseInteger("COLD_ITER_PER_1MS", cold, 1, 1e9),
      warmIterationsPerMs: parseInteger("WARM_ITER_PER_1MS", warm, 1, 1e9),
    },
  };
}

function parseInteger(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw new Error(`${name} must be a whole number from ${least} to ${most}, not "${text}".`);
}
