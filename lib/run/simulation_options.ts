import { formatDistribution, parseDistribution } from "../platform/simulator/distribution.ts";
import { readSimulationFile } from "../platform/simulator/simulation_file.ts";
import {
  SIMULATION_PARAMETERS,
  type SimulationParameter,
  type SimulationParameterName,
} from "../platform/simulator/simulation_parameters.ts";
import {
  SIMULATOR_DEFAULTS,
  type SimulatorOptions,
} from "../platform/simulator/simulator_options.ts";
import {
  choiceOption,
  integerOption,
  numberOption,
  type Option,
  type OptionValues,
  switchOption,
  textOption,
} from "../option/option.ts";

const SIMULATOR_ONLY = { platforms: ["simulator"], default: null } as const;

/** Every parameter of the simulator as an option; `null` where it is not given. */
const PARAMETER_OPTIONS = Object.fromEntries(
  Object.entries(SIMULATION_PARAMETERS).map(([name, parameter]) => [name, optionOf(parameter)]),
) as Readonly<Record<SimulationParameterName, Option<unknown>>>;

/** Options that only the simulator uses. */
export const SIMULATION_OPTIONS = {
  simulation: textOption<string | null>("file", {
    ...SIMULATOR_ONLY,
    readsFile: true,
    meaning: "YAML file with parameters of the simulated platform (see config/simulation.yaml)",
  }),
  ...PARAMETER_OPTIONS,
};

/**
 * The parameters that the options give: by a flag, else by the file.
 *
 * @throws LoaderError `input` when the file is wrong
 */
export function readSimulationOptions(
  options: OptionValues<typeof SIMULATION_OPTIONS>,
): SimulatorOptions {
  const given = Object.entries<SimulationParameter>(SIMULATION_PARAMETERS)
    .map(([name, { setting }]) => [setting, options[name as SimulationParameterName]])
    // An experiment may have left one out of its options.
    .filter(([, value]) => (value ?? null) !== null);
  const fromFile = options.simulation === null ? {} : readSimulationFile(options.simulation);
  return { ...fromFile, ...Object.fromEntries(given) };
}

function optionOf(parameter: SimulationParameter): Option<unknown> {
  return {
    placeholder: parameter.placeholder,
    unit: parameter.unit,
    meaning: parameter.meaning + describeDefault(parameter),
    parse: parserOf(parameter),
    defaults: { local: null, cluster: null },
    show: () => null,
    decidesResult: true,
    platforms: SIMULATOR_ONLY.platforms,
  };
}

function parserOf(parameter: SimulationParameter): (text: string) => unknown {
  const { placeholder, meaning } = parameter;
  switch (parameter.kind) {
    case "whole":
      return integerOption(placeholder, { ...parameter, default: null }).parse;
    case "number":
      return numberOption(placeholder, { ...parameter, default: null }).parse;
    case "choice":
      return choiceOption(parameter.choices, { meaning, default: parameter.choices[0] }).parse;
    case "switch":
      return switchOption({ meaning, default: null }).parse;
    case "distribution":
      return parseDistribution;
  }
}

/** The default is not the option's, because the file comes between the two. */
function describeDefault({ setting }: SimulationParameter): string {
  const value = SIMULATOR_DEFAULTS[setting];
  if (value === null) return "";
  const isDistribution = typeof value === "object" && "kind" in value;
  return ` (default: ${isDistribution ? formatDistribution(value) : value})`;
}
