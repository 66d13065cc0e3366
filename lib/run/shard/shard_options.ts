import { wallClockDate } from "../../clock/clock.ts";
import { LoaderError } from "../../base/error.ts";
import { durationOption, formatDuration, type Option, textOption } from "../../option/option.ts";
import { type PlatformName, traitsOf } from "../../platform/registry.ts";
import { formatShard, parseShard, type Shard } from "./shard.ts";

/** Longest time that loaders wait for one another. */
const LONGEST_GAP_MS = 86_400_000;

/** A time of day with its zone, to the second or finer (RFC 3339, where seconds may be left out). */
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)$/;

/** Seconds since 1970. */
const UNIX_SECONDS = /^\d{1,11}(\.\d+)?$/;

/**
 * Milliseconds since 1970 of `2026-11-23T10:00:00Z` or `1795428000`.
 *
 * @throws Error whose message completes "--start-at: …"
 */
export function parseInstant(text: string): number {
  const unixMs = UNIX_SECONDS.test(text)
    ? Math.round(1000 * Number(text))
    : RFC_3339.test(text)
    ? Date.parse(text.toUpperCase())
    : NaN;
  if (!Number.isNaN(unixMs)) return unixMs;
  throw new Error(
    `${JSON.stringify(text)} is not an instant; write it as 2026-11-23T10:00:00Z, ` +
      "2026-11-23T12:00:00+02:00, or in seconds since 1970.",
  );
}

/** An instant as a user gives it. */
export function formatInstant(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(".000Z", "Z");
}

const shard: Option<Shard | null> = {
  ...textOption<null>("i/n", {
    meaning: "be loader i of n of one experiment: dispatch and deploy the functions of that " +
      "part only; deno task merge joins the folders",
    default: null,
  }),
  parse: parseShard,
  show: (value) => value === null ? null : formatShard(value),
  defaults: { local: null, cluster: null },
};

const startAtUnixMs: Option<number | null> = {
  ...textOption<null>("instant", {
    unit: "UnixMs",
    meaning: "when the first run starts, the same for each loader: 2026-11-23T10:00:00Z, or " +
      "seconds since 1970 (default: as soon as the functions are up)",
    default: null,
  }),
  parse: parseInstant,
  show: (value) => value === null ? null : formatInstant(value),
  defaults: { local: null, cluster: null },
};

/** What loaders that make an experiment together have in common. */
export const SHARD_OPTIONS = {
  shard,
  startAtUnixMs,
  startGapMs: durationOption({
    meaning: "with --start-at: time before the start of a run for its functions to come up; the " +
      "next run starts this long after the end of the one before, its --drain included",
    default: { local: 20_000, cluster: 600_000 },
    minimum: 0,
    maximum: LONGEST_GAP_MS,
  }),
};

/** What {@linkcode checkShardOptions} looks at. */
export interface SharedStart {
  readonly platform: PlatformName;
  readonly shard: Shard | null;
  readonly startAtUnixMs: number | null;
  readonly startGapMs: number;
  readonly twin: boolean;
}

/**
 * Checks that loaders can start together.
 *
 * @throws LoaderError `usage` when there is no common start, or it has passed
 */
export function checkShardOptions(options: SharedStart): void {
  const { shard, startAtUnixMs: startAt, startGapMs: startGap, twin } = options;
  // On virtual time nobody waits for anybody.
  const isReal = !traitsOf(options.platform).isVirtual;
  const nowUnixMs = wallClockDate().getTime();
  if (shard !== null && shard.count > 1) {
    if (twin) {
      throw new LoaderError(
        "usage",
        "--twin: a loader of several sees a part of the load only, so that its twin would be of " +
          "another platform; leave it out.",
      );
    }
    if (isReal && startAt === null) {
      const soon = formatInstant(Math.ceil((nowUnixMs + startGap) / 60_000 + 1) * 60_000);
      throw new LoaderError(
        "usage",
        `--shard ${formatShard(shard)}: ${shard.count} loaders must start at one instant; give ` +
          `each the same --start-at, such as ${soon}.`,
      );
    }
  }
  if (isReal && startAt !== null && startAt <= nowUnixMs) {
    throw new LoaderError(
      "usage",
      `--start-at: ${formatInstant(startAt)} was ${
        formatDuration(Math.max(1000, Math.round((nowUnixMs - startAt) / 1000) * 1000))
      } ago by the clock of this machine; give a time to come, the same to each loader.`,
    );
  }
}
