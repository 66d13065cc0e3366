import { EventHeap, type HeapPositions } from "../../clock/event_heap.ts";
import type { VirtualClock } from "../../clock/virtual_clock.ts";
import { SlotList } from "./slot_list.ts";

/** What computes on a node: an instance, with all that it does. */
export interface CpuTask {
  /** Small; no other task has it at the same time. */
  readonly id: number;
  /** Happens when its work is done, where the cores are enough for all: the owner's to make. */
  readonly workEvent: number;
  /** Most that it gets while it computes; 0: it is not on the CPU. For {@linkcode NodeCpu} to set. */
  limitMilli: number;
}

/** What the cores of all nodes have in common. */
export interface CpuSetting {
  readonly clock: VirtualClock;
  /** Where in its share's heap each task is; a task is on one node at a time. */
  readonly positions: HeapPositions;
  /** Priority of the events at which work is done. */
  readonly priority: number;
  /** The work of a task (by its id) is done; it is not ended yet. */
  readonly onDone: (id: number) => void;
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

/** Where a node turns back to an event for each task: at this part of its cores, not to turn too often. */
const CALM_PART = 0.5;

/**
 * The cores of one node. With shared cores each task gets the same, but at most
 * its limit, and what some leave over the others get (max-min fairness, as
 * Linux' scheduler gives it to control groups of equal weight); with dedicated
 * ones each gets its limit always.
 *
 * While all tasks get their limit, the end of each is known when it begins, and is
 * an event of its own. Once they want more than there is, they are in shares,
 * until they want half of it.
 */
export class NodeCpu<Task extends CpuTask> {
  /** Requests that wait for their turn, the earliest first; for the `RunQueue` to keep. */
  readonly waiting = new SlotList();
  readonly #setting: CpuSetting;
  readonly #coresMilli: number;
  /** The node's instances; those with a limit compute. */
  readonly #tasks: Iterable<Task>;
  /** Ascending by limit; most nodes have one. */
  readonly #shares: CpuShare[] = [];
  readonly #byIndex: CpuShare[] = [];
  readonly #handler: number;
  /** What all tasks would take if they could. */
  #demandMilli = 0;
  #isShared = false;
  #order = 0;

  /** `coresMilli`: `Infinity` where cores are dedicated. */
  constructor(setting: CpuSetting, coresMilli: number, tasks: Iterable<Task>) {
    this.#setting = setting;
    this.#coresMilli = coresMilli;
    this.#tasks = tasks;
    this.#handler = setting.clock.register((index) => this.#onDue(this.#byIndex[index]));
  }

  /** Gives a task that is not there so many core-milliseconds of work. */
  add(task: Task, limitMilli: number, workMs: number): void {
    const { clock } = this.#setting;
    const demandMilli = this.#demandMilli + limitMilli;
    if (!this.#isShared) {
      if (demandMilli <= this.#coresMilli) {
        task.limitMilli = limitMilli;
        this.#demandMilli = demandMilli;
        clock.set(task.workEvent, clock.nowMs() + workMs * (1000 / limitMilli));
        return;
      }
      this.#beginSharing();
    }
    task.limitMilli = limitMilli;
    this.#addToShare(task, workMs);
    this.#changeDemand(limitMilli, this.#shareOf(limitMilli));
  }

  /**
   * Takes away a task that computes.
   *
   * @returns what is left of its work, in core-milliseconds
   */
  remove(task: Task): number {
    const { limitMilli } = task;
    const { clock } = this.#setting;
    const nowMs = clock.nowMs();
    task.limitMilli = 0;
    if (!this.#isShared) {
      this.#demandMilli -= limitMilli;
      const leftMs = (clock.dueMsOf(task.workEvent) - nowMs) * (limitMilli / 1000);
      clock.clear(task.workEvent);
      return leftMs;
    }
    const share = this.#shareOf(limitMilli);
    share.advance(nowMs);
    const leftMs = Math.max(0, share.tasks.timeMsOf(task.id) - share.virtualMs);
    share.tasks.remove(task.id);
    this.#changeDemand(-limitMilli, share);
    return leftMs;
  }

