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

/** Rows of the raster that are told apart, and the one of a response time of 10 μs. */
const MOST_ROWS = 1024;
const ROW_OF_LEAST = 128;
/** Of what was never sent, which has no response time. */
const UNSENT_ROW = 0;

/**
 * Response time over time as points. At most one point of a kind is kept in
 * each cell of a raster (time × logarithm of response time), so that any number of
 * invocations makes a figure of the same look and of bounded size. What the user
 * stopped is no point: it says nothing of the platform.
 */
export class ResponsePointRaster {
  #points: ResponsePoint[] = [];
  #columnMs: number;
  readonly #columns: number;
  readonly #rowsPerDecade: number;
  /** By column, row and kind: whether there is a point. */
  readonly #taken: Uint8Array;

  /**
   * @param durationMs time that the columns of the raster divide; where it turns out that there
   * is more than twice of it, columns are put together
   */
  constructor(durationMs: number, { columns, rowsPerDecade }: PointRaster) {
    this.#columnMs = Math.max(1, durationMs) / columns;
    this.#columns = columns;
    this.#rowsPerDecade = rowsPerDecade;
    this.#taken = new Uint8Array(2 * columns * MOST_ROWS * KINDS.length);
  }

  /** In the order in which they came. */
  get points(): readonly ResponsePoint[] {
    return this.#points;
  }

  /** @param keep told the row number: whether it may be a point */
  add(table: StoredInvocations, keep: (row: number) => boolean = () => true): void {
    const { scheduledMs, completedMs, outcome } = table;
    for (let row = 0; row < table.count; row++) {
      if (outcome[row] === CANCELLED_CODE || !keep(row)) continue;
      const responseTimeMs = completedMs[row] - scheduledMs[row];
      const kind = kindOf(table, row);
      while (scheduledMs[row] >= 2 * this.#columns * this.#columnMs) this.#coarsen();
      if (this.#take(scheduledMs[row], responseTimeMs, kind)) {
        this.#points.push({ scheduledMs: scheduledMs[row], responseTimeMs, kind: KINDS[kind] });
      }
    }
  }

  /** True for the first of a cell. */
  #take(scheduledMs: number, responseTimeMs: number, kind: number): boolean {
    const column = Math.max(0, Math.floor(scheduledMs / this.#columnMs));
    const cell = (column * MOST_ROWS + this.#rowOf(responseTimeMs)) * KINDS.length + kind;
    if (this.#taken[cell] === 1) return false;
    this.#taken[cell] = 1;
    return true;
  }

  #coarsen(): void {
    this.#columnMs *= 2;
    this.#taken.fill(0);
    this.#points = this.#points.filter(({ scheduledMs, responseTimeMs, kind }) =>
      this.#take(scheduledMs, responseTimeMs, KINDS.indexOf(kind))
    );
  }

  #rowOf(responseTimeMs: number): number {
    if (Number.isNaN(responseTimeMs)) return UNSENT_ROW;
    const row = ROW_OF_LEAST + 2 * this.#rowsPerDecade +
      Math.round(Math.log10(Math.max(0.01, responseTimeMs)) * this.#rowsPerDecade);
    return Math.min(row, MOST_ROWS - 1);
  }
}

/** The points of all invocations of a table; see {@linkcode ResponsePointRaster}. */
export function deriveResponsePoints(
  table: StoredInvocations,
  durationMs: number,
  raster: PointRaster,
): readonly ResponsePoint[] {
  const made = new ResponsePointRaster(durationMs, raster);
  made.add(table);
  return made.points;
}

/** Position in {@linkcode KINDS}. */
function kindOf(table: StoredInvocations, row: number): number {
  if (table.outcome[row] !== OK_CODE) return 2;
  return table.coldStart[row] === 1 ? 1 : 0;
}
