import { LoaderError } from "../../base/error.ts";
import { ENVOY_ROLES } from "./dialects.ts";
import type { FieldRoles } from "./request_fields.ts";

/** The format of the lines of an access log. */
export interface LogFormat {
  readonly fields: readonly string[];
  /** What the fields tell, as far as their names say so; no `time`: none is a time stamp. */
  readonly roles: FieldRoles;
  /** The fields of a line, in their order; `null`: it is of another format. */
  match(line: string): string[] | null;
}

/** Apache's own names of its formats (mod_log_config), and Envoy's default. */
const NAMED: Readonly<Record<string, string>> = {
  common: '%h %l %u %t "%r" %>s %b',
  combined: '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"',
  vhost_combined: '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
  envoy: '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ' +
    "%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% " +
    '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" ' +
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"',
};

/**
 * Compiles the format of an access log as the server's configuration has it: nginx's `log_format`
 * (`$remote_addr … $request_time`), Apache's `LogFormat` (`%h … %D`), Envoy's `text_format`
 * (`%START_TIME% … %DURATION%`), or the name of a usual one. In the manner of nginx any other lines
 * can be described, with names of one's own.
 *
 * nginx writes a line when the request has ended and stamps it then; Apache's `%t` is when the
 * request was received, Envoy's `%START_TIME%` when it began. Fields of Envoy are called as they
 * are in JSON: `%REQ(:AUTHORITY)%` is `authority`.
 *
 * @throws LoaderError `usage` when it has no fields, or one that cannot be told from the next
 *
 * @example
 * ```ts
 * import { compileLogFormat } from "./log_format.ts";
 * const { match, roles } = compileLogFormat('[$time_local] "$request" $request_time');
 * const fields = match('[10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 0.017');
 * if (fields?.[2] !== "0.017") throw new Error("not found");
 * if (roles.duration?.unit !== "s" || roles.stamp !== "end") throw new Error("misread");
 * ```
 */
