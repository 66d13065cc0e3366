/** A timer that is set again and again without leaving garbage. */
export interface Alarm {
  /** Calls the alarm's callback once, at `dueMs` or as soon after as can be; replaces what was set. */
  set(dueMs: number): void;
  /** Takes back what was set. */
  clear(): void;
}
