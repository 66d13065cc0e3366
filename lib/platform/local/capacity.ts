import { availableParallelism, totalmem } from "node:os";
import type { Capacity } from "../../model/platform.ts";

/** What all instances together may take; `null` for no bound. */
type CapacityBounds = Omit<Capacity, "instanceOverheadMib">;

/** What one instance takes of a capacity. */
export interface InstanceRequest {
  readonly cpuMilli: number;
  readonly memoryMib: number;
}

/**
 * How many instances a core may have. An idle one costs memory only; a busy
 * one shares its core, which is what contention is.
 */
const INSTANCES_PER_CORE = 32;

/**
 * Requested CPU over the CPU that there is. Requests follow memory (83
 * milli-cores up to 128 MiB), not use, and a function instance idles most of
 * its life: at 4 the smallest instances reach 48 a core before the bound on
 * their number does.
 */
const CPU_OVERCOMMIT = 4;

/** The rest is for the system, the loader and the gateway. */
const MEMORY_SHARE = 0.6;

/**
 * What the runtime of an instance takes beside the memory that its function
 * asked for (80 MiB resident when measured, some of it shared), added to each
 * request as Kubernetes adds a pod's overhead.
 */
export const INSTANCE_OVERHEAD_MIB = 64;

/** What this machine can carry: see the constants of this file. */
export function deriveLocalCapacity(): Capacity {
  const cores = availableParallelism();
  return {
    instances: INSTANCES_PER_CORE * cores,
    cpuMilli: 1000 * CPU_OVERCOMMIT * cores,
    memoryMib: Math.floor(totalmem() / 2 ** 20 * MEMORY_SHARE),
    instanceOverheadMib: INSTANCE_OVERHEAD_MIB,
  };
}

/** Wants room for instances. */
export interface Applicant {
  /** What each of its instances takes. */
  readonly request: InstanceRequest;
  /**
   * Room for one is reserved: starts it.
   *
   * @returns whether it wants more
   */
  grant(): boolean;
}

/**
 * What is free of a capacity, and who waits for it: one instance each in turn,
 * so that a function that wants many does not keep others from their first,
 * and nobody is passed over, so that large ones get their room.
 */
export class CapacityLedger {
  readonly #capacity: CapacityBounds;
  readonly #startsAtOnce: number;
  #instances = 0;
  #starting = 0;
  #cpuMilli = 0;
  #memoryMib = 0;
  readonly #applicants = new Set<Applicant>();
  #granting = false;

  /**
   * @param startsAtOnce how many instances may be starting: many at once would
   *   all be late, where one after the other the first serve soon
   */
  constructor(capacity: CapacityBounds, startsAtOnce: number) {
    this.#capacity = capacity;
    this.#startsAtOnce = startsAtOnce;
  }

  /** Waits in line; the first grant may come before this returns. */
  apply(applicant: Applicant): void {
    this.#applicants.add(applicant);
    this.#grant();
  }

  /** Leaves the line. */
  withdraw(applicant: Applicant): void {
    this.#applicants.delete(applicant);
    this.#grant();
  }

  /** An instance that was granted has started; it keeps its room. */
  started(): void {
    this.#starting--;
    this.#grant();
  }

  /** An instance is gone; `starting`: it never started. */
  release({ cpuMilli, memoryMib }: InstanceRequest, starting: boolean): void {
    this.#instances--;
    this.#cpuMilli -= cpuMilli;
    this.#memoryMib -= memoryMib;
    if (starting) this.#starting--;
    this.#grant();
  }

  #grant(): void {
    // A grant may lead to other applications; the loop below sees them.
    if (this.#granting) return;
    this.#granting = true;
    for (const applicant of this.#applicants) {
      if (!this.#fits(applicant.request)) break;
      this.#instances++;
      this.#starting++;
      this.#cpuMilli += applicant.request.cpuMilli;
      this.#memoryMib += applicant.request.memoryMib;
      this.#applicants.delete(applicant);
      if (applicant.grant()) this.#applicants.add(applicant);
    }
    this.#granting = false;
  }

  #fits({ cpuMilli, memoryMib }: InstanceRequest): boolean {
    const { instances, cpuMilli: allCpuMilli, memoryMib: allMemoryMib } = this.#capacity;
    return this.#starting < this.#startsAtOnce &&
      this.#instances + 1 <= (instances ?? Infinity) &&
      this.#cpuMilli + cpuMilli <= (allCpuMilli ?? Infinity) &&
      this.#memoryMib + memoryMib <= (allMemoryMib ?? Infinity);
  }
}
