import { LoaderError } from "../base/error.ts";
import { type Finding, okay, problem, warning } from "../platform/finding.ts";
import { traitsOf } from "../platform/registry.ts";
import { deriveSustainedRatePerS } from "../run/calibration.ts";
import { type CommonOptions, verdictLimits } from "../run/common_options.ts";
import { LoadJudge, readCalibratedSteps } from "../run/load_judge.ts";
import { describeCpuLimit, describeMachine } from "../run/machine_facts.ts";
import type { PlannedLoad } from "../run/plan_block.ts";

/** What an experiment may need of Deno. */
const PERMISSIONS: readonly Deno.PermissionName[] = ["read", "write", "net", "run", "env", "sys"];

/** What there is to say of the machine that makes the load, whatever the platform. */
export function checkMachine(
  options: CommonOptions,
  loads: readonly PlannedLoad[],
): Finding[] {
  return [
    checkPermissions(),
    describeCores(options),
    ...checkCalibration(options, loads),
    ...checkLoads(options, loads),
  ];
}

function checkPermissions(): Finding {
  const missing = PERMISSIONS.filter((name) =>
    Deno.permissions.querySync({ name }).state !== "granted"
  );
  if (missing.length === 0) return okay("Deno", `Deno ${Deno.version.deno} grants what is needed.`);
  return problem(
    "Deno",
    `Deno does not grant ${missing.join(", ")}; deno.json does, with -P.`,
    "deno run -P scripts/doctor.ts",
  );
}

function describeCores({ platform }: CommonOptions): Finding {
  const { cpu, cores } = describeMachine();
  const { available, total } = Deno.systemMemoryInfo();
  const mib = (bytes: number) => Math.round(bytes / 2 ** 20).toLocaleString("en");
  const sentence = `${cores} ${cores === 1 ? "core" : "cores"} (${cpu}), ${mib(available)} MiB ` +
    `of ${mib(total)} free.`;
  // On virtual time nothing is ever late.
  const limit = traitsOf(platform).isVirtual ? null : describeCpuLimit();
  if (limit !== null) return warning("machine", `${sentence} ${limit}`);
  return Number(cores) < 2
    ? warning("machine", `${sentence} On one core the loader and all else disturb each other.`)
    : okay("machine", sentence);
}

function checkCalibration(options: CommonOptions, loads: readonly PlannedLoad[]): Finding[] {
  // On virtual time nothing is ever late.
  if (traitsOf(options.platform).isVirtual) return [];
  const command = "deno task calibrate";
  try {
    const { steps, note } = readCalibratedSteps(options);
    if (steps.length === 0) {
      return [
        warning(
          "calibration",
          note ?? "How much load this machine can make has not been measured.",
          command,
        ),
      ];
    }
    const judge = new LoadJudge(options);
    judge.refuseBeyondLimits(loads);
    const sustained = deriveSustainedRatePerS(steps, verdictLimits(options));
    return [
      okay(
        "calibration",
        `This machine kept its time up to ${Math.round(sustained).toLocaleString("en")} ` +
          `invocations a second.`,
      ),
    ];
  } catch (error) {
    if (!(error instanceof LoaderError)) throw error;
    return [problem("calibration", error.message, command)];
  }
}

/** What a person should know of the loads; what is wrong with the calibration is told above. */
function checkLoads(options: CommonOptions, loads: readonly PlannedLoad[]): Finding[] {
  try {
    const { note } = readCalibratedSteps(options);
    const told = [note, describeCpuLimit()];
    return new LoadJudge(options).warnings(loads).filter((sentence) => !told.includes(sentence))
      .map((sentence) => warning("load", sentence));
  } catch (error) {
    if (!(error instanceof LoaderError)) throw error;
    return [];
  }
}
