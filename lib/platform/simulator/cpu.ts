import { EventHeap, type HeapPositions } from "../../base/event_heap.ts";
import type { VirtualClock } from "../../base/virtual_clock.ts";

/** What the cores of all nodes have in common. */
export interface CpuSetting {
  readonly clock: VirtualClock;
  /** Where in its share's heap each task is; a task is on one node at a time. */
  readonly positions: HeapPositions;
  /** Priority of the events at which work is done. */
  readonly priority: number;
  /** The work of a task is done; the task is on the CPU no more. */
  readonly onDone: (task: number) => void;
}

/**
 * Tasks of a node with the same limit. All of them advance alike, so that the
 * order in which they end never changes: each has the point of the share's own
 * time at which it is done, and a change of speed moves one event, not one for
 * each task (Kleinrock's processor sharing in virtual time).
 */
class CpuShare {
  readonly limitMilli: number;
  readonly tasks: EventHeap;
  /** CPU time that a task that was always there has got so far, in core-milliseconds. */
  virtualMs = 0;
  updatedMs = 0;
  /** Cores that each task gets now. */
  rate: number;
  /** Happens when the first of them is done. */
  readonly event: number;
  /** When the event is due, to leave it where it is if that does not change. */
  dueMs = Infinity;

  constructor(limitMilli: number, setting: CpuSetting, handler: number, index: number) {
    this.limitMilli = limitMilli;
    this.rate = limitMilli / 1000;
    this.tasks = new EventHeap(setting.positions);
    this.event = setting.clock.createEvent(setting.priority, handler, index);
  }

  advance(nowMs: number): void {
    this.virtualMs += (nowMs - this.updatedMs) * this.rate;
    this.updatedMs = nowMs;
  }
}

/**
 * The cores of one node. With shared cores each task gets the same, but at most
 * its limit, and what some leave over the others get (max-min fairness, as
 * Linux' scheduler gives it to control groups of equal weight); with dedicated
 * ones each gets its limit always. A task is an instance that computes.
 */
export class NodeCpu {
  readonly #setting: CpuSetting;
  readonly #coresMilli: number;
  /** Ascending by limit; most nodes have one. */
  readonly #shares: CpuShare[] = [];
  readonly #byIndex: CpuShare[] = [];
  readonly #handler: number;
  /** What all tasks would take if they could. */
  #demandMilli = 0;
  #order = 0;

  /** `coresMilli`: `Infinity` where cores are dedicated. */
  constructor(setting: CpuSetting, coresMilli: number) {
    this.#setting = setting;
    this.#coresMilli = coresMilli;
    this.#handler = setting.clock.register((index) => this.#onDue(this.#byIndex[index]));
  }

  /** Gives a task that is not there so many core-milliseconds of work. */
  add(task: number, limitMilli: number, workMs: number): void {
    const nowMs = this.#setting.clock.nowMs();
    const share = this.#shareOf(limitMilli);
    if (share.tasks.size === 0) {
      // Begins anew, which keeps its time exact.
      share.virtualMs = 0;
      share.updatedMs = nowMs;
    } else {
      share.advance(nowMs);
    }
    share.tasks.set(task, share.virtualMs + workMs, this.#order++);
    this.#changeDemand(limitMilli, nowMs, share);
  }

  /** Takes a task away, done or not. */
  remove(task: number, limitMilli: number): void {
    const nowMs = this.#setting.clock.nowMs();
    const share = this.#shareOf(limitMilli);
    share.advance(nowMs);
    share.tasks.remove(task);
    this.#changeDemand(-limitMilli, nowMs, share);
  }

  /** CPU time since some point that a task of this limit has got, in core-milliseconds. */
  progressMs(limitMilli: number): number {
    const share = this.#shareOf(limitMilli);
    share.advance(this.#setting.clock.nowMs());
    return share.virtualMs;
  }

  #onDue(share: CpuShare): void {
    const nowMs = this.#setting.clock.nowMs();
    const { tasks } = share;
    const task = tasks.top;
    // By rounding it could be a hair short of it.
    share.virtualMs = tasks.topTimeMs;
    share.updatedMs = nowMs;
    share.dueMs = Infinity;
    tasks.remove(task);
    this.#changeDemand(-share.limitMilli, nowMs, share);
    this.#setting.onDone(task);
  }

  #changeDemand(byMilli: number, nowMs: number, changed: CpuShare): void {
    const before = this.#demandMilli;
    const after = before + byMilli;
    this.#demandMilli = after;
    if (before > this.#coresMilli || after > this.#coresMilli) this.#setRates(nowMs);
    else this.#arm(changed);
  }

  /** Max-min fairness: from the smallest limit on, each gets it or an equal part of what is left. */
  #setRates(nowMs: number): void {
    let leftMilli = this.#coresMilli;
    let tasks = 0;
    for (const share of this.#shares) tasks += share.tasks.size;
    for (const share of this.#shares) {
      const { size } = share.tasks;
      if (size === 0) {
        this.#arm(share);
        continue;
      }
      const rateMilli = Math.min(share.limitMilli, leftMilli / tasks);
      leftMilli -= rateMilli * size;
      tasks -= size;
      share.advance(nowMs);
      share.rate = rateMilli / 1000;
      this.#arm(share);
    }
  }

  #arm(share: CpuShare): void {
    const { clock } = this.#setting;
    if (share.tasks.size === 0) {
      share.dueMs = Infinity;
      share.rate = share.limitMilli / 1000;
      clock.clear(share.event);
      return;
    }
    const dueMs = share.updatedMs + (share.tasks.topTimeMs - share.virtualMs) / share.rate;
    if (dueMs === share.dueMs) return;
    share.dueMs = dueMs;
    clock.set(share.event, dueMs);
  }

  #shareOf(limitMilli: number): CpuShare {
    const { length } = this.#shares;
    for (let i = 0; i < length; i++) {
      if (this.#shares[i].limitMilli === limitMilli) return this.#shares[i];
    }
    const index = this.#byIndex.length;
    const share = new CpuShare(limitMilli, this.#setting, this.#handler, index);
    this.#byIndex.push(share);
    this.#shares.push(share);
    this.#shares.sort((a, b) => a.limitMilli - b.limitMilli);
    return share;
  }
}
