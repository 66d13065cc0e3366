import { parse } from "csv-parse/sync";
import { readTextIfPresent } from "../../lib/base/file.ts";
import type { ExperimentManifest, RunManifest } from "../../lib/store/schema/manifest.ts";

/** Rows of a table on disk, by column name, all text; one without rows has no file. */
export function readRows(path: string): Record<string, string>[] {
  return parse(readTextIfPresent(path) ?? "", { columns: true, relax_column_count: true });
}

export function readExperiment(folder: string): ExperimentManifest {
  return JSON.parse(Deno.readTextFileSync(`${folder}/experiment.json`));
}

export function readRun(folder: string, name: string): RunManifest {
  return JSON.parse(Deno.readTextFileSync(`${folder}/runs/${name}/manifest.json`));
}

/** Waits until no process of the list is there any more; fails after half a minute. */
export async function allGone(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const alive = pids.filter(isAlive);
    if (alive.length === 0) return;
    if (performance.now() > deadline) throw new Error(`still there: ${alive.join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isAlive(pid: number): boolean {
  // Signal 0 would do, but a zombie answers it too.
  const { success, stdout } = new Deno.Command("ps", {
    args: ["-o", "stat=", "-p", String(pid)],
    stdout: "piped",
    stderr: "null",
  }).outputSync();
  return success && !new TextDecoder().decode(stdout).trim().startsWith("Z");
}

/** The processes that descend from one, itself left out. */
export function descendants(pid: number): number[] {
  const { stdout } = new Deno.Command("ps", {
    args: ["-e", "-o", "pid=,ppid="],
    stdout: "piped",
  }).outputSync();
  const children = new Map<number, number[]>();
  for (const line of new TextDecoder().decode(stdout).trim().split("\n")) {
    const [child, parent] = line.trim().split(/\s+/).map(Number);
    children.set(parent, [...children.get(parent) ?? [], child]);
  }
  const found: number[] = [];
  const visit = (parent: number): void => {
    for (const child of children.get(parent) ?? []) {
      found.push(child);
      visit(child);
    }
  };
  visit(pid);
  return found;
}
