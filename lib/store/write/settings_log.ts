import { wallClockDate } from "../../clock/clock.ts";
import { LoaderError } from "../../base/error.ts";
import { formatJson } from "../../base/json.ts";
import type { SettingsChange } from "../../model/platform.ts";

/** Name of the file in a run's folder; there is none where nothing was changed. */
export const SETTINGS_LOG = "settings_changes.jsonl";

/**
 * Writes down changes of settings that are not the run's own, a line of JSON
 * each, on the disk before the change is made.
 *
 * @param folder of the run
 * @throws LoaderError `result` when it cannot be written; the change is then not to be made
 */
export function logSettingsChange(folder: string, change: SettingsChange): void {
  const path = `${folder}/${SETTINGS_LOG}`;
  const line = formatJson({ at: wallClockDate().toISOString(), ...change }, 0) + "\n";
  try {
    using file = Deno.openSync(path, { create: true, append: true });
    const bytes = new TextEncoder().encode(line);
    for (let written = 0; written < bytes.length;) {
      written += file.writeSync(bytes.subarray(written));
    }
    file.syncDataSync();
  } catch (cause) {
    throw new LoaderError(
      "result",
      "The change of settings cannot be written down, so it is not made.",
      { file: path, cause },
    );
  }
}
