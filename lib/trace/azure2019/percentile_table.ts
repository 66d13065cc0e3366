import type { Percentiles } from "../../model/trace.ts";
import { meanOfInterpolation } from "../percentiles.ts";
import { CellKeys } from "../csv/cell_keys.ts";
import { type CsvCells, CsvTable } from "../csv_table.ts";
import type { TraceReading } from "../format.ts";
import type { DefectClass } from "../repair_log.ts";
import { mixPercentiles, type WeightedValues } from "./mixture.ts";
import { MEMORY_QUANTILES, RUNTIME_QUANTILES } from "../published_figures.ts";

/** Which columns of a file hold a distribution, and what to do about wrong values. */
export interface PercentileLayout {
  readonly mean: string;
  /** The column of how many invocations or samples a row stands for. */
  readonly weight: string;
  /** True if that is a number of invocations, which is told for a day alone, too. */
  readonly countsInvocations: boolean;
  readonly quantiles: readonly number[];
  /** The column of each quantile. */
  readonly columns: readonly string[];
  /** Columns of percentiles, those of {@linkcode columns} and others. */
  readonly anyColumn: RegExp;
  readonly unusedColumn: DefectClass;
  readonly negativeMean: DefectClass;
  /** A mean of 0 above percentiles that are not. */
  readonly zeroMean: DefectClass;
  readonly negativePercentile: DefectClass;
  readonly notAscending: DefectClass;
  readonly duplicated: DefectClass;
  /** Set where a value of 0 is a defect. */
  readonly zero?: DefectClass;
}

/** Durations: milliseconds, weighted percentiles of averages over 30 s. */
export const DURATION_LAYOUT: PercentileLayout = {
  mean: "Average",
  weight: "Count",
  countsInvocations: true,
  quantiles: RUNTIME_QUANTILES,
  columns: [0, 1, 25, 50, 75, 99, 100].map((percent) => `percentile_Average_${percent}`),
  anyColumn: /^percentile_Average_\d/i,
  unusedColumn: {
    defect: "another percentile of runtime",
    repair: "column ignored",
    severity: "harmless",
  },
  negativeMean: {
    defect: "negative average runtime",
    repair: "mean of the interpolated percentiles taken",
    severity: "approximate",
  },
  zeroMean: {
    defect: "average runtime of 0",
    repair: "mean of the interpolated percentiles taken",
    severity: "approximate",
  },
  negativePercentile: {
    defect: "negative runtime percentile",
    repair: "taken as 0",
    severity: "approximate",
  },
  notAscending: {
    defect: "runtime percentiles not ascending",
    repair: "sorted",
    severity: "approximate",
  },
  duplicated: {
    defect: "function with durations twice",
    repair: "first row kept",
    severity: "approximate",
  },
  zero: {
    defect: "runtime of 0",
    repair: "kept; invocations ask for at least 1 ms",
    severity: "approximate",
  },
};

/** Memory: MiB, percentiles of averages over a minute. */
export const MEMORY_LAYOUT: PercentileLayout = {
  mean: "AverageAllocatedMb",
  weight: "SampleCount",
  countsInvocations: false,
  quantiles: MEMORY_QUANTILES,
  columns: [1, 5, 25, 50, 75, 95, 99, 100].map((percent) => `AverageAllocatedMb_pct${percent}`),
  anyColumn: /^AverageAllocatedMb_pct\d/i,
  unusedColumn: {
    defect: "another percentile of memory",
    repair: "column ignored",
    severity: "harmless",
  },
  negativeMean: {
    defect: "negative average memory",
    repair: "mean of the interpolated percentiles taken",
    severity: "approximate",
  },
  zeroMean: {
    defect: "average memory of 0",
    repair: "mean of the interpolated percentiles taken",
    severity: "approximate",
  },
  negativePercentile: {
    defect: "negative memory percentile",
    repair: "taken as 0",
    severity: "approximate",
  },
  notAscending: {
    defect: "memory percentiles not ascending",
    repair: "sorted",
    severity: "approximate",
  },
  duplicated: { defect: "memory given twice", repair: "first row kept", severity: "approximate" },
};

/** Rows whose figures stand in one piece of memory. */
const BLOCK_ROWS = 1024;

/** What the rows of a file are, and which of them the trace has. */
export interface RowKeys {
  readonly columns: readonly string[];
  /** How many numbers there are. */
  readonly size: number;
  /** The number of the function or application of a row; -1: that day has no invocations of it. */
  find(cells: CsvCells, columns: readonly number[]): number;
}

