import type { DispatchProgress } from "../invoke/dispatcher.ts";
import { paint, type TerminalStyle } from "./terminal_style.ts";

/** How far a run is. */
export interface RunProgress {
  /** Its name, with its number among the runs where that is known. */
  readonly name: string;
  readonly durationMs: number;
  readonly invocations: number;
  readonly progress: DispatchProgress;
  /** Until the run's last dispatch, for whoever waits; `null`: not known yet. */
  readonly leftMs: number | null;
  /** The same of all runs that are planned; `null`: there is no other, or nobody knows. */
  readonly leftInAllMs: number | null;
}

/** Characters of the bar, at least and at most. */
const LEAST_BAR = 8;
const MOST_BAR = 30;

/**
 * A bar with the time left and the counts, in one line: of what has no room, the counts are
 * left out first, the last of them before others, then the bar.
 *
 * @param room most characters
 */
export function renderProgressLine(
  run: RunProgress,
  room: number,
  style: Pick<TerminalStyle, "hasColor">,
): string {
  const share = Math.min(1, run.progress.timeMs / run.durationMs);
  const needed = [`${String(Math.floor(100 * share)).padStart(3)} %`, leftOf(run, share)];
  let parts = [...needed, ...countsOf(run)];
  const length = () => run.name.length + parts.join("  ").length + 2;
  while (parts.length > needed.length && length() + LEAST_BAR + 2 > room) parts.pop();
  if (length() > room) parts = needed.slice(0, 1);
  const barRoom = Math.min(MOST_BAR, room - length() - 2);
  const [bar, rest] = barRoom >= LEAST_BAR ? barOf(share, barRoom) : ["", ""];
  const plain = [run.name, ...(bar + rest === "" ? [] : [bar + rest]), ...parts].join("  ");
  if (plain.length > room) return plain.slice(0, room);
  const painted = paint(bar, "bar", style) + paint(rest, "quiet", style);
  return bar === "" && rest === "" ? plain : plain.replace(bar + rest, () => painted);
}

function barOf(share: number, width: number): [string, string] {
  const filled = Math.round(share * width);
  return ["━".repeat(filled), "─".repeat(width - filled)];
}

function leftOf({ leftMs, leftInAllMs, progress }: RunProgress, share: number): string {
  if (share === 1) return `waiting for ${progress.inFlight.toLocaleString("en")} in flight`;
  if (leftMs === null) return "…";
  const inAll = leftInAllMs === null ? "" : `, ${formatLeft(leftInAllMs)} in all`;
  return `${formatLeft(leftMs)} left${inAll}`;
}

function countsOf({ invocations, progress }: RunProgress): string[] {
  const { handled, inFlight, outcomes } = progress;
  const notOk = Object.entries(outcomes)
    .filter(([outcome, count]) => outcome !== "ok" && count > 0)
    .map(([outcome, count]) => `${count.toLocaleString("en")} ${outcome}`);
  return [
    `${handled.toLocaleString("en")} of ${invocations.toLocaleString("en")}`,
    ...(notOk.length === 0 ? [] : [notOk.join(", ")]),
    `${inFlight.toLocaleString("en")} in flight`,
  ];
}

/**
 * A time for whoever waits: two units, the smaller one rounded up.
 *
 * @example
 * ```ts
 * import { formatLeft } from "./progress_text.ts";
 * if (formatLeft(11_200) !== "12 s") throw new Error("seconds");
 * if (formatLeft(125_000) !== "2 min 5 s") throw new Error("minutes");
 * if (formatLeft(7_260_000) !== "2 h 1 min") throw new Error("hours");
 * ```
 */
export function formatLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.ceil(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
