import type { Percentiles } from "../../model/trace.ts";
import { type CsvRow, CsvTable, parseKeyCells, parseNumberCell } from "../csv_table.ts";
import type { TraceReading } from "../format.ts";
import type { DefectClass } from "../repair_log.ts";

/** Which columns of a file hold a distribution, and what to do about wrong values. */
export interface PercentileLayout {
  readonly mean: string;
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

/** What a file tells of a function or an application. */
export interface PercentileRow {
  readonly percentiles: Percentiles;
  /** Line of the file. */
  readonly line: number;
}

/** A file of durations or memory. */
export interface PercentileTable {
  readonly file: string;
  /** True if the rows are functions; otherwise they are applications. */
  readonly perFunction: boolean;
  /** By `owner/app/function` or `owner/app`. */
  readonly rows: ReadonlyMap<string, PercentileRow>;
}

/** Durations: milliseconds, weighted percentiles of averages over 30 s. */
export const DURATION_LAYOUT: PercentileLayout = {
  mean: "Average",
  quantiles: [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1],
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
  quantiles: [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1],
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

/**
 * Reads a file of durations or memory. The rows are functions where the file
 * has a column `HashFunction`, else applications.
 *
 * @throws LoaderError `input` when something in it is wrong
 */
export async function readPercentiles(
  file: string,
  layout: PercentileLayout,
  rowsAre: "functions" | "functions or applications",
  reading: TraceReading,
): Promise<PercentileTable> {
  await using table = await CsvTable.open(file, (bytes) => reading.hash.update(bytes));
  const perFunction = rowsAre === "functions" || table.findColumn("HashFunction") !== undefined;
  const keyColumns = ["HashOwner", "HashApp", ...(perFunction ? ["HashFunction"] : [])].map(
    (name) => table.columnIndex(name),
  );
  const mean = table.columnIndex(layout.mean);
  const columns = layout.columns.map((name) => table.columnIndex(name));
  for (const [index, column] of table.columns.entries()) {
    if (!layout.anyColumn.test(column) || columns.includes(index)) continue;
    reading.repairs.add(layout.unusedColumn, { file, line: 1, column, value: column });
  }
  const rows = new Map<string, PercentileRow>();
  for await (const row of table.rows()) {
    const key = parseKeyCells(table, row, keyColumns);
    const first = rows.get(key);
    if (first !== undefined) {
      const place = { file, line: row.line, value: key };
      reading.repairs.addDuplicate(layout.duplicated, place, first.line);
      continue;
    }
    const percentiles = parsePercentiles(table, row, mean, columns, layout, reading);
    rows.set(key, { percentiles, line: row.line });
  }
  return { file, perFunction, rows };
}

function parsePercentiles(
  table: CsvTable,
  row: CsvRow,
  meanColumn: number,
  columns: readonly number[],
  layout: PercentileLayout,
  reading: TraceReading,
): Percentiles {
  const repair = (defectClass: DefectClass, column: number) =>
    reading.repairs.add(defectClass, {
      file: table.file,
      line: row.line,
      column: table.columns[column],
      value: row.cells[column],
    });
  const [readMean, ...values] = [meanColumn, ...columns].map((column) =>
    parseNumberCell(table, row, column)
  );
  const zero = values.indexOf(0);
  if (layout.zero !== undefined && zero >= 0) repair(layout.zero, columns[zero]);
  for (const [index, value] of values.entries()) {
    if (value >= 0) continue;
    repair(layout.negativePercentile, columns[index]);
    values[index] = 0;
  }
  const descent = values.findIndex((value, index) => index > 0 && value < values[index - 1]);
  if (descent > 0) {
    repair(layout.notAscending, columns[descent]);
    values.sort((a, b) => a - b);
  }
  if (readMean > 0) return { quantiles: layout.quantiles, values, mean: readMean };
  const mean = meanOfInterpolation(layout.quantiles, values);
  if (readMean < 0) repair(layout.negativeMean, meanColumn);
  else if (mean > 0) repair(layout.zeroMean, meanColumn);
  return { quantiles: layout.quantiles, values, mean };
}

/**
 * Mean of the distribution that linear interpolation between percentiles
 * gives; below the first quantile it has the first value throughout.
 *
 * @param quantiles in [0, 1], ascending, the last one 1
 * @example
 * ```ts
 * import { meanOfInterpolation } from "./percentile_table.ts";
 * if (meanOfInterpolation([0, 0.5, 1], [0, 10, 30]) !== 12.5) throw new Error("wrong mean");
 * ```
 */
export function meanOfInterpolation(
  quantiles: readonly number[],
  values: readonly number[],
): number {
  let mean = quantiles[0] * values[0];
  for (let i = 1; i < quantiles.length; i++) {
    mean += (quantiles[i] - quantiles[i - 1]) * (values[i] + values[i - 1]) / 2;
  }
  return mean;
}
