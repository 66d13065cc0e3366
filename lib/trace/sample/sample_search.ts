import type { Rng } from "../../base/rng.ts";
import { rankCorrelation } from "../../stats/rank_correlation.ts";
import { FIGURE_PAIRS, type LogFigure, type Population, SHAPED_LOADS } from "./population.ts";

/** What a search starts from. */
export interface SearchTask {
  /** Functions of the sample that stay, for a sample that is to hold a smaller one. */
  readonly kept: Uint32Array;
  /** Functions that may join them; none that is kept. */
  readonly candidates: Uint32Array;
  /** Functions that the sample is to have. */
  readonly size: number;
  /** Exchanges that are tried. */
  readonly proposals: number;
}

/** Values of a figure are told apart by so many ranges at least, and by so many for a function. */
const LEAST_RANGES = 2048;
const RANGES_A_FUNCTION = 8;

/**
 * Temperatures of the annealing, in the unit of the cost: the distance of a figure
 * costs 1 at the optimum. From the first, an exchange that makes things worse by as
 * much is taken every third time; at the last, hardly any. Found by trying.
 */
const FIRST_TEMPERATURE = 1;
const REFINING_TEMPERATURE = 0.1;
const LAST_TEMPERATURE = 0.01;

/**
 * Limits that errors are held against, a little inside what is asked of a sample
 * (`SAMPLE_TARGETS`). An error of its limit costs the weight, less of it the square,
 * and beyond it is steep: so that what can be met is not given up for what cannot.
 */
const DISTANCE_LIMIT = 3.7;
const LOAD_LIMIT = 0.045;
const SHAPE_LIMIT = 0.045;
const CORRELATION_LIMIT = 0.045;
const LIMIT_WEIGHT = 3;
const BEYOND_LIMIT = 4;
/** What the errors of each of {@linkcode SAMPLE_LOADS} count. */
const LOAD_WEIGHTS = [1, 1, 0.1];
/** What a sample costs that has no load at all. */
const NO_LOAD_COST = 1e9;
/** What it costs that a class of periodicity has one function too many. */
const CLASS_WEIGHT = 0.05;

/**
 * Shares of the kinds of exchanges: of one with much load for another with much; by a
 * function alike in two figures, in one; the rest by any.
 */
const HEAVY_SHARE = 0.15;
const ALIKE_IN_TWO_SHARE = 0.7;
const ALIKE_IN_ONE_SHARE = 0.1;
/** The heaviest of so many functions of the sample is exchanged for one of much load. */
const HEAVIEST_OF = 12;
/** Its successor's rank by load is the count of functions times a random number to this power. */
const HEAVY_POWER = 5;
/** Functions alike in two figures share a cell of about so many, or are in one beside it. */
const FUNCTIONS_A_CELL = 8;

/** A block of ranges is 2 to the power of so many. */
const BLOCK_BITS = 7;

/** Exchanges between two looks at the figures themselves. */
const EXCHANGES_A_LOOK = 65_536;

/**
 * Searches a sample that is near the population in all figures at a time, by
 * simulated annealing: a function of the sample is exchanged for another, and kept
 * out where the cost has fallen, or by chance where it has not risen by much.
 *
 * What makes it fast is that a figure's distance is the integral of the squared
 * difference of the distribution functions (Cramér, 1928) while it searches: its
 * smallest is at the same points as that of the Wasserstein distance, and what an
 * exchange changes is told by two prefix sums, whatever lies between the two
 * functions. Only an exchange that is made costs a pass over them.
 */
export class SampleSearch {
  readonly #population: Population;
  readonly #cells: readonly PairCells[];

