import { LoaderError } from "../../base/error.ts";
import type { ParquetFile } from "../parquet/parquet_file.ts";

/** The longest slot: an hour. */
export const MAX_SLOT_MS = 3_600_000;

/** Three years of seconds; what is longer has a wrong unit. */
export const MAX_SLOTS = 100_000_000;

/** Key-value metadata of the files, as the project's own writer puts them there. */
export const METADATA_KEYS = {
  slotMs: "loader.slot_ms",
  slots: "loader.slots",
  start: "loader.start",
  name: "loader.name",
  firstMinute: "loader.first_minute",
  notes: "loader.notes",
  assumptions: "loader.assumptions",
  columns: "loader.columns",
} as const;

/** What the metadata of a file tell of the trace; `null`: nothing. */
export interface NormalMetadata {
  readonly slotMs: number | null;
  readonly slots: number | null;
  readonly startMs: number | null;
  readonly name: string | null;
  readonly firstMinute: number | null;
  readonly notes: readonly string[];
  readonly assumptions: readonly string[];
}

/** An instant in ISO 8601 with its zone. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads the metadata of a file.
 *
 * @throws LoaderError `input` when one of them is wrong
 */
export function readMetadata({ path, metadata }: ParquetFile): NormalMetadata {
  const fail = (key: string, expected: string): never => {
    const value = metadata.get(key);
    throw new LoaderError("input", `Expected ${expected}, got ${JSON.stringify(value)}.`, {
      file: path,
      column: `metadata ${key}`,
      value,
    });
  };
  const whole = (key: string, least: number, most: number): number | null => {
    const text = metadata.get(key);
    if (text === undefined) return null;
    const value = Number(text);
    return /^\d+$/.test(text) && value >= least && value <= most
      ? value
      : fail(key, `a whole number from ${least} to ${most}`);
  };
  const sentences = (key: string): readonly string[] => {
    const text = metadata.get(key);
    if (text === undefined) return [];
    const value = parseJson(text);
    return Array.isArray(value) && value.every((item) => typeof item === "string")
      ? value
      : fail(key, "a list of sentences in JSON");
  };
  const start = metadata.get(METADATA_KEYS.start);
  if (start !== undefined && !(INSTANT.test(start) && Number.isFinite(Date.parse(start)))) {
    fail(METADATA_KEYS.start, "an instant such as 2026-01-31T00:00:00Z");
  }
  return {
    slotMs: whole(METADATA_KEYS.slotMs, 1, MAX_SLOT_MS),
    slots: whole(METADATA_KEYS.slots, 1, MAX_SLOTS),
    startMs: start === undefined ? null : Date.parse(start),
    name: metadata.get(METADATA_KEYS.name) ?? null,
    firstMinute: whole(METADATA_KEYS.firstMinute, 0, Number.MAX_SAFE_INTEGER),
    notes: sentences(METADATA_KEYS.notes),
    assumptions: sentences(METADATA_KEYS.assumptions),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
