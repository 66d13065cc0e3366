import { LoaderError } from "../base/error.ts";
import { defaultOf, type Option, type OptionTable, type OptionValues } from "./option.ts";

/**
 * The values of a table's options where a program gives them: its defaults filled in,
 * its bounds checked. What else is given is left out.
 *
 * @param owner whose options they are, for messages: `the local platform`
 * @param isCluster whether the defaults of a cluster apply
 * @throws LoaderError `usage` naming the option and the value
 *
 * @example
 * ```ts
 * import { integerOption } from "./option.ts";
 * import { settleOptions } from "./settle_options.ts";
 * const port = integerOption("port", { meaning: "its port", default: 0, minimum: 0, maximum: 65535 });
 * const settings = settleOptions("the moon", { port }, {}, false);
 * if (settings.port !== 0) throw new Error("no default");
 * ```
 */
export function settleOptions<O extends OptionTable>(
  owner: string,
  table: O,
  given: Partial<OptionValues<O>>,
  isCluster: boolean,
): OptionValues<O> {
  const values = Object.entries(table).map(([name, option]) => {
    const value = given[name] ?? defaultOf(option, isCluster);
    if (value !== null) checkBounds(owner, name, option, value);
    return [name, value];
  });
  return Object.fromEntries(values);
}

function checkBounds(owner: string, name: string, { form }: Option<unknown>, value: unknown): void {
  if (form.kind !== "number") return;
  const { minimum, maximum, isWhole } = form;
  const fits = typeof value === "number" && value >= minimum && value <= maximum &&
    (!isWhole || Number.isInteger(value));
  if (fits) return;
  throw new LoaderError(
    "usage",
    `The option ${name} of ${owner} must be a ${
      isWhole ? "whole number" : "number"
    } from ${minimum} to ${maximum}, not ${value}.`,
    { value },
  );
}
