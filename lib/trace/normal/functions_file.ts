import { LoaderError } from "../../base/error.ts";
import type { Percentiles } from "../../model/trace.ts";
import type { ParquetFile, RowBatch } from "../parquet/parquet_file.ts";
import { meanOfInterpolation } from "../percentiles.ts";
import { type FunctionIdentity, LARGEST_FIGURE } from "../recorded.ts";
import type { DefectClass, RepairLog } from "../repair_log.ts";
import { ignoreOtherColumns } from "./other_columns.ts";
import { wrongNumber } from "./row_error.ts";

/** What is known of a function beside its invocations. */
export interface FunctionFacts {
  readonly identity: FunctionIdentity;
  /** `null`: not known. */
  readonly runtimeMs: Percentiles | null;
  /** `null`: not known. */
  readonly memoryMib: Percentiles | null;
  /** Row of the file, from 1. */
  readonly row: number;
}

/** Columns of text, all but the first one optional. */
export const IDENTITY_COLUMNS = ["function", "name", "app", "owner", "trigger"] as const;

/** A distribution, of which each column is optional. */
interface Distribution {
  /** What its columns begin with; it ends in the unit. */
  readonly stem: "runtime_ms" | "memory_mib";
  readonly notAscending: DefectClass;
  readonly withoutPercentiles: DefectClass;
}

const RUNTIME: Distribution = {
  stem: "runtime_ms",
  notAscending: {
    defect: "runtime percentiles not ascending",
    repair: "sorted",
    severity: "approximate",
  },
  withoutPercentiles: {
    defect: "function with a mean runtime alone",
    repair: "each invocation runs for the mean",
    severity: "approximate",
  },
};

const MEMORY: Distribution = {
  stem: "memory_mib",
  notAscending: {
    defect: "memory percentiles not ascending",
    repair: "sorted",
    severity: "approximate",
  },
  withoutPercentiles: {
    defect: "function with a mean memory alone",
    repair: "each invocation takes the mean",
    severity: "approximate",
  },
};

const PERCENTILE_COLUMN = /^(runtime_ms|memory_mib)_p(\d+(?:[._]\d+)?)$/;

/** The quantile that a column such as `runtime_ms_p99_9` holds, in digits that are its own. */
function quantileOf(percent: string): number {
  return Number((Number(percent.replace("_", ".")) / 100).toPrecision(15));
}

/** The name of a column of percentiles, as {@linkcode readFunctions} reads it. */
export function nameOfPercentile(stem: string, quantile: number): string {
  const percent = Number((quantile * 100).toPrecision(15));
  return `${stem}_p${String(percent).replace(".", "_")}`;
}

/**
 * Reads `functions.parquet`: a row for each function.
 *
 * @param facts takes what is read, by the place of the function's name in the file's names
 * @throws LoaderError `input` when something in it is wrong
 */
export async function readFunctions(
  file: ParquetFile,
  repairs: RepairLog,
  facts: Map<number, FunctionFacts>,
): Promise<void> {
  const names = IDENTITY_COLUMNS.filter((name) =>
    name === "function" || file.element(name) !== undefined
  );
  const figures = [RUNTIME, MEMORY].map((distribution) => findFigures(file, distribution));
  const numbers = figures.flatMap(({ columns }) => columns);
  ignoreOtherColumns(file, [...names, ...numbers], repairs);
  const batches = file.read([
    ...names.map((name) => ({ name, use: "name" as const })),
    ...numbers.map((name) => ({
      name,
      use: name.startsWith(RUNTIME.stem) ? "milliseconds" as const : "number" as const,
    })),
  ]);
  for await (const batch of batches) {
    const texts = file.listNames();
    for (let i = 0; i < batch.rows; i++) {
      const row = batch.firstRow + i + 1;
      const place = { file: file.path, line: row };
      const textOf = (column: number) => column < 0 ? null : texts[batch.columns[column][i]];
      const number = batch.columns[0][i];
      const key = textOf(0);
      if (key === null || key === undefined || key === "") {
        throw new LoaderError("input", `Expected a name or a whole number, got ${show(key)}.`, {
          ...place,
          column: "function",
          value: key,
        });
      }
      const first = facts.get(number);
      if (first !== undefined) {
        throw new LoaderError(
          "input",
          `The function ${key} is there already in row ${first.row}; remove one.`,
          { ...place, column: "function", value: key },
        );
      }
      const [name, app, owner, trigger] = ["name", "app", "owner", "trigger"].map((column) =>
        textOf(names.indexOf(column as typeof names[number])) ?? null
      );
      const [runtimeMs, memoryMib] = figures.map((figure) =>
        readDistribution(
          file,
          figure,
          batch,
          i,
          names.length + numbers.indexOf(figure.columns[0]),
          {
            repairs,
            function: key,
          },
        )
      );
      facts.set(number, {
        identity: {
          id: name ?? key,
          appId: app ?? name ?? key,
          ownerId: owner ?? "",
          trigger,
        },
        runtimeMs,
        memoryMib,
        row,
      });
    }
  }
}

