import { parseAbortCondition } from "../../analyze/abort_condition.ts";
import { parseCondition } from "../../analyze/compare/condition.ts";
import { LoaderError } from "../../base/error.ts";
import { createOption, durationOption, integerOption, type Option } from "../../option/option.ts";
import { platformsWith } from "../../platform/registry.ts";
import { type Axis, parseVariation, variationOfYaml } from "../../option/variation.ts";

/** An option whose text has values for other options, or none; `check` throws where it must not. */
function variedOption(
  placeholder: string,
  meaning: string,
  check: (axes: readonly Axis[]) => void = () => {},
): Option<string | null> {
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
      check(parseVariation(text));
      return text;
    },
  );
}

function checkTwoSides(axes: readonly Axis[]): void {
  if (axes.length === 1 && axes[0].values.length === 2) return;
  throw new Error("two sides are compared, as in policy=knative,oracle; --vary has more.");
}

/** What makes a matrix of an experiment, and bounds each of its runs. */
export const MATRIX_OPTIONS = {
  vary: variedOption(
    "option=value,value,…",
    "make the runs with each of these values of an option; several are crossed, and options " +
      "joined by “with” go together: policy=knative,oracle; nodes=1,2 with max-scale=10,20",
  ),
  ab: variedOption(
    "option=a,b",
    "make each run with both values of an option, by turns, and compare the second with the first",
    checkTwoSides,
  ),
  failIf: createOption<string | null>(
    "condition",
    {
      meaning: "with --ab: exit with 3 where this is met, with 4 where that cannot be told, such " +
        'as "p99 slowdown > +5%"; may be given several times',
      default: null,
      joinedBy: "; ",
      decidesResult: false,
    },
    { kind: "text" },
    (text) => {
      for (const condition of splitConditions(text)) parseCondition(condition);
      return text;
    },
  ),
  abortWhen: createOption<string | null>(
    "condition",
    {
      meaning: "end a run as aborted when this holds, such as “p99 lag > 20ms for 10s” or " +
        "“rate < 95% for 5s”; may be given several times",
      default: null,
      joinedBy: "; ",
      shapesSchedule: false,
    },
    { kind: "text" },
    (text) => {
      for (const condition of splitConditions(text)) parseAbortCondition(condition);
      return text;
    },
  ),
  jobs: integerOption("number", {
    meaning: "runs made at once, on virtual time, each in a thread of its own; those that build " +
      "on one another stay one after the other",
    default: 1,
    minimum: 1,
    maximum: 256,
    decidesResult: false,
    platforms: platformsWith(({ traits }) => traits.isVirtual),
  }),
  runTimeoutMs: durationOption<number | null>({
    meaning: "a run that takes longer, its deployment included, is ended as timed out, and the " +
      "others go on (default: none does)",
    default: null,
    minimum: 100,
    maximum: 20 * 86_400_000,
    decidesResult: false,
  }),
};

/** Conditions of which several were given. */
export function splitConditions(text: string | null): string[] {
  return text === null ? [] : text.split(";").map((condition) => condition.trim());
}

/** What {@linkcode checkMatrixOptions} looks at. */
export interface MatrixValues {
  readonly vary: string | null;
  readonly ab: string | null;
  readonly failIf: string | null;
  readonly abortWhen: string | null;
  readonly runTimeoutMs: number | null;
  readonly shard: { readonly count: number } | null;
}

/**
 * Checks that what is asked for goes together.
 *
 * @throws LoaderError `usage` when it does not
 */
export function checkMatrixOptions(options: MatrixValues): void {
  const { vary, ab, failIf, abortWhen, runTimeoutMs, shard } = options;
  if (failIf !== null && ab === null) {
    throw new LoaderError(
      "usage",
      "--fail-if: there is nothing to compare; give two sides with --ab, or compare two " +
        "experiments with deno task compare.",
    );
  }
  if (shard === null || shard.count === 1) return;
  // Loaders of one experiment do not tell each other what became of a run.
  const asked = Object.entries({
    "--vary": vary,
    "--ab": ab,
    "--abort-when": abortWhen,
    "--run-timeout": runTimeoutMs,
  }).find(([, value]) => value !== null);
  if (asked === undefined) return;
  throw new LoaderError(
    "usage",
    `${asked[0]}: loaders of one experiment do not tell each other what became of a run; leave ` +
      "it out, or --shard.",
  );
}
