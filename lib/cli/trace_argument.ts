import { errorMessage, LoaderError } from "../base/error.ts";
import { isMissing } from "../base/file.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import { parseOptions } from "../option/parse_options.ts";

/** What a tool that looks at a trace is called with. */
export type TraceCall<O extends OptionTable> =
  | { readonly help: string }
  | { readonly help: null; readonly path: string; readonly values: OptionValues<O> };

/**
 * Parses the arguments of a tool whose first is the path of a trace.
 *
 * @throws LoaderError `usage` when there is none, and as {@linkcode parseOptions}
 */
export function parseTraceCall<O extends OptionTable>(
  name: string,
  description: string,
  options: O,
  args: readonly string[],
): TraceCall<O> {
  const [path] = args;
  const isNamed = path !== undefined && !path.startsWith("-");
  const { values, help } = parseOptions(name, description, options, isNamed ? args.slice(1) : args);
  if (help !== null) return { help };
  if (!isNamed) {
    throw new LoaderError("usage", "Name the folder or the file of a trace first; --help tells.");
  }
  return { help, path, values };
}

/**
 * Makes sure that nothing is replaced that nobody meant to.
 *
 * @throws LoaderError `usage` when the folder holds something and is not to be overwritten
 */
export async function requireEmpty(folder: string, overwrite: boolean): Promise<void> {
  if (overwrite || await isEmpty(folder)) return;
  throw new LoaderError(
    "usage",
    "The folder is not empty; name another one with --output, or replace its files with " +
      "--overwrite.",
    { file: folder },
  );
}

async function isEmpty(folder: string): Promise<boolean> {
  try {
    for await (const _ of Deno.readDir(folder)) return false;
    return true;
  } catch (error) {
    if (isMissing(error)) return true;
    throw new LoaderError("usage", `The folder cannot be looked at: ${errorMessage(error)}.`, {
      file: folder,
      cause: error,
    });
  }
}
