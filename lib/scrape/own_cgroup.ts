import { join } from "node:path";
import { statIfPresent } from "../base/file.ts";
import type { MachineLimits } from "../model/machine.ts";

/** A control group that this process is in, of one controller. */
export interface OwnCgroup {
  readonly version: 1 | 2;
  /** Its folder, and those of the groups that it is in, outwards. */
  readonly folders: readonly string[];
}

/** The controllers of which a process is in one group each, or in one for all (version 2). */
type Controller = "cpu" | "memory";

/** Version 1 writes the lack of a limit of memory as a number near 2^63. */
const NO_MEMORY_LIMIT_BYTES = 2 ** 60;

/**
 * Finds the control group of this process that has a controller: of version 1
 * where that has it, else of version 2 (as cgroups(7) describes both, and a mix).
 *
 * @param root where `proc` and `sys` are, for tests
 * @returns `null` where there is none
 */
export function findOwnCgroup(controller: Controller, root = "/"): OwnCgroup | null {
  const mounts = parseCgroupMounts(readOrEmpty(join(root, "proc/self/mountinfo")));
  const groups = readOrEmpty(join(root, "proc/self/cgroup")).split("\n");
  for (const version of [1, 2] as const) {
    const mount = mounts.find((one) =>
      one.version === version && (version === 2 || one.controllers.includes(controller))
    );
    const group = groups.map((line) => /^(\d+):([^:]*):(.*)$/.exec(line)).find((parts) =>
      version === 2
        ? parts?.[1] === "0" && parts[2] === ""
        : parts?.[2].split(",").includes(controller)
    );
    if (mount === undefined || !group) continue;
    return { version, folders: foldersOf(mount, group[3], root) };
  }
  return null;
}

interface CgroupMount {
  readonly version: 1 | 2;
  /** Version 1. */
  readonly controllers: readonly string[];
  /** The group that is mounted. */
  readonly group: string;
  readonly path: string;
}

/** The mounts of control groups in the text of a mountinfo (proc_pid_mountinfo(5)). */
function parseCgroupMounts(text: string): CgroupMount[] {
  return text.split("\n").flatMap((line) => {
    const [own, system] = line.split(" - ");
    if (system === undefined) return [];
    const [, , , group, path] = own.split(" ").map(unescape);
    const [type, , options = ""] = system.split(" ");
    if (type !== "cgroup" && type !== "cgroup2") return [];
    const version = type === "cgroup" ? 1 : 2;
    return [{ version, controllers: options.split(","), group, path }];
  });
}

/** White space stands in octal. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
}

function foldersOf(mount: CgroupMount, group: string, root: string): string[] {
  const base = join(root, mount.path);
  const inside = mount.group === "/" || group === mount.group ||
    group.startsWith(`${mount.group}/`);
  const names = !inside || group.startsWith("/..")
    ? []
    : group.slice(mount.group === "/" ? 0 : mount.group.length).split("/").filter(Boolean);
  const folders = names.map((_, i) => join(base, ...names.slice(0, names.length - i)));
  return [...folders.filter((folder) => statIfPresent(folder)?.isDirectory === true), base];
}

/** True if control groups can be looked at: on Linux, and where Deno grants all (it guards /proc). */
export function areMachineLimitsKnown(root = "/"): boolean {
  return readOrEmpty(join(root, "proc/self/cgroup")) !== "";
}

/**
 * The limits that hold for this process: of its own control group and of those
 * that it is in, the smallest.
 *
 * @param root where `proc` and `sys` are, for tests
 */
export function readMachineLimits(root = "/"): MachineLimits {
  return {
    cpuCores: smallest(findOwnCgroup("cpu", root), readCpuLimitCores),
    memoryMib: smallest(findOwnCgroup("memory", root), readMemoryLimitMib),
  };
}

function smallest(
  cgroup: OwnCgroup | null,
  read: (version: 1 | 2, folder: string) => number | null,
): number | null {
  const limits = (cgroup?.folders ?? []).flatMap((folder) => read(cgroup!.version, folder) ?? []);
  return limits.length === 0 ? null : Math.min(...limits);
}

/** Cores' worth of CPU time that a group may use; `null`: no limit, or none to be read. */
function readCpuLimitCores(version: 1 | 2, folder: string): number | null {
  const [quota, period] = version === 2
    ? readOrEmpty(join(folder, "cpu.max")).split(" ")
    : ["quota", "period"].map((name) => readOrEmpty(join(folder, `cpu.cfs_${name}_us`)));
  const cores = parseInt(quota) / parseInt(period);
  // No limit is the word `max`, or −1.
  return cores > 0 ? cores : null;
}

/** `null`: no limit, or none to be read. */
export function readMemoryLimitMib(version: 1 | 2, folder: string): number | null {
  const name = version === 2 ? "memory.max" : "memory.limit_in_bytes";
  const bytes = parseInt(readOrEmpty(join(folder, name)));
  return bytes < NO_MEMORY_LIMIT_BYTES ? bytes / 2 ** 20 : null;
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // Another system, or not for us to read: unknown.
    return "";
  }
}
