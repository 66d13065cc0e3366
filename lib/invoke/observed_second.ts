import type { MachineFigures } from "../store/schema/manifest.ts";

/**
 * What is observed of the generator in one second of a run. A number that begins
 * as −Infinity is the largest of something; unknown while it is still that.
 */
export class ObservedSecond {
  due = 0;
  dispatched = 0;
  completed = 0;
  dropped = 0;
  /** Given up without having been sent. */
  unsent = 0;
  /** Ended a wait for the platform that was longer than the lag may be. */
  peerWaits = 0;
  peerWaitMaxMs = -Infinity;
  lagMaxMs = -Infinity;
  loopDelayMaxMs = -Infinity;
  /** What was read when it had ended; `null` before. */
  reading: SecondReading | null = null;

  /** Takes in what was observed of another. */
  add(other: ObservedSecond): void {
    this.due += other.due;
    this.dispatched += other.dispatched;
    this.completed += other.completed;
    this.dropped += other.dropped;
    this.unsent += other.unsent;
    this.peerWaits += other.peerWaits;
    this.peerWaitMaxMs = Math.max(this.peerWaitMaxMs, other.peerWaitMaxMs);
    this.lagMaxMs = Math.max(this.lagMaxMs, other.lagMaxMs);
    this.loopDelayMaxMs = Math.max(this.loopDelayMaxMs, other.loopDelayMaxMs);
  }
}

/** What is read when a second has ended; percentages of a core, `null` if unknown. */
export interface SecondReading {
  readonly inFlight: number;
  readonly requestedMemoryMib: number;
  /** Waiting excluded. */
  readonly cpuPercent: number | null;
  readonly waitingPercent: number | null;
  readonly machine: MachineFigures;
}
