import { join } from "node:path";
import { INSTANCES } from "../model/table.ts";
import { readCsvTable } from "./csv_table.ts";

/** The life of one instance; times in ms since run start, NaN where unknown. */
export interface InstanceLife {
  readonly functionId: string;
  readonly instance: string;
  /** When it was created, or was first heard of. */
  readonly createdMs: number;
  readonly readyMs: number;
  /** When it was told to stop, or was gone without. */
  readonly stoppedMs: number;
  /** Why it ended, where it was not asked to. */
  readonly detail: string | null;
}

/**
 * Reads `instances.csv` of a run's folder as one life per instance, in order
 * of creation; `null` if the table is missing or empty.
 *
 * @throws LoaderError `result` when the table is broken
 */
export async function readInstanceLives(runPath: string): Promise<InstanceLife[] | null> {
  const table = await readCsvTable(join(runPath, `${INSTANCES.name}.csv`), INSTANCES, [
    "time_ms",
    "function_id",
    "instance",
    "event",
    "detail",
  ]);
  if (table.rowCount === 0) return null;
  const timeMs = table.numbers("time_ms");
  const functionId = table.texts("function_id");
  const instance = table.texts("instance");
  const event = table.texts("event");
  const detail = table.texts("detail");
  const lives = new Map<number, { -readonly [Key in keyof InstanceLife]: InstanceLife[Key] }>();
  for (let row = 0; row < table.rowCount; row++) {
    let life = lives.get(instance.codes[row]);
    if (life === undefined) {
      life = {
        functionId: functionId.values[functionId.codes[row]] ?? "",
        instance: instance.values[instance.codes[row]] ?? "",
        createdMs: timeMs[row],
        readyMs: NaN,
        stoppedMs: NaN,
        detail: null,
      };
      lives.set(instance.codes[row], life);
    }
    const eventName = event.values[event.codes[row]];
    if (eventName === "ready" && Number.isNaN(life.readyMs)) life.readyMs = timeMs[row];
    if ((eventName === "stopping" || eventName === "gone") && Number.isNaN(life.stoppedMs)) {
      life.stoppedMs = timeMs[row];
    }
    if (detail.codes[row] >= 0) life.detail = detail.values[detail.codes[row]];
  }
  return [...lives.values()].sort((a, b) => a.createdMs - b.createdMs);
}
