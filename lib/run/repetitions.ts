import { integerOption } from "../option/option.ts";
import type { PlannedRun } from "./experiment.ts";

/** The option of experiments whose runs can be made several times. */
export const REPETITION_OPTIONS = {
  repetitions: integerOption("number", {
    shapesSchedule: false,
    meaning: "how often, each time with arrivals of its own",
    default: 1,
    minimum: 1,
    maximum: 1000,
  }),
};

/** Of a repetition, what its run is told by: the first has the name of a run that is not repeated. */
export function nameRepetition(name: string, repetition: number): string {
  return repetition === 0 ? name : `${name}_repetition-${repetition}`;
}

/**
 * The repetitions of one run.
 *
 * @param create makes the run of a repetition with its seed, which differs from one to the next
 */
export function planRepetitions(
  name: string,
  { seed, repetitions }: { readonly seed: number; readonly repetitions: number },
  create: (seed: number) => Omit<PlannedRun, "name">,
): PlannedRun[] {
  return Array.from({ length: repetitions }, (_, repetition) => {
    const run = create(seed + repetition);
    return {
      ...run,
      name: nameRepetition(name, repetition),
      parameters: { ...run.parameters, repetition },
    };
  });
}
