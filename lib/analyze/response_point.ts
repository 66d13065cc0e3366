import { OUTCOMES } from "../model/record.ts";
import { OK_CODE, type StoredInvocations } from "../store/read/stored_invocations.ts";

/** How an invocation is drawn among others. */
export type PointKind = "warm" | "cold" | "not_ok";

/** An invocation, or several that lie so near that a figure cannot tell them apart. */
export interface ResponsePoint {
  readonly scheduledMs: number;
  /** NaN if it was never sent. */
  readonly responseTimeMs: number;
  readonly kind: PointKind;
}

/** Cells of the raster on which points are thinned. */
export interface PointRaster {
  readonly columns: number;
  /** Rows for each factor of ten of response time. */
  readonly rowsPerDecade: number;
}

const CANCELLED_CODE = OUTCOMES.indexOf("cancelled");

const KINDS: readonly PointKind[] = ["warm", "cold", "not_ok"];

/**
 * Response time over time as points. At most one point of a kind is kept in
 * each cell of a raster (time × logarithm of response time), so that a million
 * invocations make a figure of the same look and of bounded size. What the user
 * stopped is no point: it says nothing of the platform.
 *
 * @param durationMs time that the columns of the raster divide
 */
export function deriveResponsePoints(
  table: StoredInvocations,
  durationMs: number,
  raster: PointRaster,
): ResponsePoint[] {
  const columnMs = Math.max(1, durationMs) / raster.columns;
  const taken = new Set<string>();
  const points: ResponsePoint[] = [];
  for (let row = 0; row < table.count; row++) {
    if (table.outcome[row] === CANCELLED_CODE) continue;
    const scheduledMs = table.scheduledMs[row];
    const responseTimeMs = table.completedMs[row] - scheduledMs;
    const kind = kindOf(table, row);
    const cell = Number.isNaN(responseTimeMs)
      ? NaN
      : Math.round(Math.log10(Math.max(0.01, responseTimeMs)) * raster.rowsPerDecade);
    const key = `${Math.floor(scheduledMs / columnMs)} ${cell} ${KINDS.indexOf(kind)}`;
    if (taken.has(key)) continue;
    taken.add(key);
    points.push({ scheduledMs, responseTimeMs, kind });
  }
  return points;
}

function kindOf(table: StoredInvocations, row: number): PointKind {
  if (table.outcome[row] !== OK_CODE) return "not_ok";
  return table.coldStart[row] === 1 ? "cold" : "warm";
}
