import type { V1ConfigMap } from "@kubernetes/client-node";
import type { Phase } from "../../../model/schedule.ts";

/** Data of a config map by key; `null`: the key is not there. */
export type SettingValues = Readonly<Record<string, string | null>>;

/**
 * The autoscaler's settings while a warm-up replays the trace: instances come at
 * once and stay, so that the warm-up ends sooner (those of the system that this
 * one succeeds).
 */
const WARMUP: SettingValues = {
  "enable-scale-to-zero": "false",
  "max-scale-up-rate": "1000000.0",
  "max-scale-down-rate": "1.1",
  "scale-down-delay": "15m",
};

/** Knative's own defaults, which the measurement is made with. */
const MEASUREMENT: SettingValues = {
  "enable-scale-to-zero": "true",
  "max-scale-up-rate": "1000.0",
  "max-scale-down-rate": "2.0",
  "scale-down-delay": "0s",
};

/**
 * The settings of Knative's autoscaler for a phase of a run with a warm-up.
 *
 * @param current those in force, which decide what Knative accepts
 */
export function settingsOfPhase(phase: Phase, current: SettingValues): SettingValues {
  if (phase === "warmup") return WARMUP;
  // Knative's webhook refuses an initial scale of zero where it is not allowed.
  return current["allow-zero-initial-scale"] === "true"
    ? { ...MEASUREMENT, "initial-scale": "0" }
    : MEASUREMENT;
}

/** Left at a config map by the run that changed it, so that any machine can put it back. */
export interface SettingsMarker {
  readonly run: string;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
  /** As the run found them. */
  readonly before: SettingValues;
  /** As the run last set them. */
  readonly after: SettingValues;
}

/** The annotation of a config map that holds a {@linkcode SettingsMarker} as JSON. */
export const MARKER_ANNOTATION = "loader/settings-changed";

/** Reads a marker; `null` where there is none, or none of ours. */
export function parseMarker(text: string | undefined): SettingsMarker | null {
  if (text === undefined) return null;
  try {
    const { run, host, since, before, after } = JSON.parse(text) as Record<string, unknown>;
    const isWhole = [run, host, since].every((value) => typeof value === "string") &&
      isSettings(before) && isSettings(after);
    return isWhole ? { run, host, since, before, after } as SettingsMarker : null;
  } catch {
    return null;
  }
}

/** What a run has changed at a config map and not put back; `null`: nothing. */
export function readMarker({ metadata }: V1ConfigMap): SettingsMarker | null {
  return parseMarker(metadata?.annotations?.[MARKER_ANNOTATION]);
}

function isSettings(value: unknown): value is SettingValues {
  return typeof value === "object" && value !== null &&
    Object.values(value).every((item) => item === null || typeof item === "string");
}

/** The marker once more settings have been changed: what was first found is kept. */
export function extendMarker(
  marker: SettingsMarker,
  current: SettingValues,
  values: SettingValues,
): SettingsMarker {
  return {
    ...marker,
    before: { ...pickSettings(current, Object.keys(values)), ...marker.before },
    after: { ...marker.after, ...values },
  };
}

/** Some settings of all. */
export function pickSettings(all: SettingValues, keys: readonly string[]): SettingValues {
  return Object.fromEntries(keys.map((key) => [key, all[key] ?? null]));
}

/** What puts the settings back, and what does not. */
export interface Restoration {
  readonly values: SettingValues;
  /** Keys that someone else has set since; theirs now. */
  readonly foreign: readonly string[];
}

/**
 * What puts settings back as the run found them: those that still are as it left
 * them.
 *
 * @example
 * ```ts
 * import { deriveRestoration } from "./phase_settings.ts";
 * const { values, foreign } = deriveRestoration(
 *   {
 *     run: "r",
 *     host: "h",
 *     since: "2026-11-23T10:00:00Z",
 *     before: { "scale-down-delay": null, "max-scale-up-rate": "10" },
 *     after: { "scale-down-delay": "15m", "max-scale-up-rate": "1000000.0" },
 *   },
 *   { "scale-down-delay": "15m", "max-scale-up-rate": "7" },
 * );
 * if (!("scale-down-delay" in values) || foreign[0] !== "max-scale-up-rate") {
 *   throw new Error("only what is as it was left");
 * }
 * ```
 */
export function deriveRestoration(
  { before, after }: SettingsMarker,
  current: SettingValues,
): Restoration {
  const isOurs = (key: string) => (current[key] ?? null) === (after[key] ?? null);
  const keys = Object.keys(before);
  return {
    values: pickSettings(before, keys.filter(isOurs)),
    foreign: keys.filter((key) => !isOurs(key)),
  };
}
