import { join } from "node:path";
import { LoaderError } from "../../base/error.ts";
import type { TraceFormat, TraceReading } from "../format.ts";
import { hasColumns } from "../header_search.ts";
import type { TraceFolder } from "../trace_folder.ts";
import { chooseDays, listDayFiles, narrowDays } from "./day_files.ts";
import { findLeaves, firstByHeader, type LeafFolder, nameOf } from "./leaf_folders.ts";
import {
  readSeriesTrace,
  type SeriesFigure,
  type SeriesMetric,
  type SeriesTrace,
} from "./series_trace.ts";

/** Metrics of the data set; by the second there are the first three only. */
const METRIC =
  /^(requests|function_delay|platform_delay|cpu_usage|memory_usage|cpu_limit|memory_limit|instances)_(minute|second)$/;

const NAME_OF_FUNCTION = /^\d+$/;

/** A folder with the counts of requests, and where the other metrics are. */
interface RequestsFolder {
  /** `requests_minute` or `requests_second`. */
  readonly metric: string;
  /** The folder with a folder for each metric. */
  readonly root: string;
  /** Only this file of it was named. */
  readonly file: string | null;
}

/**
 * The Huawei private and public traces of 2023 (Joosen et al., "How Does It
 * Function? Characterizing Long-term Trends in Production Serverless Workloads", SoCC 2023):
 * a folder for each metric, whose name says the metric, with a file for each
 * day, in which a row is an instant and a column a function. Days count from 0; of the
 * private trace 141 of 235 days were released. What is given may be the folder of the
 * counts, a file in it, or a folder above.
 *
 * The private trace has delays and memory beside the counts, the public one has counts
 * alone. The unit of delays is not told.
 */
export const HUAWEI_2023: TraceFormat = {
  name: "Huawei 2023",
  looksFor: ["requests_minute/day_000.csv", "requests_second/day_000.csv"],
  async recognise(folder) {
    const leaves = await findLeaves(folder, isLeaf);
    if (leaves.length === 0) return null;
    const evidence = leaves.map(({ label }) => label).join(", ");
    if (leaves.length > 1) {
      return { evidence, unsupported: "These are several traces; give the folder of one of them." };
    }
    const found = findRequests(leaves[0]);
    if (typeof found === "string") return { evidence, unsupported: found };
    return {
      evidence: leaves[0].folder === folder ? found.metric : join(evidence, found.metric),
      async select(choice) {
        const files = narrowDays(await listMetric(found.root, found.metric), found.file);
        if (files.size === 0) {
          throw new LoaderError(
            "input",
            `There are no files of days such as day_000.csv in ${found.metric}.`,
            { file: found.root },
          );
        }
        const days = chooseDays(join(found.root, found.metric), files.keys(), choice.days);
        return {
          key: JSON.stringify([found.root, found.metric, days.first, days.last]),
          size: null,
          read: async (reading: TraceReading) =>
            await readSeriesTrace(await describeSeries(found, files), days, reading),
        };
      },
    };
  },
};

/** True for a folder of one metric, and for one with folders of metrics. */
async function isLeaf(folder: TraceFolder): Promise<boolean> {
  if ([...folder.folders].some((name) => METRIC.test(name))) return true;
  const found = await firstByHeader(
    folder,
    (columns) =>
      hasColumns(columns, ["day", "time"]) &&
      columns.slice(0, 4).some((name) => NAME_OF_FUNCTION.test(name)),
  );
  return found !== null;
}

/** The counts in a folder, or a sentence that says why there are none. */
function findRequests({ folder }: LeafFolder): RequestsFolder | string {
  const inside = ["requests_minute", "requests_second"].filter((name) => folder.folders.has(name));
  if (inside.length > 0) return { metric: inside[0], root: folder.path, file: null };
  if ([...folder.folders].some((name) => METRIC.test(name))) {
    return "The counts are missing: there is neither requests_minute nor requests_second beside " +
      "the other metrics; unpack one of them there too.";
  }
  const path = folder.pathOf(".");
  const metric = nameOf(path);
  const kind = METRIC.exec(metric)?.[1];
  if (kind === "requests") {
    const isFile = nameOf(folder.path) !== metric;
    return { metric, root: join(path, ".."), file: isFile ? folder.path : null };
  }
  return kind === undefined
    ? "The folder's name is what tells the metric of these files, and this one does not; if they are " +
      "counts of requests, call it requests_minute or requests_second."
    : `These are figures of ${kind}, not counts of requests; give requests_minute or ` +
      "requests_second, or the folder above.";
}

async function listMetric(root: string, metric: string): Promise<ReadonlyMap<number, string>> {
  return await listDayFiles(join(root, metric));
}

async function describeSeries(
  { root, metric }: RequestsFolder,
  files: ReadonlyMap<number, string>,
): Promise<SeriesTrace> {
  const stepS = metric.endsWith("_second") ? 1 : 60;
  const list = async (name: string, stepS: number): Promise<SeriesMetric> => ({
    files: await listMetric(root, name),
    stepS,
  });
  const exact = stepS === 1 ? await list("function_delay_second", 1) : null;
  const delay = exact !== null && exact.files.size > 0
    ? exact
    : await list("function_delay_minute", 60);
  const limit = await list("memory_limit_minute", 60);
  const instances = await list("instances_minute", 60);
  const usage = await list("memory_usage_minute", 60);
  const hasDelay = delay.files.size > 0;
  const hasMemory = limit.files.size > 0 && instances.files.size > 0;
  const hasUsage = hasMemory && usage.files.size > 0;
  return {
    name: nameOf(root),
    requests: { files, stepS },
    runtimeMs: hasDelay ? [{ metrics: [delay], share: 1, derive: ([delayMs]) => delayMs }] : [],
    memoryMib: hasMemory ? [memoryFigure(limit, instances, hasUsage ? usage : null)] : [],
    identify(name) {
      if (!NAME_OF_FUNCTION.test(name)) {
        throw new Error(`Expected a function's number as the name of the column, got ${name}.`);
      }
      return {
        id: name,
        appId: name,
        ownerId: "huawei2023",
        trigger: null,
        memoryLimitMib: null,
      };
    },
    assumptions: [
      ...hasDelay
        ? [
          "The unit of function_delay is not told: milliseconds are assumed. It is a mean over " +
          `each ${delay.stepS === 1 ? "second" : "minute"} and all instances, so single runtimes ` +
          "spread further.",
        ]
        : [],
      ...hasMemory
        ? [
          "Memory of an instance is memory_limit, which sums up all instances, over their number" +
          (hasUsage ? ", times memory_usage" : "; how much of it is used is not there") +
          " (MB read as MiB).",
        ]
        : [],
    ],
  };
}

/** Memory of one instance: the limit is that of all of them together. */
function memoryFigure(
  limit: SeriesMetric,
  instances: SeriesMetric,
  usage: SeriesMetric | null,
): SeriesFigure {
  return {
    metrics: usage === null ? [limit, instances] : [limit, instances, usage],
    share: 1,
    derive: ([limitMib, instances, used]) =>
      instances > 0 ? limitMib / instances * (usage === null ? 1 : used) : NaN,
  };
}
