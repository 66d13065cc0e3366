import { LoaderError } from "../../base/error.ts";
import { ownText } from "./own_text.ts";

/** What stands in a template for a part of a path that differs from request to request. */
const PLACEHOLDER = "{id}";

const MAY_HOLD_ID = /[\d@%]/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const NUMBER = /^[+-]?\d+(?:[.,:_-]\d+)*$/;
const DATE = /^\d{4}-\d{2}-\d{2}(?:T[\d:.Z+-]*)?$/i;
/** Hashes and object ids; a word such as `facade` has no digit. */
const HEX = /^(?=.*\d)[0-9a-f]{8,}$/i;
/** ULIDs, tokens, base64: long, and letters and digits mixed. */
const TOKEN = /^[\w~=+-]{20,}$/;
const TWO_DIGITS = /\d\D*\d/;
/** What a name of a file ends in, such as `.png` or `.min.js`. */
const EXTENSION = /^(.+?)((?:\.[a-z][a-z0-9]{0,4}){1,2})$/i;

/** How functions are named by paths. */
export interface PathTemplateOptions {
  /** Templates such as `/api/users/{id}`, tried in order. */
  readonly templates?: readonly string[];
  /** Ids, numbers, UUIDs and hashes become `{id}` where no template fits; `true` by default. */
  readonly replacesIds?: boolean;
}

/** Paths without ids that are remembered: more than a service has routes. */
const MOST_REMEMBERED = 10_000;

/**
 * Names the route that a path belongs to, without its query: the first template that fits, or the
 * path itself with `{id}` for what looks like an id.
 *
 * In a template `{name}` is one part of a path, and `{name...}` at its end the rest.
 *
 * @example
 * ```ts
 * import { PathTemplates } from "./path_template.ts";
 * const paths = new PathTemplates({ templates: ["/files/{path...}"] });
 * if (paths.nameOf("/api/users/4711/cart?full=1") !== "/api/users/{id}/cart") throw new Error();
 * if (paths.nameOf("/files/a/b.txt") !== "/files/{path...}") throw new Error();
 * ```
 */
export class PathTemplates {
  readonly #templates: readonly CompiledTemplate[];
  readonly #replacesIds: boolean;
  readonly #remembered = new Map<string, string>();

  /** @throws LoaderError `usage` when a template is none */
  constructor({ templates = [], replacesIds = true }: PathTemplateOptions = {}) {
    this.#templates = templates.map(compileTemplate);
    this.#replacesIds = replacesIds;
  }

  /** The name of the route of a target: a path, or a URL. */
  nameOf(target: string): string {
    const path = pathOf(target);
    const remembered = this.#remembered.get(path);
    if (remembered !== undefined) return remembered;
    const fitting = this.#templates.find(({ pattern }) => pattern.test(path));
    const name = fitting?.text ?? (this.#replacesIds ? replaceIds(path) : path);
    // One with an id hardly comes again.
    if (name !== path || this.#remembered.size === MOST_REMEMBERED) return name;
    const own = ownText(path);
    this.#remembered.set(own, own);
    return own;
  }
}

interface CompiledTemplate {
  readonly text: string;
  readonly pattern: RegExp;
}

function compileTemplate(text: string): CompiledTemplate {
  if (!text.startsWith("/") || /[?#]/.test(text)) {
    throw new LoaderError(
      "usage",
      `Expected a path template such as /api/users/{id}, got ${JSON.stringify(text)}.`,
      { value: text },
    );
  }
  const parts = text.slice(1).split("/");
  const pattern = parts.map((part, i) => {
    if (/^\{[^{}]*\.\.\.\}$/.test(part) && i === parts.length - 1) return ".*";
    return part.split(/(\{[^{}]*\})/).map((piece) =>
      /^\{.*\}$/.test(piece) ? "[^/]+" : RegExp.escape(piece)
    ).join("");
  }).join("/");
  return { text, pattern: new RegExp(`^/${pattern}$`) };
}

/** The path of a target, without scheme, host, query, fragment and path parameters. */
export function pathOf(target: string): string {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target);
  const path = absolute === null ? target : target.slice(absolute[0].length);
  const end = path.search(/[?#]/);
  const bare = end === -1 ? path : path.slice(0, end);
  // Such as ;jsessionid=4A7F, which differs for every visitor.
  const plain = bare.includes(";") ? bare.replace(/;[^/]*/g, "") : bare;
  return plain === "" ? "/" : plain;
}

function replaceIds(path: string): string {
  // Most ids are numbers, and most other parts are words.
  const plain = path.replace(/\/\d+(?=\/|$)/g, `/${PLACEHOLDER}`);
  return MAY_HOLD_ID.test(plain) ? plain.split("/").map(replaceId).join("/") : plain;
}

function replaceId(part: string): string {
  if (!MAY_HOLD_ID.test(part)) return part;
  if (looksLikeId(part)) return PLACEHOLDER;
  const named = EXTENSION.exec(part);
  return named !== null && looksLikeId(named[1]) ? PLACEHOLDER + named[2] : part;
}

function looksLikeId(part: string): boolean {
  return NUMBER.test(part) || UUID.test(part) || HEX.test(part) || DATE.test(part) ||
    (TOKEN.test(part) && TWO_DIGITS.test(part) && /[A-Za-z]/.test(part)) ||
    // An address of a person, also percent-encoded.
    /@|%40/i.test(part);
}