/**
 * The distributions of the files of durations or of memory of a trace, one file
 * for each day, by the numbers that its functions or applications have.
 */
export class PercentileTable {
  readonly #layout: PercentileLayout;
  readonly #unused: DefectClass;
  readonly #days: number;
  /** Percentiles, mean and weight of each row; blocks of rows, for one that grows is there twice. */
  readonly #blocks: Float64Array[] = [];
  #size = 0;
  /** By row: the row of the day before of the same function plus 1; 0: there is none. */
  #previous = new Int32Array(64);
  /** By number: its last row plus 1; 0: there is none. */
  #last = new Int32Array(0);

  /**
   * @param unused what a row is that the trace has no use for
   * @param days number of files that will be read at most
   */
  constructor(layout: PercentileLayout, unused: DefectClass, days: number) {
    this.#layout = layout;
    this.#unused = unused;
    this.#days = days;
  }

  /**
   * Reads the file of a day.
   *
   * @param keysOf what the rows are, from the columns that there are
   * @returns for each number whether the file has it
   * @throws LoaderError `input` when something in it is wrong
   */
  async read(
    file: string,
    keysOf: (table: CsvTable) => RowKeys,
    reading: TraceReading,
  ): Promise<Uint8Array> {
    await using table = await CsvTable.open(file, (bytes) => reading.hash.update(bytes));
    const layout = this.#layout;
    const keys = keysOf(table);
    const keyColumns = keys.columns.map((name) => table.columnIndex(name));
    const figures = new RowFigures(table, layout, this.#days > 1, reading);
    const lines = new Int32Array(keys.size);
    const strangers = new CellKeys();
    const strangerLines: number[] = [];
    this.#growNumbers(keys.size);
    await table.forEachRow((cells) => {
      const number = keys.find(cells, keyColumns);
      const isKnown = number >= 0;
      const stranger = isKnown ? -1 : strangers.add(cells, keyColumns);
      const firstLine = isKnown ? lines[number] : strangerLines[stranger] ?? 0;
      if (firstLine > 0) {
        const place = { file, line: cells.line, value: cells.key(keyColumns) };
        reading.repairs.addDuplicate(layout.duplicated, place, firstLine);
        return;
      }
      const { values, mean, weight } = figures.read(cells);
      if (isKnown) {
        lines[number] = cells.line;
        this.#add(number, values, mean, weight);
        return;
      }
      strangerLines[stranger] = cells.line;
      const place = { file, line: cells.line, value: cells.key(keyColumns) };
      reading.repairs.add(this.#unused, place);
    });
    return Uint8Array.from(lines, (line) => line > 0 ? 1 : 0);
  }

  /** The distribution of a function or application, of several days the mixture; absent: none. */
  get(number: number): Percentiles | undefined {
    const last = this.#last[number] ?? 0;
    if (last === 0) return undefined;
    const { quantiles } = this.#layout;
    if (this.#previous[last - 1] === 0) {
      const { values, mean } = this.#row(last - 1);
      return { quantiles, values, mean };
    }
    const days = [];
    for (let row = last; row > 0; row = this.#previous[row - 1]) days.push(this.#row(row - 1));
    return mixPercentiles(quantiles, days);
  }

  /**
   * How many invocations the distribution stands for, of all days; absent: the files do not
   * tell.
   */
  observationsOf(number: number): number | undefined {
    let sum = 0;
    for (let row = this.#last[number] ?? 0; row > 0; row = this.#previous[row - 1]) {
      const { length } = this.#layout.quantiles;
      const at = ((row - 1) % BLOCK_ROWS + 1) * (length + 2) - 1;
      sum += this.#blocks[Math.floor((row - 1) / BLOCK_ROWS)][at];
    }
    return sum > 0 ? sum : undefined;
  }

  #row(row: number): WeightedValues {
    const { length } = this.#layout.quantiles;
    const block = this.#blocks[Math.floor(row / BLOCK_ROWS)];
    const from = (row % BLOCK_ROWS) * (length + 2);
    const values = new Array<number>(length);
    for (let i = 0; i < length; i++) values[i] = block[from + i];
    return { values, mean: block[from + length], weight: block[from + length + 1] };
  }

  #add(number: number, values: Float64Array, mean: number, weight: number): void {
    const row = this.#size % BLOCK_ROWS;
    if (row === 0) this.#blocks.push(new Float64Array(BLOCK_ROWS * (values.length + 2)));
    const block = this.#blocks[this.#blocks.length - 1];
    const from = row * (values.length + 2);
    block.set(values, from);
    block[from + values.length] = mean;
    block[from + values.length + 1] = weight;
    if (this.#size === this.#previous.length) {
      const larger = new Int32Array(this.#size * 2);
      larger.set(this.#previous);
      this.#previous = larger;
    }
    this.#previous[this.#size] = this.#last[number];
    this.#last[number] = ++this.#size;
  }

  #growNumbers(size: number): void {
    if (size <= this.#last.length) return;
    const larger = new Int32Array(size);
    larger.set(this.#last);
    this.#last = larger;
  }
}

/** Reads the figures of rows, one after the other, and repairs them. */
class RowFigures {
  /** Percentiles of the row. */
  readonly values: Float64Array;
  mean = 0;
  /** How much it weighs among other days; NaN: not told, and of no use for a day alone. */
  weight = NaN;
  readonly #table: CsvTable;
  readonly #layout: PercentileLayout;
  readonly #reading: TraceReading;
  readonly #meanColumn: number;
  readonly #columns: readonly number[];
  readonly #weightColumn: number | undefined;
  readonly #isWeighted: boolean;

  constructor(
    table: CsvTable,
    layout: PercentileLayout,
    isWeighted: boolean,
    reading: TraceReading,
  ) {
    this.#table = table;
    this.#layout = layout;
    this.#reading = reading;
    this.#meanColumn = table.columnIndex(layout.mean);
    this.#columns = layout.columns.map((name) => table.columnIndex(name));
    this.#weightColumn = isWeighted
      ? table.columnIndex(layout.weight)
      : layout.countsInvocations
      ? table.findColumn(layout.weight)
      : undefined;
    this.#isWeighted = isWeighted;
    this.values = new Float64Array(layout.columns.length);
    for (const [index, column] of table.columns.entries()) {
      if (!layout.anyColumn.test(column) || this.#columns.includes(index)) continue;
      const { file, headerLine: line } = table;
      reading.repairs.add(layout.unusedColumn, { file, line, column, value: column });
    }
  }

  read(cells: CsvCells): this {
    const { values } = this;
    const columns = this.#columns;
    const readMean = cells.number(this.#meanColumn);
    for (let i = 0; i < values.length; i++) values[i] = cells.number(columns[i]);
    if (this.#weightColumn !== undefined) {
      // For a day alone nothing depends on it, so that it may be missing or wrong.
      this.weight = this.#isWeighted
        ? Math.max(0, cells.number(this.#weightColumn))
        : parseFloat(cells.text(this.#weightColumn));
    }
    this.#repair(cells);
    this.mean = readMean > 0 ? readMean : this.#interpolate(cells, readMean);
    return this;
  }

  #repair(cells: CsvCells): void {
    const { values } = this;
    const layout = this.#layout;
    let descent = 0;
    let [hasZero, hasNegative] = [false, false];
    for (let i = 0; i < values.length; i++) {
      if (values[i] === 0) hasZero = true;
      if (values[i] < 0) hasNegative = true;
      if (i > 0 && values[i] < values[i - 1]) descent = i;
    }
    if (hasZero && layout.zero !== undefined) {
      this.#tell(layout.zero, cells, this.#columns[values.indexOf(0)]);
    }
    if (hasNegative) {
      for (let i = 0; i < values.length; i++) {
        if (values[i] >= 0) continue;
        this.#tell(layout.negativePercentile, cells, this.#columns[i]);
        values[i] = 0;
      }
      descent = Number(values.some((value, i) => i > 0 && value < values[i - 1]));
    }
    if (descent > 0) {
      const first = values.findIndex((value, i) => i > 0 && value < values[i - 1]);
      this.#tell(layout.notAscending, cells, this.#columns[first]);
      values.sort();
    }
  }

  #interpolate(cells: CsvCells, readMean: number): number {
    const layout = this.#layout;
    const mean = meanOfInterpolation(layout.quantiles, this.values);
    if (readMean < 0) this.#tell(layout.negativeMean, cells, this.#meanColumn);
    else if (mean > 0) this.#tell(layout.zeroMean, cells, this.#meanColumn);
    return mean;
  }

  #tell(defectClass: DefectClass, cells: CsvCells, column: number): void {
    this.#reading.repairs.add(defectClass, {
      file: this.#table.file,
      line: cells.line,
      column: this.#table.columns[column],
      value: cells.text(column),
    });
  }
}
