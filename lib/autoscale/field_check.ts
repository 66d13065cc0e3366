import { LoaderError } from "../base/error.ts";

/** What a numeric field may be. */
export interface FieldBounds {
  readonly least?: number;
  readonly above?: number;
  readonly most?: number;
  readonly integer?: boolean;
}

/**
 * Checks a numeric field of an autoscaling policy.
 *
 * @throws {LoaderError} `usage` when it is not a finite number in its bounds
 */
export function checkField(name: string, value: number, bounds: FieldBounds): void {
  const { least = -Infinity, above = -Infinity, most = Infinity, integer = false } = bounds;
  const fits = Number.isFinite(value) && value >= least && value > above && value <= most &&
    (!integer || Number.isInteger(value));
  if (fits) return;
  const wanted = [
    ...(least > -Infinity ? [`at least ${least}`] : []),
    ...(above > -Infinity ? [`above ${above}`] : []),
    ...(most < Infinity ? [`at most ${most}`] : []),
  ];
  const kind = integer ? "a whole number" : "a finite number";
  throw new LoaderError(
    "usage",
    `The autoscaling field ${name} is ${value}; give ${kind}${
      wanted.length === 0 ? "" : ` ${wanted.join(" and ")}`
    }.`,
    { value },
  );
}
