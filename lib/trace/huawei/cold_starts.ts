import { LoaderError } from "../../base/error.ts";
import { WeightedSketch } from "../../stats/weighted_sketch.ts";
import { CsvTable } from "../csv_table.ts";
import { findByHeader, hasColumns } from "../header_search.ts";
import { TraceFolder } from "../trace_folder.ts";
import { poolOfInstance } from "./pool.ts";
import { findRuntimeTable, readRuntimeTable } from "./runtime_table.ts";

/** Columns by which a table of cold starts is recognised, in lower case. */
export const COLD_START_COLUMNS = ["totalcost_cold_start", "podid"];

/** Parts of a cold start, as the release names them. */
const PARTS = {
  total: "totalCost_cold_start",
  podAllocation: "podAllocationCost",
  deployCode: "deployCodeCost",
  deployDependency: "deployDependencyCost",
  scheduling: "schedulingCost",
} as const;

/** A part of a cold start, or all of it; `deploy`: code and dependencies together. */
export type ColdStartPart = keyof typeof PARTS | "deploy";

const ALL_PARTS: readonly ColdStartPart[] = [
  ...Object.keys(PARTS) as (keyof typeof PARTS)[],
  "deploy",
];

/** How long the cold starts of some functions took. */
export interface ColdStartGroup {
  /** What they have in common: nothing (`all`), the pool, or the language. */
  readonly by: "all" | "pool" | "runtime";
  /** Name of the pool or language. */
  readonly name: string;
  readonly coldStarts: number;
  /** Distribution of each part in ms, as text that the simulator's options take. */
  readonly distributions: Readonly<Record<ColdStartPart, string>>;
  /** Mean of each part, ms. */
  readonly meanMs: Readonly<Record<ColdStartPart, number>>;
}

/** What tables of cold starts tell. */
export interface ColdStartSummary {
  readonly coldStarts: number;
  /** Seconds since the start of the data set. */
  readonly firstS: number;
  readonly lastS: number;
  /** All of them, then those of each pool, then of each language, each by their number. */
  readonly groups: readonly ColdStartGroup[];
}

const CODE = ALL_PARTS.indexOf("deployCode");
const DEPENDENCY = ALL_PARTS.indexOf("deployDependency");

/** Quantiles at which distributions are told. */
const QUANTILES = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];

/** True for a folder or file with tables of cold starts in it, not further below. */
export async function hasColdStarts(path: string): Promise<boolean> {
  return (await listTables(await TraceFolder.list(path))).length > 0;
}

async function listTables(folder: TraceFolder) {
  return await findByHeader(folder, (columns) => hasColumns(columns, COLD_START_COLUMNS));
}

/**
 * Reads tables of cold starts of the Huawei traces of 2025 (a file, or a folder of a
 * region with a file for each day): how long starts took, and each part of them, by pool
 * and by language (known for region 2, where its table is found near). What comes out can
 * be given to the simulator: `podAllocation` as `--scheduling-delay`, `deploy` as
 * `--image-delay`, `scheduling` as `--start-delay`; or `total` as one of them, since parts
 * that are drawn on their own know nothing of each other.
 *
 * @throws LoaderError `input` when there are no cold starts, or something in the files is wrong
 */
export async function readColdStarts(path: string): Promise<ColdStartSummary> {
  const folder = await TraceFolder.list(path);
  const found = await listTables(folder);
  if (found.length === 0) {
    throw new LoaderError(
      "input",
      `There is no table of cold starts, with a column ${PARTS.total}; found ${folder.describe()}.`,
      { file: path },
    );
  }
  const runtimeFile = await findRuntimeTable(folder.pathOf("."));
  const runtimes = runtimeFile === null ? null : await readRuntimeTable(runtimeFile);
  const groups = new Map<string, Collected>();
  const collect = (by: ColdStartGroup["by"], name: string): Collected => {
    const key = `${by}/${name}`;
    const known = groups.get(key);
    if (known !== undefined) return known;
    const fresh = new Collected(by, name);
    groups.set(key, fresh);
    return fresh;
  };
  let firstS = Infinity;
  let lastS = -Infinity;
  for (const { name } of found) {
    await using table = await CsvTable.open(folder.pathOf(name));
    const [time, pod, func, user] = ["time", "podID", "funcName", "userID"]
      .map((column) => table.columnIndex(column));
    const columns = Object.values(PARTS).map((column) => table.columnIndex(column));
    const partsMs: number[] = [];
    await table.forEachRow((cells) => {
      const timeS = cells.number(time);
      firstS = Math.min(firstS, timeS);
      lastS = Math.max(lastS, timeS);
      for (let i = 0; i < columns.length; i++) {
        partsMs[i] = Math.max(0, cells.number(columns[i]) * 1000);
      }
      partsMs[columns.length] = partsMs[CODE] + partsMs[DEPENDENCY];
      const podId = cells.id(pod);
      const pool = poolOfInstance(podId)?.name ?? podId;
      collect("all", "all").add(partsMs);
      collect("pool", pool).add(partsMs);
      if (runtimes === null) return;
      const id = `${cells.id(func)}---${cells.id(user)}---${pool}`;
      collect("runtime", runtimes.get(id)?.runtime ?? "unknown").add(partsMs);
    });
  }
  const all = groups.get("all/all");
  if (all === undefined) {
    throw new LoaderError("input", "There are no cold starts after the header.", { file: path });
  }
  const order = ["all", "pool", "runtime"];
  return {
    coldStarts: all.coldStarts,
    firstS,
    lastS,
    groups: [...groups.values()].map((group) => group.describe()).toSorted((a, b) =>
      order.indexOf(a.by) - order.indexOf(b.by) || b.coldStarts - a.coldStarts ||
      (a.name < b.name ? -1 : 1)
    ),
  };
}

/** The cold starts of a group while they are read. */
class Collected {
  readonly by: ColdStartGroup["by"];
  readonly name: string;
  readonly #sketches = ALL_PARTS.map(() => new WeightedSketch());

  constructor(by: ColdStartGroup["by"], name: string) {
    this.by = by;
    this.name = name;
  }

  get coldStarts(): number {
    return this.#sketches[0].weight;
  }

  add(partsMs: readonly number[]): void {
    for (let i = 0; i < partsMs.length; i++) this.#sketches[i].add(partsMs[i], 1);
  }

  describe(): ColdStartGroup {
    const record = <T>(make: (sketch: WeightedSketch) => T) =>
      Object.fromEntries(ALL_PARTS.map((part, i) => [part, make(this.#sketches[i])])) as Record<
        ColdStartPart,
        T
      >;
    return {
      by: this.by,
      name: this.name,
      coldStarts: this.coldStarts,
      distributions: record(formatQuantiles),
      meanMs: record(({ mean }) => mean),
    };
  }
}

/** As the simulator's options take a distribution: `quantiles(0: 150ms, …, 1: 900ms)`. */
function formatQuantiles(sketch: WeightedSketch): string {
  let last = 0;
  const pairs = sketch.quantiles(QUANTILES).map((value, i) => {
    // Three decimals are a microsecond; rounding must not make them descend.
    last = Math.max(last, Number(value.toFixed(3)));
    return `${QUANTILES[i]}: ${last}ms`;
  });
  return `quantiles(${pairs.join(", ")})`;
}
