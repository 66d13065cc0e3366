import { LoaderError } from "../base/error.ts";
import { Rng } from "../base/rng.ts";
import { BURST_ROLES, type BurstRole } from "../model/answer.ts";
import type {
  IatDistribution,
  PhaseSpan,
  Schedule,
  ScheduleChunk,
  ScheduleStep,
} from "../model/schedule.ts";
import { SlotCounts } from "../model/slot_counts.ts";
import { functionKey, type FunctionProfile } from "../model/trace.ts";
import { generateArrivals, US_PER_MS } from "./arrivals.ts";
import { chunksAmong, inSteps, ROWS_A_STEP } from "./chunk_slices.ts";
import { rateOfStep, wholeInvocations, withoutRoundingError } from "./rate_scale.ts";
import { hashSchedule } from "./schedule_hash.ts";
import { TimeOrder } from "./time_order.ts";

/** Longest span that the merge can order: 2^26 µs are 67 s. */
const LONGEST_SPAN_US = 60_000 * US_PER_MS;

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
    invocationsPerSlot: SlotCounts.none(0),
    runtimeMs: constant(fn.runtimeMs),
    memoryMib: constant(fn.memoryMib),
  };
}

/** Arrivals of one function within one span. */
interface Arrivals {
  /** Position in the order of function keys. */
  readonly position: number;
  readonly timesUs: Uint32Array;
}

/** A part of a pattern, on whole microseconds: [`startUs`, `endUs`). */
interface Span {
  readonly startUs: number;
  readonly endUs: number;
}

/** A span with its arrivals. */
interface FilledSpan extends Span {
  readonly arrivals: readonly Arrivals[];
}

/** A schedule made of spans that are made one at a time. */
export class PatternSchedule implements Schedule {
  readonly functions: readonly FunctionProfile[];
  readonly durationMs: number;
  readonly phases: readonly PhaseSpan[];
  readonly #spans: () => Iterable<FilledSpan>;
  #hash: string | undefined;

  constructor(
    functions: readonly FunctionProfile[],
    durationMs: number,
    phases: readonly PhaseSpan[],
    spans: () => Iterable<FilledSpan>,
  ) {
    this.functions = functions;
    this.durationMs = durationMs;
    this.phases = phases;
    this.#spans = spans;
  }

  chunks(): IterableIterator<ScheduleChunk> {
    return chunksAmong(this.steps());
  }

  *steps(): IterableIterator<ScheduleStep> {
    const order = new TimeOrder();
    for (const span of this.#spans()) yield yield* this.#gather(span, order);
  }

  async hash(signal?: AbortSignal): Promise<string> {
    this.#hash ??= await hashSchedule(this.functions, this.chunks(), signal);
    return this.#hash;
  }

  *#gather(span: FilledSpan, timeOrder: TimeOrder): Generator<null, ScheduleChunk> {
    const arrivals = span.arrivals.toSorted((a, b) => a.position - b.position);
    const count = arrivals.reduce((sum, block) => sum + block.timesUs.length, 0);
    const timesUs = new Uint32Array(count);
    const positionOf = new Uint32Array(count);
    let from = 0;
    for (const block of arrivals) {
      timesUs.set(block.timesUs, from);
      positionOf.fill(block.position, from, from + block.timesUs.length);
      from += block.timesUs.length;
    }
    const spanUs = span.endUs - span.startUs;
    const order = yield* timeOrder.sortInSteps(timesUs, positionOf, count, spanUs);
    const chunk = {
      scheduledMs: new Float64Array(count),
      functionIndex: new Uint32Array(count),
      runtimeMs: new Uint32Array(count),
      memoryMib: new Uint32Array(count),
    };
    yield* inSteps(count, ROWS_A_STEP, (first, end) => {
      for (let i = first; i < end; i++) {
        const functionIndex = positionOf[order[i]];
        const profile = this.functions[functionIndex];
        chunk.scheduledMs[i] = (span.startUs + timesUs[order[i]]) / US_PER_MS;
        chunk.functionIndex[i] = functionIndex;
        chunk.runtimeMs[i] = profile.runtimeMs.mean;
        chunk.memoryMib[i] = profile.memoryMib.mean;
      }
    });
    return chunk;
  }
}

