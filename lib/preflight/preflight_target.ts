import type { Capacity } from "../model/platform.ts";
import type { MeasuredPlatform } from "../platform/definition.ts";
import { type AnyPlatformDefinition, platformOf } from "../platform/registry.ts";
import { SIMULATOR } from "../platform/simulator/simulator.ts";
import { readSimulatorOptions } from "../platform/simulator/simulation_file.ts";
import { settingsOf } from "../run/create_platform.ts";
import type { Simulate } from "./rehearsal.ts";

/** How a platform is simulated, or why it cannot be. */
export type PreflightTarget =
  | {
    /** Its parameters, given the options of a run. */
    readonly simulate: Simulate;
    /** Where the parameters come from, a phrase. */
    readonly source: string;
  }
  | { readonly simulate: null; readonly reason: string };

/**
 * How a platform is simulated: by what is known of it, then by what was measured
 * of it, then by the parameters that `--simulation` and the flags give.
 *
 * @param capacity of the platform itself
 */
export function preflightTargetOf(
  name: string,
  capacity: Capacity,
  measured: MeasuredPlatform | null,
): PreflightTarget {
  const { model }: AnyPlatformDefinition = platformOf(name);
  if (model.describe === null) return { simulate: null, reason: model.reason };
  const { parameters, source } = model.describe(capacity, measured);
  return {
    simulate: (options) => ({
      ...parameters,
      ...measured?.simulation,
      ...readSimulatorOptions(settingsOf(SIMULATOR, options)),
      seed: options.seed,
    }),
    source,
  };
}
