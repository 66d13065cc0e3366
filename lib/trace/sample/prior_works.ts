import { LoaderError } from "../../base/error.ts";
import { SlotCounts, SlotCountsBuilder } from "../../model/slot_counts.ts";
import type { FunctionProfile, Percentiles } from "../../model/trace.ts";
import { countInvocations, type TraceWindow } from "../window.ts";

/** What a selection is made from. */
export interface SelectionInput {
  /** The functions that are invoked in the window, in the order of the trace. */
  readonly invoked: readonly FunctionProfile[];
  /** The same in random order, by the seed. */
  readonly shuffled: readonly FunctionProfile[];
  readonly window: TraceWindow;
  readonly slotMs: number;
  /** Number of functions to take, at most those that are there. */
  readonly size: number;
}

/** How an earlier work chose its functions from the Azure trace. */
export interface PriorWork {
  /** Functions that it took. */
  readonly size: number;
  /** Its title, where it appeared, and what is done, as a sentence. */
  readonly source: string;
  select(input: SelectionInput): FunctionProfile[];
}

const HOUR_MS = 3_600_000;

/** Medes multiplied the rate. */
const MEDES_RATE = 5;
/** Runtime and memory of its ten benchmark functions. */
const MEDES_FUNCTIONS = [
  { runtimeMs: 150, memoryMib: 17 },
  { runtimeMs: 250, memoryMib: 32 },
  { runtimeMs: 1200, memoryMib: 26 },
  { runtimeMs: 2000, memoryMib: 48 },
  { runtimeMs: 500, memoryMib: 32 },
  { runtimeMs: 400, memoryMib: 22 },
  { runtimeMs: 400, memoryMib: 22 },
  { runtimeMs: 1000, memoryMib: 66 },
  { runtimeMs: 1000, memoryMib: 90 },
  { runtimeMs: 3000, memoryMib: 88 },
] as const;

/** Part of the invocations that one function of Hermes has. */
const HERMES_HOT_SHARE = 0.9;

/**
 * The workloads of earlier papers, made from a trace as "In-Vitro" (Ustiugov et al.,
 * WORDS 2023) tells of them. Any number of functions can be taken so.
 */
export const PRIOR_WORKS = {
  faascache: {
    size: 200,
    source: "FaaSCache (ASPLOS 2021): random functions, invocations spread evenly over each hour.",
    select: ({ shuffled, size, slotMs }) =>
      shuffled.slice(0, size).map((profile) =>
        withCounts(profile, spreadOverHours(profile.invocationsPerSlot, slotMs))
      ),
  },
  medes: {
    size: 10,
    source:
      "Medes (EuroSys 2022): random functions at five times their rate, with the runtime and " +
      "memory of ten benchmark functions.",
    select: ({ shuffled, size }) =>
      shuffled.slice(0, size).map((profile, i) => {
        const { runtimeMs, memoryMib } = MEDES_FUNCTIONS[i % MEDES_FUNCTIONS.length];
        return {
          ...withCounts(profile, multiply(profile.invocationsPerSlot, MEDES_RATE)),
          runtimeMs: constant(profile.runtimeMs, runtimeMs),
          memoryMib: constant(profile.memoryMib, memoryMib),
        };
      }),
  },
  hermes: {
    size: 50,
    source:
      "Hermes (2022): random functions; one has 90 % of their invocations, the others share " +
      "the rest equally, all in the shape of their sum.",
    select: ({ shuffled, size }) => skew(shuffled.slice(0, size)),
  },
  atoll: {
    size: 21,
    source: "Atoll (SoCC 2021): the most invoked functions of each trigger type, as many of each.",
    select: mostInvokedOfEachTrigger,
  },
  mu: {
    size: 2,
    source: "Mu (SoCC 2021): two functions, here random ones.",
    select: ({ shuffled, size }) => shuffled.slice(0, size),
  },
} as const satisfies Record<string, PriorWork>;

