import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { errorMessage, LoaderError } from "../base/error.ts";
import { bareNameOf, flagOf, type Option, type OptionTable } from "./option.ts";

/** The text of an option's value, and where it stands. */
export interface ConfiguredText {
  readonly text: string;
  readonly line: number;
}

/**
 * Reads options from a YAML file: a mapping from names, as the flags without
 * their dashes, to values as on the command line; a list may be a YAML list.
 *
 * @throws LoaderError `input` naming the line of what is wrong
 */
export function readConfigFile(
  path: string,
  options: OptionTable,
): ReadonlyMap<string, ConfiguredText> {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    throw new LoaderError("input", "The configuration file cannot be read; check its name.", {
      file: path,
      cause,
    });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number | undefined): number => lines.linePos(offset ?? 0).line;
  if (document.errors.length > 0) {
    const error = document.errors[0];
    throw new LoaderError("input", `This is not YAML: ${errorMessage(error)}`, {
      file: path,
      line: lineAt(error.pos[0]),
    });
  }
  const configured = new Map<string, ConfiguredText>();
  if (document.contents === null) return configured;
  if (!isMap(document.contents)) {
    throw new LoaderError("input", "A configuration maps names of options to values.", {
      file: path,
      line: 1,
    });
  }
  const names = new Map(
    Object.entries(options).map((
      [name, option],
    ) => [flagOf(bareNameOf(name, option)).slice(2), name]),
  );
  for (const { key, value } of document.contents.items) {
    const flag = isScalar(key) ? String(key.value) : "";
    const line = lineAt(isScalar(key) ? key.range?.[0] : 0);
    const name = names.get(flag);
    if (name === "config") {
      throw new LoaderError("input", "A configuration file cannot name another one.", {
        file: path,
        line,
      });
    }
    if (name === undefined) {
      throw new LoaderError(
        "input",
        `There is no option ${JSON.stringify(flag)}; the names are those that --help prints.`,
        { file: path, line, value: flag },
      );
    }
    const text = textOf(options[name], value);
    if (text === null) {
      const form = options[name].textOfYaml === undefined
        ? "a single value or a list"
        : "a mapping from options to lists of values, or a list of such";
      throw new LoaderError("input", `The value of ${flag} must be ${form}.`, { file: path, line });
    }
    configured.set(name, { text, line });
  }
  return configured;
}

/** The text of a value as the command line has it; `null` where it has no such form. */
function textOf(
  { textOfYaml, joinedBy = "," }: Option<unknown>,
  value: unknown,
): string | null {
  if (textOfYaml !== undefined) return textOfYaml(isNode(value) ? value.toJSON() : value);
  const items = isSeq(value) ? value.items : [value];
  const texts = items.map((item) =>
    isScalar(item) && item.value !== null ? String(item.value) : null
  );
  return texts.includes(null) ? null : texts.join(joinedBy);
}
