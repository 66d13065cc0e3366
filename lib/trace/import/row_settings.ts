import { LoaderError } from "../../base/error.ts";
import { type RolesFound, usualStamp, usualUnit } from "./dialects.ts";
import type { DurationUnit } from "./duration.ts";
import type { FieldRoles, StampMeaning } from "./request_fields.ts";

/** What the user says of the rows of a log; all else is found out from them. */
export interface RowSettings {
  /** Format of the lines of an access log; see `compileLogFormat`. */
  readonly logFormat?: string;
  readonly timeField?: string;
  readonly durationField?: string;
  readonly durationUnit?: DurationUnit;
  readonly functionField?: string;
  readonly pathField?: string;
  readonly methodField?: string;
  readonly statusField?: string;
  /** Field with the memory in MiB. */
  readonly memoryField?: string;
  readonly stamp?: StampMeaning;
  /** What the stamps' local time is ahead of UTC, where they name no zone; 0 by default. */
  readonly zoneMs?: number;
  /** Kinds of spans, in small letters; `server` alone by default. */
  readonly spanKinds?: readonly string[];
}

/** What the fields of a file tell, and the sentence that says how that is known. */
export interface SettledRoles {
  readonly roles: FieldRoles;
  readonly note: string;
}

/**
 * Puts what the user says in place of what was found out.
 *
 * @param names fields of the file, for the message
 * @throws LoaderError `usage` when it is not known which field is the time stamp, or a field that
 *   was named is not there
 */
export function settleRoles(
  found: RolesFound,
  settings: RowSettings,
  { file, names }: { readonly file: string; readonly names: readonly string[] },
): SettledRoles {
  const nameOf = (flag: string, field: string | undefined) => {
    if (field === undefined) return undefined;
    const known = [field, `$${field}`, `%${field}`].find((name) => names.includes(name));
    if (known !== undefined) return known;
    throw new LoaderError(
      "usage",
      `There is no field ${JSON.stringify(field)} (${flag}); the first row has ${
        names.slice(0, 40).join(", ")
      }.`,
      { file, value: field },
    );
  };
  const timeField = nameOf("--time-field", settings.timeField);
  const time = timeField === undefined ? found.roles.time : [timeField];
  if (time.length === 0) {
    throw new LoaderError(
      "usage",
      `None of the fields is known for a time stamp; name it with --time-field. The first row ` +
        `has ${names.slice(0, 40).join(", ")}.`,
      { file },
    );
  }
  const stamp = settings.stamp ??
    (timeField === undefined ? found.roles.stamp : usualStamp(timeField));
  const path = nameOf("--path-field", settings.pathField);
  const method = nameOf("--method-field", settings.methodField);
  const status = nameOf("--status-field", settings.statusField);
  const roles: FieldRoles = {
    ...found.roles,
    time,
    stamp,
    duration: settleDuration(found, settings, nameOf("--duration-field", settings.durationField)),
    ...(path === undefined ? {} : { path: [path] }),
    ...(method === undefined ? {} : { method: [method] }),
    ...(status === undefined ? {} : { status: [status] }),
    // Not every row of JSON has every field, so this one need not be in the first.
    ...(settings.functionField === undefined ? {} : { name: settings.functionField }),
    ...(settings.memoryField === undefined ? {} : { memory: settings.memoryField }),
  };
  return { roles, note: describeRoles(roles, found.source) };
}

function settleDuration(
  found: RolesFound,
  { durationUnit }: RowSettings,
  field: string | undefined,
): FieldRoles["duration"] {
  const duration = field === undefined ? found.roles.duration : {
    field,
    unit: found.roles.duration?.field === field ? found.roles.duration.unit : usualUnit(field),
  };
  return duration === null || durationUnit === undefined
    ? duration
    : { field: duration.field, unit: durationUnit };
}

function describeRoles({ time, stamp, duration }: FieldRoles, source: string): string {
  const stamped = `${time.join(" + ")} is the ${stamp} of a request`;
  const lasted = duration === null
    ? "no field tells how long it took"
    : `${duration.field}${duration.unit === null ? "" : ` (${duration.unit})`} is how long it took`;
  return `Fields as of ${source}: ${stamped}, ${lasted}.`;
}
