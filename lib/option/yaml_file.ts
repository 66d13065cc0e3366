import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { errorMessage, LoaderError } from "../base/error.ts";

/** A YAML file that a platform reads. */
export interface YamlFileKind<T> {
  /** What it is, with its article: `The endpoints file`. */
  readonly name: string;
  /** One with comments that the project ships. */
  readonly example: string;
  readonly schema: z.ZodType<T>;
}

/**
 * Reads a YAML file and checks it.
 *
 * @throws LoaderError `input` naming the line of what is wrong
 */
export function readYamlFile<T>(file: string, { name, example, schema }: YamlFileKind<T>): T {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (cause) {
    throw new LoaderError("input", `${name} cannot be read; check its name.`, { file, cause });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const fail = (sentence: string, offset: number, value?: unknown) =>
    new LoaderError("input", sentence, { file, line: lines.linePos(offset).line, value });
  if (document.errors.length > 0) {
    const [error] = document.errors;
    throw fail(`This is not YAML: ${errorMessage(error).replace(/\.?$/, ".")}`, error.pos[0]);
  }
  const read = schema.safeParse(document.toJS() ?? {}, { reportInput: true });
  if (!read.success) {
    const { path, sentence } = describeIssues(read.error.issues, example);
    throw fail(sentence, findOffset(document, path), path.at(-1));
  }
  return read.data;
}

interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly sentence: string;
}

/** What zod found first, in a sentence; a key that is not known explains one that is missing. */
function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  example: string,
  above: readonly PropertyKey[] = [],
): Mistake {
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  const path = [...above, ...issue.path];
  const name = path.length === 0 ? "The file" : `The value of ${path.join(".")}`;
  switch (issue.code) {
    case "unrecognized_keys":
      return {
        path: [...path, issue.keys[0]],
        sentence: `There is no key ${JSON.stringify(issue.keys[0])} here; ${example} ` +
          `shows those that there are.`,
      };
    case "invalid_union": {
      // Of the forms that a value may have, that whose type it has.
      const meant = issue.errors.find(([first]) =>
        first.code !== "invalid_type" || first.path.length > 0
      );
      if (meant !== undefined) return describeIssues(meant, example, path);
      return { path, sentence: `${name} is of none of the forms that it may have.` };
    }
    case "invalid_type":
      return {
        path,
        sentence: issue.input === undefined
          ? `${name} is missing.`
          : `${name} must be ${TYPE_NAMES[issue.expected] ?? issue.expected}.`,
      };
  }
  return { path, sentence: issue.message };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text (a number in quotes)",
  object: "a mapping",
  record: "a mapping",
  array: "a list",
  number: "a number",
  boolean: "true or false",
};

/** Where in the text the value of a path stands, or what is there of the path. */
function findOffset(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (isScalar(node) || isMap(node)) offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}
