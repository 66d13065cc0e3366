import { join } from "node:path";
import { LoaderError } from "../../base/error.ts";
import { selectWhole } from "../day_range.ts";
import type { TraceChoice, TraceFormat, TraceReading, TraceSource } from "../format.ts";
import { findByHeader, hasColumns, tellNotRead } from "../header_search.ts";
import type { TraceFolder } from "../trace_folder.ts";
import { nameTrace } from "../trace_name.ts";
import { COLD_START_COLUMNS } from "./cold_starts.ts";
import { chooseDays, listDayFiles, narrowDays } from "./day_files.ts";
import { findLeaves, type LeafFolder, nameOf } from "./leaf_folders.ts";
import { parsePool } from "./pool.ts";
import { readRequestTables, REQUEST_COLUMNS } from "./request_table.ts";
import { findRuntimeTable, readRuntimeTable, type RuntimeRow } from "./runtime_table.ts";
import {
  readSeriesTrace,
  type SeriesFigure,
  type SeriesFunction,
  type SeriesMetric,
  type SeriesTrace,
} from "./series_trace.ts";

/** Folders of metrics by the minute: a metric, and a statistic of it where it has several values. */
const METRIC =
  /^(busCost|cpu_usage|deployCodeCost|deployDependencyCost|frontendCost|memory_usage|num_cold_starts|num_pods|podAllocationCost|readBodyCost|requestBodySize|requests|runtimeCost|schedulingCost|totalCost|totalCost_cold_start|totalCost_frontend|workerCost|writeRspCost)(_(avg|std|quantile_(\d{3})))?$/;

/** The statistics of a minute's values that the release has, beside average and deviation. */
const QUANTILES = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];

/** Names of functions: `funcName---userID---pool22-300-128`. */
const FUNC_ID = /^(.+?)---(.+?)---(.+)$/;

type Kind = "series" | "requests" | "cold starts";

/**
 * The Huawei traces of 2025 (Joosen et al., "Serverless Cold Starts and Where to Find Them",
 * EuroSys 2025), of five regions over 31 days: counts by the minute with quantiles of
 * runtime and memory (`quantiles/R1 … R5`), and the requests of day 30 one by one
 * (`per_request`). Times are seconds since the start of the data set, durations seconds,
 * memory MB. What is given is the folder of a region, or one file of requests.
 *
 * The tables of cold starts have no invocations that were warm: they are no trace, and are
 * read by {@linkcode readColdStarts}.
 */
export const HUAWEI_2025: TraceFormat = {
  name: "Huawei 2025",
  looksFor: ["requests/day_00.csv with columns funcName---userID---pool", "time_worker"],
  async recognise(folder) {
    const kinds = new Map<TraceFolder, Kind>();
    const leaves = await findLeaves(folder, async (leaf) => {
      const kind = await kindOf(leaf);
      if (kind === null) return false;
      kinds.set(leaf, kind);
      return true;
    });
    if (leaves.length === 0) return null;
    const traces = leaves.filter((leaf) => kinds.get(leaf.folder) !== "cold starts");
    const evidence = leaves.map(({ label }) => label).join(", ");
    if (traces.length > 1) {
      return {
        evidence: traces.map(({ label }) => label).join(", "),
        unsupported: "These are several traces; give the folder of one region, and either its " +
          "counts by the minute or its requests.",
      };
    }
    if (traces.length === 0) {
      return {
        evidence,
        unsupported:
          "These are cold starts alone: how often functions were invoked that were warm, " +
          "and how long they ran, is not in them; give the counts (quantiles) or requests of the " +
          "region. What starts took can be given to the simulator: deno task trace:doctor, with the " +
          "region's folder of cold starts, makes distributions of them.",
      };
    }
    const [trace] = traces;
    return kinds.get(trace.folder) === "series"
      ? recogniseSeries(trace)
      : await recogniseRequests(trace);
  },
};

async function kindOf(folder: TraceFolder): Promise<Kind | null> {
  if (folder.folders.has("requests") && [...folder.folders].some((name) => isOtherMetric(name))) {
    return "series";
  }
  const found = await findByHeader(folder, (columns) => kindOfHeader(columns) !== null);
  return found.length === 0 ? null : kindOfHeader(found[0].columns);
}

function isOtherMetric(name: string): boolean {
  return name !== "requests" && METRIC.test(name);
}

function kindOfHeader(columns: readonly string[]): Kind | null {
  if (hasColumns(columns, REQUEST_COLUMNS)) return "requests";
  if (hasColumns(columns, COLD_START_COLUMNS)) return "cold starts";
  const isSeries = hasColumns(columns, ["day", "time"]) &&
    columns.slice(0, 4).some((name) => FUNC_ID.test(name));
  return isSeries ? "series" : null;
}

async function recogniseRequests({ folder, label }: LeafFolder) {
  const found = await findByHeader(folder, (columns) => hasColumns(columns, REQUEST_COLUMNS));
  const files = found.map(({ name }) => folder.pathOf(name));
  const source: TraceSource = {
    key: files.join("\n"),
    size: null,
    read: async (reading) => {
      tellNotRead(folder, found, reading.repairs);
      return await readRequestTables(
        nameTrace(folder.path),
        files,
        await readRuntimes(folder.pathOf("."), reading),
        reading,
      );
    },
  };
  return {
    evidence: found.length === 1 ? found[0].name : `${files.length} files of requests in ${label}`,
    select: selectWhole(source, folder.path),
  };
}

