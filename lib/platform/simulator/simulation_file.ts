import { z } from "zod";
import { errorMessage } from "../../base/error.ts";
import { bareNameOf, flagOf } from "../../option/option.ts";
import { readYamlFile } from "../../option/yaml_file.ts";
import { parseDistribution } from "./distribution.ts";
import { SIMULATION_PARAMETERS, type SimulationParameter } from "./simulation_parameters.ts";
import type { SimulatorOptions } from "./simulator_options.ts";

const DISTRIBUTION = z.union([z.number(), z.string()]).transform((value, context) => {
  try {
    return parseDistribution(String(value));
  } catch (error) {
    context.issues.push({ code: "custom", message: errorMessage(error), input: value });
    return z.NEVER;
  }
});

const SCHEMA = z.strictObject(
  Object.fromEntries(
    Object.entries<SimulationParameter>(SIMULATION_PARAMETERS).map(([name, parameter]) => [
      fileNameOf(name, parameter),
      schemaOf(fileNameOf(name, parameter), parameter).optional(),
    ]),
  ),
);

/**
 * Reads parameters of the simulator from a YAML file; `config/simulation.yaml`
 * is one with comments.
 *
 * @throws LoaderError `input` naming the line of what is wrong
 */
export function readSimulationFile(file: string): SimulatorOptions {
  const document = readYamlFile(file, {
    name: "The simulation file",
    example: "config/simulation.yaml",
    schema: SCHEMA,
  });
  return Object.fromEntries(
    Object.entries<SimulationParameter>(SIMULATION_PARAMETERS)
      .map(([name, parameter]) => [parameter.setting, document[fileNameOf(name, parameter)]])
      .filter(([, value]) => value !== undefined),
  );
}

/** As the flags without their dashes: `nodeMemoryMib` → `node-memory`. */
function fileNameOf(name: string, parameter: SimulationParameter): string {
  return flagOf(bareNameOf(name, parameter)).slice(2);
}

function schemaOf(name: string, parameter: SimulationParameter): z.ZodType {
  switch (parameter.kind) {
    case "choice":
      return z.enum(parameter.choices as readonly [string, ...string[]], {
        error: ({ input }) =>
          `${JSON.stringify(input)} is no ${name}; choose one of: ${parameter.choices.join(", ")}.`,
      });
    case "switch":
      return z.boolean();
    case "distribution":
      return DISTRIBUTION;
  }
  const { kind, minimum, maximum } = parameter;
  const isWhole = kind === "whole";
  return z.number().refine(
    (value) => value >= minimum && value <= maximum && (!isWhole || Number.isInteger(value)),
    `The value of ${name} must be a ${
      isWhole ? "whole number" : "number"
    } from ${minimum} to ${maximum}.`,
  );
}
