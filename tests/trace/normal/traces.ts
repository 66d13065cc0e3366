import fc from "fast-check";
import { SlotCounts, SlotCountsBuilder } from "../../../lib/model/slot_counts.ts";
import {
  functionKey,
  type FunctionProfile,
  type Percentiles,
  type RecordedInvocations,
  type Trace,
} from "../../../lib/model/trace.ts";

const QUANTILES = [0, 0.001, 0.01, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1];

const text = (minLength: number) => fc.string({ unit: "grapheme", minLength, maxLength: 6 });

const positive = fc.double({ min: 0, max: 1e9, noNaN: true, noDefaultInfinity: true })
  // A negative zero may come back as a zero.
  .map((value) => value + 0);

const percentiles: fc.Arbitrary<Percentiles> = fc.record({
  quantiles: fc.subarray(QUANTILES, { minLength: 1 }),
  values: fc.array(positive, { minLength: QUANTILES.length, maxLength: QUANTILES.length }),
  mean: positive,
}).map(({ quantiles, values, mean }) => ({
  quantiles,
  values: values.slice(0, quantiles.length).sort((a, b) => a - b),
  mean,
}));

interface Frame {
  readonly slotMs: number;
  readonly slots: number;
}

function recordings({ slotMs, slots }: Frame): fc.Arbitrary<RecordedInvocations> {
  const figures = fc.option(
    fc.array(fc.float({ min: 0, max: 1e6, noNaN: true }).map((value) => value + 0), {
      minLength: 12,
      maxLength: 12,
    }),
  );
  return fc.record({
    arrivals: fc.array(fc.double({ min: 0, max: slotMs * slots - 0.5, noNaN: true }), {
      minLength: 1,
      maxLength: 12,
    }),
    runtimes: figures,
    memories: figures,
  }).map(({ arrivals, runtimes, memories }) => {
    const column = (values: readonly number[] | null) =>
      values === null ? null : Float32Array.from(values.slice(0, arrivals.length));
    return {
      arrivalMs: Float64Array.from(arrivals, (value) => value + 0).sort(),
      runtimeMs: column(runtimes),
      memoryMib: column(memories),
    };
  });
}

function profiles(frame: Frame): fc.Arbitrary<FunctionProfile> {
  return fc.record({
    id: text(1),
    appId: text(0),
    ownerId: text(0),
    trigger: fc.option(text(0)),
    runtimeMs: percentiles,
    memoryMib: percentiles,
    counts: fc.array(fc.oneof(fc.constant(0), fc.nat(5), fc.nat(2 ** 32 - 1)), {
      minLength: frame.slots,
      maxLength: frame.slots,
    }),
    recorded: fc.option(recordings(frame)),
  }).map(({ counts, recorded, ...profile }) =>
    recorded === null
      ? { ...profile, invocationsPerSlot: SlotCounts.from(counts) }
      : { ...profile, invocationsPerSlot: countSlots(recorded, frame), recorded }
  );
}

function countSlots({ arrivalMs }: RecordedInvocations, { slotMs, slots }: Frame): SlotCounts {
  const builder = new SlotCountsBuilder();
  for (const arrival of arrivalMs) builder.add(Math.floor(arrival / slotMs), 1);
  return builder.finish(slots);
}

const sentences = fc.array(text(0), { maxLength: 2 });

/** Traces of few functions and slots, of all kinds. */
export function traces(): fc.Arbitrary<Trace> {
  return fc.record({
    slotMs: fc.integer({ min: 1, max: 3_600_000 }),
    slots: fc.integer({ min: 1, max: 20 }),
  })
    .chain((frame) =>
      fc.record({
        name: text(0),
        functions: fc.uniqueArray(profiles(frame), {
          minLength: 1,
          maxLength: 6,
          selector: functionKey,
        }),
        startMs: fc.option(fc.integer({ min: -1e12, max: 4e12 }), { nil: undefined }),
        firstMinute: fc.option(fc.nat(2000), { nil: undefined }),
        notes: sentences.map(unique),
        assumptions: sentences.map(unique),
      }).map(({ startMs, firstMinute, ...trace }) => ({
        ...trace,
        ...frame,
        ...startMs === undefined ? {} : { startMs },
        ...firstMinute === undefined ? {} : { firstMinute },
        repairs: [],
        hash: "",
      }))
    );
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
