import { z } from "zod";
import { LoaderError } from "../base/error.ts";
import type { RunManifest } from "../model/manifest.ts";

const bound = z.number().nullable();

const FACTS = z.object({
  capacity: z.object({
    instances: bound,
    cpuMilli: bound,
    memoryMib: bound,
    instanceOverheadMib: z.number(),
  }),
  autoscaling: z.record(z.string(), z.unknown()),
  /** Absent where the platform does not know them. */
  nodes: z.number().optional(),
  nodeCores: z.number().optional(),
  cpuLimitCores: z.number().optional(),
  containerConcurrency: z.number().optional(),
  startsAtOnce: z.number().optional(),
  queueTimeoutMs: z.number().optional(),
  reportMs: z.number().optional(),
});

/** What a run's manifest tells of its platform's settings. */
export type TwinFacts = z.infer<typeof FACTS>;

/**
 * Parses the facts of a platform that a twin needs.
 *
 * @throws LoaderError `result` naming what is missing
 */
export function parseTwinFacts({ platform }: RunManifest): TwinFacts {
  const parsed = FACTS.safeParse(platform.facts);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new LoaderError(
    "result",
    `The manifest does not tell ${issue.path.join(".")} of the platform ${platform.name}, ` +
      "without which it has no twin; make the run with this version.",
    { value: platform.name },
  );
}
