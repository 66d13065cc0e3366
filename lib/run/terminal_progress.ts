import process from "node:process";
import type { DispatchProgress } from "../invoke/dispatcher.ts";
import type { PlannedLoad } from "./plan_block.ts";
import { print, tolerateClosed } from "./print.ts";

/** Writes a line over the one before. */
interface LogUpdate {
  (line: string): void;
  clear(): void;
}

/** Seconds between lines where the output is not a terminal. */
const LINE_EVERY_S = 5;

/**
 * Shows how a run goes on, on standard error: one line that changes at a
 * terminal, a line every few seconds elsewhere.
 */
export class TerminalProgress {
  /** `null` where the output is not a terminal. */
  #update: LogUpdate | null = null;
  #lastLineS = 0;

  /** Takes the terminal over, if there is one: from then on one line changes. */
  async open(): Promise<void> {
    if (!Deno.stderr.isTerminal()) return;
    // Loaded only when permissions are granted: it reads the environment at once.
    const { createLogUpdate } = await import("log-update");
    process.stderr.on("error", () => {/* The terminal is gone; the run ends as it should. */});
    this.#update = createLogUpdate(process.stderr, { showCursor: true });
  }

  start(load: PlannedLoad): void {
    this.#lastLineS = 0;
    this.#show(`${load.run.name}: deploying ${load.plan.functions} functions …`, true);
  }

  advance({ run, plan }: PlannedLoad, progress: DispatchProgress): void {
    const { outcomes, handled, inFlight } = progress;
    const timeS = Math.round(progress.timeMs / 1000);
    const failed = Object.entries(outcomes)
      .filter(([outcome, count]) => outcome !== "ok" && count > 0)
      .map(([outcome, count]) => `, ${count} ${outcome}`);
    const line = `${run.name}: ${timeS} s of ${Math.round(plan.durationMs / 1000)} s, ` +
      `${handled} of ${plan.invocations} sent, ${outcomes.ok} ok${failed.join("")}, ` +
      `${inFlight} in flight`;
    const due = timeS >= this.#lastLineS + LINE_EVERY_S;
    if (due) this.#lastLineS = timeS;
    this.#show(line, due);
  }

  /** Leaves a line that stays. */
  say(line: string): void {
    tolerateClosed(() => this.#update?.clear());
    print("stderr", line);
  }

  #show(line: string, due: boolean): void {
    const update = this.#update;
    if (update !== null) tolerateClosed(() => update(line));
    else if (due) print("stderr", line);
  }
}
