import type { MachineLimits } from "../model/machine.ts";
import { areMachineLimitsKnown, readMachineLimits } from "../scrape/own_cgroup.ts";
import { availableParallelism, cpus, release, totalmem } from "node:os";

/** Version of this program; the one in deno.json. */
export const LOADER_VERSION = "0.1.0";

/** The programs that a run depends on. */
export function describeVersions(): Record<string, string> {
  return { loader: LOADER_VERSION, ...Deno.version };
}

/** The machine that makes the load; limits of its container only where it has some. */
export function describeMachine(): Record<string, string | number> {
  const { cpuCores, memoryMib } = readMachineLimits();
  return {
    os: Deno.build.os,
    osRelease: release(),
    architecture: Deno.build.arch,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryMib: Math.round(totalmem() / 2 ** 20),
    ...cpuCores === null ? {} : { cpuLimitCores: cpuCores },
    ...memoryMib === null ? {} : { memoryLimitMib: Math.round(memoryMib) },
  };
}

/** Cores of this machine. */
export function localCores(): number {
  return availableParallelism();
}

/** What is known of how much of a machine the loader may use. */
export interface CpuShare {
  readonly limits: MachineLimits;
  /** True if the limits could be looked at; where not, `null` among them says nothing. */
  readonly areLimitsKnown: boolean;
  /** Cores that this process may use, and those of the machine. */
  readonly usableCores: number;
  readonly allCores: number;
}

function readCpuShare(): CpuShare {
  return {
    limits: readMachineLimits(),
    areLimitsKnown: areMachineLimitsKnown(),
    usableCores: availableParallelism(),
    allCores: cpus().length,
  };
}

/**
 * A sentence where the loader's container has a limit of CPU: beyond it all of its
 * threads are stopped until the period ends (the kernel's, 100 ms mostly), which makes
 * a load late however idle the machine is. Where limits cannot be looked at, a
 * sentence where fewer cores may be used than there are.
 *
 * @param share by default this machine's
 */
export function describeCpuLimit(share: CpuShare = readCpuShare()): string | null {
  const { limits: { cpuCores }, areLimitsKnown, usableCores, allCores } = share;
  if (cpuCores !== null) {
    const cores = Number(cpuCores.toPrecision(3));
    return `The loader runs in a container with a CPU limit of ${cores} cores: whenever it needs ` +
      "more, for however short, it is stopped for tens of milliseconds and the load comes late. " +
      "generator.csv tells when (throttled_ms); a container without a CPU limit has no such stops.";
  }
  if (areLimitsKnown || usableCores >= allCores) return null;
  return `The loader may use ${usableCores} of the machine's ${allCores} cores; where that is a ` +
    "CPU limit of its container, it is stopped for tens of milliseconds whenever it needs more, " +
    "and the load comes late.";
}
