import type { MachineCause, MachineEvidence, MachineFigures } from "../store/schema/manifest.ts";
import type { MachineCounters, MachineGauge } from "../model/machine.ts";

type Figure = keyof MachineFigures;

/**
 * From where on a figure can have made the generator late in a second. A hundredth
 * of the second, 10 ms, is what the event loop may be delayed by; a page from a disk
 * takes about a millisecond.
 */
const LEAST: Readonly<Record<Figure, number>> = {
  stolenPercent: 1,
  throttledMs: 10,
  threadWaitMs: 10,
  cpuPressurePercent: 1,
  memoryPressurePercent: 1,
  memoryLimitHits: 1,
  majorFaults: 10,
  // Told beside the time for which the container was held back, and no cause by themselves.
  cpuPeriods: Infinity,
  throttledPeriods: Infinity,
};

/** All figures, in the order of the columns of the table `generator`. */
export const MACHINE_FIGURES = Object.keys(LEAST) as readonly Figure[];

/** Nothing is known. */
export const UNKNOWN_MACHINE: MachineFigures = {
  stolenPercent: null,
  throttledMs: null,
  threadWaitMs: null,
  cpuPressurePercent: null,
  memoryPressurePercent: null,
  memoryLimitHits: null,
  majorFaults: null,
  cpuPeriods: null,
  throttledPeriods: null,
};

/** Sums and counts of what is known of a figure. */
interface Sum {
  value: number;
  seconds: number;
}

/** Watches what the machine does to the loader: between two readings, and over the measurement. */
export class MachineWatch {
  readonly #gauge: MachineGauge;
  #before: MachineCounters;
  readonly #sums = new Map<Figure, Sum>();
  /** In seconds in which the generator was late or busy. */
  readonly #causes = new Map<Figure, { value: number; readonly seconds: number[] }>();

  constructor(gauge: MachineGauge) {
    this.#gauge = gauge;
    this.#before = gauge.read();
  }

  /** Begins anew: what was before does not count. */
  begin(): void {
    this.#before = this.#gauge.read();
  }

  /** What happened since the last reading, so long ago. */
  read(elapsedMs: number): MachineFigures {
    const before = this.#before;
    const now = this.#before = this.#gauge.read();
    const grown = (name: keyof MachineCounters): number | null => {
      const [earlier, later] = [before[name], now[name]];
      return earlier === null || later === null ? null : Math.max(0, later - earlier);
    };
    const aSecond = (name: keyof MachineCounters) => scale(grown(name), 1000 / elapsedMs);
    const coreMs = grown("coreMs");
    return {
      stolenPercent: coreMs === null || coreMs === 0
        ? null
        : scale(grown("stolenMs"), 100 / coreMs),
      throttledMs: aSecond("throttledMs"),
      threadWaitMs: aSecond("threadWaitMs"),
      cpuPressurePercent: scale(grown("cpuPressureMs"), 100 / elapsedMs),
      memoryPressurePercent: scale(grown("memoryPressureMs"), 100 / elapsedMs),
      memoryLimitHits: aSecond("memoryLimitHits"),
      majorFaults: aSecond("majorFaults"),
      cpuPeriods: aSecond("cpuPeriods"),
      throttledPeriods: aSecond("throttledPeriods"),
    };
  }

  /** Takes a second of the measurement in; `isLate`: the generator was late or busy in it. */
  judge(second: number, figures: MachineFigures, isLate: boolean): void {
    for (const figure of MACHINE_FIGURES) {
      const value = figures[figure];
      if (value === null) continue;
      const sum = getOrAdd(this.#sums, figure, () => ({ value: 0, seconds: 0 }));
      sum.value += value;
      sum.seconds++;
      if (!isLate || value < LEAST[figure]) continue;
      const cause = getOrAdd(this.#causes, figure, () => ({ value: 0, seconds: [] as number[] }));
      cause.value += value;
      cause.seconds.push(second);
    }
  }

  evidence(): MachineEvidence {
    const means = [...this.#sums].map(([figure, { value, seconds }]) => [figure, value / seconds]);
    return {
      limits: this.#gauge.limits,
      means: { ...UNKNOWN_MACHINE, ...Object.fromEntries(means) },
      causes: [...this.#causes].map(([figure, { value, seconds }]): MachineCause => ({
        figure,
        mean: value / seconds.length,
        seconds,
      })),
    };
  }
}

function scale(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const added = create();
  map.set(key, added);
  return added;
}
