import { LoaderError } from "../../base/error.ts";
import type { OptionValues } from "../../option/option.ts";
import { definePlatform, type DiagnosisContext } from "../definition.ts";
import { type Finding, okay, problem, warning } from "../finding.ts";
import { type GivenSimulatorOptions, SIMULATOR_OPTIONS } from "./simulator_options.ts";

/** A platform that is computed, on virtual time. */
export const SIMULATOR = definePlatform<
  "simulator",
  typeof SIMULATOR_OPTIONS,
  GivenSimulatorOptions
>({
  name: "simulator",
  traits: { isVirtual: true, isCluster: false, sharesMachine: false, hasTwins: false },
  options: SIMULATOR_OPTIONS,

  async create(options) {
    const [{ readSimulatorOptions }, { createSimulatorPlatform }] = await Promise.all([
      import("./simulation_file.ts"),
      import("./simulator_platform.ts"),
    ]);
    return createSimulatorPlatform(readSimulatorOptions(options));
  },

  diagnose: (options, context) => diagnoseSimulator(options, context),

  model: {
    takesMeasured: true,
    describe: (_capacity, measured) => ({
      parameters: {},
      source: measured === null ? "as configured" : `with ${measured.source}, and as configured`,
    }),
  },
});

/** Looks whether the simulated platform can be made, and is as large as its load. */
async function diagnoseSimulator(
  options: OptionValues<typeof SIMULATOR_OPTIONS>,
  { demandOn }: DiagnosisContext,
): Promise<Finding[]> {
  try {
    await using platform = await SIMULATOR.create(options);
    const { capacity } = platform;
    const cores = (capacity.cpuMilli ?? Infinity) / 1000;
    const sentence = `The simulated platform has ${cores} cores and ` +
      `${capacity.memoryMib?.toLocaleString("en") ?? "any number of"} MiB for requests.`;
    const short = (await demandOn(capacity)).filter(({ peak }) => peak.cpuMilli > 1000 * cores);
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