/** Options of {@linkcode generateRateStep}. */
export interface RateStepOptions {
  readonly seed: number;
  readonly ratePerS: number;
  readonly durationMs: number;
  /**
   * Invocations that the steps before asked for, fractions included: what is left of them
   * counts here, so that a whole ramp has as many as its rates ask for. 0 by default.
   */
  readonly askedBefore?: number;
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
  const { ratePerS, durationMs, runtimeMs, memoryMib, askedBefore = 0 } = options;
  /** Invocations that are due from the step's begin to an instant of it. */
  const dueUntil = (atMs: number) =>
    wholeInvocations(askedBefore + ratePerS * atMs / 1000) - wholeInvocations(askedBefore);
  if (dueUntil(durationMs) < 1) {
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
    const shiftUs = deriveShiftUs(options, functions);
    let done = 0;
    for (const span of cutIntoSpans(0, durationMs)) {
      // To the very end, which may lie between two microseconds.
      const upTo = dueUntil(
        span.endUs === wholeUs(durationMs) ? durationMs : span.endUs / US_PER_MS,
      );
      const timesUs = generateSpanArrivals(options, rng, upTo - done, span, shiftUs);
      const first = done;
      const dealt = functions.map((_, position) => ({
        position,
        timesUs: timesUs.filter((_, i) => (first + i) % functions.length === position),
      }));
      done = upTo;
      yield { ...span, arrivals: dealt };
    }
  });
}

/** What decides on the arrivals of a pattern. */
interface ArrivalOptions {
  readonly seed: number;
  readonly iatDistribution: IatDistribution;
}

/**
 * The one shift of every span, 0 where the arrivals are exponential. Functions
 * that are dealt one stream of arrivals share it; they have their turns apart
 * already.
 */
export function deriveShiftUs(
  { seed, iatDistribution }: ArrivalOptions,
  [first]: readonly FunctionProfile[],
): number {
  if (iatDistribution === "exponential") return 0;
  // The name of the stream is part of the format of a seed.
  return Rng.fromSeed(seed, "phase", functionKey(first)).nextBelow(LONGEST_SPAN_US);
}

/** Cuts a part of a pattern into spans that can be ordered. */
export function* cutIntoSpans(startMs: number, endMs: number): Iterable<Span> {
  const lastUs = wholeUs(endMs);
  for (let startUs = wholeUs(startMs); startUs < lastUs; startUs += LONGEST_SPAN_US) {
    yield { startUs, endUs: Math.min(startUs + LONGEST_SPAN_US, lastUs) };
  }
}

function wholeUs(ms: number): number {
  return Math.floor(withoutRoundingError(ms * US_PER_MS));
}

/** Sorted arrivals of a whole span, shifted modulo its length. */
export function generateSpanArrivals(
  { iatDistribution }: ArrivalOptions,
  rng: Rng,
  count: number,
  { startUs, endUs }: Span,
  shiftUs: number,
): Uint32Array {
  const spanUs = endUs - startUs;
  const timesUs = new Uint32Array(count);
  generateArrivals(iatDistribution, rng, count, spanUs, shiftUs % spanUs, timesUs, 0);
  return timesUs.sort();
}

/** Options of {@linkcode generateBurst}. */
export interface BurstOptions {
  readonly seed: number;
  /** Rate of the first step, and what each step adds. */
  readonly startRatePerS: number;
  readonly stepRatePerS: number;
  /** Rate at which the climb ends. */
  readonly targetRatePerS: number;
  /** Length of a step of the climb. */
  readonly stepMs: number;
  /** How long the target rate stays, at least {@linkcode BURST_MS}. */
  readonly durationMs: number;
  /** Invocations of the burst. */
  readonly burst: number;
  readonly runtimeMs: number;
  readonly memoryMib: number;
  readonly iatDistribution: IatDistribution;
}

