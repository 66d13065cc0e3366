import { type DurationUnit, parseDuration } from "./duration.ts";
import { BadRow, type LoggedRequest, type RowTaker } from "./logged_request.ts";
import { parseTimeStamp, type TimeStamp } from "./time_stamp.ts";

/** The fields of a row by their names. */
export interface RowFields {
  /** The value of a field; `undefined`: the row has none of the name. */
  get(field: string): unknown;
}

/** Which instant of a request its time stamp tells. */
export type StampMeaning = "start" | "end";

/** Which fields of a row tell what. */
export interface FieldRoles {
  /** The time stamp: one field, or a date and a time of day. */
  readonly time: readonly string[];
  readonly stamp: StampMeaning;
  readonly duration: { readonly field: string; readonly unit: DurationUnit | null } | null;
  /** The field with the whole line of the request, such as `GET /a HTTP/1.1`. */
  readonly request?: string;
  /** Fields with the path or URL of the request; the first that is there. */
  readonly path?: readonly string[];
  readonly method?: readonly string[];
  readonly status?: readonly string[];
  /** The field that names the function. */
  readonly name?: string;
  /** Memory in MiB. */
  readonly memory?: string;
}

/** The line of a request (RFC 9112, section 3): HTTP/0.9 has no version, and a target may hold blanks. */
const REQUEST_LINE = /^([A-Za-z][A-Za-z0-9_-]*) (.+?)(?: HTTP\/[\d.]+)?$/;

/** Reads requests out of named fields. */
export class RequestReader {
  readonly #roles: FieldRoles;
  readonly #zoneMs: number;
  #lastText: unknown = null;
  #lastStamp: TimeStamp | null = null;

  /** @param zoneMs see {@linkcode parseTimeStamp} */
  constructor(roles: FieldRoles, zoneMs: number) {
    this.#roles = roles;
    this.#zoneMs = zoneMs;
  }

  /**
   * Takes the request of a row.
   *
   * @throws BadRow when the time stamp or the duration cannot be read
   */
  read(fields: RowFields, taker: RowTaker): void {
    const roles = this.#roles;
    const { stampMs, isWholeSecond } = this.#readStamp(fields);
    const { duration } = roles;
    const durationMs = duration === null
      ? null
      : parseDuration(fields.get(duration.field), duration.unit);
    const line = roles.request === undefined ? null : textOf(fields.get(roles.request));
    const parts = line === null ? null : REQUEST_LINE.exec(line);
    const path = firstOf(fields, roles.path) ?? parts?.[2] ?? null;
    const name = roles.name === undefined ? null : textOf(fields.get(roles.name));
    if (name === null && roles.name !== undefined) {
      return taker.leave(`without the field ${roles.name}`);
    }
    if (name === null && path === null) return taker.leave("no request in it");
    const request: LoggedRequest = {
      stampMs,
      isWholeSecond,
      isStampEnd: roles.stamp === "end",
      durationMs,
      memoryMib: roles.memory === undefined ? null : readMemory(fields.get(roles.memory)),
      name,
      service: null,
      path,
      method: firstOf(fields, roles.method) ?? parts?.[1] ?? null,
      status: firstOf(fields, roles.status),
    };
    taker.take(request);
  }

  #readStamp(fields: RowFields): TimeStamp {
    const { time } = this.#roles;
    const value = time.length === 1
      ? fields.get(time[0])
      : time.map((field) => textOf(fields.get(field)) ?? "").join(" ");
    // Neighbours in a log are often of the same second.
    if (value === this.#lastText && this.#lastStamp !== null) return this.#lastStamp;
    const stamp = parseTimeStamp(value, this.#zoneMs);
    this.#lastText = value;
    this.#lastStamp = stamp;
    return stamp;
  }
}

function firstOf(fields: RowFields, names: readonly string[] | undefined): string | null {
  if (names === undefined) return null;
  for (const name of names) {
    const text = textOf(fields.get(name));
    if (text !== null) return text;
  }
  return null;
}

/** A value as text; `null` for nothing, and for what logs write in its place. */
export function textOf(value: unknown): string | null {
  if (typeof value === "string") return value === "" || value === "-" ? null : value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  // Headers of HTTP have lists of values.
  return Array.isArray(value) && value.length > 0 ? textOf(value[0]) : null;
}

function readMemory(value: unknown): number | null {
  const text = textOf(value);
  if (text === null) return null;
  const memoryMib = Number(text);
  if (!(memoryMib >= 0 && memoryMib < Infinity)) throw new BadRow("no memory in MiB", value);
  return memoryMib;
}