/** A function with other counts; invocations that were recorded one by one no longer fit. */
function withCounts(profile: FunctionProfile, counts: SlotCounts): FunctionProfile {
  const { recorded: _, ...rest } = profile;
  return { ...rest, invocationsPerSlot: counts };
}

/** Each hour's invocations, from the trace's start, in equal numbers in its slots. */
function spreadOverHours(counts: SlotCounts, slotMs: number): SlotCounts {
  const slotsAnHour = Math.max(1, Math.round(HOUR_MS / slotMs));
  const perHour = new Map<number, number>();
  counts.forEach((slot, count) => {
    const hour = Math.floor(slot / slotsAnHour);
    perHour.set(hour, (perHour.get(hour) ?? 0) + count);
  });
  const builder = new SlotCountsBuilder();
  for (const [hour, total] of perHour) {
    const first = hour * slotsAnHour;
    const slots = Math.min(slotsAnHour, counts.length - first);
    for (let i = 0; i < slots; i++) {
      // From the middle, so that a single invocation does not fall on the hour.
      const upTo = (slot: number) => Math.floor(slot * total / slots + 0.5);
      builder.add(first + i, upTo(i + 1) - upTo(i));
    }
  }
  return builder.finish(counts.length);
}

function multiply(counts: SlotCounts, factor: number): SlotCounts {
  const builder = new SlotCountsBuilder();
  counts.forEach((slot, count) => builder.add(slot, count * factor));
  return builder.finish(counts.length);
}

/** The same value at each percentile that the trace has. */
function constant({ quantiles }: Percentiles, value: number): Percentiles {
  return { quantiles, values: quantiles.map(() => value), mean: value };
}

/**
 * Shares the invocations of each slot anew: 90 % to the first function, the rest to
 * the others in turn. Each slot keeps its sum, and shares are exact to one invocation.
 */
function skew(functions: readonly FunctionProfile[]): FunctionProfile[] {
  const slots = functions[0].invocationsPerSlot.length;
  const totals = new Float64Array(slots);
  for (const { invocationsPerSlot } of functions) {
    invocationsPerSlot.forEach((slot, count) => totals[slot] += count);
  }
  const others = functions.length - 1;
  const builders = functions.map(() => new SlotCountsBuilder());
  let all = 0;
  let hot = 0;
  let turn = 0;
  for (let slot = 0; slot < slots; slot++) {
    all += totals[slot];
    const hotNow = others === 0 ? totals[slot] : Math.round(all * HERMES_HOT_SHARE) - hot;
    hot += hotNow;
    builders[0].add(slot, hotNow);
    const rest = totals[slot] - hotNow;
    for (let i = 1; i <= others; i++) {
      const place = (i - 1 - turn + others) % others;
      builders[i].add(slot, Math.floor(rest / others) + (place < rest % others ? 1 : 0));
    }
    if (others > 0) turn = (turn + rest) % others;
  }
  return functions.map((profile, i) => withCounts(profile, builders[i].finish(slots)));
}

/** By turns the next most invoked function of each trigger type, the commonest type first. */
function mostInvokedOfEachTrigger(
  { invoked, window, slotMs, size }: SelectionInput,
): FunctionProfile[] {
  const byTrigger = Map.groupBy(invoked, ({ trigger }) => trigger);
  if (byTrigger.size === 1 && byTrigger.has(null)) {
    throw new LoaderError(
      "usage",
      "--method atoll takes the most invoked functions of each trigger type, and the trace tells " +
        "no triggers; choose another method.",
      { value: "atoll" },
    );
  }
  const queues = [...byTrigger.values()]
    .toSorted((a, b) => b.length - a.length)
    .map((functions) =>
      functions
        .map((profile) => ({ profile, count: countInvocations(profile, window, slotMs) }))
        .toSorted((a, b) => b.count - a.count)
        .map(({ profile }) => profile)
    );
  const chosen: FunctionProfile[] = [];
  for (let rank = 0; chosen.length < size; rank++) {
    for (const queue of queues) {
      if (rank < queue.length && chosen.length < size) chosen.push(queue[rank]);
    }
  }
  return chosen;
}
