import type { InstanceEvent, InstanceStep } from "../model/platform.ts";
import type { TableSink } from "../model/table.ts";
import { INSTANCES } from "../store/schema/tables.ts";

/** Steps that say how an instance stands; the others are parts of its start, told late at times. */
const STATES: ReadonlySet<InstanceStep> = new Set(["created", "ready", "stopping"]);

/**
 * Writes the lives of instances to the table of the run that is under way.
 * Between runs events wait; a run that takes over a deployment begins with the
 * state of the instances that are alive.
 */
export class InstanceLog {
  static readonly table = INSTANCES;
  readonly #alive = new Map<string, InstanceEvent>();
  #waiting: InstanceEvent[] = [];
  #sink: TableSink | undefined;
  #runStartMs = 0;

  record(event: InstanceEvent): void {
    if (event.event === "gone") this.#alive.delete(event.instance);
    if (this.#sink !== undefined) this.#write(event);
    else this.#waiting.push(event);
    if (STATES.has(event.event)) this.#alive.set(event.instance, event);
  }

  /** Directs events to a run's table; times are from its start on. */
  begin(sink: TableSink, runStartMs: number): void {
    this.#sink = sink;
    this.#runStartMs = runStartMs;
    const waiting = this.#waiting;
    this.#waiting = [];
    const told = new Set(waiting.map((event) => event.instance));
    for (const event of this.#alive.values()) if (!told.has(event.instance)) this.#write(event);
    for (const event of waiting) this.#write(event);
  }

  /** Events wait again, for the next run. */
  end(): void {
    this.#sink = undefined;
  }

  #write(event: InstanceEvent): void {
    this.#sink?.write([
      event.timeMs - this.#runStartMs,
      event.functionId,
      event.instance,
      event.event,
      event.detail,
      event.platformMs === undefined || event.platformMs === null
        ? null
        : event.platformMs - this.#runStartMs,
    ]);
  }
}
