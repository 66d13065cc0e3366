import { dirname, resolve } from "node:path";
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { errorMessage, LoaderError } from "../../base/error.ts";
import type { TlsSettings } from "../../model/platform.ts";
import type { Address } from "./address.ts";
import { type Endpoint, PLAIN_TLS } from "./endpoint.ts";
import type { EndpointMap } from "./endpoint_map.ts";
import { createEndpointsSchema, type EndpointsDocument } from "./endpoints_schema.ts";

/**
 * Reads which function's calls go where from a YAML file; `config/endpoints.yaml`
 * is one with comments. The files that it names are read too.
 *
 * @throws LoaderError `input` naming the line of what is wrong
 */
export function readEndpointsFile(file: string): EndpointMap {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (cause) {
    throw new LoaderError("input", "The endpoints file cannot be read; check its name.", {
      file,
      cause,
    });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const fail = (sentence: string, offset: number, value?: unknown) =>
    new LoaderError("input", sentence, { file, line: lines.linePos(offset).line, value });
  if (document.errors.length > 0) {
    const [error] = document.errors;
    throw fail(`This is not YAML: ${errorMessage(error).replace(/\.?$/, ".")}`, error.pos[0]);
  }
  const read = createEndpointsSchema(dirname(resolve(file))).safeParse(document.toJS() ?? {}, {
    reportInput: true,
  });
  if (!read.success) {
    const { path, sentence } = describeIssues(read.error.issues);
    throw fail(sentence, findOffset(document, path), path.at(-1));
  }
  const map = settleEndpoints(file, read.data);
  if (map.endpoints.length === 0 && map.functions.size === 0) {
    throw fail("The file names no server; give it a list of endpoints, or functions.", 0);
  }
  return map;
}

function settleEndpoints(
  file: string,
  { defaults = {}, endpoints = [], functions = {} }: EndpointsDocument,
): EndpointMap {
  const settle = (entry: NonNullable<EndpointsDocument["endpoints"]>[number]): Endpoint => {
    const own: EndpointsDocument["defaults"] & { readonly address: Address } = entry;
    return {
      address: own.address,
      authority: own.authority ?? defaults.authority ?? null,
      tls: own.tls === undefined ? tlsOf(own.address, defaults.tls ?? null) : own.tls,
      metadata: { ...defaults.metadata, ...own.metadata },
    };
  };
  return {
    file,
    functions: new Map(Object.entries(functions).map(([name, entry]) => [name, settle(entry)])),
    endpoints: endpoints.map(settle),
  };
}

/** A scheme decides whether there is TLS, the defaults how. */
function tlsOf({ secure }: Address, defaults: TlsSettings | null): TlsSettings | null {
  if (secure === null) return defaults;
  return secure ? defaults ?? PLAIN_TLS : null;
}

interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly sentence: string;
}

/** What zod found first, in a sentence; a key that is not known explains one that is missing. */
function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  above: readonly PropertyKey[] = [],
): Mistake {
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  const path = [...above, ...issue.path];
  const name = path.length === 0 ? "The file" : `The value of ${path.join(".")}`;
  switch (issue.code) {
    case "unrecognized_keys":
      return {
        path: [...path, issue.keys[0]],
        sentence: `There is no key ${JSON.stringify(issue.keys[0])} here; config/endpoints.yaml ` +
          `shows those that there are.`,
      };
    case "invalid_union": {
      // Of the forms that a value may have, that whose type it has.
      const meant = issue.errors.find(([first]) =>
        first.code !== "invalid_type" || first.path.length > 0
      );
      if (meant !== undefined) return describeIssues(meant, path);
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
