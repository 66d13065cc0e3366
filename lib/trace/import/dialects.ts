import { type DurationUnit, unitOfName } from "./duration.ts";
import type { FieldRoles, RowFields, StampMeaning } from "./request_fields.ts";

/** What a program calls the fields of its logs. */
interface Dialect {
  readonly name: string;
  /** Fields that all are there in its rows. */
  readonly evidence: readonly string[];
  readonly roles: FieldRoles;
}

/** The fields of Envoy, as Istio's logs in JSON call them. */
export const ENVOY_ROLES: FieldRoles = {
  time: ["start_time"],
  stamp: "start",
  duration: { field: "duration", unit: "ms" },
  path: ["x_envoy_original_path", "x-envoy-original-path", "path"],
  method: ["method"],
  status: ["response_code"],
};

/**
 * Logs that are known by their fields. Which instant is stamped is what the program's
 * documentation or source says: a line is written when its request has ended, so a stamp that is
 * the line's own is the end.
 */
const DIALECTS: readonly Dialect[] = [
  {
    name: "Caddy",
    evidence: ["ts", "request.uri", "duration", "status"],
    roles: {
      time: ["ts"],
      stamp: "end",
      duration: { field: "duration", unit: "s" },
      path: ["request.uri"],
      method: ["request.method"],
      status: ["status"],
    },
  },
  {
    name: "Traefik",
    evidence: ["StartUTC", "Duration", "RequestPath"],
    roles: {
      time: ["StartUTC"],
      stamp: "start",
      duration: { field: "Duration", unit: "ns" },
      path: ["RequestPath"],
      method: ["RequestMethod"],
      status: ["DownstreamStatus", "OriginStatus"],
    },
  },
  {
    name: "Envoy",
    evidence: ["start_time", "duration", "response_code"],
    roles: ENVOY_ROLES,
  },
  {
    name: "Google Cloud (httpRequest)",
    evidence: ["timestamp", "httpRequest.requestUrl"],
    roles: {
      time: ["timestamp"],
      stamp: "start",
      duration: { field: "httpRequest.latency", unit: "s" },
      path: ["httpRequest.requestUrl"],
      method: ["httpRequest.requestMethod"],
      status: ["httpRequest.status"],
    },
  },
  {
    name: "pino-http",
    evidence: ["time", "req.url", "responseTime"],
    roles: {
      time: ["time"],
      stamp: "end",
      duration: { field: "responseTime", unit: "ms" },
      path: ["req.url"],
      method: ["req.method"],
      status: ["res.statusCode"],
    },
  },
  {
    name: "CloudFront",
    evidence: ["date", "time", "x-edge-location", "time-taken"],
    roles: {
      time: ["date", "time"],
      stamp: "end",
      duration: { field: "time-taken", unit: "s" },
      path: ["cs-uri-stem"],
      method: ["cs-method"],
      status: ["sc-status"],
    },
  },
  {
    name: "IIS",
    evidence: ["date", "time", "cs-uri-stem"],
    roles: {
      time: ["date", "time"],
      stamp: "end",
      duration: { field: "time-taken", unit: "ms" },
      path: ["cs-uri-stem"],
      method: ["cs-method"],
      status: ["sc-status"],
    },
  },
];

/** Names that fields have in many logs, the more telling ones first. */
const USUAL = {
  time: [
    ["msec", "end"],
    ["start_time", "start"],
    ["startTime", "start"],
    ["started_at", "start"],
    ["time_iso8601", "end"],
    ["time_local", "end"],
    ["@timestamp", "end"],
    ["timestamp", "end"],
    ["time", "end"],
    ["ts", "end"],
    ["datetime", "end"],
    ["end_timestamp", "end"],
  ],
  duration: [
    "request_time",
    "responseTime",
    "response_time",
    "duration",
    "latency",
    "elapsed",
    "time-taken",
    "time_taken",
  ],
  request: ["request", "request_line"],
  path: ["request_uri", "uri", "url", "path", "request.path", "http.path", "target"],
  method: ["request_method", "method", "verb", "http_method", "http.method"],
  status: ["status", "status_code", "statusCode", "response_code", "code"],
} as const;

/** Units of durations under these names, where nothing else is said. */
const USUAL_UNITS: Readonly<Record<string, DurationUnit>> = {
  // nginx's variables, and short names that many formats give them.
  request_time: "s",
  upstream_response_time: "s",
  upstream_header_time: "s",
  rt: "s",
  uht: "s",
  urt: "s",
  // Apache's directives.
  "%D": "us",
  "%T": "s",
  "%{s}T": "s",
  "%{ms}T": "ms",
  "%{us}T": "us",
  // The usual field of programs on Node.
  responseTime: "ms",
};

/** The source of roles that were found by the names that fields have in many logs. */
export const USUAL_NAMES = "the usual names of fields";

/** What the fields of a log tell, and how that is known. */
export interface RolesFound {
  /** For people, such as `Caddy`. */
  readonly source: string;
  /** With no field for `time` where none is known for a time stamp. */
  readonly roles: FieldRoles;
}

/**
 * Finds out from a row what its fields tell: as a known program's, else by their usual names.
 *
 * @param names the names of all fields, of objects within objects joined by dots
 */
export function findRoles(fields: RowFields, names: readonly string[]): RolesFound {
  const has = (name: string) => fields.get(name) !== undefined;
  const known = DIALECTS.find(({ evidence }) => evidence.every(has));
  if (known !== undefined) return { source: known.name, roles: known.roles };
  const time = USUAL.time.find(([name]) => has(name));
  const [name, stamp] = time ?? [null, "end" as const];
  const roles = { ...usualRoles(has, names), time: name === null ? [] : [name], stamp };
  return { source: USUAL_NAMES, roles };
}

function usualRoles(
  has: (name: string) => boolean,
  names: readonly string[],
): Omit<FieldRoles, "time" | "stamp"> {
  const duration = USUAL.duration.find(has) ??
    names.find((name) =>
      /duration|latency|elapsed|took|response_?time|request_?time/i.test(name) &&
      unitOfName(name) !== null
    );
  const request = USUAL.request.find(has);
  return {
    duration: duration === undefined ? null : { field: duration, unit: usualUnit(duration) },
    ...(request === undefined ? {} : { request }),
    path: USUAL.path,
    method: USUAL.method,
    status: USUAL.status,
  };
}

/** The unit of a field of durations: as its name says, or as programs with that name write it. */
export function usualUnit(field: string): DurationUnit | null {
  return unitOfName(field) ?? USUAL_UNITS[field.replace(/^\$/, "")] ?? null;
}

/** Which instant a field under this name is usually stamped with. */
export function usualStamp(field: string): StampMeaning {
  return /start|begin|received|arriv/i.test(field) ? "start" : "end";
}
