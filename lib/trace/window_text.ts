import { LoaderError } from "../base/error.ts";
import { describeLength, type Trace, traceLengthMs } from "../model/trace.ts";
import type { TraceWindow } from "./window.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What of a trace is asked about to find a place in it. */
export type PlacedTrace = Pick<Trace, "name" | "slotMs" | "slots" | "startMs" | "firstMinute">;

/** How a place in a trace is written; both ends of a window are written alike. */
type Notation = "minutes" | "span" | "clock" | "instant";

/** A place in a trace as a user writes it. */
interface Place {
  readonly notation: Notation;
  /** From the trace's start; of a clock time, from midnight of its day; of an instant, since 1970. */
  readonly timeMs: number;
  /** Of a clock time, from 1; `null`: the first day, or that of the other end. */
  readonly day: number | null;
}

/** A window as a user writes it. */
interface PlacedWindow {
  readonly from: Place;
  /** `null`: open. */
  readonly to: Place | null;
}

/** The ends of a window, in milliseconds from the trace's start. */
export interface WindowEnds {
  readonly fromMs: number;
  /** `null`: open. */
  readonly toMs: number | null;
}

const WAYS = "480..540 (minutes of the trace), 480.., 2h..4h30min, 90s..120s, 08:00..12:30, " +
  "day2T08:00..day2T12:30, 2024-05-11..2024-05-12 or 2024-05-11T06:00Z..2024-05-11T18:00Z";

const UNITS_MS = { d: DAY_MS, h: HOUR_MS, min: MINUTE_MS, s: SECOND_MS, ms: 1 } as const;
const SPAN = /^(?:\d+(?:\.\d+)?(?:min|ms|d|h|s))+$/;
const CLOCK = /^(?:day(\d{1,5})T)?(\d{1,2}):(\d\d)(?::(\d\d(?:\.\d{1,3})?))?$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const INSTANT = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,3})?)?([Zz]|[+-]\d\d:\d\d)$/;

/**
 * Checks the text of a window.
 *
 * @returns the text
 * @throws Error whose message completes "--window: …"
 */
export function checkWindowText(text: string): string {
  parseWindow(text);
  return text;
}

/** True if a window has an end of its own. */
export function isClosedWindow(text: string): boolean {
  return parseWindow(text).to !== null;
}

/**
 * The window that a text asks for; an open one reaches to the end of the trace.
 *
 * @throws LoaderError `usage` as {@linkcode findWindow}
 */
export function chooseWindow(text: string, trace: PlacedTrace): TraceWindow {
  const { fromMs, toMs } = findWindow(text, trace);
  return { startMs: fromMs, lengthMs: (toMs ?? traceLengthMs(trace)) - fromMs };
}

/**
 * Finds the ends of a window in a trace: `480..540` in minutes from its start, `2h..4h30min` and
 * `90s..120s` in any units, `08:00..12:30` by the clock (of the first day, `day2T08:00` of the
 * second), `2024-05-11..2024-05-12` and `2024-05-11T06:00Z..` by the calendar. The end is not part
 * of the window, and open where there is none. It begins at the start of a slot.
 *
 * @throws LoaderError `usage` when it is no window, lies not in the trace, begins inside a slot, or
 *   names an instant and the trace does not tell when it began
 *
 * @example
 * ```ts
 * import { findWindow } from "./window_text.ts";
 * const day = { name: "day", slotMs: 60_000, slots: 1440 };
 * const { fromMs, toMs } = findWindow("08:00..12:30", day);
 * if (fromMs !== 480 * 60_000 || toMs !== 750 * 60_000) throw new Error("eight to half past twelve");
 * ```
 */
export function findWindow(text: string, trace: PlacedTrace): WindowEnds {
  const refuse = (sentence: string): never => {
    throw new LoaderError("usage", `--window ${text}: ${sentence}`, { value: text });
  };
  let window: PlacedWindow;
  try {
    window = parseWindow(text);
  } catch (error) {
    return refuse((error as Error).message);
  }
  const { from, to } = window;
  const originMs = originOf(from.notation, trace);
  if (originMs === null) {
    return refuse(
      `the trace ${trace.name} does not tell on which day it began, so that a date is nowhere in ` +
        "it; give minutes or times of day, such as 480..540 or 08:00..12:30.",
    );
  }
  const show = (timeMs: number) => showPlace(from.notation, timeMs, originMs);
  const fromMs = offsetOf(from, 1) - originMs;
  const toMs = to === null ? null : offsetOf(to, from.day ?? 1) - originMs;
  const lengthMs = traceLengthMs(trace);
  if (fromMs < 0 || fromMs >= lengthMs || (toMs ?? 0) > lengthMs) {
    refuse(
      `the trace ${trace.name} has ${describeLength(trace)}, from ${show(0)} to ` +
        `${show(lengthMs)}; choose a window within them.`,
    );
  }
  if (fromMs % trace.slotMs !== 0) {
    const before = Math.floor(fromMs / trace.slotMs) * trace.slotMs;
    refuse(
      `the trace ${trace.name} has slots of ${trace.slotMs / SECOND_MS} s, and ${
        show(fromMs)
      } is ` +
        `inside of one; begin at ${show(before)} or ${show(before + trace.slotMs)}.`,
    );
  }
  if (toMs !== null && toMs <= fromMs) {
    refuse(`the window ends at ${show(toMs)}, not after it begins (${show(fromMs)}).`);
  }
  return { fromMs, toMs };
}

