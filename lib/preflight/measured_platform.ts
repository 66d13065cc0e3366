import { readExperimentFolder } from "../store/read/experiment_folder.ts";
import { deriveTwinParameters } from "../analyze/twin/parameters.ts";
import { readTwinSource } from "../analyze/twin/source.ts";
import { LoaderError } from "../base/error.ts";
import type { RunManifest } from "../store/schema/manifest.ts";
import { constant, waitForTurn } from "../platform/simulator/distribution.ts";
import type { MeasuredPlatform } from "../platform/definition.ts";

/**
 * Reads how long starts, stops, calls and the network took in the runs of an
 * experiment's folder, and how many cores the functions had. What the platform
 * was set to is left out: that is the options' to say.
 *
 * @throws LoaderError `input` when the folder holds no experiment, or none of which
 * there is something to measure; `result` when a table is broken
 */
export async function readMeasuredPlatform(folder: string): Promise<MeasuredPlatform> {
  const { runs } = await readExperimentFolder(folder);
  const made = runs.filter(({ manifest: { status } }) =>
    status === "finished" || status === "overloaded"
  );
  if (made.length === 0) {
    throw new LoaderError("input", "No run of this experiment was made to its end; name another.", {
      file: folder,
    });
  }
  const sources = made.map(({ path, manifest }) => readTwinSource(path, manifest));
  const { facts } = made[0].manifest.platform;
  const measured = deriveTwinParameters(sources, {
    // Of several nodes it is not known who shared the cores with whom.
    cores: (factOf(facts, "nodes") ?? 1) === 1 ? factOf(facts, "nodeCores") : null,
    isNode: facts.nodesAreShared === true,
    containerConcurrency: factOf(facts, "containerConcurrency") ?? 1,
  });
  if (measured.calls === 0) {
    throw new LoaderError("input", "Its runs have no answered call to measure; name another.", {
      file: folder,
    });
  }
  const parameters = {
    nodeCores: measured.nodeCores,
    startMs: measured.startMs,
    stopMs: measured.stopMs,
    networkMs: measured.networkMs,
    serviceOverheadMs: measured.serviceOverheadMs,
    serviceFactor: constant(measured.serviceFactor),
    wakeUpMs: waitForTurn(measured.wakeUpMs),
  };
  return {
    simulation: Object.fromEntries(
      Object.entries(parameters).filter(([, value]) => value !== null),
    ),
    source: `what ${measured.calls} calls and ${measured.starts} starts in ${folder} took`,
  };
}

function factOf(facts: RunManifest["platform"]["facts"], name: string): number | null {
  const value = facts[name];
  return typeof value === "number" ? value : null;
}
