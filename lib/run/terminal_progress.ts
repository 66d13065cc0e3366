import { createLogUpdate } from "log-update";
import process from "node:process";
import type { DispatchProgress } from "../invoke/dispatcher.ts";
import type { PlannedLoad } from "./plan_block.ts";

/** Seconds between lines where the output is not a terminal. */
const LINE_EVERY_S = 5;

/**
 * Shows how a run goes on, on standard error: one line that changes at a
 * terminal, a line every few seconds elsewhere.
 */
export class TerminalProgress {
  readonly #atTerminal = Deno.stderr.isTerminal();
  readonly #update = createLogUpdate(process.stderr, { showCursor: true });
  #lastLineS = 0;

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
    if (this.#atTerminal) this.#update.clear();
    console.error(line);
  }

  #show(line: string, due: boolean): void {
    if (this.#atTerminal) this.#update(line);
    else if (due) console.error(line);
  }
}
