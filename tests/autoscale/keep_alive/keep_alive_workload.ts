import fc from "fast-check";
import { FixedKeepAlive } from "../../../lib/autoscale/keep_alive/fixed_keep_alive.ts";
import { GreedyDual } from "../../../lib/autoscale/keep_alive/greedy_dual.ts";
import { HybridHistogram } from "../../../lib/autoscale/keep_alive/hybrid_histogram.ts";
import {
  KeepAliveDefaults,
  type KeepAlivePolicy,
} from "../../../lib/autoscale/keep_alive/keep_alive_policy.ts";
import { LittlePrewarm } from "../../../lib/autoscale/keep_alive/little_prewarm.ts";
import type { SimulatedFunction } from "./keep_alive_simulation.ts";

/** A few functions with some invocations: bursts, ties, gaps of minutes and of hours. */
export const FUNCTIONS: fc.Arbitrary<SimulatedFunction[]> = fc.array(
  fc.record({
    invocations: fc.array(
      fc.record({
        gapMs: fc.oneof(
          fc.constantFrom(0, 1),
          fc.integer({ min: 0, max: 3000 }),
          fc.integer({ min: 0, max: 1_200_000 }),
          fc.integer({ min: 0, max: 20_000_000 }),
        ),
        serviceMs: fc.integer({ min: 1, max: 5000 }),
      }),
      { maxLength: 12 },
    ),
    coldStartMs: fc.integer({ min: 0, max: 4000 }),
    memoryMib: fc.integer({ min: 16, max: 512 }),
  }),
  { minLength: 1, maxLength: 3 },
).map((functions) =>
  functions.map(({ invocations, coldStartMs, memoryMib }) => {
    let tMs = 0;
    return {
      arrivalsMs: invocations.map(({ gapMs }) => tMs += gapMs),
      serviceMs: invocations.map(({ serviceMs }) => serviceMs),
      coldStartMs,
      memoryMib,
    };
  })
);

/** Every policy that does not know the future, and one that wastes without being cold. */
export function createPolicies(functions: readonly SimulatedFunction[]): KeepAlivePolicy[] {
  const count = functions.length;
  return [
    new FixedKeepAlive(0),
    new FixedKeepAlive(10),
    new FixedKeepAlive(20),
    new HybridHistogram({ functions: count }),
    new GreedyDual({
      memoryMib: functions.map(({ memoryMib }) => memoryMib),
      coldStartMs: functions.map(({ coldStartMs }) => coldStartMs),
    }),
    // An hour between ticks: a test's horizon is a day.
    new LittlePrewarm({ functions: count, tickMs: 3_600_000 }),
    new StartForEach(functions),
  ];
}

/** Starts an instance for each arrival, and keeps every one for a second. */
class StartForEach extends KeepAliveDefaults {
  readonly name = "start-for-each";
  readonly #functions: readonly SimulatedFunction[];

  constructor(functions: readonly SimulatedFunction[]) {
    super();
    this.#functions = functions;
  }

  override plannedStartsMs(functionIndex: number): Float64Array {
    const { arrivalsMs, coldStartMs } = this.#functions[functionIndex];
    return Float64Array.from(arrivalsMs, (arrivalMs) => arrivalMs - coldStartMs);
  }

  keepUntilMs(_functionIndex: number, nowMs: number): number {
    return nowMs + 1000;
  }
}
