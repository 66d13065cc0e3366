import assert from "node:assert/strict";
import { LoaderError } from "../../../lib/base/error.ts";
import { Rng } from "../../../lib/base/rng.ts";
import { importTrace, type ImportTraceOptions } from "../../../lib/trace/import/import_trace.ts";
import { source } from "./log_files.ts";

const ROUNDS = 60;
const MUTATIONS_A_FILE = 12;
const DAY_MS = Date.UTC(2026, 10, 27);
const ROUTES = ["/", "/api/users/{id}", "/api/v2/a-b_c", "/über/%C3%BC", '/quote/"', "/a b"];

/** What a request is, whatever log it is written to. */
interface Request {
  readonly startMs: number;
  /** In whole milliseconds, which every format can tell. */
  readonly durationMs: number;
  readonly route: string;
  readonly path: string;
  readonly method: string;
  readonly status: number;
}

/** How a log of a kind is written, and what its reader has to be told. */
interface Writer {
  readonly options?: ImportTraceOptions;
  /** How far instants are rounded down. */
  readonly resolutionMs: number;
  write(requests: readonly Request[]): string;
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function clf(timeMs: number, zoneHours = 0): string {
  const [date, time] = iso(timeMs + zoneHours * 3_600_000).split("T");
  const [year, month, day] = date.split("-");
  const name = month === "11" ? "Nov" : "Dec";
  const zone = `${zoneHours < 0 ? "-" : "+"}${String(Math.abs(zoneHours)).padStart(2, "0")}00`;
  return `${day}/${name}/${year}:${time.slice(0, 8)} ${zone}`;
}

function lines(requests: readonly Request[], write: (request: Request) => string): string {
  return requests.map((request) => write(request) + "\n").join("");
}

/** As nginx and Apache write a quote and what is not ASCII into a log. */
function escapeNginx(text: string): string {
  return text.replaceAll('"', "\\x22");
}

function escapeApache(text: string): string {
  return text.replaceAll('"', '\\"');
}

const WRITERS: Readonly<Record<string, Writer>> = {
  "nginx, timed": {
    resolutionMs: 1000,
    write: (requests) =>
      lines(
        requests,
        ({ startMs, durationMs, path, method, status }) =>
          `127.0.0.1 - - [${clf(startMs + durationMs, 2)}] "${method} ${
            escapeNginx(path)
          } HTTP/1.1" ` +
          `${status} 5 "-" "a \\x22b\\x22" rt=${(durationMs / 1000).toFixed(3)}`,
      ),
  },
  "nginx, a format": {
    resolutionMs: 1,
    options: { logFormat: '$msec "$request" $status <$request_time>' },
    write: (requests) =>
      lines(
        requests,
        ({ startMs, durationMs, path, method, status }) =>
          `${((startMs + durationMs) / 1000).toFixed(3)} "${method} ${
            escapeNginx(path)
          } HTTP/2.0" ` +
          `${status} <${(durationMs / 1000).toFixed(3)}>`,
      ),
  },
  "Apache": {
    resolutionMs: 1000,
    options: { logFormat: '%v %h %l %u %t "%r" %>s %D' },
    write: (requests) =>
      lines(
        requests,
        ({ startMs, durationMs, path, method, status }) =>
          `shop 127.0.0.1 - - [${clf(startMs, -7)}] "${method} ${escapeApache(path)} HTTP/1.1" ` +
          `${status} ${durationMs * 1000}`,
      ),
  },
  "Caddy": {
    resolutionMs: 1,
    write: (requests) =>
      lines(requests, ({ startMs, durationMs, path, method, status }) =>
        JSON.stringify({
          ts: (startMs + durationMs) / 1000,
          request: { method, uri: path },
          duration: durationMs / 1000,
          status,
        })),
  },
  "CSV": {
    resolutionMs: 1,
    options: { pathField: "target" },
    write: (requests) =>
      "start_time,target,took_ms,method,status\r\n" +
      requests.map(({ startMs, durationMs, path, method, status }) =>
        `${iso(startMs)},"${path.replaceAll('"', '""')}",${durationMs},${method},${status}\r\n`
      ).join(""),
  },
  "spans": {
    resolutionMs: 1,
    write: (requests) =>
      lines(requests, ({ startMs, durationMs, path, method, status }) =>
        JSON.stringify({
          resourceSpans: [{
            scopeSpans: [{
              spans: [{
                kind: 2,
                startTimeUnixNano: `${startMs}000000`,
                endTimeUnixNano: `${startMs + durationMs}000000`,
                attributes: [
                  { key: "url.path", value: { stringValue: path } },
                  { key: "http.request.method", value: { stringValue: method } },
                  { key: "http.response.status_code", value: { intValue: String(status) } },
                ],
              }],
            }],
          }],
        })),
  },
};

function generateRequests(rng: Rng): Request[] {
  return Array.from({ length: 1 + rng.nextBelow(40) }, () => {
    const route = ROUTES[rng.nextBelow(ROUTES.length)];
    const query = rng.nextBelow(3) === 0 ? `?q=${rng.nextBelow(9)}&r=a,b` : "";
    return {
      startMs: DAY_MS + rng.nextBelow(86_400_000 * 6),
      durationMs: rng.nextBelow(4) === 0 ? 0 : rng.nextBelow(90_000),
      route,
      path: route.replace("{id}", String(rng.nextBelow(1e6))) + query,
      method: ["GET", "POST", "PATCH"][rng.nextBelow(3)],
      status: [200, 204, 301, 404, 503][rng.nextBelow(5)],
    };
  });
}

for (const [name, writer] of Object.entries(WRITERS)) {
  Deno.test(`import, at random: ${name} gives back what was written`, async () => {
    const rng = Rng.fromSeed(7, "import", name);
    for (let round = 0; round < ROUNDS; round++) {
      const requests = generateRequests(rng);
      const text = writer.write(requests);
      const { functions, summary } = await importTrace([source(text)], writer.options);
      assert.deepEqual([summary.rows, summary.taken], [requests.length, requests.length], text);
      const routeOf = (request: Request) =>
        /nginx/.test(name)
          ? escapeNginx(request.route)
          : name === "Apache"
          ? escapeApache(request.route)
          : request.route;
      for (const { name: route, requests: found } of functions) {
        const own = requests.filter((request) => routeOf(request) === route);
        assert.equal(found!.arrivalMs.length, own.length, route);
        const sum = (values: Iterable<number>) => [...values].reduce((all, one) => all + one, 0);
        assert.ok(
          Math.abs(sum(found!.runtimeMs!) - sum(own.map(({ durationMs }) => durationMs))) < 0.5,
          text,
        );
        const starts = own.map(({ startMs }) => startMs).sort((a, b) => a - b);
        found!.arrivalMs.forEach((arrivalMs, i) =>
          assert.ok(Math.abs(arrivalMs - starts[i]) <= writer.resolutionMs + 0.01, text)
        );
      }
    }
  });

  Deno.test(`import, at random: ${name}, damaged, is read or refused in a sentence`, async () => {
    const rng = Rng.fromSeed(11, "import", name);
    let refused = 0;
    for (let round = 0; round < ROUNDS * MUTATIONS_A_FILE; round++) {
      const text = mutate(writer.write(generateRequests(rng)), rng);
      try {
        const { summary, functions } = await importTrace([source(text)], {
          ...writer.options,
          badRows: { share: rng.nextBelow(2) },
        });
        const sum = (entries: readonly { readonly count: number }[]) =>
          entries.reduce((all, { count }) => all + count, 0);
        assert.equal(summary.rows, summary.taken + sum(summary.leftOut) + sum(summary.bad), text);
        const invocations = functions.reduce((all, { counts }) => all + counts.total, 0);
        assert.deepEqual([invocations, summary.invocations], [summary.taken, summary.taken], text);
      } catch (error) {
        if (!(error instanceof LoaderError)) {
          throw new Error(`round ${round}: ${text}`, { cause: error });
        }
        assert.match(error.message, /[.)]$/);
        refused++;
      }
    }
    assert.ok(refused > 0);
  });
}

