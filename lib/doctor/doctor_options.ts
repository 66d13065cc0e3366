import { COMMON_OPTIONS, type CommonOptions } from "../run/common_options.ts";
import type { Experiment } from "../run/experiment.ts";
import { type OptionTable, type OptionValues, switchOption } from "../option/option.ts";

const OWN_OPTIONS = {
  fix: switchOption({
    meaning: "doctor: change what the tool may change itself, and say what it did and how it is " +
      "put back",
    default: false,
    decidesResult: false,
  }),
};

/** Values of {@linkcode doctorOptionsOf}. */
export type DoctorValues = CommonOptions & OptionValues<typeof OWN_OPTIONS>;

/** The options of a pre-check, and those of the experiment that it is for, if it is for one. */
export function doctorOptionsOf(experiment: Experiment<OptionTable> | null): OptionTable {
  return { ...OWN_OPTIONS, ...COMMON_OPTIONS, ...experiment?.options };
}