function parseWindow(text: string): PlacedWindow {
  const [fromText, toText, ...more] = text.split("..").map((part) => part.trim());
  if (toText === undefined || more.length > 0) {
    throw new Error(`${JSON.stringify(text)} is not a window; write it as ${WAYS}.`);
  }
  const from = parsePlace(fromText);
  if (toText === "") return { from, to: null };
  const to = parsePlace(toText);
  if (kindOf(from) !== kindOf(to)) {
    throw new Error(
      `${JSON.stringify(fromText)} and ${JSON.stringify(toText)} are written in two ways; ` +
        "write both ends alike.",
    );
  }
  return { from, to };
}

/** Minutes and spans are both from the trace's start. */
function kindOf({ notation }: Place): string {
  return notation === "minutes" ? "span" : notation;
}

function parsePlace(text: string): Place {
  if (/^\d+$/.test(text)) {
    return { notation: "minutes", timeMs: Number(text) * MINUTE_MS, day: null };
  }
  if (SPAN.test(text)) return { notation: "span", timeMs: parseSpanMs(text), day: null };
  const clock = CLOCK.exec(text);
  if (clock !== null) return placeOfClock(text, clock);
  const isDate = DATE.test(text);
  if (isDate || INSTANT.test(text)) {
    const timeMs = Date.parse(text.toUpperCase());
    // A date that no calendar has, such as 30 February, is moved on to one that it has.
    const isReal = !isDate || new Date(timeMs || 0).toISOString().startsWith(text);
    if (Number.isNaN(timeMs) || !isReal) {
      throw new Error(`${JSON.stringify(text)} is no date of the calendar.`);
    }
    return { notation: "instant", timeMs, day: null };
  }
  throw new Error(`${JSON.stringify(text)} is no place in a trace; write a window as ${WAYS}.`);
}

function parseSpanMs(text: string): number {
  let sumMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(min|ms|d|h|s)/g)) {
    sumMs += Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
  }
  // A tenth of a second is no double.
  return Math.round(sumMs * 1000) / 1000;
}

function placeOfClock(text: string, [, day, hour, minute, second = "0"]: readonly string[]): Place {
  const timeMs = Number(hour) * HOUR_MS + Number(minute) * MINUTE_MS +
    Math.round(Number(second) * SECOND_MS);
  if (Number(minute) > 59 || Number(second) >= 60 || timeMs > DAY_MS || day === "0") {
    throw new Error(
      `${JSON.stringify(text)} is no time of a day; 00:00 to 24:00 are, from day1T00:00.`,
    );
  }
  return { notation: "clock", timeMs, day: day === undefined ? null : Number(day) };
}

/** What the places of a notation count from, in its own time, where the trace starts; `null`: unknown. */
function originOf(notation: Notation, { startMs }: PlacedTrace): number | null {
  switch (notation) {
    case "minutes":
    case "span":
      return 0;
    case "clock":
      // Where a trace does not tell when it began, it began at midnight.
      return (startMs ?? 0) - Math.floor((startMs ?? 0) / DAY_MS) * DAY_MS;
    case "instant":
      return startMs ?? null;
  }
}

function offsetOf({ timeMs, day, notation }: Place, defaultDay: number): number {
  return notation === "clock" ? ((day ?? defaultDay) - 1) * DAY_MS + timeMs : timeMs;
}

/** An offset into the trace as the user would write it. */
function showPlace(notation: Notation, offsetMs: number, originMs: number): string {
  const timeMs = offsetMs + originMs;
  switch (notation) {
    case "minutes":
    case "span":
      return notation === "minutes" && timeMs % MINUTE_MS === 0
        ? String(timeMs / MINUTE_MS)
        : showSpan(timeMs);
    case "clock": {
      const day = Math.floor(timeMs / DAY_MS);
      const text = new Date(timeMs - day * DAY_MS).toISOString().slice(11, -1);
      return `day${day + 1}T${text.replace(/(?::00)?\.000$/, "")}`;
    }
    case "instant":
      return new Date(timeMs).toISOString().replace(".000Z", "Z");
  }
}

function showSpan(timeMs: number): string {
  const seconds = Math.floor(timeMs / SECOND_MS);
  const parts: readonly [number, string][] = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
    [Math.round((timeMs % SECOND_MS) * 1000) / 1000, "ms"],
  ];
  return parts.filter(([count]) => count > 0).map(([count, unit]) => count + unit).join("") || "0";
}
