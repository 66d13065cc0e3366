import { selectMeasured } from "../analyze/invocation_selection.ts";
import { deriveSummary, type Summary } from "../analyze/summary.ts";
import { LoaderError } from "../base/error.ts";
import { untilAborted } from "../base/signal.ts";
import type { Capacity } from "../model/platform.ts";
import { traitsOf } from "../platform/registry.ts";
import { SIMULATOR } from "../platform/simulator/simulator.ts";
import { settleSimulatorOptions } from "../platform/simulator/simulator_options.ts";
import type { CommonOptions } from "../run/common_options.ts";
import { createPlatformFromOptions } from "../run/create_platform.ts";
import type { Experiment } from "../run/experiment.ts";
import { type Fit, type FitWord, worstFit } from "./fit.ts";
import { type GeneratorFit, judgeGeneratorFit } from "./generator_fit.ts";
import { findLargest, moreThan, type PreflightLargest } from "./largest_load.ts";
import { readMeasuredPlatform } from "./measured_platform.ts";
import type { OptionTable } from "../option/option.ts";
import { cutWarnings, expiryWarnings, type PlannedLoad } from "../run/plan_block.ts";
import { judgePlatformFit } from "./platform_fit.ts";
import { describeCpuLimit } from "../run/machine_facts.ts";
import type { PreflightValues } from "./preflight_options.ts";
import { type PreflightTarget, preflightTargetOf } from "./preflight_target.ts";
import { NoPlaceError, Rehearsal, type RehearsedRun } from "./rehearsal.ts";
import { deriveRunExpectation, type RunExpectation } from "./run_expectation.ts";
import { planMatrix } from "../run/matrix/plan_matrix.ts";
import { MOST_PLANNED, RunPlanner } from "../run/run_planner.ts";
import { replayOf } from "../run/saved_schedules.ts";

/** What to expect of a run, and whether the platform carries it. */
export interface PreflightRun extends RunExpectation {
  readonly fit: Fit;
}

/** The platform as it was simulated; `null` where nothing was. */
export interface PreflightPlatform {
  readonly name: string;
  /** Where the parameters come from. */
  readonly source: string | null;
  readonly cores: number | null;
  readonly capacity: Capacity | null;
  readonly parameters: Readonly<Record<string, unknown>> | null;
}

/** What to expect of an experiment before anything is deployed. */
export interface Preflight {
  readonly kind: "preflight";
  readonly experiment: string;
  readonly question: string;
  readonly platform: PreflightPlatform;
  readonly limitSlowdown: number;
  readonly runs: readonly PreflightRun[];
  /** Of all of these runs. */
  readonly invocations: number;
  /** More runs would follow that were not looked at. */
  readonly isOpen: boolean;
  readonly generator: GeneratorFit;
  /** The worst of the runs. */
  readonly platformFit: FitWord;
  /** The worst of platform and generator. */
  readonly verdict: FitWord;
  /** `null` where it was not looked for. */
  readonly largest: PreflightLargest | null;
  /** Sentences that a person should know. */
  readonly notes: readonly string[];
}

/** True if neither platform nor generator is known not to carry the experiment. */
export function isFeasible({ verdict }: Preflight): boolean {
  return verdict !== "does not fit";
}

/**
 * Says what to expect of an experiment: plans its runs as it would, makes them
 * on the simulator with the parameters of the platform, and looks for the largest
 * load that fits. Writes nothing, starts nothing; the same options give the same
 * answer.
 *
 * @throws LoaderError `usage` or `input` for what the experiment would refuse too
 */