  constructor(population: Population) {
    this.#population = population;
    this.#cells = FIGURE_PAIRS.map(([a, b]) =>
      new PairCells(population.figures[a], population.figures[b])
    );
  }

  /** The sample that a search finds that begins with functions chosen by chance; kept ones first. */
  begin(task: SearchTask, rng: Rng): Uint32Array {
    const { kept, candidates, size } = task;
    const members = new Uint32Array(size);
    members.set(kept);
    members.set(chooseAny(candidates, size - kept.length, rng), kept.length);
    this.#anneal(members, task, FIRST_TEMPERATURE, rng);
    return members;
  }

  /** A better one than that which a search has found, alike in the functions that weigh most. */
  refine(found: Uint32Array, task: SearchTask, rng: Rng): Uint32Array {
    const members = found.slice();
    this.#anneal(members, task, REFINING_TEMPERATURE, rng);
    return members;
  }

  #anneal(
    members: Uint32Array,
    { kept, candidates, proposals }: SearchTask,
    firstTemperature: number,
    rng: Rng,
  ): void {
    if (members.length === kept.length || candidates.length + kept.length === members.length) {
      return;
    }
    const population = this.#population;
    const state = new SampleState(population, members);
    /** 1: may join; 2: is in the sample. */
    const role = new Uint8Array(population.functions);
    for (const index of candidates) role[index] = 1;
    const heavies = population.loads.map(({ values, descending }) => ({
      values,
      descending: descending.filter((index) => role[index] === 1),
    }));
    for (const index of members) role[index] = 2;
    const free = members.length - kept.length;
    const isWhole = candidates.length + kept.length === population.functions;
    const cooling = Math.log(LAST_TEMPERATURE / firstTemperature) / proposals;
    for (let i = 0; i < proposals; i++) {
      if (i > 0 && i % EXCHANGES_A_LOOK === 0) state.look();
      const heavy = rng.nextFloat() < HEAVY_SHARE ? heavies[rng.nextBelow(heavies.length)] : null;
      let place = kept.length + rng.nextBelow(free);
      for (let j = 1; heavy !== null && j < HEAVIEST_OF; j++) {
        const other = kept.length + rng.nextBelow(free);
        if (heavy.values[members[other]] > heavy.values[members[place]]) place = other;
      }
      const leaving = members[place];
      const joining = heavy !== null
        ? heavy.descending[Math.floor(rng.nextFloat() ** HEAVY_POWER * heavy.descending.length)]
        : isWhole
        ? this.#propose(leaving, rng)
        : candidates[rng.nextBelow(candidates.length)];
      if (role[joining] !== 1) continue;
      const temperature = firstTemperature * Math.exp(cooling * i);
      if (!state.exchange(place, joining, -temperature * Math.log(rng.nextFloat()))) continue;
      role[leaving] = 1;
      role[joining] = 2;
    }
  }

  /** A function to take the place of another. */
  #propose(leaving: number, rng: Rng): number {
    const { figures, functions } = this.#population;
    const kind = rng.nextFloat();
    if (kind < ALIKE_IN_TWO_SHARE) {
      return this.#cells[rng.nextBelow(FIGURE_PAIRS.length)].near(leaving, rng);
    }
    if (kind < ALIKE_IN_TWO_SHARE + ALIKE_IN_ONE_SHARE) {
      const { order, position } = figures[rng.nextBelow(figures.length)];
      // Mostly near, now and then as far as a tenth of the ranks.
      const reach = 2 + rng.nextFloat() ** 3 * functions / 10;
      const rank = Math.round(position[leaving] + (2 * rng.nextFloat() - 1) * reach);
      return order[Math.min(Math.max(rank, 0), functions - 1)];
    }
    return rng.nextBelow(functions);
  }
}

/** So many of the candidates, each equally likely. */
function chooseAny(candidates: Uint32Array, count: number, rng: Rng): Uint32Array {
  const shuffled = candidates.slice();
  for (let i = 0; i < count; i++) {
    const other = i + rng.nextBelow(shuffled.length - i);
    [shuffled[i], shuffled[other]] = [shuffled[other], shuffled[i]];
  }
  return shuffled.slice(0, count);
}

/** Functions by their ranks in two figures, in a square grid of cells. */
class PairCells {
  readonly #side: number;
  readonly #cellOf: Uint32Array;
  /** The functions, cell after cell, and where each cell begins. */
  readonly #members: Uint32Array;
  readonly #starts: Uint32Array;

