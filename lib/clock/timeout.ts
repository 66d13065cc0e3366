/** A timer longer than 2^31 ms fires at once in every JavaScript runtime. */
export function timeoutOf(aheadMs: number): number {
  return Math.min(Math.max(0, Math.floor(aheadMs)), 0x7fffffff);
}