const PIECES = [
  '"',
  "\\",
  "[",
  "]",
  "{",
  "}",
  ",",
  "\n",
  "\r",
  " ",
  "-",
  "0",
  "9".repeat(30),
  "\0",
  "é",
  "null",
];

/** Damages a text: pieces are taken out, doubled, moved or put in; it breaks off. */
function mutate(text: string, rng: Rng): string {
  let damaged = text;
  for (let times = 1 + rng.nextBelow(4); times > 0; times--) {
    const at = rng.nextBelow(damaged.length + 1);
    const end = Math.min(damaged.length, at + 1 + rng.nextBelow(30));
    const piece = damaged.slice(at, end);
    const [before, behind] = [damaged.slice(0, at), damaged.slice(end)];
    switch (rng.nextBelow(6)) {
      case 0:
        damaged = before + behind;
        break;
      case 1:
        damaged = before + piece + piece + behind;
        break;
      case 2:
        damaged = behind + before + piece;
        break;
      case 3:
        damaged = before + PIECES[rng.nextBelow(PIECES.length)] + piece + behind;
        break;
      case 4:
        damaged = before + PIECES[rng.nextBelow(PIECES.length)] + behind;
        break;
      default:
        damaged = before;
    }
  }
  return damaged;
}

Deno.test("import, at random: damaged answers of Prometheus are read or refused", async () => {
  const rng = Rng.fromSeed(13, "import", "prometheus");
  const series = (name: string, le?: string) => ({
    metric: { __name__: `x_seconds_${name}`, route: "/a", ...(le === undefined ? {} : { le }) },
    values: Array.from({ length: 12 }, (_, i) => [1795766400 + i * 60, String(i * 3)]),
  });
  const answer = JSON.stringify({
    status: "success",
    data: {
      resultType: "matrix",
      result: [series("count"), series("sum"), series("bucket", "0.1"), series("bucket", "+Inf")],
    },
  });
  for (let round = 0; round < ROUNDS * MUTATIONS_A_FILE; round++) {
    const text = mutate(answer, rng);
    try {
      const { functions } = await importTrace([source(text)], { kind: "prometheus" });
      for (const { counts, runtimeMs } of functions) {
        assert.ok(Number.isSafeInteger(counts.total) && counts.total > 0);
        assert.ok(runtimeMs === null || runtimeMs.values.every((value) => value >= 0), text);
      }
    } catch (error) {
      if (!(error instanceof LoaderError)) {
        throw new Error(`round ${round}: ${text}`, { cause: error });
      }
    }
  }
});