export function compileLogFormat(format: string): LogFormat {
  const text = Object.hasOwn(NAMED, format) ? NAMED[format] : format;
  const server = /\$\{?[a-z]/.test(text) ? NGINX : ENVOY_FIELD.test(text) ? ENVOY : APACHE;
  const pieces = server.split(text);
  const fields = pieces.filter(({ field }) => field !== null).map(({ field }) => field!);
  if (fields.length === 0) {
    throw new LoaderError(
      "usage",
      `The format ${JSON.stringify(format)} has no fields; give it as the server's configuration ` +
        `has it, such as '%h %l %u %t "%r" %>s %b %D', or name one of ` +
        `${Object.keys(NAMED).join(", ")}.`,
      { value: format },
    );
  }
  const gapless = pieces.findIndex(({ field }, i) => field !== null && pieces[i + 1]?.field);
  if (gapless !== -1) {
    throw new LoaderError(
      "usage",
      `In the format ${JSON.stringify(format)} nothing stands between ${pieces[gapless].field} ` +
        `and ${pieces[gapless + 1].field}, so they cannot be told apart.`,
      { value: format },
    );
  }
  return {
    fields,
    roles: server.rolesOf(fields),
    match: (line) => matchLine(pieces, line, server.escapesQuotes),
  };
}

/**
 * Takes a line apart, each field up to the text that follows it. There is no way back, as a
 * regular expression has one, which would take for ever with a line of many blanks.
 */
function matchLine(
  pieces: readonly Piece[],
  line: string,
  escapesQuotes: boolean,
): string[] | null {
  const text = line.trimEnd();
  const values: string[] = [];
  let at = 0;
  for (const [i, { field, literal }] of pieces.entries()) {
    if (field === null) {
      if (!text.startsWith(literal, at)) return null;
      at += literal.length;
      continue;
    }
    const after = pieces[i + 1]?.literal ?? "";
    const isQuoted = escapesQuotes && after.startsWith('"') &&
      pieces[i - 1]?.literal.endsWith('"') === true;
    const end = endOfField(text, at, after, isQuoted);
    if (end === -1) return null;
    values.push(text.slice(at, end));
    at = end;
  }
  return at === text.length ? values : null;
}

/** Where a field ends; −1: nowhere. */
function endOfField(text: string, from: number, after: string, isQuoted: boolean): number {
  if (after === "") return text.length;
  if (!isQuoted) return text.indexOf(after, from);
  // A quote within quotes is behind a backslash.
  let end = text.indexOf('"', from);
  while (end !== -1 && isEscaped(text, end, from)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number, from: number): boolean {
  let backslashes = 0;
  while (at - backslashes > from && text[at - backslashes - 1] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

interface Piece {
  readonly field: string | null;
  readonly literal: string;
}

/** How a server writes its formats. */
interface FormatLanguage {
  /** A quote in a value has a backslash in front (or is written `\x22`); Envoy leaves it as it is. */
  readonly escapesQuotes: boolean;
  split(text: string): Piece[];
  rolesOf(fields: readonly string[]): FieldRoles;
}

const NGINX: FormatLanguage = {
  escapesQuotes: true,
  split: (text) => split(text, /\$(?:\{(\w+)\}|(\w+))/g, (match) => `$${match[1] ?? match[2]}`),
  rolesOf: rolesOfNginx,
};

// Conditions on the status (%!200,304{…}i) and < or > do not change what a field tells.
const APACHE_FIELD = /%%|%(?:!?[\d,]+)?[<>]?(\{[^}]*\})?(\^[a-zA-Z]{2}|[a-zA-Z])/g;

const APACHE: FormatLanguage = {
  escapesQuotes: true,
  split: (text) =>
    split(
      text,
      APACHE_FIELD,
      (match) => match[0] === "%%" ? null : `%${match[1] ?? ""}${match[2]}`,
    ),
  rolesOf: rolesOfApache,
};

const ENVOY_FIELD = /%([A-Z][A-Z_]+)(?:\(([^)]*)\))?(?::\d+)?%/;

const ENVOY: FormatLanguage = {
  escapesQuotes: false,
  split: (text) =>
    split(text, new RegExp(ENVOY_FIELD, "g"), ([, command, argument]) => {
      const isHeader = /^(REQ|RESP|TRAILER)|_HEADER$|_TRAILER$/.test(command) && argument;
      // A header and the one in its stead where it is not there.
      const name = isHeader ? argument.split("?").at(-1)!.replace(/^:/, "") : command;
      return name.toLowerCase();
    }),
  rolesOf: (fields) => ({
    ...ENVOY_ROLES,
    time: ENVOY_ROLES.time.filter((name) => fields.includes(name)),
    duration: fields.includes("duration") ? ENVOY_ROLES.duration : null,
  }),
};

function split(
  text: string,
  pattern: RegExp,
  nameOf: (match: RegExpExecArray) => string | null,
): Piece[] {
  const pieces: Piece[] = [];
  let literal = "";
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    literal += text.slice(end, match.index);
    end = match.index + match[0].length;
    const field = nameOf(match);
    if (field === null) {
      literal += "%";
      continue;
    }
    // Apache writes the brackets of its time, in which there are blanks, itself.
    if (field === "%t") literal += "[";
    if (literal !== "") pieces.push({ field: null, literal });
    literal = field === "%t" ? "]" : "";
    pieces.push({ field, literal: "" });
  }
  literal += text.slice(end);
  if (literal !== "") pieces.push({ field: null, literal });
  return pieces;
}

/** nginx's variables (ngx_http_log_module, ngx_http_core_module). */
function rolesOfNginx(fields: readonly string[]): FieldRoles {
  const time = ["$msec", "$time_iso8601", "$time_local"].find((name) => fields.includes(name));
  const duration = ["$request_time", "$upstream_response_time"]
    .find((name) => fields.includes(name));
  return {
    time: time === undefined ? [] : [time],
    stamp: "end",
    duration: duration === undefined ? null : { field: duration, unit: "s" },
    request: "$request",
    path: ["$request_uri", "$uri", "$document_uri"],
    method: ["$request_method"],
    status: ["$status"],
  };
}

/** Apache's directives (mod_log_config), times with the unit that their braces name. */
function rolesOfApache(fields: readonly string[]): FieldRoles {
  const times = [
    { name: "%{usec}t", stamp: "start" },
    { name: "%{msec}t", stamp: "start" },
    { name: "%{begin:usec}t", stamp: "start" },
    { name: "%{begin:msec}t", stamp: "start" },
    { name: "%{end:usec}t", stamp: "end" },
    { name: "%{end:msec}t", stamp: "end" },
    { name: "%t", stamp: "start" },
    { name: "%{sec}t", stamp: "start" },
    { name: "%{begin:sec}t", stamp: "start" },
    { name: "%{end:sec}t", stamp: "end" },
  ] as const;
  const time = times.find(({ name }) => fields.includes(name));
  const durations = [
    { field: "%D", unit: "us" },
    { field: "%{us}T", unit: "us" },
    { field: "%{ms}T", unit: "ms" },
    { field: "%{s}T", unit: "s" },
    { field: "%T", unit: "s" },
  ] as const;
  return {
    time: time === undefined ? [] : [time.name],
    stamp: time?.stamp ?? "start",
    duration: durations.find(({ field }) => fields.includes(field)) ?? null,
    request: "%r",
    path: ["%U"],
    method: ["%m"],
    status: ["%s"],
  };
}
