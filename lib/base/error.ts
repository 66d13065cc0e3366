import { hideSecrets } from "./secrets.ts";

/**
 * What kind of thing went wrong; it decides the exit status of a script.
 *
 * - `usage`: an option or argument is wrong (exit status 2)
 * - `input`: a file that the user named is wrong (exit status 2)
 * - `generator`: this machine or this program could not make the load
 * - `platform`: the platform could not deploy, start or serve
 * - `result`: results could not be written or read
 * - `interrupted`: the user stopped it (exit status 130)
 */
export type ErrorCode =
  | "usage"
  | "input"
  | "generator"
  | "platform"
  | "result"
  | "interrupted";

/** Where in an input the error came from. */
export interface ErrorPlace {
  /** Path of the file as the user would recognise it. */
  readonly file?: string;
  /** One-based line. */
  readonly line?: number;
  /** Name of the column or key. */
  readonly column?: string;
  /** The offending value as it was read. */
  readonly value?: unknown;
}

/** Options of {@linkcode LoaderError}. */
export interface LoaderErrorOptions extends ErrorPlace {
  readonly cause?: unknown;
}

/**
 * The one error class of the library. The message is one sentence that says
 * what is wrong and what to do; the place is put in front of it, and secrets are hidden.
 *
 * @example
 * ```ts
 * import { LoaderError } from "./error.ts";
 * const error = new LoaderError("input", "Expected a number, got \"x\".", {
 *   file: "durations.csv",
 *   line: 3,
 *   column: "Average",
 *   value: "x",
 * });
 * if (error.message !== 'durations.csv:3, column Average: Expected a number, got "x".') {
 *   throw error;
 * }
 * ```
 */
export class LoaderError extends Error {
  override readonly name = "LoaderError";
  readonly code: ErrorCode;
  readonly place: ErrorPlace;

  constructor(code: ErrorCode, sentence: string, options: LoaderErrorOptions = {}) {
    const { cause, ...place } = options;
    super(
      hideSecrets(describePlace(place) + sentence),
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    this.place = place;
  }

  /** Exit status of a script that ends with this error. */
  get exitStatus(): number {
    if (this.code === "usage" || this.code === "input") return 2;
    return this.code === "interrupted" ? 130 : 1;
  }
}

function describePlace(place: ErrorPlace): string {
  let text = "";
  if (place.file !== undefined) {
    text = place.line === undefined ? place.file : `${place.file}:${place.line}`;
  }
  if (place.column !== undefined) {
    text += `${text === "" ? "" : ", "}column ${place.column}`;
  }
  return text === "" ? "" : `${text}: `;
}

/** The message of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
