import { availableParallelism, cpus, release, totalmem } from "node:os";

/** Version of this program; the one in deno.json. */
export const LOADER_VERSION = "0.1.0";

/** The programs that a run depends on. */
export function describeVersions(): Record<string, string> {
  return { loader: LOADER_VERSION, ...Deno.version };
}

/** The machine that makes the load. */
export function describeMachine(): Record<string, string | number> {
  return {
    os: Deno.build.os,
    osRelease: release(),
    architecture: Deno.build.arch,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryMib: Math.round(totalmem() / 2 ** 20),
  };
}

/** Cores of this machine. */
export function localCores(): number {
  return availableParallelism();
}
