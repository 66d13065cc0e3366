/**
 * The library of `loader`: what an experiment script needs.
 *
 * @example Count what a minute of a trace holds
 * ```ts
 * import { generateSchedule, readTrace } from "./mod.ts";
 * const trace = await readTrace("data/azure_2019_synthetic", { size: 5 });
 * const schedule = generateSchedule(trace, { startMs: 0, durationMs: 60_000 });
 * let invocations = 0;
 * for (const chunk of schedule.chunks()) invocations += chunk.scheduledMs.length;
 * if (invocations === 0) throw new Error("a minute without invocations");
 * ```
 *
 * @module
 */
export { LoaderError } from "./lib/base/error.ts";
export { type Clock, RealClock } from "./lib/clock/clock.ts";
export { VirtualClock } from "./lib/clock/virtual_clock.ts";
export { Rng } from "./lib/base/rng.ts";

export { type AdfResult, augmentedDickeyFuller } from "./lib/stats/adf.ts";
export {
  type KolmogorovSmirnovResult,
  kolmogorovSmirnovTest,
} from "./lib/stats/goodness_of_fit.ts";
export {
  deriveSampleSweep,
  describeSampleSweep,
  SAMPLE_SWEEP_OPTIONS,
  type SampleSweepOptions,
} from "./lib/run/sample_sweep.ts";
export { summarizeSeeds } from "./lib/stats/seed_summary.ts";
export { LoopPauses } from "./lib/clock/loop_pauses.ts";
export { wassersteinDistance } from "./lib/stats/wasserstein.ts";

export type { FunctionProfile, Percentiles, Trace, TraceRepair } from "./lib/model/trace.ts";
export type {
  IatDistribution,
  Phase,
  PhaseSpan,
  Schedule,
  ScheduleChunk,
} from "./lib/model/schedule.ts";
export type { InvocationRow, InvocationSink, Outcome } from "./lib/model/record.ts";
export type {
  Deployment,
  FunctionSpec,
  InstanceEvent,
  Platform,
  Scraper,
  Transport,
  TransportFactory,
} from "./lib/model/platform.ts";
export type {
  AnswerDeclaration,
  BurstDeclaration,
  BurstRole,
  CapacityDeclaration,
  DerivedDeclaration,
  DerivedFigure,
  DistributionDeclaration,
  KeepAliveDeclaration,
  SweepDeclaration,
  SweepFigure,
  WorksDeclaration,
} from "./lib/model/answer.ts";
export type {
  ExperimentManifest,
  Plan,
  RunManifest,
  Verdict,
  VerdictLimits,
} from "./lib/store/schema/manifest.ts";
export type { Column, Table } from "./lib/model/table.ts";
export { TABLES } from "./lib/store/schema/tables.ts";

export {
  type AssumedMemory,
  type AssumedRuntime,
  DEFAULT_ASSUMPTIONS,
  type TraceAssumptions,
} from "./lib/trace/assumed.ts";
export {
  type ColdStartGroup,
  type ColdStartPart,
  type ColdStartSummary,
  readColdStarts,
} from "./lib/trace/huawei/cold_starts.ts";
export { readTrace, type ReadTraceOptions, readTraceSamples } from "./lib/trace/read_trace.ts";
export { describeNesting, selectInvoked, selectSeldom } from "./lib/trace/sample/selection.ts";
export { PRIOR_WORKS, type PriorWork } from "./lib/trace/sample/prior_works.ts";
export { countInvocations, type TraceWindow } from "./lib/trace/window.ts";
export { SAMPLE_METHODS, type SampleMethod, sampleTrace } from "./lib/trace/sample/sample.ts";
export { type SynthesizeOptions, synthesizeTrace } from "./lib/trace/synthesize/synthesize.ts";
export { allocateMaxMax } from "./lib/trace/allocation.ts";
export { deriveFunctionDemands } from "./lib/trace/profile.ts";

export { generateSchedule, type ScheduleOptions } from "./lib/schedule/trace_schedule.ts";
export {
  type ColdStartOptions,
  generateColdStarts,
  HOT_FUNCTION,
} from "./lib/schedule/cold_start_schedule.ts";
export { generateInstants, type InstantsOptions } from "./lib/schedule/instants_schedule.ts";
export {
  BURST_FUNCTIONS,
  BURST_MS,
  type BurstOptions,
  generateBurst,
  generateRateStep,
  mostBurst,
  type RateStepOptions,
} from "./lib/schedule/pattern_schedule.ts";
export { type Bound, parseBound } from "./lib/analyze/bound.ts";
export { type CapacitySearch, searchCapacity } from "./lib/run/capacity_search.ts";
export {
  SIMULATED_OPTIONS,
  type SimulatedOptions,
  simulatedOptionsOf,
} from "./lib/preflight/simulated_options.ts";
export { type KneeSearch, searchInTurn, searchKnee } from "./lib/run/knee_search.ts";
export { rateOfStep, wholeInvocations } from "./lib/schedule/rate_scale.ts";
export { readScheduleFile, writeScheduleFile } from "./lib/schedule/schedule_file.ts";
export { derivePlan } from "./lib/schedule/plan.ts";

export { KnativeDecider } from "./lib/autoscale/knative/knative_decider.ts";
export { MetricWindow } from "./lib/autoscale/knative/metric_window.ts";
export { FunctionScaler } from "./lib/autoscale/knative/function_scaler.ts";

export { dispatch, type DispatchOptions, type DispatchResult } from "./lib/invoke/dispatcher.ts";
export { deriveVerdict, isOverloaded, VERDICT_LIMITS } from "./lib/invoke/verdict.ts";

export {
  createPlatform,
  PLATFORM_NAMES,
  type PlatformName,
  platformsWith,
  traitsOf,
} from "./lib/platform/registry.ts";
export { POLICY_NAMES } from "./lib/platform/simulator/policies.ts";
export type { TransportName } from "./lib/platform/transport_choice.ts";
export type { ConnectionSharing } from "./lib/rpc/transport/http2_transport.ts";

export {
  choiceListOption,
  choiceOption,
  durationOption,
  integerListOption,
  integerOption,
  numberOption,
  type Option,
  type OptionTable,
  type OptionValues,
  switchOption,
  textOption,
  withDefault,
} from "./lib/option/option.ts";
export {
  COMMON_OPTIONS,
  type CommonOptions,
  PATTERN_OPTIONS,
  TRACE_OPTIONS,
  type TraceOptions,
} from "./lib/run/common_options.ts";
export { nameRepetition, planRepetitions, REPETITION_OPTIONS } from "./lib/run/repetitions.ts";
export type {
  Experiment,
  ExperimentPlan,
  LoadSize,
  PlannedRun,
  PlannedRuns,
  RunFeedback,
} from "./lib/run/experiment.ts";
export {
  countFunctionsOfOptions,
  planTraceRun,
  readTraceOfOptions,
  readTracesOfOptions,
  samplingOfOptions,
  windowOfOptions,
  withOpenDuration,
} from "./lib/run/trace_run.ts";
export {
  type Derivation,
  DERIVATION_OPTIONS,
  type DerivationOptions,
  type Derived,
  type DerivedPoint,
  readTraceAndWindow,
} from "./lib/run/derivation.ts";
export type { ExperimentCall } from "./lib/run/run_call.ts";
export type { ExperimentOutcome } from "./lib/run/make_runs.ts";
export { planStoredRun } from "./lib/cli/stored_plan.ts";
export { runExperiment } from "./lib/cli/run_experiment.ts";
export { runAsScript } from "./lib/cli/script.ts";
