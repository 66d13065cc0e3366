import { formatJson } from "../base/json.ts";
import type { ScheduleOrigin } from "../schedule/schedule_file.ts";
import { COMMON_OPTIONS, type CommonOptions } from "./common_options.ts";
import type { Experiment, PlannedRun } from "./experiment.ts";
import { byBareName, flagOf, type OptionTable, type OptionValues } from "../option/option.ts";

/** Options of every experiment that its schedules follow; the rest is about platform and results. */
const SHAPING: ReadonlySet<string> = new Set(["seed", "iat"]);

/** Where a trace lies may differ; what it holds is told by its hash. */
const PLACES: ReadonlySet<string> = new Set(["trace"]);

/** What decides on the schedules of an experiment, by name. */
export interface ScheduleOptions {
  readonly experiment: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** The options that the schedules of an experiment follow, with their values. */
export function scheduleOptionsOf<O extends OptionTable>(
  { name, options: table }: Pick<Experiment<O>, "name" | "options">,
  values: OptionValues<O> & CommonOptions,
): ScheduleOptions {
  const shaping = Object.entries(values).filter(([option]) =>
    option in COMMON_OPTIONS
      ? SHAPING.has(option)
      : table[option]?.shapesSchedule ?? option in table
  );
  return { experiment: name, options: byBareName(table, Object.fromEntries(shaping)) };
}

/** Where the schedule of a run comes from, for its file. */
export function scheduleOriginOf(
  { experiment, options }: ScheduleOptions,
  { trace }: Pick<PlannedRun, "trace">,
): ScheduleOrigin {
  return {
    experiment,
    options,
    trace: trace === null ? null : { name: trace.name, hash: trace.hash },
  };
}

/**
 * What differs between where a schedule comes from and what is asked for, as
 * phrases with both values; empty: nothing that is known.
 */
export function describeOtherOrigin(saved: ScheduleOrigin, asked: ScheduleOrigin): string[] {
  if (saved.experiment !== asked.experiment) {
    return [`the experiment was ${saved.experiment} and is ${asked.experiment}`];
  }
  const names = new Set([...Object.keys(saved.options), ...Object.keys(asked.options)]);
  const differing = [...names].filter((name) =>
    !PLACES.has(name) && show(saved.options[name]) !== show(asked.options[name])
  ).map((name) =>
    `${flagOf(name)} was ${show(saved.options[name])} and is ${show(asked.options[name])}`
  );
  if (saved.trace?.hash !== asked.trace?.hash) {
    differing.push(
      `the trace was ${showTrace(saved.trace)} and is ${showTrace(asked.trace)}`,
    );
  }
  return differing;
}

function show(value: unknown): string {
  return value === undefined || value === null ? "not given" : formatJson(value, 0);
}

function showTrace(trace: ScheduleOrigin["trace"]): string {
  return trace === null ? "none" : `${trace.name} (SHA-256 ${trace.hash})`;
}
