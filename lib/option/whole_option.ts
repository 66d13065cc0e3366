import { LoaderError } from "../base/error.ts";

/**
 * Checks that an option of a platform is a whole number within bounds.
 *
 * @throws LoaderError `usage` when it is not
 */
export function checkWholeOption(
  platform: string,
  name: string,
  value: unknown,
  least: number,
  most: number,
): void {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
    return;
  }
  throw new LoaderError(
    "usage",
    `The option ${name} of the ${platform} platform must be a whole number from ${least} to ${most}, not ${value}.`,
    { value },
  );
}
