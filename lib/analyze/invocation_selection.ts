import { type StoredInvocations, takeInvocations } from "../store/read/stored_invocations.ts";

/**
 * The invocations that meet a condition, as a table of its own.
 *
 * @param keep told the row number
 */
export function selectInvocations(
  table: StoredInvocations,
  keep: (row: number) => boolean,
): StoredInvocations {
  const rows: number[] = [];
  for (let row = 0; row < table.count; row++) if (keep(row)) rows.push(row);
  return takeInvocations(table, rows);
}

/** The invocations of the measurement phase. */
export function selectMeasured(table: StoredInvocations): StoredInvocations {
  return selectInvocations(table, (row) => table.measured[row] === 1);
}

/** Divides a table by a key; only keys with an invocation, in ascending order. */
export function groupInvocations(
  table: StoredInvocations,
  keyOf: (row: number) => number,
): { readonly key: number; readonly invocations: StoredInvocations }[] {
  const rowsOfKey = new Map<number, number[]>();
  for (let row = 0; row < table.count; row++) {
    const key = keyOf(row);
    const rows = rowsOfKey.get(key);
    if (rows === undefined) rowsOfKey.set(key, [row]);
    else rows.push(row);
  }
  return [...rowsOfKey]
    .sort(([a], [b]) => a - b)
    .map(([key, rows]) => ({ key, invocations: takeInvocations(table, rows) }));
}