  constructor(a: LogFigure, b: LogFigure) {
    const functions = a.values.length;
    const side = Math.max(1, Math.floor(Math.sqrt(functions / FUNCTIONS_A_CELL)));
    const line = (position: number) => Math.floor(position * side / functions);
    this.#side = side;
    this.#cellOf = Uint32Array.from(
      { length: functions },
      (_, i) => line(a.position[i]) * side + line(b.position[i]),
    );
    this.#starts = new Uint32Array(side * side + 1);
    for (const cell of this.#cellOf) this.#starts[cell + 1]++;
    for (let cell = 0; cell < side * side; cell++) this.#starts[cell + 1] += this.#starts[cell];
    const next = this.#starts.slice();
    this.#members = new Uint32Array(functions);
    for (let i = 0; i < functions; i++) this.#members[next[this.#cellOf[i]]++] = i;
  }

  /** A function of the same cell or one beside it; itself where that has none. */
  near(index: number, rng: Rng): number {
    const side = this.#side;
    const cell = this.#cellOf[index];
    const row = Math.floor(cell / side) + rng.nextBelow(3) - 1;
    const column = cell % side + rng.nextBelow(3) - 1;
    if (row < 0 || column < 0 || row >= side || column >= side) return index;
    const start = this.#starts[row * side + column];
    const count = this.#starts[row * side + column + 1] - start;
    return count === 0 ? index : this.#members[start + rng.nextBelow(count)];
  }
}

/** A figure's distribution function in the sample less that in the population, range by range. */
class DistributionGap {
  /** The range that each function's value lies in. */
  readonly #rangeOf: Uint32Array;
  /** Part of the population up to and including each range. */
  readonly #cumulative: Float64Array;
  /** Weight of the squared gap at each range: the distance to the next, scaled to an optimum of 1. */
  readonly #weights: Float64Array;
  /** Sum of the weights of the ranges before each. */
  readonly #weightSums: Float64Array;
  /**
   * Sum of weight × gap of the ranges before each, less what its block has in common:
   * an exchange adds one number to all ranges behind it, hence to blocks of them.
   */
  readonly #gapSums: Float64Array;
  readonly #blockSums: Float64Array;
  readonly #step: number;

  constructor({ values, order }: LogFigure, size: number) {
    const functions = values.length;
    this.#step = 1 / size;
    this.#rangeOf = new Uint32Array(functions);
    const ranges = Math.max(LEAST_RANGES, RANGES_A_FUNCTION * size);
    const means: number[] = [];
    const cumulative: number[] = [];
    let first = 0;
    for (let rank = 1; rank <= functions; rank++) {
      const isSame = rank < functions && values[order[rank]] === values[order[rank - 1]];
      const isRangeFull = rank === functions ||
        Math.floor(rank * ranges / functions) > Math.floor(first * ranges / functions);
      if (isSame || !isRangeFull) continue;
      let sum = 0;
      for (let i = first; i < rank; i++) {
        sum += values[order[i]];
        this.#rangeOf[order[i]] = means.length;
      }
      means.push(sum / (rank - first));
      cumulative.push(rank / functions);
      first = rank;
    }
    this.#cumulative = Float64Array.from(cumulative);
    const widths = means.map((mean, i) => i + 1 < means.length ? means[i + 1] - mean : 0);
    const optimum = this.#optimum(order, size, widths);
    this.#weights = Float64Array.from(widths, (width) => optimum === 0 ? 0 : width / optimum);
    this.#weightSums = new Float64Array(means.length + 1);
    this.#weights.forEach((weight, i) => this.#weightSums[i + 1] = this.#weightSums[i] + weight);
    this.#gapSums = new Float64Array(means.length + 1);
    this.#blockSums = new Float64Array((means.length >> BLOCK_BITS) + 1);
  }

