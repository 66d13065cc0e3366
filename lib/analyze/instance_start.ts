import { phaseAt, type PhaseSpan } from "../model/schedule.ts";
import type { InstanceLife } from "./instance_life.ts";

/**
 * Instances that began to start in the measurement phase (or in the drain
 * after it), once each. Initial instances, created before run start, and those
 * of the warm-up are not among them.
 */
export function selectMeasuredStarts(
  lives: readonly InstanceLife[],
  phases: readonly PhaseSpan[],
): InstanceLife[] {
  return lives.filter(({ createdMs }) =>
    createdMs >= 0 && phaseAt(phases, createdMs) === "measurement"
  );
}
