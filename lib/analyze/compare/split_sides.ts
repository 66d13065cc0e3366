import { LoaderError } from "../../base/error.ts";
import type { StoredExperiment, StoredRun } from "../../store/read/experiment_folder.ts";
import type { RunManifest } from "../../store/schema/manifest.ts";
import type { ComparedSide } from "./compare_experiments.ts";

/**
 * The two sides of an experiment of --ab, the first value of what they differ in first. What a
 * run has of it is taken out of its parameters, so that runs of both sides are of one cell.
 *
 * @throws LoaderError `input` when it has no two sides, or one has no runs
 */
export function splitSides(
  experiment: StoredExperiment,
): readonly [a: ComparedSide, b: ComparedSide] {
  const { parameters: names, first } = experiment.manifest.matrix?.sides ??
    { parameters: [], first: [] };
  const sides = Map.groupBy(experiment.runs, ({ manifest }) => valuesOf(manifest, names).join());
  const [a, b] = [...sides].sort(([key]) => key === first.join() ? -1 : 1);
  if (a === undefined || b === undefined) {
    throw new LoaderError(
      "input",
      "There are no runs of two sides, as --ab makes them, so there is nothing to compare.",
      { file: experiment.path },
    );
  }
  return [createSide(experiment, names, a[1]), createSide(experiment, names, b[1])];
}

function valuesOf({ parameters }: RunManifest, names: readonly string[]): string[] {
  return names.map((name) => String(parameters[name]));
}

function createSide(
  experiment: StoredExperiment,
  names: readonly string[],
  runs: readonly StoredRun[],
): ComparedSide {
  const [{ manifest: { options, parameters, platform } }] = runs;
  return {
    ...experiment,
    name: names.map((name) => `${name} ${parameters[name]}`).join(", "),
    // What the sides differ in is told by the options of their runs.
    manifest: {
      ...experiment.manifest,
      platform: platform.name,
      options: options as Readonly<Record<string, unknown>>,
    },
    runs: runs.map(({ path, manifest }) => ({
      path,
      manifest: {
        ...manifest,
        parameters: Object.fromEntries(
          Object.entries(manifest.parameters).filter(([name]) => !names.includes(name)),
        ),
      },
    })),
  };
}
