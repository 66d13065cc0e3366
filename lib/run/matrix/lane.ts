import { Rng } from "../../base/rng.ts";
import {
  type ExperimentPlan,
  type PlannedRun,
  type PlannedRuns,
  type RunFeedback,
} from "../experiment.ts";
import type { MatrixCell } from "./matrix_cell.ts";

/**
 * Runs of a cell that build on one another, in order: when one shows that the platform is
 * overloaded, those behind it are not made. Lanes know nothing of each other.
 */
export interface Lane<Values> {
  readonly cell: MatrixCell<Values>;
  /** The repetition that it is of; lanes of one round are made by turns. */
  readonly round: number;
  readonly runs: PlannedRuns;
  readonly isAdaptive: boolean;
  /** As a plan has it. */
  readonly overloadTolerance: number;
}

/** The parameter by which runs tell which repetition they are. */
const REPETITION = "repetition";

/**
 * Cuts what a cell plans into lanes: a repetition is one where runs build on one another; else
 * each run, with those that share its deployment.
 *
 * @param isWhole true where several loaders must go through all runs in one order
 */
export function cutLanes<Values>(
  cell: MatrixCell<Values>,
  plan: ExperimentPlan,
  isWhole: boolean,
): Lane<Values>[] {
  const { isAdaptive = false, overloadTolerance } = plan;
  const lane = (round: number, runs: PlannedRuns) => ({
    cell,
    round,
    runs: placeRuns(cell, runs),
    isAdaptive,
    overloadTolerance,
  });
  if (isAdaptive || isWhole) return [lane(0, plan.runs)];
  const groups = groupRuns(plan.runs, overloadTolerance === Infinity);
  return groups.map(({ round, runs }) => lane(round, runs));
}

interface RunGroup {
  readonly round: number;
  readonly runs: PlannedRun[];
}

function groupRuns(runs: PlannedRuns, areIndependent: boolean): RunGroup[] {
  const groups: RunGroup[] = [];
  for (const run of runs as Iterable<PlannedRun>) {
    const round = Number(run.parameters[REPETITION] ?? 0);
    const last = groups.at(-1);
    const own = areIndependent
      ? sharesDeployment(last?.runs.at(-1), run) ? last : undefined
      : groups.find((group) => group.round === round);
    if (own === undefined) groups.push({ round, runs: [run] });
    else own.runs.push(run);
  }
  return groups;
}

/** True if two runs in a row are made on one deployment. */
export function sharesDeployment(before: PlannedRun | undefined, run: PlannedRun): boolean {
  return before?.deployment !== undefined && before.deployment === run.deployment;
}

/** Runs with the name, the parameters and the options of their cell. */
function* placeRuns<Values>(
  { label, parameters, options }: MatrixCell<Values>,
  runs: PlannedRuns,
): Generator<PlannedRun, unknown, RunFeedback | undefined> {
  const iterator = runs[Symbol.iterator]();
  let next = iterator.next(undefined);
  while (!next.done) {
    const run = next.value;
    const { deployment } = run;
    next = iterator.next(
      yield label === "" ? run : {
        ...run,
        name: `${label}_${run.name}`,
        parameters: { ...parameters, ...run.parameters },
        ...(deployment === undefined ? {} : { deployment: `${label} ${deployment}` }),
        options: { ...options, ...run.options },
      },
    );
  }
  return next.value;
}

/** A lane whose turn it may be. */
export interface Turn {
  readonly cell: { readonly label: string };
  readonly round: number;
  /** True once it has no more runs. */
  readonly isOver: boolean;
}

/**
 * Whose turn it is: round by round, each cell once and then each once more, in an order that
 * is drawn anew for each turn, so that what drifts hits all cells alike. A lane that was given
 * its turn must come nearer to its end.
 */
export function* takeTurns<T extends Turn>(lanes: readonly T[], seed: number): Generator<T> {
  const rounds = [...new Set(lanes.map(({ round }) => round))].sort((a, b) => a - b);
  for (const round of rounds) {
    const cells = Map.groupBy(
      lanes.filter((lane) => lane.round === round),
      ({ cell }) => cell.label,
    );
    for (let turn = 0;; turn++) {
      const waiting = [...cells.values()].filter((own) => own.some(({ isOver }) => !isOver));
      if (waiting.length === 0) break;
      for (const own of shuffle(waiting, Rng.fromSeed(seed, "turns", `${round}`, `${turn}`))) {
        const lane = own.find(({ isOver }) => !isOver);
        if (lane !== undefined) yield lane;
      }
    }
  }
}

/** By Fisher and Yates. */
function shuffle<T>(items: readonly T[], rng: Rng): T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = rng.nextBelow(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
  return shuffled;
}
