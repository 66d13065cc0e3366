import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { LoaderError } from "../../base/error.ts";
import { formatJson, jsonNumber } from "../../base/json.ts";
import type { DivergenceMetric } from "../divergence.ts";
import type { StoredRun } from "../../store/read/experiment_folder.ts";
import { parseRunManifest } from "../../store/read/manifest_schema.ts";

/** The folder of a run's twin, in the run's: a manifest and tables as the run's own. */
export const TWIN_FOLDER = "twin";

/** What is beside them: how far the twin is from the run. */
const DIVERGENCE_FILE = "divergence.json";

/** Earlier versions wrote another word. */
const figure = z.union([jsonNumber, z.literal("infinite").transform(() => Infinity)]).nullable();

const DIVERGENCE = z.object({
  kind: z.literal("divergence"),
  formatVersion: z.literal(1),
  metrics: z.array(z.object({
    metric: z.string(),
    unit: z.string().nullable(),
    run: figure,
    twin: figure,
    relativeDifference: jsonNumber.nullable(),
  })),
});

/** The twin of a run, on disk. */
export interface TwinFolder extends StoredRun {
  readonly divergence: readonly DivergenceMetric[];
}

/** Writes how far a run's twin is from it, into the twin's folder. */
export function writeDivergence(runPath: string, metrics: readonly DivergenceMetric[]): void {
  const content = { kind: "divergence", formatVersion: 1, metrics };
  Deno.writeTextFileSync(join(runPath, TWIN_FOLDER, DIVERGENCE_FILE), formatJson(content) + "\n");
}

/**
 * Reads the twin of a run; `null` if it has none.
 *
 * @throws LoaderError `result` when a file of it is broken
 */
export async function readTwinFolder({ path: runPath }: StoredRun): Promise<TwinFolder | null> {
  const path = join(runPath, TWIN_FOLDER);
  const divergenceFile = join(path, DIVERGENCE_FILE);
  const manifestFile = join(path, "manifest.json");
  let text: string;
  try {
    text = await readFile(divergenceFile, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new LoaderError("result", "The file cannot be read.", {
      file: divergenceFile,
      cause: error,
    });
  }
  return {
    path,
    manifest: parseRunManifest(await readFile(manifestFile, "utf8"), manifestFile),
    divergence: parseDivergence(text, divergenceFile),
  };
}

function parseDivergence(text: string, file: string): readonly DivergenceMetric[] {
  try {
    return DIVERGENCE.parse(JSON.parse(text)).metrics;
  } catch (cause) {
    throw new LoaderError("result", "This is no divergence of a twin; make the run anew.", {
      file,
      cause,
    });
  }
}
