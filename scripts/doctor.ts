/**
 * Is everything there that a run needs?
 *
 *     deno task doctor --platform knative
 *     deno task doctor trace-sweep --platform knative --sizes 10,20
 *
 * Looks at the platform and at this machine; with an experiment and its options,
 * compares its runs with what there is. Changes nothing but with --fix. Exits
 * with 0, with 3 when something stops a run, with 2 for mistakes.
 *
 * @module
 */
import {
  diagnose,
  diagnosisJson,
  doctorOptionsOf,
  type DoctorValues,
  isReady,
  renderDiagnosis,
} from "../lib/doctor/doctor.ts";
import { findExperiment } from "../lib/cli/find_experiment.ts";
import { type Command, listenForInterrupt, print, runCommand } from "../lib/cli/program.ts";
import { parseOptions } from "../lib/option/parse_options.ts";

const EXPERIMENTS = new URL("../experiments/", import.meta.url);

/** Exit status where something stops a run. */
const NOT_READY = 3;

const SUMMARY = "Is everything there that a run needs?";

const DESCRIPTION = `${SUMMARY} Usage: doctor [experiment] [options]`;

async function run(args: readonly string[]): Promise<number> {
  const [first] = args;
  const isNamed = first !== undefined && !first.startsWith("-");
  const experiment = isNamed ? await findExperiment(EXPERIMENTS, first) : null;
  const table = doctorOptionsOf(experiment);
  const parsed = parseOptions("doctor", DESCRIPTION, table, isNamed ? args.slice(1) : args);
  if (parsed.help !== null) {
    print("stdout", parsed.help);
    return 0;
  }
  const options = parsed.values as unknown as DoctorValues;
  using interrupt = listenForInterrupt(() => print("stderr", "Stopping."));
  const diagnosis = await diagnose(experiment, options, interrupt.signal);
  print("stdout", options.json ? diagnosisJson(diagnosis) : renderDiagnosis(diagnosis));
  return isReady(diagnosis) ? 0 : NOT_READY;
}

export const command: Command = { name: "doctor", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