function recogniseSeries({ folder, label }: LeafFolder) {
  const inside = folder.pathOf(".");
  const isRoot = folder.folders.has("requests");
  const metric = nameOf(inside);
  const kind = METRIC.exec(metric)?.[1];
  if (!isRoot && metric !== "requests") {
    return {
      evidence: label,
      unsupported: kind === undefined
        ? "The folder's name is what tells the metric of these files, and this one does not; if " +
          "they are counts of requests, call it requests."
        : `These are figures of ${kind}, not counts of requests; give the folder requests, or the ` +
          "one of the region.",
    };
  }
  const root = isRoot ? inside : join(inside, "..");
  const named = isRoot || nameOf(folder.path) === metric ? null : folder.path;
  return {
    evidence: isRoot ? join(label, "requests") : label,
    async select(choice: TraceChoice) {
      const files = narrowDays(await listDayFiles(join(root, "requests")), named);
      if (files.size === 0) {
        throw new LoaderError(
          "input",
          "There are no files of days such as day_00.csv in requests.",
          { file: root },
        );
      }
      const days = chooseDays(join(root, "requests"), files.keys(), choice.days);
      return {
        key: JSON.stringify([root, days.first, days.last]),
        size: null,
        read: async (reading: TraceReading) =>
          await readSeriesTrace(await describeSeries(root, files, reading), days, reading),
      };
    },
  };
}

async function readRuntimes(
  folder: string,
  reading: TraceReading,
): Promise<ReadonlyMap<string, RuntimeRow>> {
  const file = await findRuntimeTable(folder);
  return file === null ? new Map() : await readRuntimeTable(file, reading);
}

async function describeSeries(
  root: string,
  files: ReadonlyMap<number, string>,
  reading: TraceReading,
): Promise<SeriesTrace> {
  const runtimes = await readRuntimes(root, reading);
  const runtime = await findStatistics(root, "totalCost", 1000);
  const memory = await findStatistics(root, "memory_usage", 1);
  return {
    name: nameOf(root),
    requests: { files, stepS: 60 },
    runtimeMs: runtime.figures,
    memoryMib: memory.figures,
    identify: (name) => identify(name, runtimes),
    assumptions: [
      ...runtime.figures.length > 0
        ? [`Runtimes are ${runtime.what} of totalCost in each minute, weighted by its requests.`]
        : [],
      ...memory.figures.length > 0
        ? [
          `Memory is ${memory.what} of memory_usage in each minute, that of a whole instance ` +
          "(MB read as MiB).",
        ]
        : [],
    ],
  };
}

function identify(name: string, runtimes: ReadonlyMap<string, RuntimeRow>): SeriesFunction {
  const match = FUNC_ID.exec(name);
  if (match === null) {
    throw new Error(
      `Expected funcName---userID---pool as the name of the column, got ${JSON.stringify(name)}.`,
    );
  }
  const [, , ownerId, appId] = match;
  return {
    id: name,
    appId,
    ownerId,
    trigger: runtimes.get(name)?.trigger ?? null,
    memoryLimitMib: parsePool(appId)?.memoryLimitMib ?? null,
  };
}

/** What there is of a metric: its quantiles in each minute, else its average. */
async function findStatistics(
  root: string,
  metric: string,
  factor: number,
): Promise<{ readonly figures: readonly SeriesFigure[]; readonly what: string }> {
  const list = async (statistic: string): Promise<SeriesMetric> => ({
    files: await listDayFiles(join(root, `${metric}_${statistic}`)),
    stepS: 60,
  });
  const derive = ([value]: readonly number[]) => value * factor;
  const found: { readonly quantile: number; readonly series: SeriesMetric }[] = [];
  for (const quantile of QUANTILES) {
    const percent = String(Math.round(quantile * 100)).padStart(3, "0");
    const series = await list(`quantile_${percent}`);
    if (series.files.size > 0) found.push({ quantile, series });
  }
  if (found.length > 1) {
    const shares = sharesOf(found.map(({ quantile }) => quantile));
    return {
      figures: found.map(({ series }, i) => ({ metrics: [series], share: shares[i], derive })),
      what: `the ${found.length} quantiles`,
    };
  }
  const average = await list("avg");
  const only = average.files.size > 0 ? average : found.at(0)?.series;
  if (only === undefined) return { figures: [], what: "" };
  return {
    figures: [{ metrics: [only], share: 1, derive }],
    what: only === average ? "the average" : "one quantile",
  };
}

/**
 * Which share of the values each of some quantiles stands for: half the way to its
 * neighbours, and all that is beyond the first and the last.
 */
export function sharesOf(quantiles: readonly number[]): number[] {
  return quantiles.map((quantile, i) => {
    const from = i === 0 ? 0 : (quantiles[i - 1] + quantile) / 2;
    const to = i === quantiles.length - 1 ? 1 : (quantile + quantiles[i + 1]) / 2;
    return to - from;
  });
}
