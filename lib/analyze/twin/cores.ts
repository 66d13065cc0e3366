import { type ComputingSpan, deriveCpuShares, medianOf } from "./contention.ts";
import { NEARLY_ALL, type ObservedSpans, spansOf } from "./observation.ts";
import type { CpuReading, TwinSource } from "./source.ts";

/**
 * The cores that calls and starts get together while they are a crowd, whatever else
 * the machine does meanwhile: the work of the calls that are done in a time, over that
 * time. It may be a little more than there are, since what a call takes of its
 * instance beside computing counts as work. Where starts, whose work is not known yet,
 * are in every crowd: what the processes take of the CPU.
 *
 * @param ownWorkMs what a call alone takes on average, by its requested runtime
 * @returns `null` where no crowd lasted for some readings
 */
export function measureNodeCores(
  sources: readonly TwinSource[],
  runs: readonly ObservedSpans[],
  cores: number,
  ownWorkMs: (requestedRuntimeMs: number) => number,
): number | null {
  const crowded = sources.flatMap(({ cpu }, i) => {
    const { services, starts } = runs[i];
    return selectCrowded(cpu.get("instances") ?? [], runs[i], CROWD_PER_CORE * cores)
      .map((reading) => ({
        reading,
        services,
        hasStart: starts.some(({ span }) => overlapMs(span, reading) > 0),
      }));
  });
  const calm = crowded.filter(({ hasStart }) => !hasStart);
  if (calm.length >= LEAST_READINGS) {
    return medianOf(calm.map(({ reading, services }) => {
      const doneMs = services.reduce((sum, { span, call }) => {
        const lengthMs = Math.max(span.untilMs - span.fromMs, Number.MIN_VALUE);
        return sum + ownWorkMs(call.requestedRuntimeMs) * overlapMs(span, reading) / lengthMs;
      }, 0);
      return Math.max(LEAST_CORES, doneMs / (reading.untilMs - reading.fromMs));
    }));
  }
  if (crowded.length < LEAST_READINGS) return null;
  return coresOf(medianPercent(crowded.map(({ reading }) => reading)), cores);
}

/** Readings all through which so many computed. */
function selectCrowded(
  readings: readonly CpuReading[],
  run: ObservedSpans,
  crowd: number,
): readonly CpuReading[] {
  // A reading is one more at any time of it; the shares are not looked at.
  const shares = deriveCpuShares([...readings, ...spansOf(run)], 1, crowd + 1);
  return readings.filter(({ fromMs, untilMs }, i) =>
    shares[i].crowdedMs > NEARLY_ALL * (untilMs - fromMs)
  );
}

function overlapMs(a: ComputingSpan, b: ComputingSpan): number {
  return Math.max(0, Math.min(a.untilMs, b.untilMs) - Math.max(a.fromMs, b.fromMs));
}

/** The cores that the loader and the gateway leave, where nothing else computes. */
export function deriveCoresLeft(sources: readonly TwinSource[], cores: number): number {
  const usedPercent = ["loader", "gateway"]
    .map((group) => medianPercent(sources.flatMap(({ cpu }) => cpu.get(group) ?? [])));
  return coresOf(100 * cores - usedPercent.reduce((sum, used) => sum + used, 0), cores);
}

function medianPercent(readings: readonly CpuReading[]): number {
  return medianOf(readings.map(({ cpuPercent }) => cpuPercent)) ?? 0;
}

function coresOf(percent: number, cores: number): number {
  return Math.min(cores, Math.max(LEAST_CORES, percent / 100));
}

/** However busy the machine is. */
const LEAST_CORES = 0.1;

/** So many at a time use all cores, though some of them are on the network or wait. */
const CROWD_PER_CORE = 2;

/** Fewer readings are no measurement: each is an average of the time between two looks. */
const LEAST_READINGS = 3;
