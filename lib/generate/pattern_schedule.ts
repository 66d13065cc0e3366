import { LoaderError } from "../base/error.ts";
import { Rng } from "../base/rng.ts";
import type { IatDistribution, PhaseSpan, Schedule, ScheduleChunk } from "../model/schedule.ts";
import type { FunctionProfile } from "../model/trace.ts";
import { generateArrivals, US_PER_MS } from "./arrivals.ts";
import { hashSchedule } from "./schedule_hash.ts";
import { TimeOrder } from "./time_order.ts";

/** Longest slot that the merge can order: 2^26 µs are 67 s. */
const LONGEST_SLOT_MS = 60_000;

/** A function of a synthetic pattern: always the same runtime and memory. */
export interface PatternFunction {
  readonly name: string;
  readonly runtimeMs: number;
  readonly memoryMib: number;
}

/** The profile of a function that always asks for the same. */
export function createPatternProfile(pattern: string, fn: PatternFunction): FunctionProfile {
  const constant = (value: number) => ({ quantiles: [0, 1], values: [value, value], mean: value });
  return {
    id: fn.name,
    appId: pattern,
    ownerId: "pattern",
    trigger: null,
    invocationsPerMinute: new Uint32Array(0),
    runtimeMs: constant(fn.runtimeMs),
    memoryMib: constant(fn.memoryMib),
  };
}

/** Arrivals of one function within one slot of a pattern. */
interface Arrivals {
  /** Position in the order of function keys. */
  readonly owner: number;
  readonly timesUs: Uint32Array;
}

/** One slot of a pattern. */
interface PatternSlot {
  readonly startMs: number;
  readonly durationMs: number;
  readonly arrivals: readonly Arrivals[];
}

/** A schedule made of slots that are made one at a time. */
class PatternSchedule implements Schedule {
  readonly functions: readonly FunctionProfile[];
  readonly durationMs: number;
  readonly phases: readonly PhaseSpan[];
  readonly #slots: () => Iterable<PatternSlot>;
  #hash: string | undefined;

  constructor(
    functions: readonly FunctionProfile[],
    durationMs: number,
    phases: readonly PhaseSpan[],
    slots: () => Iterable<PatternSlot>,
  ) {
    this.functions = functions;
    this.durationMs = durationMs;
    this.phases = phases;
    this.#slots = slots;
  }

  *chunks(): IterableIterator<ScheduleChunk> {
    const order = new TimeOrder();
    for (const slot of this.#slots()) yield this.#gather(slot, order);
  }

  async hash(signal?: AbortSignal): Promise<string> {
    this.#hash ??= await hashSchedule(this.functions, this.chunks(), signal);
    return this.#hash;
  }

  #gather(slot: PatternSlot, timeOrder: TimeOrder): ScheduleChunk {
    const arrivals = slot.arrivals.toSorted((a, b) => a.owner - b.owner);
    const count = arrivals.reduce((sum, block) => sum + block.timesUs.length, 0);
    const timesUs = new Uint32Array(count);
    const owner = new Uint32Array(count);
    let from = 0;
    for (const block of arrivals) {
      timesUs.set(block.timesUs, from);
      owner.fill(block.owner, from, from + block.timesUs.length);
      from += block.timesUs.length;
    }
    const order = timeOrder.sort(timesUs, owner, count, slot.durationMs * US_PER_MS);
    const chunk = {
      scheduledMs: new Float64Array(count),
      functionIndex: new Uint32Array(count),
      runtimeMs: new Uint32Array(count),
      memoryMib: new Uint32Array(count),
    };
    for (let i = 0; i < count; i++) {
      const functionIndex = owner[order[i]];
      const profile = this.functions[functionIndex];
      chunk.scheduledMs[i] = (slot.startMs * US_PER_MS + timesUs[order[i]]) / US_PER_MS;
      chunk.functionIndex[i] = functionIndex;
      chunk.runtimeMs[i] = profile.runtimeMs.mean;
      chunk.memoryMib[i] = profile.memoryMib.mean;
    }
    return chunk;
  }
}