  /** What the nearest points cost; at least a tenth of what they would where no values are equal. */
  #optimum(order: Uint32Array, size: number, widths: readonly number[]): number {
    const counts = new Float64Array(widths.length);
    for (let i = 0; i < size; i++) {
      counts[this.#rangeOf[order[Math.floor((i + 0.5) * order.length / size)]]]++;
    }
    let below = 0;
    let cost = 0;
    for (const [i, width] of widths.entries()) {
      below += counts[i];
      cost += (below * this.#step - this.#cumulative[i]) ** 2 * width;
    }
    const extent = widths.reduce((sum, width) => sum + width, 0);
    return Math.max(cost, 0.1 * extent * this.#step ** 2 / 12);
  }

  /** Makes the gaps those of a sample; its distance. */
  rebuild(members: Uint32Array): number {
    this.#blockSums.fill(0);
    const gaps = new Float64Array(this.#weights.length);
    for (const index of members) gaps[this.#rangeOf[index]]++;
    let below = 0;
    let distance = 0;
    for (let i = 0; i < gaps.length; i++) {
      below += gaps[i];
      const gap = below * this.#step - this.#cumulative[i];
      this.#gapSums[i + 1] = this.#gapSums[i] + gap * this.#weights[i];
      distance += gap * gap * this.#weights[i];
    }
    return distance;
  }

  /** What an exchange adds to the cost. */
  change(leaving: number, joining: number): number {
    const from = this.#rangeOf[leaving];
    const to = this.#rangeOf[joining];
    const step = from < to ? -this.#step : this.#step;
    const low = Math.min(from, to);
    const high = Math.max(from, to);
    const gapSum = this.#gapSums[high] + this.#blockSums[high >> BLOCK_BITS] -
      this.#gapSums[low] - this.#blockSums[low >> BLOCK_BITS];
    return 2 * step * gapSum + step * step * (this.#weightSums[high] - this.#weightSums[low]);
  }

  /** Makes an exchange. */
  exchange(leaving: number, joining: number): void {
    const from = this.#rangeOf[leaving];
    const to = this.#rangeOf[joining];
    const step = from < to ? -this.#step : this.#step;
    const low = Math.min(from, to);
    const high = Math.max(from, to);
    const weightSums = this.#weightSums;
    const gapSums = this.#gapSums;
    for (let i = low + 1; i <= high; i++) gapSums[i] += step * (weightSums[i] - weightSums[low]);
    const rest = step * (weightSums[high] - weightSums[low]);
    const nextBlock = (high >> BLOCK_BITS) + 1;
    const end = Math.min(nextBlock << BLOCK_BITS, gapSums.length);
    for (let i = high + 1; i < end; i++) gapSums[i] += rest;
    for (let block = nextBlock; block < this.#blockSums.length; block++) {
      this.#blockSums[block] += rest;
    }
  }
}

/** A sample with what its cost is made of. */
class SampleState {
  readonly #population: Population;
  readonly #members: Uint32Array;
  readonly #gaps: readonly DistributionGap[];
  /** Distance of each figure, as a multiple of the optimum's. */
  readonly #distances: Float64Array;
  /** Load of the sample, as a multiple of what it should be. */
  readonly #loads: Float64Array;
  readonly #loadScales: readonly number[];
  readonly #shapeSums: readonly Float64Array[];
  readonly #shapeErrors = new Float64Array(SHAPED_LOADS.length);
  /** Sum of the products of standardised ranks, divided by the size: nearly the rank correlation. */
  readonly #products: Float64Array;
  /** What they should be, so that the correlation is right; corrected at each look. */
  readonly #productTargets: Float64Array;
  readonly #classCounts: Float64Array;
  readonly #classTargets: Float64Array;
  #loadCost = 0;
  #productCost = 0;
  #shapeCost = 0;
  // Of the exchange that is being weighed.
  readonly #newDistances: Float64Array;
  readonly #newLoads: Float64Array;
  readonly #newProducts: Float64Array;
  readonly #newShapeErrors = new Float64Array(SHAPED_LOADS.length);

  constructor(population: Population, members: Uint32Array) {
    const size = members.length;
    this.#population = population;
    this.#members = members;
    this.#gaps = population.figures.map((figure) => new DistributionGap(figure, size));
    this.#distances = new Float64Array(population.figures.length);
    this.#newDistances = new Float64Array(population.figures.length);
    this.#loads = new Float64Array(population.loads.length);
    this.#newLoads = new Float64Array(population.loads.length);
    this.#loadScales = population.loads.map(({ mean }) => mean === 0 ? 0 : 1 / (mean * size));
    this.#shapeSums = population.shapes.map(({ shares }) => new Float64Array(shares.length));
    this.#products = new Float64Array(FIGURE_PAIRS.length);
    this.#newProducts = new Float64Array(FIGURE_PAIRS.length);
    this.#productTargets = new Float64Array(FIGURE_PAIRS.length);
    this.#classCounts = new Float64Array(population.classes.length);
    this.#classTargets = population.classes.map((count) => count * size / population.functions);
    this.look();
  }

  /** Sums everything anew, and corrects what only stands for the correlations. */
  look(): void {
    const { figures, loads, shapes, correlations, table } = this.#population;
    const members = this.#members;
    for (const [i, gap] of this.#gaps.entries()) this.#distances[i] = gap.rebuild(members);
    for (const [i, { values }] of loads.entries()) {
      let sum = 0;
      for (const index of members) sum += values[index];
      this.#loads[i] = sum * this.#loadScales[i];
    }
    for (const [i, [a, b]] of FIGURE_PAIRS.entries()) {
      let sum = 0;
      for (const index of members) {
        sum += figures[a].standardRanks[index] * figures[b].standardRanks[index];
      }
      this.#products[i] = sum / members.length;
      const [x, y] = [a, b].map((figure) =>
        Float64Array.from(members, (index) => figures[figure].values[index])
      );
      const asked = correlations[i] ?? 0;
      const reached = rankCorrelation(x, y);
      this.#productTargets[i] = asked - (reached === null ? 0 : reached - this.#products[i]);
    }
    for (const [i, sums] of this.#shapeSums.entries()) {
      sums.fill(0);
      for (const index of members) addRow(sums, shapes[i].values, index, 1);
    }
    this.#classCounts.fill(0);
    for (const index of members) this.#classCounts[table.periodicity[index]]++;
    this.#loadCost = this.#costOfLoads(this.#loads);
    this.#productCost = this.#costOfProducts(this.#products);
    this.#shapeCost = this.#costOfShapes(members[0], members[0]);
    this.#shapeErrors.set(this.#newShapeErrors);
  }

  /**
   * Puts a function in the place of another if that adds less than `most` to the
   * cost. What is cheap to tell is weighed first: no later part falls below 0.
   */
  exchange(place: number, joining: number, most: number): boolean {
    const { loads, figures, table } = this.#population;
    const leaving = this.#members[place];
    const scale = 1 / this.#members.length;
    let change = this.#changeOfClasses(table.periodicity[leaving], table.periodicity[joining]);
    for (let i = 0; i < this.#gaps.length; i++) {
      const distance = this.#distances[i];
      const newDistance = distance + this.#gaps[i].change(leaving, joining);
      this.#newDistances[i] = newDistance;
      change += grade(newDistance / DISTANCE_LIMIT) - grade(distance / DISTANCE_LIMIT);
    }
    if (change - this.#loadCost - this.#productCost - this.#shapeCost >= most) return false;
    for (let i = 0; i < loads.length; i++) {
      const { values } = loads[i];
      this.#newLoads[i] = this.#loads[i] +
        (values[joining] - values[leaving]) * this.#loadScales[i];
    }
    const loadCost = this.#costOfLoads(this.#newLoads);
    change += loadCost - this.#loadCost;
    if (change - this.#productCost - this.#shapeCost >= most) return false;
    for (let i = 0; i < FIGURE_PAIRS.length; i++) {
      const a = figures[FIGURE_PAIRS[i][0]].standardRanks;
      const b = figures[FIGURE_PAIRS[i][1]].standardRanks;
      this.#newProducts[i] = this.#products[i] +
        (a[joining] * b[joining] - a[leaving] * b[leaving]) * scale;
    }
    const productCost = this.#costOfProducts(this.#newProducts);
    change += productCost - this.#productCost;
    if (change - this.#shapeCost >= most) return false;
    if (change + this.#leastOfShapes(leaving, joining) - this.#shapeCost >= most) return false;
    const shapeCost = this.#costOfShapes(leaving, joining);
    change += shapeCost - this.#shapeCost;
    if (change >= most) return false;
    for (const gap of this.#gaps) gap.exchange(leaving, joining);
    this.#distances.set(this.#newDistances);
    this.#loads.set(this.#newLoads);
    this.#products.set(this.#newProducts);
    for (let i = 0; i < this.#shapeSums.length; i++) {
      const { values } = this.#population.shapes[i];
      addRow(this.#shapeSums[i], values, leaving, -1);
      addRow(this.#shapeSums[i], values, joining, 1);
    }
    this.#classCounts[table.periodicity[leaving]]--;
    this.#classCounts[table.periodicity[joining]]++;
    this.#loadCost = loadCost;
    this.#productCost = productCost;
    this.#shapeCost = shapeCost;
    this.#shapeErrors.set(this.#newShapeErrors);
    this.#members[place] = joining;
    return true;
  }

  #changeOfClasses(from: number, to: number): number {
    if (from === to) return 0;
    // (d − 1)² − d² and (d + 1)² − d², for differences d from what should be.
    const tooMany = this.#classCounts[from] - this.#classTargets[from];
    const missing = this.#classTargets[to] - this.#classCounts[to];
    return 2 * CLASS_WEIGHT * (1 - tooMany - missing);
  }

  #costOfLoads(loads: Float64Array): number {
    let cost = 0;
    for (let i = 0; i < loads.length; i++) {
      const load = loads[i];
      if (this.#loadScales[i] === 0) continue;
      if (!(load > 0)) return NO_LOAD_COST;
      cost += LOAD_WEIGHTS[i] * grade(((load > 1 ? load : 1 / load) - 1) / LOAD_LIMIT);
    }
    return cost;
  }

  #costOfProducts(products: Float64Array): number {
    let cost = 0;
    for (let i = 0; i < products.length; i++) {
      cost += grade(Math.abs(products[i] - this.#productTargets[i]) / CORRELATION_LIMIT);
    }
    return cost;
  }

  /**
   * What the shapes cost at least after an exchange: a function moves no more of a load
   * than it has. Most have little, and need no pass over the parts of the window.
   */
  #leastOfShapes(leaving: number, joining: number): number {
    let cost = 0;
    for (let i = 0; i < SHAPED_LOADS.length; i++) {
      const { values } = this.#population.loads[SHAPED_LOADS[i]];
      const scale = this.#loadScales[SHAPED_LOADS[i]];
      const load = this.#loads[SHAPED_LOADS[i]];
      const newLoad = this.#newLoads[SHAPED_LOADS[i]];
      if (!(load > 0 && newLoad > 0)) return 0;
      const moved = scale * (values[leaving] / load + values[joining] / newLoad);
      cost += grade(Math.max(0, this.#shapeErrors[i] - moved) / SHAPE_LIMIT);
    }
    return cost;
  }

  /** The part of each load that lies in the wrong part of the window. */
  #costOfShapes(leaving: number, joining: number): number {
    let cost = 0;
    for (let i = 0; i < SHAPED_LOADS.length; i++) {
      const sums = this.#shapeSums[i];
      const { values, shares } = this.#population.shapes[i];
      const bins = sums.length;
      const from = leaving * bins;
      const to = joining * bins;
      let total = 0;
      for (let bin = 0; bin < bins; bin++) {
        total += sums[bin] + values[to + bin] - values[from + bin];
      }
      if (!(total > 0)) return NO_LOAD_COST;
      let differences = 0;
      for (let bin = 0; bin < bins; bin++) {
        const sum = sums[bin] + values[to + bin] - values[from + bin];
        differences += Math.abs(sum / total - shares[bin]);
      }
      this.#newShapeErrors[i] = differences / 2;
      cost += grade(differences / 2 / SHAPE_LIMIT);
    }
    return cost;
  }
}

/** What an error costs, as a multiple of its limit. */
function grade(error: number): number {
  return LIMIT_WEIGHT * (error < 1 ? error * error : 1 + BEYOND_LIMIT * (error - 1));
}

function addRow(sums: Float64Array, values: Float64Array, row: number, sign: number): void {
  const offset = row * sums.length;
  for (let bin = 0; bin < sums.length; bin++) sums[bin] += sign * values[offset + bin];
}
