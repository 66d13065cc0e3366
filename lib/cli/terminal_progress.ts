import { sinceProgramStartMs } from "../base/process.ts";
import { hideSecrets } from "../base/secrets.ts";
import type { DispatchProgress } from "../invoke/dispatcher.ts";
import { phaseAt } from "../model/schedule.ts";
import type { RunManifest } from "../store/schema/manifest.ts";
import { OVERHEAD_PER_RUN_MS, type PlannedLoad } from "../run/plan_block.ts";
import { print } from "./program.ts";
import { ProgressLine } from "./progress_line.ts";
import { formatLeft, renderProgressLine } from "./progress_text.ts";
import { paint, styleOfStderr, type TerminalStyle } from "./terminal_style.ts";

/** Time between changes of the line at a terminal. */
const CHANGE_EVERY_MS = 100;

/** What colors say of a run. */
const COLOR_OF = { VALID: "good", "PLATFORM-LIMITED": "warn", "GENERATOR-LIMITED": "bad" } as const;

/**
 * Shows how runs go on, on standard error: at a terminal a line with a bar that changes,
 * elsewhere one line for each phase of a run.
 */
export class TerminalProgress {
  #style: TerminalStyle = { isLive: false, hasColor: false };
  #isVirtual = false;
  #line: ProgressLine | null = null;
  #shownMs = -Infinity;
  /** When the run under way began to be dispatched, since program start; `null`: not yet. */
  #dispatchingSinceMs: number | null = null;
  /** All runs, where they are known. */
  #planned: readonly PlannedLoad[] = [];
  /** Phase of each run that has begun, by its name. */
  readonly #phases = new Map<string, string>();

  /**
   * Looks at the terminal, if there is one.
   *
   * @param isVirtual time is simulated
   */
  open(isVirtual: boolean): void {
    this.#isVirtual = isVirtual;
    this.#style = styleOfStderr();
    if (!this.#style.isLive) return;
    this.#line = new ProgressLine();
    // A second Ctrl-C ends the program at once, but not in the middle of a line.
    globalThis.addEventListener("unload", () => this.#line?.clear());
  }

  /** What will be made, where all of it is known. */
  plan(loads: readonly PlannedLoad[]): void {
    // The planner takes from its list what it makes.
    this.#planned = [...loads];
  }

  start(load: PlannedLoad): void {
    this.#dispatchingSinceMs = null;
    this.#enter(load, "deploying", `${load.plan.functions} functions …`);
  }

  /** How far a deployment is. */
  deploying(run: string, status: string): void {
    if (this.#line !== null && !this.#isEarly()) this.#show(`${run}: ${status}`);
  }

  advance(load: PlannedLoad, progress: DispatchProgress): void {
    this.#dispatchingSinceMs ??= sinceProgramStartMs();
    if (this.#line === null) return this.#advanceQuietly(load, progress);
    if (this.#isEarly()) return;
    const line = renderProgressLine(
      {
        name: this.#nameOf(load),
        durationMs: load.plan.durationMs,
        invocations: load.plan.invocations,
        progress,
        ...this.#left(load, progress.timeMs),
      },
      this.#line.room,
      this.#style,
    );
    this.#line.show(line);
  }

  /** Leaves a line that stays. */
  say(line: string): void {
    this.#line?.clear();
    print("stderr", line);
  }

  /** Leaves a line on what came of a run. */
  endRun({ name, status, verdict }: RunManifest): void {
    if (verdict === null) return this.say(`${name}: ${status}`);
    const reasons = verdict.reasons.length === 0 ? "" : ` (${verdict.reasons.join(" ")})`;
    const word = paint(verdict.verdict, COLOR_OF[verdict.verdict], this.#style);
    this.say(`${name}: ${status}, ${word}${reasons}`);
  }

  #advanceQuietly(load: PlannedLoad, { timeMs, inFlight }: DispatchProgress): void {
    const { plan, run } = load;
    const invocations = `${plan.invocations.toLocaleString("en")} invocations`;
    if (this.#isVirtual) {
      return this.#enter(load, "simulating", `${formatLeft(plan.durationMs)}, ${invocations}`);
    }
    if (timeMs >= plan.durationMs) {
      return this.#enter(load, "draining", `${inFlight.toLocaleString("en")} in flight`);
    }
    const phase = phaseAt(run.schedule.phases, timeMs);
    const left = `${formatLeft(plan.durationMs - timeMs)} to go`;
    this.#enter(load, phase, `${left}, ${invocations} in all`);
  }

  /** Says once that a run is in a phase; at a terminal, until something else is shown. */
  #enter(load: PlannedLoad, phase: string, detail: string): void {
    const { name } = load.run;
    if (this.#phases.get(name) === phase) return;
    this.#phases.set(name, phase);
    const line = `${this.#nameOf(load)}: ${phase}, ${detail}`;
    if (this.#line === null) print("stderr", line);
    else this.#show(line);
  }

  #show(line: string): void {
    this.#line!.show(hideSecrets(line).slice(0, this.#line!.room));
  }

  /** True if what is shown is too new for something else. */
  #isEarly(): boolean {
    const nowMs = sinceProgramStartMs();
    if (nowMs - this.#shownMs < CHANGE_EVERY_MS) return true;
    this.#shownMs = nowMs;
    return false;
  }

  #nameOf({ run: { name } }: PlannedLoad): string {
    const { length } = this.#planned;
    if (length <= 1) return name;
    const number = [...this.#phases.keys()].indexOf(name) + 1;
    return `${name} (${number} of ${length})`;
  }

  #left(
    { plan: { durationMs } }: PlannedLoad,
    timeMs: number,
  ): { readonly leftMs: number | null; readonly leftInAllMs: number | null } {
    const leftMs = Math.max(0, durationMs - timeMs);
    if (this.#isVirtual) {
      // Simulated seconds are as long as the simulator takes for them.
      const spentMs = sinceProgramStartMs() - this.#dispatchingSinceMs!;
      return { leftMs: timeMs > 0 ? spentMs * leftMs / timeMs : null, leftInAllMs: null };
    }
    const others = this.#planned.filter(({ run }) => !this.#phases.has(run.name));
    if (others.length === 0) return { leftMs, leftInAllMs: null };
    const leftInAllMs = others.reduce(
      (sum, { plan }) => sum + plan.durationMs + OVERHEAD_PER_RUN_MS,
      leftMs,
    );
    return { leftMs, leftInAllMs };
  }
}
