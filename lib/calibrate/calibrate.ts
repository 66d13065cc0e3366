import { RealClock, wallClockDate } from "../clock/clock.ts";
import { ownCpuMs, ownPeakMemoryMib } from "../base/process.ts";
import { generateRateStep } from "../schedule/pattern_schedule.ts";
import { dispatch } from "../invoke/dispatcher.ts";
import { VERDICT_LIMITS } from "../invoke/verdict.ts";
import type { Deployment } from "../model/platform.ts";
import { functionKey } from "../model/trace.ts";
import { InvocationCsvSink } from "../store/write/invocation_csv_sink.ts";
import { createHttp2Transport } from "../rpc/transport/http2_transport.ts";
import { MachineReader } from "../scrape/machine_counters.ts";
import {
  type Calibration,
  type CalibrationStep,
  describeCalibratedMachine,
  wasReached,
} from "../run/calibration.ts";
import { flushAgainAndAgain } from "../run/run_once.ts";

/** Equal functions that share the load, as in a usual sample. */
const FUNCTIONS = 200;

/** Calls in flight above which a generator that cannot keep up drops; as in a run. */
const IN_FLIGHT_CAP = 10_000;

/** Options of {@linkcode calibrate}. */
export interface CalibrateOptions {
  /** A server that answers at once, `host:port`. */
  readonly address: string;
  /** Tried in order of rate, until the first that is not reached. */
  readonly ratesPerS: readonly number[];
  readonly stepMs: number;
  /** For the tables of the steps, which are removed by the caller. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onStep: (step: CalibrationStep) => void;
}

/**
 * Measures how punctual this machine is as a generator, at one rate after the
 * other, with all that a run does: a Poisson load on 200 functions, deadlines,
 * and every invocation written to disk.
 *
 * @throws LoaderError `platform` when there is no connection to the server
 */
export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  const steps: CalibrationStep[] = [];
  for (const ratePerS of options.ratesPerS.toSorted((a, b) => a - b)) {
    options.signal.throwIfAborted();
    const step = await measureStep(options, ratePerS);
    // A step that was stopped says nothing.
    options.signal.throwIfAborted();
    steps.push(step);
    options.onStep(step);
    if (!wasReached(step)) break;
  }
  return {
    kind: "calibration",
    formatVersion: 2,
    createdAt: wallClockDate().toISOString(),
    machine: describeCalibratedMachine(),
    steps,
  };
}

async function measureStep(
  options: CalibrateOptions,
  ratePerS: number,
): Promise<CalibrationStep> {
  const clock = new RealClock();
  const schedule = generateRateStep({
    seed: 42,
    ratePerS,
    durationMs: options.stepMs,
    warmupShare: 0,
    functions: FUNCTIONS,
    runtimeMs: 1,
    memoryMib: 1,
    iatDistribution: "exponential",
  });
  const deployments = schedule.functions.map((profile, index): Deployment => ({
    spec: {
      index,
      functionId: functionKey(profile),
      name: profile.id,
      profile,
      initialScale: 0,
      cpuRequestMilli: 0,
      memoryRequestMib: 0,
    },
    address: options.address,
    authority: `${profile.id}.localhost`,
  }));
  const path = `${options.folder}/${ratePerS}.csv`;
  const sink = new InvocationCsvSink(path, schedule.functions.map(functionKey));
  let cpuMs = 0;
  let startMs = 0;
  using machine = new MachineReader();
  try {
    using _flushing = flushAgainAndAgain(clock, sink);
    const { verdict: { evidence } } = await dispatch({
      clock,
      schedule,
      transport: createHttp2Transport({ clock, deployments, coldStartsMarked: false }),
      invocations: sink,
      generator: { write() {} },
      maxInFlight: IN_FLIGHT_CAP,
      timeoutMs: 60_000,
      drainMs: 5000,
      limits: VERDICT_LIMITS,
      readCpuMs: ownCpuMs,
      machine,
      signal: options.signal,
      onStart(runStartMs) {
        startMs = runStartMs;
        cpuMs = ownCpuMs();
      },
    });
    const elapsedMs = clock.nowMs() - startMs;
    const waitingPercent = 100 * clock.waitingMs / elapsedMs;
    return {
      ratePerS,
      // A generator that is too slow takes longer than the step.
      dispatchedPerS: evidence.dispatched / Math.max(elapsedMs, options.stepMs) * 1000,
      dropped: evidence.dropped,
      lagP50Ms: evidence.dispatchLagP50Ms,
      lagP99Ms: evidence.dispatchLagP99Ms,
      lagMaxMs: evidence.dispatchLagMaxMs,
      loopDelayP99Ms: evidence.loopDelayP99Ms,
      cpuPercent: Math.max(0, 100 * (ownCpuMs() - cpuMs) / elapsedMs - waitingPercent),
      waitingPercent,
      memoryMib: Math.round(ownPeakMemoryMib()),
    };
  } finally {
    await sink.close();
    Deno.removeSync(path);
  }
}
