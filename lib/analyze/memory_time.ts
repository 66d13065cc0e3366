import type { InstanceLife } from "./instance_life.ts";
import { enlarge } from "./time_bins.ts";
import type { StoredInvocations } from "../store/read/stored_invocations.ts";

/** The columns that tell who served for how long. */
export type ServiceTable = Pick<
  StoredInvocations,
  | "count"
  | "functionIds"
  | "functionCode"
  | "instances"
  | "instanceCode"
  | "completedMs"
  | "servedRuntimeMs"
  | "requestedMemoryMib"
>;

/** From (inclusive) and until (exclusive) in ms since run start. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * How long a function's instances were there, added up over all of them, and
 * what they held: memory-time is the one times the other.
 */
export interface InstanceTime {
  readonly functionId: string;
  /** Memory of an instance; NaN where the function was not invoked, so that nobody knows. */
  readonly memoryMib: number;
  /** From its creation until it was ready. */
  readonly startingMs: number;
  /** Ready, and serving nothing. */
  readonly idleMs: number;
  readonly servingMs: number;
}

/** Memory times time, over all functions. */
export interface MemoryTime {
  readonly startingMibS: number;
  readonly idleMibS: number;
  readonly servingMibS: number;
}

/**
 * Derives from the records how long the instances of each function were
 * starting, idle and serving within a span of the run, whatever kept them.
 *
 * - An instance is there from its creation until it stops; what lies outside of
 *   the span is not counted.
 * - It serves for as long as the function says that it ran, up to when the reply
 *   was seen (so the network's delay moves a service by as much, and not its
 *   length). Services at the same time count once.
 * - It is idle for the rest. Work whose reply was not waited for says nothing of
 *   itself, and is idleness too.
 * - Its memory is what the invocations of its function asked for, on average over
 *   the whole run: the same for every policy, as the schedule is.
 *
 * @returns the functions in order of their ids
 */
export function deriveInstanceTimes(
  lives: readonly InstanceLife[],
  services: ServiceTable,
  span: TimeSpan,
): InstanceTime[] {
  const tally = new ServiceTally(span);
  tally.add(services);
  return joinInstanceTimes(lives, tally, span);
}

/** {@linkcode deriveInstanceTimes} of services that came one after another. */
export function joinInstanceTimes(
  lives: readonly InstanceLife[],
  services: ServiceTally,
  span: TimeSpan,
): InstanceTime[] {
  const servedMs = services.servedMs();
  const memoryMib = services.meanMemoryMib();
  const sums = new Map<string, { startingMs: number; idleMs: number; servingMs: number }>();
  for (const life of lives) {
    let sum = sums.get(life.functionId);
    if (sum === undefined) {
      sum = { startingMs: 0, idleMs: 0, servingMs: 0 };
      sums.set(life.functionId, sum);
    }
    const stoppedMs = orEver(life.stoppedMs);
    const readyMs = Math.min(orEver(life.readyMs), stoppedMs);
    const servingMs = servedMs.get(life.instance) ?? 0;
    sum.startingMs += overlapMs(span, life.createdMs, readyMs);
    sum.servingMs += servingMs;
    // The network's delay may carry the end of a service beyond the end of the instance.
    sum.idleMs += Math.max(0, overlapMs(span, readyMs, stoppedMs) - servingMs);
  }
  return [...sums]
    .map(([functionId, sum]) => ({
      functionId,
      memoryMib: memoryMib.get(functionId) ?? NaN,
      ...sum,
    }))
    .sort((a, b) => a.functionId < b.functionId ? -1 : 1);
}

/**
 * Adds memory-time up over functions; `null` where an instance was there whose
 * memory is not known.
 *
 * @example
 * ```ts
 * import { sumMemoryTime } from "./memory_time.ts";
 * const one = { functionId: "f", memoryMib: 100, startingMs: 500, idleMs: 9000, servingMs: 500 };
 * const { startingMibS, idleMibS, servingMibS } = sumMemoryTime([one])!;
 * if (startingMibS !== 50 || idleMibS !== 900 || servingMibS !== 50) throw new Error();
 * ```
 */
export function sumMemoryTime(times: readonly InstanceTime[]): MemoryTime | null {
  let startingMibS = 0;
  let idleMibS = 0;
  let servingMibS = 0;
  for (const { memoryMib, startingMs, idleMs, servingMs } of times) {
    if (startingMs + idleMs + servingMs === 0) continue;
    if (Number.isNaN(memoryMib)) return null;
    startingMibS += startingMs * memoryMib / 1000;
    idleMibS += idleMs * memoryMib / 1000;
    servingMibS += servingMs * memoryMib / 1000;
  }
  return { startingMibS, idleMibS, servingMibS };
}

/** Memory-time in which nothing was served. */
export function wastedMibS({ startingMibS, idleMibS }: MemoryTime): number {
  return startingMibS + idleMibS;
}

/** Spells of service of an instance that are remembered: a call may fill the gaps between them. */
const MOST_SPELLS = 8;

