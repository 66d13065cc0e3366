/**
 * The help of an experiment with its examples below the options.
 *
 * @param examples options of a call each; empty: with its defaults
 */
export function withExamples(help: string, name: string, examples: readonly string[] = []): string {
  if (examples.length === 0) return help;
  const lines = examples.map((options) => `  deno task exp:${name} ${options}`.trimEnd());
  return `${help}\nExamples:\n${lines.join("\n")}\n`;
}
