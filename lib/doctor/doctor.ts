import { errorMessage } from "../base/error.ts";
import { formatJson } from "../base/json.ts";
import { untilAborted } from "../base/signal.ts";
import { type Finding, type FindingLevel, type Mended, warning } from "../platform/finding.ts";
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
import { planMatrix } from "../run/matrix/plan_matrix.ts";
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

/** True if nothing stops a run. */
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
  const plan = await untilAborted(signal, planMatrix(experiment, options));
  const replay = replayOf(experiment, options);
  return await new RunPlanner(plan, replay, options.shard, signal).ahead(MOST_PLANNED);
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

const LEVELS: Readonly<Record<FindingLevel, string>> = {
  ok: "ok",
  warning: "warning",
  problem: "PROBLEM",
};

/** A diagnosis for people: a line for each finding, and under it the command that mends it. */
export function renderDiagnosis(diagnosis: Diagnosis): string {
  const { findings, changes } = diagnosis;
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const indent = " ".repeat(width + 11);
  const lines = findings.flatMap(({ subject, level, sentence, command, mend }) => [
    `${LEVELS[level].padEnd(7)}  ${subject.padEnd(width)}  ${sentence}`,
    ...command === null ? [] : [`${indent}→ ${command}${mend === null ? "" : "   (or --fix)"}`],
  ]);
  const done = changes.flatMap(({ sentence, undo }) => [
    sentence,
    ...undo === null ? [] : [`  put back by: ${undo}`],
  ]);
  return [
    ...lines,
    ...done.length === 0 ? [] : ["", ...done],
    "",
    describeVerdict(diagnosis),
  ].join("\n");
}

function describeVerdict(diagnosis: Diagnosis): string {
  const count = (level: FindingLevel) =>
    diagnosis.findings.filter((finding) => finding.level === level).length;
  const plural = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const warnings = plural(count("warning"), "warning");
  return isReady(diagnosis)
    ? `Ready for a run on ${diagnosis.platform}, with ${warnings}.`
    : `Not ready for a run on ${diagnosis.platform}: ${
      plural(count("problem"), "problem")
    }, ${warnings}.`;
}

/** A diagnosis for programs. */
export function diagnosisJson(diagnosis: Diagnosis): string {
  const findings = diagnosis.findings.map(({ mend, ...finding }) => ({
    ...finding,
    fixable: mend !== null,
  }));
  return formatJson({ ...diagnosis, ready: isReady(diagnosis), findings });
}
