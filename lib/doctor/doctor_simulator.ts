import { LoaderError } from "../base/error.ts";
import { type Finding, okay, problem, warning } from "../platform/finding.ts";
import type { CommonOptions } from "../run/common_options.ts";
import { createPlatformFromOptions } from "../run/create_platform.ts";
import { deriveExpectedDemand } from "./doctor_demand.ts";
import type { PlannedLoad } from "../run/plan_block.ts";

/** Whether the simulated platform can be made, and is as large as its load. */
export async function diagnoseSimulator(
  options: CommonOptions,
  loads: readonly PlannedLoad[],
  signal: AbortSignal,
): Promise<Finding[]> {
  try {
    await using platform = await createPlatformFromOptions(options);
    const { capacity } = platform;
    const cores = (capacity.cpuMilli ?? Infinity) / 1000;
    const sentence = `The simulated platform has ${cores} cores and ` +
      `${capacity.memoryMib?.toLocaleString("en") ?? "any number of"} MiB for requests.`;
    const demands = await Promise.all(
      loads.map((load) => deriveExpectedDemand(load, options, capacity, signal)),
    );
    const short = demands.filter(({ peak }) => peak.cpuMilli > 1000 * cores);
    return short.length === 0
      ? [okay("simulation", sentence)]
      : short.map(({ name, peak }) =>
        warning(
          "simulation",
          `${name} needs ${
            (peak.cpuMilli / 1000).toFixed(2)
          } cores in its fullest minute. ${sentence}`,
          `deno task preflight <experiment> --platform simulator`,
        )
      );
  } catch (error) {
    if (!(error instanceof LoaderError)) throw error;
    return [problem("simulation", error.message)];
  }
}
