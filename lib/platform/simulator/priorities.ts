import { TIMER_PRIORITY } from "../../clock/virtual_clock.ts";

/**
 * What comes first at one instant: ends of service free instances, starts make
 * them ready, the autoscaler decides on what is over by then, then requests
 * arrive (the dispatcher's alarm has `TIMER_PRIORITY`), and what is left over
 * at the end of its time goes.
 */
export const PRIORITY = {
  completion: 0,
  lifecycle: 1,
  autoscaler: 2,
  arrival: TIMER_PRIORITY,
  expiry: TIMER_PRIORITY + 1,
} as const;