  /** Takes away a task whose work is done: the owner calls it, at its event or when told. */
  end(task: Task): void {
    const { limitMilli } = task;
    task.limitMilli = 0;
    if (this.#isShared) this.#changeDemand(-limitMilli, this.#shareOf(limitMilli));
    else this.#demandMilli -= limitMilli;
  }

  /** True if the tasks that compute leave a part of the cores idle. */
  get hasIdle(): boolean {
    return this.#demandMilli < this.#coresMilli;
  }

  /**
   * Cores that tasks want, beyond those that one more request, of this limit, leaves them,
   * over those that there are. Requests that wait for their turn are counted.
   */
  excessPerCore(limitMilli: number): number {
    const leftMilli = Math.max(0, this.#coresMilli - limitMilli);
    const excessMilli = this.#demandMilli + this.waiting.size * limitMilli - leftMilli;
    return excessMilli > 0 ? excessMilli / this.#coresMilli : 0;
  }

  #beginSharing(): void {
    const { clock } = this.#setting;
    const nowMs = clock.nowMs();
    this.#isShared = true;
    for (const task of this.#tasks) {
      if (task.limitMilli === 0) continue;
      const leftMs = clock.dueMsOf(task.workEvent) - nowMs;
      clock.clear(task.workEvent);
      this.#addToShare(task, leftMs * (task.limitMilli / 1000));
    }
  }

  #endSharing(): void {
    const { clock } = this.#setting;
    const nowMs = clock.nowMs();
    this.#isShared = false;
    for (const share of this.#shares) {
      share.advance(nowMs);
      clock.clear(share.event);
      share.dueMs = Infinity;
    }
    for (const task of this.#tasks) {
      if (task.limitMilli === 0) continue;
      const { tasks, virtualMs } = this.#shareOf(task.limitMilli);
      const leftMs = Math.max(0, tasks.timeMsOf(task.id) - virtualMs);
      tasks.remove(task.id);
      clock.set(task.workEvent, nowMs + leftMs * (1000 / task.limitMilli));
    }
  }

  #addToShare(task: Task, workMs: number): void {
    const share = this.#shareOf(task.limitMilli);
    const nowMs = this.#setting.clock.nowMs();
    if (share.tasks.size === 0) {
      // Begins anew, which keeps its time exact.
      share.virtualMs = 0;
      share.updatedMs = nowMs;
      share.rate = share.limitMilli / 1000;
    } else {
      share.advance(nowMs);
    }
    share.tasks.set(task.id, share.virtualMs + workMs, this.#order++);
  }

  #onDue(share: CpuShare): void {
    const { tasks } = share;
    const id = tasks.top;
    // By rounding it could be a hair short of it.
    share.virtualMs = tasks.topTimeMs;
    share.updatedMs = this.#setting.clock.nowMs();
    share.dueMs = Infinity;
    tasks.remove(id);
    this.#setting.onDone(id);
  }

  #changeDemand(byMilli: number, changed: CpuShare): void {
    const before = this.#demandMilli;
    const after = before + byMilli;
    this.#demandMilli = after;
    if (after <= CALM_PART * this.#coresMilli) this.#endSharing();
    else if (before > this.#coresMilli || after > this.#coresMilli) this.#setRates();
    else this.#arm(changed);
  }

  /** Max-min fairness: from the smallest limit on, each gets it or an equal part of what is left. */
  #setRates(): void {
    const nowMs = this.#setting.clock.nowMs();
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
      clock.clear(share.event);
      return;
    }
    const dueMs = share.updatedMs + (share.tasks.topTimeMs - share.virtualMs) / share.rate;
    if (dueMs === share.dueMs) return;
    share.dueMs = dueMs;
    clock.set(share.event, dueMs);
  }

  #shareOf(limitMilli: number): CpuShare {
    for (const share of this.#shares) if (share.limitMilli === limitMilli) return share;
    const index = this.#byIndex.length;
    const share = new CpuShare(limitMilli, this.#setting, this.#handler, index);
    this.#byIndex.push(share);
    this.#shares.push(share);
    this.#shares.sort((a, b) => a.limitMilli - b.limitMilli);
    return share;
  }
}
