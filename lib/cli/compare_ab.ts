import { join } from "node:path";
import { compareSides } from "../analyze/compare/compare_experiments.ts";
import { parseCondition } from "../analyze/compare/condition.ts";
import { splitSides } from "../analyze/compare/split_sides.ts";
import type { CommonOptions } from "../run/common_options.ts";
import { splitConditions } from "../run/matrix/matrix_options.ts";
import { PLAIN_FORMATS } from "../report/page/figure_formats.ts";
import { readExperimentFolder } from "../store/read/experiment_folder.ts";
import { writeComparison, type WrittenComparison } from "./comparison.ts";

/** How sure a difference is, as `deno task compare` has it by default. */
const CONFIDENCE = 0.99;

/**
 * Compares the two sides of an experiment of --ab, by its files.
 *
 * @throws LoaderError `input` when there is nothing to compare
 */
export async function compareAb(
  folder: string,
  { failIf, seed }: Pick<CommonOptions, "failIf" | "seed">,
): Promise<WrittenComparison> {
  const experiment = await readExperimentFolder(folder);
  return await writeComparison({
    compare: (onCell) => {
      const [a, b] = splitSides(experiment);
      return compareSides(a, b, { confidence: CONFIDENCE, seed }, onCell);
    },
    conditions: splitConditions(failIf).map(parseCondition),
    confidence: CONFIDENCE,
    folder: join(folder, "compare"),
    formats: PLAIN_FORMATS,
  });
}
