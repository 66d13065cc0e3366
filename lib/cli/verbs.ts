import { LoaderError } from "../base/error.ts";
import { findScript, listExperiments } from "./find_experiment.ts";
import { LOADER_VERSION } from "../run/machine_facts.ts";
import { type Command, print, runCommand } from "./program.ts";
import { runAnyScript } from "./script.ts";

/** What `loader` can do. */
export interface Verbs {
  /** Folder of the experiments' scripts. */
  readonly experiments: URL;
  /** The tools by name; each is loaded when it is asked for. */
  readonly tools: Readonly<Record<string, () => Promise<{ readonly command: Command }>>>;
}

/** Runs the verb that the first argument names, with the arguments behind it, and exits. */
export async function runVerb(verbs: Verbs, args: readonly string[]): Promise<never> {
  return await runCommand({ run: ([verb, ...rest]) => run(verbs, verb, rest) }, args);
}

async function run(
  verbs: Verbs,
  verb: string | undefined,
  args: readonly string[],
): Promise<number | void> {
  if (verb === undefined || verb === "--help" || verb === "-h") {
    print("stdout", await describe(verbs));
    return verb === undefined ? 2 : 0;
  }
  if (verb === "--version") return print("stdout", `loader ${LOADER_VERSION}`);
  const experiments = listExperiments(verbs.experiments);
  if (experiments.includes(verb)) {
    return await runAnyScript(await findScript(verbs.experiments, verb), args);
  }
  if (Object.hasOwn(verbs.tools, verb)) {
    const { command } = await verbs.tools[verb]();
    return await command.run(args);
  }
  const nearest = findNearest(verb, [...experiments, ...Object.keys(verbs.tools)]);
  throw new LoaderError(
    "usage",
    `There is no verb "${verb}"; the nearest is "${nearest}", and --help lists them all.`,
    { value: verb },
  );
}

async function describe({ experiments, tools }: Verbs): Promise<string> {
  const questions = await Promise.all(
    listExperiments(experiments).map((name) => findScript(experiments, name)),
  );
  const commands = await Promise.all(Object.values(tools).map((load) => load()));
  const rows = [
    ["Experiments:"],
    ...questions.map(({ name, question }) => [name, question]),
    ["Tools:"],
    ...commands.map(({ command: { name, summary } }) => [name, summary]),
  ];
  const width = Math.max(...rows.map(([name, text]) => text === undefined ? 0 : name.length));
  return [
    "Usage: loader <verb> [options]",
    ...rows.map(([name, text]) =>
      text === undefined ? `\n${name}` : `  ${name.padEnd(width)}  ${text}`
    ),
    '\n"loader <verb> --help" lists the options of a verb; "loader --version" tells the version.',
  ].join("\n");
}

/** The name that takes the fewest letters changed, added or left out. */
export function findNearest(word: string, names: readonly string[]): string {
  const distances = names.map((name) => editDistance(word, name));
  return names[distances.indexOf(Math.min(...distances))];
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[line - 1] === to[column - 1];
      next.push(Math.min(
        row[column] + 1,
        next[column - 1] + 1,
        row[column - 1] + (isSame ? 0 : 1),
      ));
    }
    row = next;
  }
  return row[to.length];
}
