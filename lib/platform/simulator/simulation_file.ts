import { z } from "zod";
import { errorMessage } from "../../base/error.ts";
import { bareNameOf, flagOf, type Option, type OptionTable } from "../../option/option.ts";
import { readYamlFile } from "../../option/yaml_file.ts";
import {
  type GivenSimulatorOptions,
  SIMULATION_PARAMETERS,
  type SimulatorOptions,
} from "./simulator_options.ts";

const PARAMETERS = Object.entries(SIMULATION_PARAMETERS as OptionTable)
  .map(([setting, option]) => ({ setting, option, name: fileNameOf(setting, option) }));

const SCHEMA = z.strictObject(
  Object.fromEntries(
    PARAMETERS.map(({ name, option }) => [name, schemaOf(name, option).optional()]),
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
    PARAMETERS.map(({ setting, name }) => [setting, document[name]])
      .filter(([, value]) => value !== undefined),
  );
}

/**
 * What a user's options say of a simulated platform: a flag, else the file; what they
 * leave open is left out.
 *
 * @throws LoaderError `input` when the file is wrong
 */
export function readSimulatorOptions(options: GivenSimulatorOptions): SimulatorOptions {
  const { simulation = null, ...given } = options;
  const fromFile = simulation === null ? {} : readSimulationFile(simulation);
  return {
    ...fromFile,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => (value ?? null) !== null)),
  };
}

/** As the flags without their dashes: `nodeMemoryMib` → `node-memory`. */
function fileNameOf(setting: string, option: Option<unknown>): string {
  return flagOf(bareNameOf(setting, option)).slice(2);
}

function schemaOf(name: string, { form, parse }: Option<unknown>): z.ZodType {
  switch (form.kind) {
    case "choice":
      return z.enum(form.choices as readonly [string, ...string[]], {
        error: ({ input }) =>
          `${JSON.stringify(input)} is no ${name}; choose one of: ${form.choices.join(", ")}.`,
      });
    case "switch":
      return z.boolean();
    case "text":
      return z.union([z.number(), z.string()]).transform((value, context) => {
        try {
          return parse(String(value));
        } catch (error) {
          context.issues.push({ code: "custom", message: errorMessage(error), input: value });
          return z.NEVER;
        }
      });
    case "number": {
      const { isWhole, minimum, maximum } = form;
      return z.number().refine(
        (value) => value >= minimum && value <= maximum && (!isWhole || Number.isInteger(value)),
        `The value of ${name} must be a ${
          isWhole ? "whole number" : "number"
        } from ${minimum} to ${maximum}.`,
      );
    }
  }
}
