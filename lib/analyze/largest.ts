/** Largest of the values; `null` if there is none but NaN. */
export function largest(values: Iterable<number>): number | null {
  let maximum: number | null = null;
  for (const value of values) {
    if (!Number.isNaN(value) && (maximum === null || value > maximum)) maximum = value;
  }
  return maximum;
}
