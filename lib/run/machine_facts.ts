import type { MachineLimits } from "../model/machine.ts";
import { readMachineLimits } from "../scrape/own_cgroup.ts";
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

/**
 * A sentence where the loader's container has a limit of CPU: beyond it all of its
 * threads are stopped until the period ends (the kernel's, 100 ms mostly), which makes
 * a load late however idle the machine is.
 *
 * @param limits by default those in force
 */
export function describeCpuLimit(limits: MachineLimits = readMachineLimits()): string | null {
  const { cpuCores } = limits;
  if (cpuCores === null) return null;
  const cores = Number(cpuCores.toPrecision(3));
  return `The loader runs in a container with a CPU limit of ${cores} cores: whenever it needs ` +
    "more, for however short, it is stopped for tens of milliseconds and the load comes late. " +
    "generator.csv tells when (throttled_ms); a container without a CPU limit has no such stops.";
}
