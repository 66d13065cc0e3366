/**
 * What differs between two experiments, and is it more than chance?
 *
 *     deno task compare results/before results/after --fail-if "p99 slowdown > +5%"
 *
 * Exits with 0, with 3 where a condition is met, with 4 where one cannot be told (too few
 * invocations for its metric), and as an experiment does for mistakes.
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compareExperiments } from "../lib/analyze/compare/compare_experiments.ts";
import { parseCondition } from "../lib/analyze/compare/condition.ts";
import { errorMessage, LoaderError } from "../lib/base/error.ts";
import { formatJson } from "../lib/base/json.ts";
import { writeComparison } from "../lib/cli/comparison.ts";
import { FIGURE_FLAGS, formatsOfFlags } from "../lib/cli/figure_options.ts";
import { type Command, print, runCommand } from "../lib/cli/program.ts";
import type { FigureFormats } from "../lib/report/page/figure_formats.ts";

const USAGE = `Usage: compare <A> <B> [options]     B against A, both folders of experiments
       compare <B> --baseline <A> [options]

  --fail-if "<condition>"  exit with 3 where it is met, with 4 where that cannot be
                           told; may be given several times:
                           "p99 slowdown > +5%", "not_ok > +1%", "ready_instances < -10%"
  --output <folder>        for the page and its figures (default: B/compare)
  --confidence <number>    of the intervals, in (0, 1) (default: 0.99)
  --seed <number>          of the draws (default: 42)
  --png                    make each figure as PNG too, --png-scale <number> pixels to a pixel
                           of it (default: 2)
  --style paper            make each figure for print too, as PDF and SVG, as wide as
                           --figure-width says: one-column (the default), two-column, 90mm
  --json                   print everything as JSON instead of a table`;

interface Arguments {
  readonly a: string;
  readonly b: string;
  readonly conditions: readonly string[];
  readonly output: string | null;
  readonly confidence: number;
  readonly seed: number;
  readonly json: boolean;
  readonly formats: FigureFormats;
}

function parseArguments(args: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        baseline: { type: "string" },
        "fail-if": { type: "string", multiple: true },
        output: { type: "string" },
        confidence: { type: "string", default: "0.99" },
        seed: { type: "string", default: "42" },
        json: { type: "boolean", default: false },
        ...FIGURE_FLAGS,
      },
    });
    const folders = values.baseline === undefined ? positionals : [values.baseline, ...positionals];
    if (folders.length !== 2) throw new Error(`Expected two folders, got ${folders.length}`);
    const [confidence, seed] = [Number(values.confidence), Number(values.seed)];
    if (!(confidence > 0 && confidence < 1)) {
      throw new Error(`--confidence: expected a number between 0 and 1, got ${values.confidence}`);
    }
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new Error(`--seed: expected a whole number from 0, got ${values.seed}`);
    }
    return {
      a: folders[0],
      b: folders[1],
      conditions: values["fail-if"] ?? [],
      output: values.output ?? null,
      confidence,
      seed,
      json: values.json,
      formats: formatsOfFlags(values),
    };
  } catch (cause) {
    if (cause instanceof LoaderError) throw cause;
    throw new LoaderError("usage", `${sentenceOf(cause)}. --help lists the options.`, { cause });
  }
}

/** In one line and without its full stop. */
function sentenceOf(cause: unknown): string {
  return errorMessage(cause).replaceAll("\n", " ").replace(/\.$/, "");
}

async function run(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    print("stdout", USAGE);
    return 0;
  }
  const { a, b, output, confidence, seed, json, formats, ...given } = parseArguments(args);
  const { page, results, text, exitStatus } = await writeComparison({
    conditions: given.conditions.map(parseCondition),
    compare: (onCell) => compareExperiments(a, b, { confidence, seed }, onCell),
    confidence,
    folder: output ?? join(b, "compare"),
    formats,
  });
  print("stdout", json ? formatJson({ ...results, page }) : text);
  if (!json) print("stdout", `Page: ${page}`);
  return exitStatus;
}

export const command: Command = {
  name: "compare",
  summary: "What differs between two experiments, and is it more than chance?",
  run,
};

if (import.meta.main) await runCommand(command);
