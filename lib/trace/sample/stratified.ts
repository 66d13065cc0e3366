import { Rng } from "../../base/rng.ts";
import { selectRows } from "./function_table.ts";
import type { Population } from "./population.ts";
import { measureSample, worstOfTargets } from "./sample_measure.ts";
import { SampleSearch } from "./sample_search.ts";

/** A sample, and how many searches it is the best of. */
export interface StratifiedSample {
  /** Indices of its functions in the population, ascending. */
  readonly members: Uint32Array;
  readonly candidates: number;
}

/**
 * Sizes that are searched for their own sake, each on top of the one before; after
 * these, five and four times as much by turns. All others lie between two of them.
 */
const FIRST_SIZES = [50, 200, 1000];

/**
 * Stratified samples of all sizes, each of which holds every smaller one, whatever
 * sizes are asked for and in which order.
 *
 * The sample of 50 is searched first, freely. That of 200 keeps it and adds 150, and
 * so on: what the smaller one lacks the larger one can add. The other way round, 50
 * out of 200 that were chosen first, there is too little to choose from (see
 * docs/traces.md). Sizes between two of them are searched between the two: a round
 * number first, then what halves the rest, until the size asked for is there.
 */
export class StratifiedSampler {
  readonly #population: Population;
  readonly #seed: number;
  readonly #search: SampleSearch;
  readonly #samples = new Map<number, StratifiedSample>();

  constructor(population: Population, seed: number) {
    this.#population = population;
    this.#seed = seed;
    this.#search = new SampleSearch(population);
    const everyone = Uint32Array.from({ length: population.functions }, (_, i) => i);
    this.#samples.set(0, { members: new Uint32Array(0), candidates: 0 });
    this.#samples.set(population.functions, { members: everyone, candidates: 1 });
  }

  /** The sample of a size, at most that of the population. */
  take(size: number): StratifiedSample {
    const all = this.#population.functions;
    let below = 0;
    let above = all;
    for (const step of searchedSizes()) {
      if (step >= all || below >= size) break;
      this.#between(below, step, all);
      if (step > size) {
        above = step;
        break;
      }
      below = step;
    }
    while (below < size && size < above) {
      const middle = chooseBetween(below, above);
      this.#between(below, middle, above);
      if (middle <= size) below = middle;
      else above = middle;
    }
    return this.#samples.get(size)!;
  }

  /** Finds the sample of a size that holds one and lies in another. */
  #between(below: number, size: number, above: number): void {
    if (this.#samples.has(size)) return;
    const kept = this.#samples.get(below)!.members;
    const isKept = new Set(kept);
    const pool = this.#samples.get(above)!.members.filter((index) => !isKept.has(index));
    const rngOf = (...names: string[]) =>
      Rng.fromSeed(this.#seed, "stratified sample", String(size), ...names);
    const effort = effortOf(size - below, pool.length);
    const task = { kept, candidates: pool, size };
    const begun = Array.from({ length: effort.candidates }, (_, i) =>
      this.#judge(
        this.#search.begin({ ...task, proposals: effort.begin }, rngOf("begin", String(i))),
      )).toSorted((a, b) => a.worst - b.worst);
    const refined = begun.slice(0, REFINED).map(({ members }, i) =>
      this.#judge(
        this.#search.refine(
          members,
          { ...task, proposals: effort.refine },
          rngOf("refine", `${i}`),
        ),
      )
    );
    const [best] = [...refined, ...begun].toSorted((a, b) => a.worst - b.worst);
    const candidates = effort.candidates;
    this.#samples.set(size, { members: best.members.toSorted(), candidates });
  }

  #judge(members: Uint32Array): { readonly members: Uint32Array; readonly worst: number } {
    const measure = measureSample(this.#population, selectRows(this.#population.table, members));
    return { members, worst: worstOfTargets(this.#population, measure) };
  }
}

function* searchedSizes(): Generator<number> {
  yield* FIRST_SIZES;
  for (let size = FIRST_SIZES[FIRST_SIZES.length - 1];; size *= 20) {
    yield size * 5;
    yield size * 20;
  }
}

/** 1, 2, 5, 10, 20, … from a size on. */
function* roundSizes(least: number): Generator<number> {
  for (let power = 1;; power *= 10) {
    for (const digit of [1, 2, 5]) {
      if (digit * power >= least) yield digit * power;
    }
  }
}

/** A round size between two, from 10 on the smallest; else what halves their ratio. */
function chooseBetween(below: number, above: number): number {
  const round: number[] = [];
  for (const size of roundSizes(below + 1)) {
    if (size >= above) break;
    round.push(size);
  }
  const middle = Math.round(Math.sqrt(Math.max(below, 1) * above));
  return round.find((size) => size >= 10) ?? round.at(-1) ??
    Math.min(Math.max(middle, below + 1), above - 1);
}

/** How many exchanges are tried: counts, so that the same seed finds the same sample anywhere. */
interface SearchEffort {
  readonly candidates: number;
  readonly begin: number;
  readonly refine: number;
}

/**
 * The few functions that carry most of the load are found by chance or not at all: many
 * short searches find better ones than a long one, which then sees to the many others.
 */
function effortOf(added: number, pool: number): SearchEffort {
  const most = Math.max(2 * added * (pool - added), 1000);
  return {
    candidates: added <= 200 ? 12 : 8,
    begin: Math.min(most, 100_000 + 800 * added, 3_000_000),
    refine: Math.min(5 * most, 300_000 + 6000 * added, 20_000_000),
  };
}

/** So many of the best candidates are searched on. */
const REFINED = 2;
