import { availableParallelism, cpus } from "node:os";
import { z } from "zod";
import { errorMessage, LoaderError } from "../base/error.ts";
import { isMissing } from "../base/file.ts";
import { jsonNumber } from "../base/json.ts";
import type { VerdictLimits } from "../store/schema/manifest.ts";
import { areMachineLimitsKnown, readMachineLimits } from "../scrape/own_cgroup.ts";

/** Where `deno task calibrate` leaves what it found, and where a run looks for it. */
export const CALIBRATION_FILE = "results/calibration.json";

const STEP = z.object({
  /** What was asked for, invocations a second. */
  ratePerS: z.number().positive(),
  /** What was dispatched, a second. */
  dispatchedPerS: z.number().nonnegative(),
  dropped: z.number().int().nonnegative(),
  lagP50Ms: jsonNumber.nullable(),
  lagP99Ms: jsonNumber.nullable(),
  lagMaxMs: jsonNumber.nullable(),
  loopDelayP99Ms: jsonNumber.nullable(),
  /** Of a core, waiting excluded. */
  cpuPercent: jsonNumber,
  waitingPercent: jsonNumber,
  /** Peak of the process so far. */
  memoryMib: z.number(),
});

const CALIBRATION = z.object({
  kind: z.literal("calibration"),
  formatVersion: z.literal(2),
  createdAt: z.string(),
  machine: z.object({
    cpu: z.string(),
    cores: z.number(),
    /** Of the loader's container; `null`: none. */
    cpuLimitCores: jsonNumber.nullable().default(null),
    deno: z.string(),
  }),
  steps: z.array(STEP),
});

/** How one rate went. */
export type CalibrationStep = z.infer<typeof STEP>;

/** What this machine can do as a generator, measured against a server on it. */
export type Calibration = z.infer<typeof CALIBRATION>;

/** What a calibration is valid for. */
export function describeCalibratedMachine(): Calibration["machine"] {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    cpuLimitCores: readMachineLimits().cpuCores,
    deno: Deno.version.deno,
  };
}

/** A calibration, or why there is none. */
export interface CalibrationReading {
  readonly calibration: Calibration | null;
  /** A sentence where there is one that does not count. */
  readonly note: string | null;
}

/**
 * Reads a calibration. None where it is expected is no mistake; one of another
 * machine, or of another version of the runtime, does not count.
 *
 * @throws LoaderError `input` when the file cannot be read, `usage` when one that
 * was named is not there
 */
export function readCalibration(path: string): CalibrationReading {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    if (isMissing(cause)) {
      if (path === CALIBRATION_FILE) return { calibration: null, note: null };
      throw new LoaderError("usage", "There is no such calibration; name another file.", {
        file: path,
        cause,
      });
    }
    throw new LoaderError("input", `The calibration cannot be read: ${errorMessage(cause)}`, {
      file: path,
      cause,
    });
  }
  let calibration: Calibration;
  try {
    calibration = CALIBRATION.parse(JSON.parse(text));
  } catch (cause) {
    throw new LoaderError(
      "input",
      'This is no calibration of this version; make it anew with "deno task calibrate".',
      { file: path, cause },
    );
  }
  const here = describeCalibratedMachine();
  const there = calibration.machine;
  const isSame = here.cpu === there.cpu && here.cores === there.cores &&
    (here.cpuLimitCores === there.cpuLimitCores || !areMachineLimitsKnown()) &&
    here.deno === there.deno;
  if (isSame) {
    return { calibration, note: null };
  }
  return {
    calibration: null,
    note: `The calibration in ${path} is of another machine (${there.cpu}, ${there.cores} cores` +
      `${
        there.cpuLimitCores === null ? "" : ` with a CPU limit of ${there.cpuLimitCores}`
      }, Deno ${there.deno}) and does not count; make it anew with "deno task calibrate".`,
  };
}

/** A rate of which less was dispatched a second is not reached; the end of a step takes its time. */
const REACHED_SHARE = 0.95;

/** True if the machine made the rate at all, however punctually. */
export function wasReached({ ratePerS, dispatchedPerS, dropped }: CalibrationStep): boolean {
  return dropped === 0 && dispatchedPerS >= REACHED_SHARE * ratePerS;
}

/** The highest rate that held the limits, like every rate below it; 0 if none did. */
export function deriveSustainedRatePerS(
  steps: readonly CalibrationStep[],
  limits: VerdictLimits,
): number {
  let sustained = 0;
  for (const step of steps.toSorted((a, b) => a.ratePerS - b.ratePerS)) {
    const held = step.dropped === 0 &&
      // A step too short for a p99 says nothing about it.
      (step.lagP99Ms ?? 0) <= limits.dispatchLagP99Ms &&
      (step.loopDelayP99Ms ?? 0) <= limits.loopDelayP99Ms &&
      step.cpuPercent <= limits.cpuPercent;
    if (!held) break;
    sustained = step.ratePerS;
  }
  return sustained;
}
