import { z } from "zod";
import { LoaderError } from "../../base/error.ts";
import { jsonNumber } from "../../base/json.ts";
import type { RunManifest } from "../../store/schema/manifest.ts";

const bound = jsonNumber.nullable();

/** Absent or `null` where the platform does not know it, or has no bound. */
const known = jsonNumber.nullish().transform((value) => value ?? null);

/** The only metric of which the simulated autoscaler knows the decisions. */
const CONCURRENCY = "concurrency";

const FACTS = z.object({
  capacity: z.object({
    instances: bound,
    cpuMilli: bound,
    memoryMib: bound,
    instanceOverheadMib: jsonNumber,
  }),
  autoscaling: z.record(z.string(), z.unknown()),
  nodes: known,
  nodeCores: known,
  /** True if nodes run more than the functions, of which no table tells what it takes. */
  nodesAreShared: z.boolean().default(false),
  cpuLimitCores: known,
  /** 0: no bound. */
  containerConcurrency: known,
  /** CPU that an instance requests beside what its function does. */
  instanceOverheadCpuMilli: jsonNumber.default(0),
  startsAtOnce: known,
  queueTimeoutMs: known,
  reportMs: known,
  /** What the autoscaler goes by. */
  scalingMetric: z.string().default(CONCURRENCY),
  /**
   * True if the grace before zero passes while a function serves: Knative's, where its
   * activator is always in the path.
   */
  graceIsPassed: z.boolean().default(false),
  /** Functions that were not deployed. */
  notThere: z.array(z.unknown()).default([]),
});

/** What a run's manifest tells of its platform's settings. */
export type TwinFacts = z.infer<typeof FACTS>;

/**
 * Parses the facts of a platform that a twin needs.
 *
 * @throws LoaderError `result` naming what is missing, or cannot be simulated
 */
export function parseTwinFacts({ platform }: RunManifest): TwinFacts {
  const parsed = FACTS.safeParse(platform.facts);
  if (parsed.success) {
    refuseUnknown(parsed.data, platform.name);
    return parsed.data;
  }
  const [issue] = parsed.error.issues;
  throw new LoaderError(
    "result",
    `The manifest does not tell ${issue.path.join(".")} of the platform ${platform.name}, ` +
      "without which it has no twin; make the run with this version.",
    { value: platform.name },
  );
}

/** What the simulator knows nothing of, and would pass over. */
function refuseUnknown({ scalingMetric, notThere }: TwinFacts, name: string): void {
  if (scalingMetric !== CONCURRENCY) {
    throw new LoaderError(
      "result",
      `The autoscaler of the platform ${name} went by ${scalingMetric}, and the simulated one ` +
        `knows ${CONCURRENCY} alone; make the run with --scaling-metric ${CONCURRENCY}.`,
      { value: scalingMetric },
    );
  }
  if (notThere.length > 0) {
    throw new LoaderError(
      "result",
      `${notThere.length} functions were not there in the run, and simulated ones always are; ` +
        "make the run with all of them.",
      { value: notThere.length },
    );
  }
}
