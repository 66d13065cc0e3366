import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { errorMessage, LoaderError } from "../base/error.ts";
import { bareNameOf, flagOf, type OptionTable } from "./option.ts";

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
    const items = isSeq(value) ? value.items : [value];
    if (!items.every((item) => isScalar(item) && item.value !== null)) {
      throw new LoaderError("input", `The value of ${flag} must be a single value or a list.`, {
        file: path,
        line,
      });
    }
    const texts = items.map((item) => isScalar(item) ? String(item.value) : "");
    configured.set(name, { text: texts.join(","), line });
  }
  return configured;
}
