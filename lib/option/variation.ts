/** Options that go through as many values together; alone, one option. */
export interface Axis {
  /** As flags have them, without the dashes. */
  readonly names: readonly string[];
  /** Each as long as `names`, as texts. */
  readonly values: readonly (readonly string[])[];
}

/** What stands between axes, between options that go together, and between values with commas. */
const [BETWEEN_AXES, TOGETHER, BETWEEN_LISTS] = [";", " with ", "|"] as const;

/**
 * Parses what is to be varied: `policy=knative,oracle` is an option with its values; axes
 * behind a semicolon are crossed; options joined by `with` go through their values together.
 * Values that have commas of their own are separated by `|`; commas in parentheses separate
 * nothing.
 *
 * @throws Error whose message completes "--vary: …"
 *
 * @example
 * ```ts
 * import { parseVariation } from "./variation.ts";
 * const [policy, size] = parseVariation("policy=knative,oracle; nodes=1,2 with max-scale=10,20");
 * if (policy.values.length !== 2) throw new Error("two policies");
 * if (size.values[1].join() !== "2,20") throw new Error("two nodes have a scale of 20");
 * ```
 */
export function parseVariation(text: string): Axis[] {
  const axes = text.split(BETWEEN_AXES).map((axis) => parseAxis(axis.trim()));
  const names = axes.flatMap((axis) => axis.names);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new Error(`${JSON.stringify(twice)} is varied twice.`);
  return axes;
}

function parseAxis(text: string): Axis {
  const options = text.split(TOGETHER).map((option) => parseVaried(option.trim()));
  const [first, ...others] = options;
  const uneven = others.find(({ values }) => values.length !== first.values.length);
  if (uneven !== undefined) {
    throw new Error(
      `${first.name} has ${first.values.length} values and ${uneven.name} has ` +
        `${uneven.values.length}; options that go together need as many.`,
    );
  }
  return {
    names: options.map(({ name }) => name),
    values: first.values.map((_, i) => options.map(({ values }) => values[i])),
  };
}

function parseVaried(text: string): { readonly name: string; readonly values: string[] } {
  const [, name, list] = /^(?:--)?([a-z][a-z0-9-]*)\s*=\s*(\S.*)$/.exec(text) ?? [];
  if (name === undefined) {
    throw new Error(
      `${JSON.stringify(text)} is no option with its values; write it as policy=knative,oracle.`,
    );
  }
  const values = splitValues(list);
  if (values.some((value) => value === "")) throw new Error(`a value of ${name} is empty.`);
  if (values.length < 2) {
    throw new Error(`${name} has one value, ${values[0]}; give it as an option of its own.`);
  }
  const twice = values.find((value, i) => values.indexOf(value) < i);
  if (twice !== undefined) throw new Error(`${name} has the value ${twice} twice.`);
  return { name, values };
}

function splitValues(list: string): string[] {
  const separator = list.includes(BETWEEN_LISTS) ? BETWEEN_LISTS : ",";
  const values = [""];
  let depth = 0;
  for (const letter of list) {
    if (letter === "(") depth++;
    if (letter === ")") depth--;
    if (letter === separator && depth === 0) values.push("");
    else values[values.length - 1] += letter;
  }
  return values.map((value) => value.trim());
}

/**
 * The text of a variation in YAML: a mapping from options to lists of values, all of them
 * crossed, or a list of such mappings, each of whose options go together.
 *
 * @returns `null` where it is neither
 */
export function variationOfYaml(yaml: unknown): string | null {
  if (typeof yaml === "string") return yaml;
  const groups = Array.isArray(yaml)
    ? yaml.map(pairsOf)
    : pairsOf(yaml)?.map((pair) => [pair]) ?? [null];
  if (groups.length === 0) return null;
  const axes = groups.map((pairs) =>
    pairs === null || pairs.length === 0 || !pairs.every(({ values }) => values !== null)
      ? null
      : pairs.map(({ name, values }) => `${name}=${values!.join(BETWEEN_LISTS)}`).join(TOGETHER)
  );
  return axes.includes(null) ? null : axes.join(BETWEEN_AXES);
}

function pairsOf(
  yaml: unknown,
): { readonly name: string; readonly values: string[] | null }[] | null {
  if (typeof yaml !== "object" || yaml === null || Array.isArray(yaml)) return null;
  return Object.entries(yaml).map(([name, values]) => ({
    name,
    values: Array.isArray(values) ? values.map(textOf) : null,
  }));
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(",") : String(value);
}
