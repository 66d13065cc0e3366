import process from "node:process";
import { sinceProgramStartMs } from "../base/process.ts";
import { hideSecrets } from "../base/secrets.ts";
import type { DispatchProgress } from "../invoke/dispatcher.ts";
import type { PlannedLoad } from "../run/plan_block.ts";
import { print, tolerateClosed } from "./program.ts";

/** Writes a line over the one before. */
interface LogUpdate {
  (line: string): void;
  clear(): void;
}

/** Time between lines where the output is not a terminal, and between changes where it is one. */
const LINE_EVERY_MS = 5000;
const CHANGE_EVERY_MS = 100;

/**
 * Shows how a run goes on, on standard error: one line that changes at a
 * terminal, a line every few seconds elsewhere. Seconds that pass for whoever
 * looks: a simulated day has no more of them than it takes.
 */
export class TerminalProgress {
  /** `null` where the output is not a terminal. */
  #update: LogUpdate | null = null;
  #shownMs = 0;

  /** Takes the terminal over, if there is one: from then on one line changes. */
  async open(): Promise<void> {
    if (!Deno.stderr.isTerminal()) return;
    // Loaded only when permissions are granted: it reads the environment at once.
    const { createLogUpdate } = await import("log-update");
    process.stderr.on("error", () => {/* The terminal is gone; the run ends as it should. */});
    this.#update = createLogUpdate(process.stderr, { showCursor: true });
  }

  start(load: PlannedLoad): void {
    this.#shownMs = sinceProgramStartMs();
    this.#show(`${load.run.name}: deploying ${load.plan.functions} functions …`);
  }

  /** How far a deployment is. */
  deploying(run: string, status: string): void {
    if (this.#isEarly()) return;
    this.#show(`${run}: ${status}`);
  }

  advance({ run, plan }: PlannedLoad, progress: DispatchProgress): void {
    if (this.#isEarly()) return;
    const { outcomes, handled, inFlight } = progress;
    const timeS = Math.round(progress.timeMs / 1000);
    const failed = Object.entries(outcomes)
      .filter(([outcome, count]) => outcome !== "ok" && count > 0)
      .map(([outcome, count]) => `, ${count} ${outcome}`);
    this.#show(
      `${run.name}: ${timeS} s of ${Math.round(plan.durationMs / 1000)} s, ` +
        `${handled} of ${plan.invocations} sent, ${outcomes.ok} ok${failed.join("")}, ` +
        `${inFlight} in flight`,
    );
  }

  /** True if the line that is shown is too new for another. */
  #isEarly(): boolean {
    const nowMs = sinceProgramStartMs();
    const everyMs = this.#update === null ? LINE_EVERY_MS : CHANGE_EVERY_MS;
    if (nowMs - this.#shownMs < everyMs) return true;
    this.#shownMs = nowMs;
    return false;
  }

  /** Leaves a line that stays. */
  say(line: string): void {
    tolerateClosed(() => this.#update?.clear());
    print("stderr", line);
  }

  #show(line: string): void {
    const update = this.#update;
    if (update !== null) tolerateClosed(() => update(hideSecrets(line)));
    else print("stderr", line);
  }
}
