import { errorMessage } from "../base/error.ts";
import { untilAborted } from "../base/signal.ts";
import type { Finding, Mended } from "../platform/finding.ts";
import type { PlatformName } from "../platform/registry.ts";
import { diagnoseEndpoints } from "./doctor_endpoints.ts";
import { diagnoseLocal } from "./doctor_local.ts";
import { checkMachine } from "./doctor_machine.ts";
import type { DoctorValues } from "./doctor_options.ts";
import { diagnoseSimulator } from "./doctor_simulator.ts";
import type { Experiment } from "../run/experiment.ts";
import type { OptionTable } from "../option/option.ts";
import type { PlannedLoad } from "../run/plan_block.ts";
import { MOST_PLANNED, RunPlanner } from "../run/run_planner.ts";
import { replayOf } from "../run/saved_schedules.ts";

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

/** How each platform is looked at. */
const DIAGNOSES: {
  readonly [Name in PlatformName]: (
    options: DoctorValues,
    loads: readonly PlannedLoad[],
    signal: AbortSignal,
  ) => Promise<Finding[]>;
} = {
  local: (options, loads, signal) => diagnoseLocal(options, loads, signal),
  endpoints: (options, _loads, signal) => diagnoseEndpoints(options, signal),
  simulator: (options, loads, signal) => diagnoseSimulator(options, loads, signal),
  knative: async (options, loads, signal) => {
    // Loaded when asked for: the library of Kubernetes is large.
    const { diagnoseCluster } = await import("./doctor_knative.ts");
    return await diagnoseCluster(options, loads, signal);
  },
};

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
  const look = async () => [
    ...checkMachine(options, loads),
    ...await DIAGNOSES[options.platform](options, loads, signal),
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
