import { LoaderError } from "../../base/error.ts";
import type { LoggedRequest } from "./logged_request.ts";
import { pathOf } from "./path_template.ts";

/** Which requests are taken; nothing of it: all. */
export interface RequestFilterOptions {
  /** Methods, such as `GET`. */
  readonly methods?: readonly string[];
  /** Status codes, as `200`, `2xx` or `200-299`. */
  readonly statuses?: readonly string[];
  /** Paths with `*` for any characters; one of them must fit. */
  readonly includePaths?: readonly string[];
  /** Paths with `*` for any characters; none of them may fit. */
  readonly excludePaths?: readonly string[];
}

/** Says which requests are left out, and why. */
export class RequestFilter {
  readonly #methods: ReadonlySet<string> | null;
  readonly #statuses: readonly (readonly [number, number])[] | null;
  readonly #include: readonly RegExp[] | null;
  readonly #exclude: readonly RegExp[];

  /** @throws LoaderError `usage` when a status is none */
  constructor(options: RequestFilterOptions) {
    const { methods, statuses, includePaths, excludePaths = [] } = options;
    this.#methods = methods === undefined
      ? null
      : new Set(methods.map((method) => method.toUpperCase()));
    this.#statuses = statuses?.map(parseStatuses) ?? null;
    this.#include = includePaths?.map(compileGlob) ?? null;
    this.#exclude = excludePaths.map(compileGlob);
  }

  /** Why a request is left out; `null`: it is taken. */
  reject({ method, status, path }: LoggedRequest): string | null {
    if (this.#methods !== null) {
      if (method === null) return "method not told";
      if (!this.#methods.has(method.toUpperCase())) return "another method";
    }
    if (this.#statuses !== null) {
      if (status === null) return "status not told";
      const code = Number(status);
      if (!this.#statuses.some(([from, to]) => code >= from && code <= to)) return "another status";
    }
    if (this.#include === null && this.#exclude.length === 0) return null;
    if (path === null) return this.#include === null ? null : "path not told";
    const bare = pathOf(path);
    if (this.#include?.some((glob) => glob.test(bare)) === false) return "a path not included";
    return this.#exclude.some((glob) => glob.test(bare)) ? "a path excluded" : null;
  }
}

function parseStatuses(text: string): readonly [number, number] {
  const family = /^([1-5])xx$/i.exec(text);
  if (family !== null) return [Number(family[1]) * 100, Number(family[1]) * 100 + 99];
  const range = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(text);
  if (range === null) {
    throw new LoaderError(
      "usage",
      `--status: expected codes such as 200, 2xx or 200-299, got ${JSON.stringify(text)}.`,
      { value: text },
    );
  }
  return [Number(range[1]), Number(range[2] ?? range[1])];
}

function compileGlob(text: string): RegExp {
  return new RegExp(`^${text.split("*").map(RegExp.escape).join(".*")}$`);
}
