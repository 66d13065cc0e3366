import type { z } from "zod";
import { LoaderError } from "../../base/error.ts";
import { readTextIfPresent } from "../../base/file.ts";
import { hideSecrets } from "../../base/secrets.ts";
import {
  type Divergence,
  divergence,
  type ExperimentManifest,
  experimentManifest,
  type RunManifest,
  runManifest,
} from "../schema/manifest.ts";

/**
 * Reads the `manifest.json` of a run's folder; `undefined` where there is none.
 *
 * @throws LoaderError `result` when it cannot be read, is not JSON or not such a manifest
 */
export function readRunManifest(folder: string): RunManifest | undefined {
  return readManifest(runManifest, `${folder}/manifest.json`, "a run's manifest");
}

/**
 * Reads the `experiment.json` of an experiment's folder; `undefined` where there is none.
 *
 * @throws LoaderError `result` when it cannot be read, is not JSON or not such a manifest
 */
export function readExperimentManifest(folder: string): ExperimentManifest | undefined {
  return readManifest(experimentManifest, `${folder}/experiment.json`, "an experiment's manifest");
}

/**
 * Reads the `divergence.json` of a twin's folder; `undefined` where there is none.
 *
 * @throws LoaderError `result` when it cannot be read, is not JSON or not such a file
 */
export function readDivergence(folder: string): Divergence | undefined {
  return readManifest(divergence, `${folder}/divergence.json`, "the divergence of a twin");
}

function readManifest<T>(schema: z.ZodType<T>, file: string, what: string): T | undefined {
  let text: string | null;
  try {
    text = readTextIfPresent(file);
  } catch (cause) {
    throw new LoaderError("result", "The file cannot be read.", { file, cause });
  }
  // A version that did not hide them may have written it.
  return text === null ? undefined : parseManifest(schema, hideSecrets(text), file, what);
}

function parseManifest<T>(schema: z.ZodType<T>, text: string, file: string, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LoaderError("result", `Expected ${what}, but the file is not valid JSON.`, {
      file,
      cause: error,
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = issue.path.length === 0 ? "the whole" : issue.path.join(".");
  throw new LoaderError("result", `Expected ${what}, but ${key} is wrong (${issue.message}).`, {
    file,
    cause: parsed.error,
  });
}