/** The columns of a distribution that a file has: its mean, then percentiles ascending. */
interface Figures {
  readonly distribution: Distribution;
  readonly columns: readonly string[];
  readonly hasMean: boolean;
  readonly quantiles: readonly number[];
}

function findFigures(file: ParquetFile, distribution: Distribution): Figures {
  const { stem } = distribution;
  const mean = `${stem}_mean`;
  const found = file.columns.flatMap((name) => {
    const [, ownStem, percent] = PERCENTILE_COLUMN.exec(name) ?? [];
    if (ownStem !== stem) return [];
    const quantile = quantileOf(percent);
    if (quantile > 1) {
      throw new LoaderError("input", `There is no percentile ${percent}; the largest is p100.`, {
        file: file.path,
        column: name,
        value: percent,
      });
    }
    return [{ name, quantile }];
  }).toSorted((a, b) => a.quantile - b.quantile);
  const twice = found.find(({ quantile }, i) => i > 0 && quantile === found[i - 1].quantile);
  if (twice !== undefined) {
    throw new LoaderError("input", "Two columns hold this percentile; remove one.", {
      file: file.path,
      column: twice.name,
    });
  }
  const hasMean = file.element(mean) !== undefined;
  return {
    distribution,
    columns: [...hasMean ? [mean] : [], ...found.map(({ name }) => name)],
    hasMean,
    quantiles: found.map(({ quantile }) => quantile),
  };
}

function readDistribution(
  file: ParquetFile,
  { distribution, columns, hasMean, quantiles }: Figures,
  batch: RowBatch,
  index: number,
  firstColumn: number,
  { repairs, function: key }: { readonly repairs: RepairLog; readonly function: string },
): Percentiles | null {
  const line = batch.firstRow + index + 1;
  const figures = columns.map((column, i) => {
    const value = batch.columns[firstColumn + i][index];
    if (Number.isNaN(value) || (value >= 0 && value <= LARGEST_FIGURE)) return value;
    throw wrongNumber(file, line - 1, column, value, `a number from 0 to ${LARGEST_FIGURE}`);
  });
  const mean = hasMean ? figures[0] : NaN;
  const known = (hasMean ? figures.slice(1) : figures)
    .map((value, i) => ({ value, quantile: quantiles[i] }))
    .filter(({ value }) => !Number.isNaN(value));
  if (known.length === 0) {
    if (Number.isNaN(mean)) return null;
    repairs.add(distribution.withoutPercentiles, { file: file.path, line, value: key });
    return { quantiles: [0, 1], values: [mean, mean], mean };
  }
  const values = known.map(({ value }) => value);
  if (values.some((value, i) => i > 0 && value < values[i - 1])) {
    repairs.add(distribution.notAscending, { file: file.path, line, value: key });
    values.sort((a, b) => a - b);
  }
  const shared = known.length === quantiles.length
    ? quantiles
    : known.map(({ quantile }) => quantile);
  return {
    quantiles: shared,
    values,
    mean: Number.isNaN(mean) ? meanOfInterpolation(shared, values) : mean,
  };
}

function show(value: unknown): string {
  return value === null || value === undefined ? "nothing" : JSON.stringify(value);
}