/** Options of {@linkcode generateRateStep}. */
export interface RateStepOptions {
  readonly seed: number;
  readonly ratePerS: number;
  /** Whole milliseconds. */
  readonly durationMs: number;
  /** Share at the start that is warm-up and not measured. */
  readonly warmupShare: number;
  /** Number of equal functions that the invocations are dealt to in turn. */
  readonly functions: number;
  readonly runtimeMs: number;
  readonly memoryMib: number;
  readonly iatDistribution: IatDistribution;
}

/**
 * One step of a rate ramp: `ratePerS` for `durationMs`, dealt to equal functions
 * round robin, the first part of it warm-up.
 *
 * @throws LoaderError `usage` when the step would hold no invocation
 */
export function generateRateStep(options: RateStepOptions): Schedule {
  const { ratePerS, durationMs, runtimeMs, memoryMib } = options;
  const total = Math.round(ratePerS * durationMs / 1000);
  if (total < 1) {
    throw new LoaderError(
      "usage",
      `${ratePerS} invocations a second for ${durationMs} ms make no invocation at all; ` +
        "raise the rate or the slot.",
      { value: ratePerS },
    );
  }
  const width = String(options.functions - 1).length;
  const functions = Array.from(
    { length: options.functions },
    (_, index) =>
      createPatternProfile("rps-ramp", {
        name: `function-${String(index).padStart(width, "0")}`,
        runtimeMs,
        memoryMib,
      }),
  );
  const warmupMs = durationMs * options.warmupShare;
  const phases: PhaseSpan[] = warmupMs > 0
    ? [{ fromMs: 0, phase: "warmup" }, { fromMs: warmupMs, phase: "measurement" }]
    : [{ fromMs: 0, phase: "measurement" }];
  return new PatternSchedule(functions, durationMs, phases, function* () {
    const rng = Rng.fromSeed(options.seed, "rps-ramp", String(ratePerS));
    let done = 0;
    for (let startMs = 0; startMs < durationMs; startMs += LONGEST_SLOT_MS) {
      const slotMs = Math.min(LONGEST_SLOT_MS, durationMs - startMs);
      const upTo = Math.round(total * (startMs + slotMs) / durationMs);
      const timesUs = generateSlotArrivals(options.iatDistribution, rng, upTo - done, slotMs);
      const first = done;
      const dealt = functions.map((_, owner) => ({
        owner,
        timesUs: timesUs.filter((_, i) => (first + i) % functions.length === owner),
      }));
      done = upTo;
      yield { startMs, durationMs: slotMs, arrivals: dealt };
    }
  });
}

/** Sorted arrivals of a whole slot, shifted unless exponential. */
function generateSlotArrivals(
  distribution: IatDistribution,
  rng: Rng,
  count: number,
  slotMs: number,
): Uint32Array {
  const slotUs = slotMs * US_PER_MS;
  const timesUs = new Uint32Array(count);
  const phaseUs = distribution === "exponential" ? 0 : rng.nextBelow(slotUs);
  generateArrivals(distribution, rng, count, slotUs, phaseUs, timesUs, 0);
  return timesUs.sort();
}

/** Options of {@linkcode generateBurst}. */
export interface BurstOptions {
  readonly seed: number;
  /** Rate of the first slot, and what each slot adds. */
  readonly startRatePerS: number;
  readonly stepRatePerS: number;
  /** Rate at which the climb ends. */
  readonly targetRatePerS: number;
  /** Length of a slot of the climb, whole milliseconds. */
  readonly slotMs: number;
  /** How long the target rate stays, whole milliseconds. */
  readonly durationMs: number;
  /** Invocations of the burst. */
  readonly burst: number;
  readonly runtimeMs: number;
  readonly memoryMib: number;
  readonly iatDistribution: IatDistribution;
}

/** The functions of a burst, in order of their keys. */
export const BURST_FUNCTIONS = ["bursty", "steady", "victim"] as const;

/** Length of the burst. */
export const BURST_MS = 1000;

