import {
  INVITRO_INVOCATIONS,
  INVITRO_MINUTES,
  INVITRO_SCALES,
} from "../analyze/invitro/invitro_columns.ts";
import {
  deriveInvitroInvocations,
  deriveInvitroMinutes,
  deriveInvitroScales,
  readInvitroSource,
} from "../analyze/invitro/invitro_tables.ts";
import { readExperimentFolder } from "../store/read/experiment_folder.ts";
import { replaceTable } from "../store/write/csv_sink.ts";

/**
 * Writes In-Vitro's tables into the folder of each run of an experiment:
 * `compat_invocations.csv`, `compat_minutes.csv` and `compat_scales.csv`. They are
 * derived from the run's own tables, so that those of an earlier call are
 * replaced.
 *
 * @param folder the experiment's folder
 * @throws LoaderError `input` when the folder holds no experiment, `result` when
 * a table is broken or cannot be written
 */
export async function writeInvitroTables(folder: string): Promise<void> {
  const { runs } = await readExperimentFolder(folder);
  for (const { path, manifest } of runs) {
    const source = readInvitroSource(path, manifest);
    await replaceTable(path, INVITRO_INVOCATIONS, deriveInvitroInvocations(source));
    await replaceTable(path, INVITRO_MINUTES, deriveInvitroMinutes(source));
    await replaceTable(path, INVITRO_SCALES, deriveInvitroScales(source));
  }
}
