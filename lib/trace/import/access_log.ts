import { findRoles } from "./dialects.ts";
import { compileLogFormat } from "./log_format.ts";
import { BadRow, type RowParser, type RowTaker } from "./logged_request.ts";
import { type FieldRoles, RequestReader, type RowFields } from "./request_fields.ts";
import { TableFields } from "./row_fields.ts";
import { type RowSettings, settleRoles } from "./row_settings.ts";

/** A parser, and a sentence on how it reads the rows once it has seen one. */
export interface NotedParser extends RowParser {
  readonly note: string | null;
}

/**
 * The common log format, with what many put in front of it (the virtual host) and behind it (the
 * combined format's two texts, fields of one's own).
 */
const LINE =
  /^(.*?) ?\[(\d{2}\/[A-Za-z]{3}\/\d{4}:[^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}|-) (\d+|-)(.*)$/;

/** One field behind the common ones: `0.005`, `"text"`, `rt=0.005`, `ua="text"`. */
const EXTRA = /(?:([A-Za-z_][\w.-]*)[=:])?(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/g;

/** True for a line of the common log format, or of a longer one that begins so. */
export function isAccessLine(line: string): boolean {
  return LINE.test(line);
}

/** How a line begins that Envoy writes unless it is told otherwise. */
const ENVOY_LINE = /^\[\d{4}-\d{2}-\d{2}T[^\]]+\] "[A-Z-]+ \S+ \S+" \d{1,3} /;

/** True for a line of Envoy's default format. */
export function isEnvoyLine(line: string): boolean {
  return ENVOY_LINE.test(line);
}

/**
 * A reader of an access log's lines, by its format where that is given.
 *
 * @param line the first one
 */
export function createAccessLogParser(
  file: string,
  settings: RowSettings,
  line: string,
): NotedParser {
  const { logFormat = isEnvoyLine(line) ? "envoy" : undefined } = settings;
  return logFormat === undefined
    ? new CommonLogParser(file, settings)
    : new FormattedLogParser(file, settings, logFormat);
}

class FormattedLogParser implements NotedParser {
  readonly note: string;
  readonly #match: (line: string) => string[] | null;
  readonly #fields: TableFields;
  readonly #reader: RequestReader;

  constructor(file: string, settings: RowSettings, logFormat: string) {
    const { match, fields, roles } = compileLogFormat(logFormat);
    const settled = settleRoles({ source: "the format", roles }, settings, { file, names: fields });
    this.#match = match;
    this.#fields = new TableFields(fields);
    this.#reader = new RequestReader(settled.roles, settings.zoneMs ?? 0);
    this.note = settled.note;
  }

  parse(line: string, taker: RowTaker): void {
    const cells = this.#match(line);
    if (cells === null) throw new BadRow("a line of another format", line);
    this.#fields.cells = cells;
    this.#reader.read(this.#fields, taker);
  }
}

/** The fields of a line of the common log format; those behind it only when they are asked for. */
class CommonFields implements RowFields {
  line: readonly string[] = [];
  #tail: ReadonlyMap<string, string> | null = null;

  set(line: readonly string[]): void {
    this.line = line;
    this.#tail = null;
  }

  get(field: string): unknown {
    const index = COMMON.indexOf(field);
    if (index !== -1) return this.line[index + 1];
    this.#tail ??= readTail(this.line[6]);
    return this.#tail.get(field);
  }

  get names(): string[] {
    return [...COMMON, ...readTail(this.line[6]).keys()];
  }
}

const COMMON = ["client", "time", "request", "status", "bytes"];

function readTail(text: string): ReadonlyMap<string, string> {
  const tail = new Map<string, string>();
  let texts = 0;
  let extras = 0;
  for (const [, name, quoted, bare] of text.matchAll(EXTRA)) {
    const isCombined = name === undefined && quoted !== undefined && extras === 0 && texts < 2;
    const key = isCombined ? ["referer", "agent"][texts++] : name ?? `extra${++extras}`;
    tail.set(key, quoted ?? bare);
  }
  return tail;
}

class CommonLogParser implements NotedParser {
  note: string | null = null;
  readonly #file: string;
  readonly #settings: RowSettings;
  readonly #fields = new CommonFields();
  #reader: RequestReader | null = null;

  constructor(file: string, settings: RowSettings) {
    this.#file = file;
    this.#settings = settings;
  }

  parse(line: string, taker: RowTaker): void {
    const match = LINE.exec(line);
    if (match === null) throw new BadRow("not of the common log format", line);
    this.#fields.set(match);
    this.#reader ??= this.#createReader();
    this.#reader.read(this.#fields, taker);
  }

  #createReader(): RequestReader {
    const { names } = this.#fields;
    const usual = findRoles(this.#fields, names).roles;
    const found = { source: "the common log format", roles: rolesOfCommon(usual, names) };
    const { roles, note } = settleRoles(found, this.#settings, { file: this.#file, names });
    const extras = names.filter((name) => /^extra\d+$/.test(name));
    const isUnused = roles.duration === null && extras.length > 0;
    this.note = note +
      (isUnused
        ? ` Lines have more fields (${
          extras.map((name) => `${name}: ${this.#fields.get(name)}`)
        }); ` +
          "where one is a duration, say so with --log-format, or with --duration-field, " +
          "--duration-unit and --stamp."
        : "");
    return new RequestReader(roles, this.#settings.zoneMs ?? 0);
  }
}

/** Fields that nginx's users name so, who log at the end of a request; Apache stamps its receipt. */
const NGINX_NAMES = ["request_time", "rt"];

function rolesOfCommon(usual: FieldRoles, names: readonly string[]): FieldRoles {
  const nginx = NGINX_NAMES.find((name) => names.includes(name));
  return {
    time: ["time"],
    stamp: nginx === undefined ? "start" : "end",
    duration: nginx === undefined ? usual.duration : { field: nginx, unit: "s" },
    request: "request",
    status: ["status"],
  };
}
