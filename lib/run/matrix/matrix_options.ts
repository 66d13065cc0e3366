import { createOption, durationOption, type Option } from "../../option/option.ts";
import { parseVariation, variationOfYaml } from "../../option/variation.ts";

/** An option whose text has values for other options, or none. */
function variedOption(placeholder: string, meaning: string): Option<string | null> {
  return createOption<string | null>(
    placeholder,
    {
      meaning,
      default: null,
      joinedBy: "; ",
      textOfYaml: variationOfYaml,
      variesOptions: true,
      shapesSchedule: false,
    },
    { kind: "text" },
    (text) => {
      parseVariation(text);
      return text;
    },
  );
}

/** What makes a matrix of an experiment, and bounds each of its runs. */
export const MATRIX_OPTIONS = {
  vary: variedOption(
    "option=value,value,…",
    "make the runs with each of these values of an option; several are crossed, and options " +
      "joined by “with” go together: policy=knative,oracle; nodes=1,2 with max-scale=10,20",
  ),
  runTimeoutMs: durationOption<number | null>({
    meaning: "a run that takes longer, its deployment included, is ended as timed out, and the " +
      "others go on (default: none does)",
    default: null,
    minimum: 100,
    maximum: 20 * 86_400_000,
    decidesResult: false,
  }),
};
