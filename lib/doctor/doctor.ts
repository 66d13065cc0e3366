import { errorMessage } from "../base/error.ts";
import { untilAborted } from "../base/signal.ts";
import { type Finding, type Mended, warning } from "../platform/finding.ts";
import { type PlatformName, platformOf } from "../platform/registry.ts";
import type { DiagnosisContext } from "../platform/definition.ts";
import { COMMON_OPTIONS, type CommonOptions } from "../run/common_options.ts";
import { settingsOf } from "../run/create_platform.ts";
import { localCores } from "../run/machine_facts.ts";
import { deriveExpectedDemand } from "./doctor_demand.ts";
import { checkMachine } from "./doctor_machine.ts";
import type { Experiment } from "../run/experiment.ts";
import { type OptionTable, type OptionValues, switchOption } from "../option/option.ts";
import { demandWarnings, type PlannedLoad } from "../run/plan_block.ts";
import { MOST_PLANNED, RunPlanner } from "../run/run_planner.ts";
import { replayOf } from "../run/saved_schedules.ts";

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

/** What a pre-check came to. */
export interface Diagnosis {
  readonly kind: "diagnosis";
  readonly platform: PlatformName;
  /** `null`: none was named. */
  readonly experiment: string | null;
  readonly findings: readonly Finding[];
  /** What was changed to mend something; the findings are those after it. */
  readonly changes: readonly Mended[];
}

/** Whether nothing stops a run. */
export function isReady({ findings }: Pick<Diagnosis, "findings">): boolean {
  return findings.every(({ level }) => level !== "problem");
}

/**
 * Looks at the platform and at this machine before a run: whether what the run
 * needs is there, and what mends what is not. Changes nothing unless it is asked
 * to fix.
 *
 * @param experiment whose runs are planned, to compare them with what there is
 * @throws LoaderError `usage` or `input` for what the experiment would refuse too
 */
export async function diagnose(
  experiment: Experiment<OptionTable> | null,
  options: DoctorValues,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const loads = await planLoads(experiment, options, signal);
  const platform = platformOf(options.platform);
  const { traits } = platform;
  const context: DiagnosisContext = {
    startsAtZero: loads.length === 0 ||
      loads.some(({ run }) => run.initialScales.some((scale) => scale === 0)),
    callTimeoutMs: options.timeoutMs,
    demandOn: (capacity, requestsOf) =>
      Promise.all(
        loads.map((load) => deriveExpectedDemand(load, options, capacity, signal, requestsOf)),
      ),
    signal,
  };
  const look = async () => [
    ...checkMachine(options, loads),
    ...await platform.diagnose(settingsOf(platform, options), context),
    ...traits.sharesMachine
      ? demandWarnings(loads, localCores()).map((sentence) => warning("capacity", sentence))
      : [],
  ];
  let findings = await look();
  const changes = options.fix ? await mendAll(findings) : [];
  if (changes.length > 0) findings = await look();
  return {
    kind: "diagnosis",
    platform: options.platform,
    experiment: experiment?.name ?? null,
    findings,
    changes,
  };
}

async function planLoads(
  experiment: Experiment<OptionTable> | null,
  options: DoctorValues,
  signal: AbortSignal,
): Promise<readonly PlannedLoad[]> {
  if (experiment === null) return [];
  const { runs } = await untilAborted(signal, experiment.plan(options));
  const replay = replayOf(experiment, options);
  return await new RunPlanner(runs, replay, options.shard, signal).ahead(MOST_PLANNED);
}

async function mendAll(findings: readonly Finding[]): Promise<Mended[]> {
  const changes: Mended[] = [];
  for (const { mend, sentence } of findings) {
    if (mend === null) continue;
    try {
      changes.push(await mend());
    } catch (error) {
      changes.push({ sentence: `Not mended: ${sentence} ${errorMessage(error)}`, undo: null });
    }
  }
  return changes;
}
