import { LoaderError } from "../../base/error.ts";
import { FixedKeepAlive } from "../../autoscale/keep_alive/fixed_keep_alive.ts";
import { GreedyDual } from "../../autoscale/keep_alive/greedy_dual.ts";
import { HybridHistogram } from "../../autoscale/keep_alive/hybrid_histogram.ts";
import type { KeepAlivePolicy } from "../../autoscale/keep_alive/keep_alive_policy.ts";
import { LittlePrewarm } from "../../autoscale/keep_alive/little_prewarm.ts";
import { Oracle } from "../../autoscale/keep_alive/oracle.ts";
import type { KnownArrivals } from "./known_arrivals.ts";

/** What a keep-alive policy may know of the functions, each by its index. */
export interface PolicyContext {
  readonly functions: number;
  /** Memory of an instance, overhead included. */
  readonly memoryMib: Float64Array;
  /** Mean of a cold start on an idle core. */
  readonly coldStartMs: Float64Array;
  /**
   * The future, for those that are to know it; made when it is asked for.
   *
   * @throws LoaderError `usage` where the platform does not know the run's schedule
   */
  readonly deriveArrivals: () => Promise<KnownArrivals>;
}

/** Makes a keep-alive policy; its time 0 is the run start. */
export type PolicyFactory = (
  context: PolicyContext,
) => KeepAlivePolicy | Promise<KeepAlivePolicy>;

/** Knative's autoscaler, which counts requests and is no keep-alive policy. */
export const KNATIVE = "knative";

/** Keep-alive policies by name; a new one is a line here. */
const KEEP_ALIVE_POLICIES: Readonly<Record<string, PolicyFactory>> = {
  "fixed-10min": () => new FixedKeepAlive(10),
  "fixed-20min": () => new FixedKeepAlive(20),
  "hybrid-histogram": ({ functions }) => new HybridHistogram({ functions }),
  "greedy-dual": (context) => new GreedyDual(context),
  "little-prewarm": ({ functions }) => new LittlePrewarm({ functions }),
  oracle: async ({ coldStartMs, deriveArrivals }) => {
    const { readyAheadMs, ...arrivals } = await deriveArrivals();
    return new Oracle({ ...arrivals, coldStartMs: coldStartMs.map((ms) => ms + readyAheadMs) });
  },
};

/** The names of the policies that decide when simulated instances come and go. */
export const POLICY_NAMES: readonly string[] = [KNATIVE, ...Object.keys(KEEP_ALIVE_POLICIES)];

/** @throws LoaderError `usage` when there is no policy of that name */
export function checkPolicyName(name: string): void {
  if (POLICY_NAMES.includes(name)) return;
  throw new LoaderError(
    "usage",
    `There is no policy "${name}"; choose one of: ${POLICY_NAMES.join(", ")}.`,
    { value: name },
  );
}

/** The keep-alive policy of a name other than {@linkcode KNATIVE}. */
export async function createKeepAlivePolicy(
  name: string,
  context: PolicyContext,
): Promise<KeepAlivePolicy> {
  checkPolicyName(name);
  return await KEEP_ALIVE_POLICIES[name](context);
}