/** The functions of a burst by their roles, in order of their keys. */
export const BURST_FUNCTIONS = {
  bursty: "bursty",
  steady: "steady",
  victim: "victim",
} as const satisfies Readonly<Record<BurstRole, string>>;

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
 * A rate that climbs step by step to the target, dealt in turn to `steady` and
 * `bursty`, and stays there; in the middle of the stay a burst of `bursty` is
 * spread over one second, and `victim` is invoked once in the middle of it. The
 * climb is warm-up.
 *
 * @throws LoaderError `usage` when the burst has more invocations than {@linkcode mostBurst},
 * or the stay is too short for it
 */
export function generateBurst(options: BurstOptions): Burst {
  const { stepMs, durationMs, startRatePerS, stepRatePerS, targetRatePerS } = options;
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
  if (durationMs < BURST_MS) {
    throw new LoaderError(
      "usage",
      `The burst takes ${BURST_MS} ms, and the target rate stays for ${durationMs} ms; keep it ` +
        "longer.",
      { value: durationMs },
    );
  }
  const functions = BURST_ROLES.map((role) =>
    createPatternProfile("burst", {
      name: BURST_FUNCTIONS[role],
      runtimeMs: options.runtimeMs,
      memoryMib: options.memoryMib,
    })
  );
  const positionOf = (role: BurstRole) => BURST_ROLES.indexOf(role);
  const rates: number[] = [];
  for (let rate = startRatePerS; rate < targetRatePerS;) {
    rates.push(rate);
    rate = rateOfStep(startRatePerS, stepRatePerS, rates.length);
  }
  const climbMs = rates.length * stepMs;
  const burstAtUs = wholeUs(climbMs) + Math.round((durationMs - BURST_MS) / 2) * US_PER_MS;
  const stages = [
    ...rates.map((ratePerS, k) => ({ ratePerS, startMs: k * stepMs, endMs: (k + 1) * stepMs })),
    { ratePerS: targetRatePerS, startMs: climbMs, endMs: climbMs + durationMs },
  ];
  const burstUs = Array.from(
    { length: options.burst },
    (_, i) => burstAtUs + Math.floor(i * BURST_MS * US_PER_MS / options.burst),
  );
  const victimUs = burstAtUs + BURST_MS / 2 * US_PER_MS;
  const phases: PhaseSpan[] = climbMs > 0
    ? [{ fromMs: 0, phase: "warmup" }, { fromMs: climbMs, phase: "measurement" }]
    : [{ fromMs: 0, phase: "measurement" }];
  const schedule = new PatternSchedule(functions, climbMs + durationMs, phases, function* () {
    const rng = Rng.fromSeed(options.seed, "burst");
    const shiftUs = deriveShiftUs(options, functions);
    let askedBefore = 0;
    let dealt = 0;
    for (const { ratePerS, startMs, endMs } of stages) {
      for (const span of cutIntoSpans(startMs, endMs)) {
        const elapsedMs = span.endUs / US_PER_MS - startMs;
        const upTo = wholeInvocations(askedBefore + ratePerS * elapsedMs / 1000);
        const timesUs = generateSpanArrivals(options, rng, upTo - dealt, span, shiftUs);
        const first = dealt;
        dealt = upTo;
        const within = (atUs: number) => atUs >= span.startUs && atUs < span.endUs;
        const local = (atUs: number) => atUs - span.startUs;
        const bursty = timesUs.filter((_, i) => (first + i) % 2 === 1);
        yield {
          ...span,
          arrivals: [
            {
              position: positionOf("bursty"),
              timesUs: Uint32Array.from([...bursty, ...burstUs.filter(within).map(local)]),
            },
            {
              position: positionOf("steady"),
              timesUs: timesUs.filter((_, i) => (first + i) % 2 === 0),
            },
            {
              position: positionOf("victim"),
              timesUs: Uint32Array.from([victimUs].filter(within).map(local)),
            },
          ],
        };
      }
      askedBefore += ratePerS * (endMs - startMs) / 1000;
    }
  });
  return { schedule, burstAtMs: burstAtUs / US_PER_MS };
}