/**
 * Adds up, from records in the order in which they ended, how long each instance served within
 * a span. Services at the same time count once: of an instance the last eight spells are
 * remembered, so that a call that lasted longer than seven others and the gaps between them
 * counts from the eighth on. Memory grows with the number of instances alone.
 */
export class ServiceTally {
  readonly #span: TimeSpan;
  #instances: readonly string[] = [];
  #functionIds: readonly string[] = [];
  /** By instance. */
  #servedMs = new Float64Array(0);
  /** By instance: its last spell; of those with several near enough, `#earlier` has the others. */
  #fromMs = new Float64Array(0);
  #untilMs = new Float64Array(0);
  readonly #earlier = new Map<number, TimeSpan[]>();
  /** By function. */
  #memoryMib = new Float64Array(0);
  #counts = new Float64Array(0);

  constructor(span: TimeSpan) {
    this.#span = span;
  }

  add(services: ServiceTable): void {
    const { instances, instanceCode, completedMs, servedRuntimeMs } = services;
    const { functionIds, functionCode, requestedMemoryMib } = services;
    this.#instances = instances;
    this.#functionIds = functionIds;
    this.#makeRoom();
    for (let row = 0; row < services.count; row++) {
      this.#memoryMib[functionCode[row]] += requestedMemoryMib[row];
      this.#counts[functionCode[row]]++;
      const code = instanceCode[row];
      const runtimeMs = servedRuntimeMs[row];
      if (code >= 0 && runtimeMs > 0) {
        this.#serve(code, completedMs[row] - runtimeMs, completedMs[row]);
      }
    }
  }

  /** Time within the span that each instance served, by its name. */
  servedMs(): Map<string, number> {
    return new Map(this.#instances.map((instance, code) => [instance, this.#servedMs[code]]));
  }

  /** By function: what its invocations asked for on average. */
  meanMemoryMib(): Map<string, number> {
    return new Map(
      this.#functionIds.map((functionId, i) => [functionId, this.#memoryMib[i] / this.#counts[i]]),
    );
  }

  #serve(code: number, fromMs: number, untilMs: number): void {
    const lastFromMs = this.#fromMs[code];
    const lastUntilMs = this.#untilMs[code];
    if (fromMs >= lastUntilMs) {
      this.#servedMs[code] += overlapMs(this.#span, fromMs, untilMs);
      if (fromMs > lastUntilMs && lastUntilMs > lastFromMs) {
        this.#remember(code, { fromMs: lastFromMs, untilMs: lastUntilMs });
        this.#fromMs[code] = fromMs;
      } else if (!(lastUntilMs > lastFromMs)) this.#fromMs[code] = fromMs;
      this.#untilMs[code] = untilMs;
      return;
    }
    this.#fill(code, { fromMs, untilMs });
  }

  #remember(code: number, spell: TimeSpan): void {
    const spells = this.#earlier.get(code);
    if (spells === undefined) this.#earlier.set(code, [spell]);
    else {
      spells.push(spell);
      if (spells.length === MOST_SPELLS) spells.shift();
    }
  }

  /** A service beside others: what of it no spell has yet is added. */
  #fill(code: number, service: TimeSpan): void {
    const last = { fromMs: this.#fromMs[code], untilMs: this.#untilMs[code] };
    const spells = [...this.#earlier.get(code) ?? [], last];
    const isApart = (spell: TimeSpan) =>
      spell.untilMs < service.fromMs || spell.fromMs > service.untilMs;
    const met = spells.filter((spell) => !isApart(spell));
    const joined = {
      fromMs: Math.min(service.fromMs, ...met.map((spell) => spell.fromMs)),
      untilMs: Math.max(service.untilMs, ...met.map((spell) => spell.untilMs)),
    };
    const served = (spell: TimeSpan) => overlapMs(this.#span, spell.fromMs, spell.untilMs);
    this.#servedMs[code] += served(joined) - met.reduce((sum, spell) => sum + served(spell), 0);
    const left = [...spells.filter(isApart), joined].sort((a, b) => a.fromMs - b.fromMs);
    const { fromMs, untilMs } = left.pop()!;
    this.#fromMs[code] = fromMs;
    this.#untilMs[code] = untilMs;
    this.#earlier.set(code, left.slice(1 - MOST_SPELLS));
  }

  #makeRoom(): void {
    const last = this.#instances.length - 1;
    if (last >= this.#servedMs.length) {
      this.#servedMs = enlarge(this.#servedMs, last, 0);
      this.#fromMs = enlarge(this.#fromMs, last, -Infinity);
      this.#untilMs = enlarge(this.#untilMs, last, -Infinity);
    }
    const lastFunction = this.#functionIds.length - 1;
    if (lastFunction >= this.#counts.length) {
      this.#memoryMib = enlarge(this.#memoryMib, lastFunction, 0);
      this.#counts = enlarge(this.#counts, lastFunction, 0);
    }
  }
}

function overlapMs(span: TimeSpan, fromMs: number, untilMs: number): number {
  return Math.max(0, Math.min(untilMs, span.untilMs) - Math.max(fromMs, span.fromMs));
}

/** A time that is not known has not come. */
function orEver(timeMs: number): number {
  return Number.isNaN(timeMs) ? Infinity : timeMs;
}
