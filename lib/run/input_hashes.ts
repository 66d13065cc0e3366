import { createHash } from "node:crypto";
import { errorMessage, LoaderError } from "../base/error.ts";
import type { InputHashes } from "../store/schema/manifest.ts";
import { flagOf, type OptionTable } from "../option/option.ts";
import type { PlannedLoad } from "./plan_block.ts";

/**
 * What the runs of an experiment are made of, by hash: the files that its
 * options name, the traces and the schedules of the runs that are planned.
 *
 * @throws LoaderError `input` when a file cannot be read
 * @throws the signal's reason when it aborts meanwhile
 */
export async function deriveInputHashes(
  table: OptionTable,
  values: Readonly<Record<string, unknown>>,
  loads: readonly PlannedLoad[],
  signal: AbortSignal,
): Promise<InputHashes> {
  const files: Record<string, string> = {};
  for (const [name, { readsFile }] of Object.entries(table)) {
    const value = values[name];
    if (readsFile !== true || typeof value !== "string") continue;
    const hash = hashFile(name, value);
    if (hash !== null) files[name] = hash;
  }
  const traces: Record<string, string> = {};
  const schedules: Record<string, string> = {};
  for (const { run } of loads) {
    if (run.trace !== null) traces[run.name] = run.trace.hash;
    schedules[run.name] = await run.schedule.hash(signal);
  }
  return { files, traces, schedules };
}

/** `null` where there is no such file: what also may be an address is one then. */
function hashFile(option: string, path: string): string | null {
  try {
    if (!Deno.statSync(path).isFile) return null;
  } catch {
    return null;
  }
  try {
    return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
  } catch (cause) {
    throw new LoaderError(
      "input",
      `${flagOf(option)}: the file cannot be read (${errorMessage(cause)}).`,
      { file: path, cause },
    );
  }
}