/** Most invocations of a burst: each takes a microsecond of its own, beside the target rate's. */
export function mostBurst(targetRatePerS: number): number {
  // Every other invocation of the rate is of the bursty function too.
  return BURST_MS * US_PER_MS - Math.ceil(targetRatePerS / 2);
}

/** A burst's schedule and when in it the burst begins. */
export interface Burst {
  readonly schedule: Schedule;
  readonly burstAtMs: number;
}

/**
 * A rate that climbs slot by slot to the target, dealt in turn to `steady` and
 * `bursty`, and stays there; in the middle of the stay a burst of `bursty` is
 * spread over one second, and `victim` is invoked once in the middle of it. The
 * climb is warm-up.
 *
 * @throws LoaderError `usage` when the burst has more invocations than {@linkcode mostBurst}
 */
export function generateBurst(options: BurstOptions): Burst {
  const { slotMs, durationMs, startRatePerS, stepRatePerS, targetRatePerS } = options;
  const most = mostBurst(targetRatePerS);
  if (options.burst > most) {
    throw new LoaderError(
      "usage",
      `A burst of ${options.burst} invocations does not fit into a second of ` +
        `${BURST_MS * US_PER_MS} microseconds beside ${targetRatePerS} invocations a second; ` +
        `ask for at most ${most}.`,
      { value: options.burst },
    );
  }
  const functions = BURST_FUNCTIONS.map((name) =>
    createPatternProfile("burst", {
      name,
      runtimeMs: options.runtimeMs,
      memoryMib: options.memoryMib,
    })
  );
  const rates: number[] = [];
  for (let rate = startRatePerS; rate < targetRatePerS; rate += stepRatePerS) rates.push(rate);
  const climbMs = rates.length * slotMs;
  const burstAtMs = climbMs + Math.max(0, Math.round((durationMs - BURST_MS) / 2));
  const spans = rates.map((ratePerS, k) => ({
    startMs: k * slotMs,
    endMs: (k + 1) * slotMs,
    ratePerS,
  }));
  for (let startMs = climbMs; startMs < climbMs + durationMs; startMs += LONGEST_SLOT_MS) {
    const endMs = Math.min(startMs + LONGEST_SLOT_MS, climbMs + durationMs);
    spans.push({ startMs, endMs, ratePerS: targetRatePerS });
  }
  const burstUs = Array.from(
    { length: options.burst },
    (_, i) => burstAtMs * US_PER_MS + Math.floor(i * BURST_MS * US_PER_MS / options.burst),
  );
  const victimUs = (burstAtMs + BURST_MS / 2) * US_PER_MS;
  const phases: PhaseSpan[] = climbMs > 0
    ? [{ fromMs: 0, phase: "warmup" }, { fromMs: climbMs, phase: "measurement" }]
    : [{ fromMs: 0, phase: "measurement" }];
  const schedule = new PatternSchedule(functions, climbMs + durationMs, phases, function* () {
    const rng = Rng.fromSeed(options.seed, "burst");
    let dealt = 0;
    for (const { startMs, endMs, ratePerS } of spans) {
      const count = Math.round(ratePerS * (endMs - startMs) / 1000);
      const timesUs = generateSlotArrivals(options.iatDistribution, rng, count, endMs - startMs);
      const first = dealt;
      dealt += count;
      const within = (atUs: number) => atUs >= startMs * US_PER_MS && atUs < endMs * US_PER_MS;
      const local = (atUs: number) => atUs - startMs * US_PER_MS;
      const bursty = timesUs.filter((_, i) => (first + i) % 2 === 1);
      yield {
        startMs,
        durationMs: endMs - startMs,
        arrivals: [
          {
            owner: 0,
            timesUs: Uint32Array.from([...bursty, ...burstUs.filter(within).map(local)]),
          },
          { owner: 1, timesUs: timesUs.filter((_, i) => (first + i) % 2 === 0) },
          { owner: 2, timesUs: Uint32Array.from([victimUs].filter(within).map(local)) },
        ],
      };
    }
  });
  return { schedule, burstAtMs };
}
