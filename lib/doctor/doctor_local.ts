import { errorMessage } from "../base/error.ts";
import { type Finding, okay, problem, warning } from "../platform/finding.ts";
import type { CommonOptions } from "../run/common_options.ts";
import { createPlatformFromOptions } from "../run/create_platform.ts";
import { deriveExpectedDemand } from "./doctor_demand.ts";
import { localCores } from "../run/machine_facts.ts";
import { demandWarnings, type PlannedLoad } from "../run/plan_block.ts";

/** Whether this machine can run the functions too. */
export async function diagnoseLocal(
  options: CommonOptions,
  loads: readonly PlannedLoad[],
  signal: AbortSignal,
): Promise<Finding[]> {
  await using platform = await createPlatformFromOptions(options);
  const { capacity } = platform;
  const room = `${capacity.instances} instances and ${
    capacity.memoryMib?.toLocaleString("en")
  } MiB at most`;
  const demands = await Promise.all(
    loads.map((load) => deriveExpectedDemand(load, options, capacity, signal)),
  );
  const findings = demands
    .filter(({ peak }) =>
      peak.instances > (capacity.instances ?? Infinity) ||
      peak.memoryMib > (capacity.memoryMib ?? Infinity)
    )
    .map(({ name, peak }) =>
      warning(
        "capacity",
        `${name} needs ${peak.instances} instances with ${
          Math.round(peak.memoryMib).toLocaleString("en")
        } MiB in its fullest minute, and there is room for ${room}; instances will wait for room.`,
      )
    );
  return [
    checkPort("--gateway-port", options.gatewayPort),
    checkPort("--metrics-port", options.metricsPort),
    ...findings.length > 0 ? findings : [okay("capacity", `There is room for ${room}.`)],
    ...demandWarnings(loads, localCores()).map((sentence) => warning("capacity", sentence)),
  ];
}

function checkPort(flag: string, port: number): Finding {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return okay("ports", port === 0 ? `${flag}: any free port.` : `${flag}: ${port} is free.`);
  } catch (error) {
    return problem(
      "ports",
      `${flag}: ${port} cannot be had (${errorMessage(error)}); give another, or 0 for any.`,
      `ss -ltnp "sport = :${port}"`,
    );
  }
}
