/** Largest number that `grpc-timeout` can carry: eight digits. */
const MAX_TIMEOUT_VALUE = 99_999_999;

/** Units of `grpc-timeout` from the finest that is useful here, in milliseconds. */
const UNITS = [["m", 1], ["S", 1000], ["M", 60_000], ["H", 3_600_000]] as const;

/**
 * A time-out as the header field `grpc-timeout` has it (grpc/grpc:
 * doc/PROTOCOL-HTTP2.md): rounded up to whole milliseconds, or to the next
 * coarser unit where that is more than eight digits. What is over already is 1 ms:
 * zero is no positive time-out.
 *
 * @example
 * ```ts
 * import { formatTimeout } from "./timeout.ts";
 * if (formatTimeout(120_000) !== "120000m") throw new Error("milliseconds");
 * if (formatTimeout(86_400_000_000) !== "86400000S") throw new Error("seconds");
 * ```
 */
export function formatTimeout(timeoutMs: number): string {
  for (const [unit, unitMs] of UNITS) {
    const value = Math.max(1, Math.ceil(timeoutMs / unitMs));
    if (value <= MAX_TIMEOUT_VALUE) return `${value}${unit}`;
  }
  return `${MAX_TIMEOUT_VALUE}H`;
}
