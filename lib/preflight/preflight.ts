import { LoaderError } from "../base/error.ts";
import { untilAborted } from "../base/signal.ts";
import { derivePlan, holdsMoreThan } from "../schedule/plan.ts";
import type { Capacity } from "../model/platform.ts";
import { createPlatform } from "../platform/registry.ts";
import { settleSimulatorOptions } from "../platform/simulator/simulator_options.ts";
import type { CommonOptions } from "../run/common_options.ts";
import { createPlatformFromOptions } from "../run/create_platform.ts";
import type { Experiment, LoadSize } from "../run/experiment.ts";
import { expiryWarnings } from "../run/expiry.ts";
import { type Fit, type FitWord, worstFit } from "./fit.ts";
import { type GeneratorFit, judgeGeneratorFit } from "./generator_fit.ts";
import { type LargestLoad, searchLargest, type SizeTrial } from "./largest_load.ts";
import { readMeasuredPlatform } from "./measured_platform.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import { cutWarnings, type PlannedLoad } from "../run/plan_block.ts";
import { BEYOND_P99, judgePlatformFit } from "./platform_fit.ts";
import { describeCpuLimit } from "../run/machine_facts.ts";
import type { PreflightOptions, PreflightValues } from "./preflight_options.ts";
import { type PreflightTarget, preflightTargetOf } from "./preflight_target.ts";
import { NoPlaceError, Rehearsal, type RehearsedRun, type Simulate } from "./rehearsal.ts";
import { deriveRunExpectation, type RunExpectation } from "./run_expectation.ts";
import { MOST_PLANNED, replayOf, RunPlanner } from "../run/run_planner.ts";

/** Sizes that are tried at most: enough for any between one and millions. */
const MOST_TRIALS = 24;

/** What to expect of a run, and whether the platform carries it. */
export interface PreflightRun extends RunExpectation {
  readonly fit: Fit;
}

/** The largest load that fits, in what its experiment counts. */
export interface PreflightLargest extends LargestLoad {
  readonly unit: string;
  readonly asked: number;
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

/** Whether neither platform nor generator is known not to carry the experiment. */
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
  const { runs, overloadTolerance } = await untilAborted(signal, experiment.plan(options));
  const planner = new RunPlanner(runs, replayOf(experiment, options), null, signal);
  const notes: string[] = [];
  const limit = options.platform === "simulator" ? null : describeCpuLimit();
  if (limit !== null) notes.push(limit);
  const looked: { readonly load: PlannedLoad; readonly run: PreflightRun }[] = [];
  await using disposables = new AsyncDisposableStack();
  const rehearsal = target.simulate === null
    ? target.reason
    : disposables.use(new Rehearsal(options, target.simulate, signal));
  let isOpen = false;
  for (let load = await planner.next(); load !== undefined; load = await planner.next()) {
    const { run, overloaded } = await expectRun(load, rehearsal, options, signal);
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
): Promise<{ readonly run: PreflightRun; readonly overloaded: boolean }> {
  const unknown = async (reason: string, word: FitWord = "unknown") => ({
    run: {
      ...await deriveRunExpectation(load, null, options.limitSlowdown, signal),
      fit: { word, reason, limits: [] },
    },
    overloaded: false,
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
  return { run: { ...expectation, fit }, overloaded: rehearsed.overloaded };
}

async function findLargest<O extends OptionTable>(
  experiment: Experiment<O>,
  loadSize: LoadSize<OptionValues<O> & CommonOptions>,
  options: PreflightValues<O>,
  simulate: Simulate,
  signal: AbortSignal,
): Promise<PreflightLargest> {
  const asked = loadSize.asked(options);
  const attempt = async (size: number): Promise<SizeTrial> => {
    const sized = { ...options, ...loadSize.withSize(options, size) };
    const { runs } = await untilAborted(signal, experiment.plan(sized));
    await using rehearsal = new Rehearsal(sized, simulate, signal);
    // Schedules of a folder are those of the planned sizes alone.
    for (const run of runs) {
      signal.throwIfAborted();
      if (await holdsMoreThan(options.mostInvocations, run.schedule, signal)) {
        const reason = `not tried: the invocations of ${run.name} are ${moreThan(options)}`;
        return { size, fits: false, wasTried: false, reason };
      }
      const plan = await derivePlan(run.schedule, signal);
      const reason = plan.invocations === 0
        ? null
        : await findObstacle({ run, plan }, rehearsal, sized, signal);
      if (reason !== null) return { size, fits: false, wasTried: true, reason };
    }
    return { size, fits: true, wasTried: true, reason: null };
  };
  const most = await loadSize.most(options);
  const search = { asked, most, mostTrials: MOST_TRIALS, attempt };
  return { unit: loadSize.unit, asked, ...await searchLargest(search) };
}

/** Why a run does not fit, told as soon as it is clear; `null` if it does. */
async function findObstacle<O extends OptionTable>(
  load: PlannedLoad,
  rehearsal: Rehearsal,
  options: PreflightValues<O>,
  signal: AbortSignal,
): Promise<string | null> {
  const { limitSlowdown, limitNotOk } = options;
  const { invocations } = load.plan;
  try {
    const giveUp = {
      slowdown: limitSlowdown,
      mostSlow: BEYOND_P99 * invocations,
      mostNotOk: limitNotOk * invocations,
    };
    const rehearsed = await rehearsal.rehearse(load, giveUp);
    const expectation = await deriveRunExpectation(load, rehearsed, limitSlowdown, signal);
    const fit = judgePlatformFit(expectation, expectation.simulated!, rehearsed, options);
    return fit.word === "does not fit" ? fit.reason : null;
  } catch (error) {
    if (!(error instanceof NoPlaceError)) throw error;
    return error.message;
  }
}

function moreThan({ mostInvocations }: PreflightOptions): string {
  return `more than --most-invocations, ${mostInvocations.toLocaleString("en")}`;
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
  await using platform = await createPlatform("simulator", simulation);
  const { capacity } = platform;
  const parameters = platform.describe();
  return { name, source: target.source, cores: nodes * nodeCores, capacity, parameters };
}