export async function preflight<O extends OptionTable>(
  experiment: Experiment<O>,
  options: PreflightValues<O>,
  signal: AbortSignal,
): Promise<Preflight> {
  const target = await findTarget(options);
  const { overloadTolerance, ...planned } = await untilAborted(
    signal,
    planMatrix(experiment, options),
  );
  const planner = new RunPlanner(planned, replayOf(experiment, options), null, signal);
  const notes: string[] = [];
  const limit = traitsOf(options.platform).isVirtual ? null : describeCpuLimit();
  if (limit !== null) notes.push(limit);
  const looked: { readonly load: PlannedLoad; readonly run: PreflightRun }[] = [];
  await using disposables = new AsyncDisposableStack();
  const rehearsal = target.simulate === null
    ? target.reason
    : disposables.use(new Rehearsal(options, target.simulate, signal));
  let isOpen = false;
  let load = await planner.next();
  while (load !== undefined) {
    const { run, overloaded, summary } = await expectRun(load, rehearsal, options, signal);
    looked.push({ load, run });
    const told = [...load.run.notes ?? [], ...cutWarnings([load])];
    notes.push(...told.filter((note) => !notes.includes(note)));
    if (overloaded && overloadTolerance !== Infinity) {
      notes.push(`The experiment would end after ${run.name}: the platform is overloaded there.`);
      break;
    }
    if (looked.length === MOST_PLANNED) {
      isOpen = await planner.next() !== undefined;
      break;
    }
    if (planner.isAdaptive && summary === null) {
      isOpen = true;
      break;
    }
    load = await planner.next(
      summary === null
        ? undefined
        // Its time is virtual, so that nobody is late.
        : { isOverloaded: overloaded, isGeneratorLimited: false, summary },
    );
  }
  if (looked.length === 0) throw new LoaderError("usage", "The options leave no run to make.");
  const expected = looked.map(({ run }) => run);
  const { loadSize } = experiment;
  const largest = loadSize === undefined || target.simulate === null || !options.search
    ? null
    : await findLargest(experiment, loadSize, options, target.simulate, signal);
  const loads = looked.map(({ load }) => load);
  notes.push(...expiryWarnings(loads, options.timeoutMs));
  const generator = judgeGeneratorFit(loads, inFlightOf(expected), options);
  const platformFit = worstFit(expected.map(({ fit }) => fit.word));
  return {
    kind: "preflight",
    experiment: experiment.name,
    question: experiment.question,
    platform: await describePlatform(options, target),
    limitSlowdown: options.limitSlowdown,
    runs: expected,
    invocations: expected.reduce((sum, { plan }) => sum + plan.invocations, 0),
    isOpen,
    generator,
    platformFit,
    verdict: worstFit([platformFit, generator.word]),
    largest,
    notes,
  };
}

/** The platform is made for its capacity, and let go before anything happens on it. */
async function findTarget<O extends OptionTable>(
  options: PreflightValues<O>,
): Promise<PreflightTarget> {
  await using platform = await createPlatformFromOptions(options);
  const measured = options.like === null ? null : await readMeasuredPlatform(options.like);
  return preflightTargetOf(options.platform, platform.capacity, measured);
}

/** @param rehearsal why there is none, where there is none */
async function expectRun<O extends OptionTable>(
  load: PlannedLoad,
  rehearsal: Rehearsal | string,
  options: PreflightValues<O>,
  signal: AbortSignal,
): Promise<{
  readonly run: PreflightRun;
  readonly overloaded: boolean;
  /** `null` where it was not simulated. */
  readonly summary: Summary | null;
}> {
  const unknown = async (reason: string, word: FitWord = "unknown") => ({
    run: {
      ...await deriveRunExpectation(load, null, options.limitSlowdown, signal),
      fit: { word, reason, limits: [] },
    },
    overloaded: false,
    summary: null,
  });
  if (typeof rehearsal === "string") return unknown(`${rehearsal}: the experiment will tell`);
  const { invocations } = load.plan;
  if (invocations > options.mostInvocations) {
    return unknown(
      `not simulated: ${invocations.toLocaleString("en")} invocations are ${
        moreThan(options)
      }; raise it`,
    );
  }
  let rehearsed: RehearsedRun;
  try {
    rehearsed = await rehearsal.rehearse(load);
  } catch (error) {
    if (!(error instanceof NoPlaceError)) throw error;
    return unknown(error.message, "does not fit");
  }
  const expectation = await deriveRunExpectation(load, rehearsed, options.limitSlowdown, signal);
  const fit = judgePlatformFit(expectation, expectation.simulated!, rehearsed, options);
  return {
    run: { ...expectation, fit },
    overloaded: rehearsed.overloaded,
    summary: deriveSummary(selectMeasured(rehearsed.invocations)),
  };
}

function inFlightOf(runs: readonly PreflightRun[]) {
  const simulated = runs.flatMap(({ simulated }) => simulated === null ? [] : [simulated]);
  if (simulated.length === 0) return null;
  return {
    peak: Math.max(...simulated.map(({ peak }) => peak.inFlight)),
    dropped: simulated.reduce((sum, { outcomes }) => sum + outcomes.dropped, 0),
  };
}

async function describePlatform(
  options: CommonOptions,
  target: PreflightTarget,
): Promise<PreflightPlatform> {
  const name = options.platform;
  if (target.simulate === null) {
    return { name, source: null, cores: null, capacity: null, parameters: null };
  }
  const simulation = target.simulate(options);
  const { nodes, nodeCores } = settleSimulatorOptions(simulation);
  await using platform = await SIMULATOR.create(simulation);
  const { capacity } = platform;
  const parameters = platform.describe();
  return { name, source: target.source, cores: nodes * nodeCores, capacity, parameters };
}
