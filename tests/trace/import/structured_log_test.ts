import assert from "node:assert/strict";
import { importAll } from "./log_files.ts";

/** A line of each program, as it writes it, of one request. */
const JSON_LINES: Readonly<Record<string, readonly [object, string, number]>> = {
  "Caddy": [
    {
      level: "info",
      ts: 1795766400.5,
      logger: "http.log.access.log0",
      msg: "handled request",
      request: { remote_ip: "127.0.0.1", method: "GET", host: "shop", uri: "/a/7?b=1" },
      duration: 0.25,
      size: 12,
      status: 200,
    },
    "2026-11-27T08:00:00.250Z",
    250,
  ],
  "Traefik": [
    {
      StartUTC: "2026-11-27T08:00:00.123456789Z",
      Duration: 250_000_000,
      RequestMethod: "GET",
      RequestPath: "/a/7?b=1",
      DownstreamStatus: 200,
      OriginStatus: 200,
      time: "2026-11-27T08:00:01Z",
    },
    "2026-11-27T08:00:00.123Z",
    250,
  ],
  "Envoy": [
    {
      start_time: "2026-11-27T08:00:00.123Z",
      method: "GET",
      path: "/a/7?b=1",
      response_code: 200,
      duration: 250,
    },
    "2026-11-27T08:00:00.123Z",
    250,
  ],
  "Google Cloud": [
    {
      timestamp: "2026-11-27T08:00:00.123456Z",
      httpRequest: {
        requestMethod: "GET",
        requestUrl: "https://shop.example/a/7?b=1",
        status: 200,
        latency: "0.250s",
      },
      resource: { labels: { service_name: "shop" } },
    },
    "2026-11-27T08:00:00.123Z",
    250,
  ],
  "pino-http": [
    {
      level: 30,
      time: 1795766400500,
      req: { id: 1, method: "GET", url: "/a/7?b=1" },
      res: { statusCode: 200 },
      responseTime: 250,
      msg: "request completed",
    },
    "2026-11-27T08:00:00.250Z",
    250,
  ],
  "nginx with a format of JSON": [
    {
      time_iso8601: "2026-11-27T08:00:01+00:00",
      request_method: "GET",
      request_uri: "/a/7?b=1",
      status: "200",
      request_time: "0.250",
    },
    "2026-11-27T08:00:00.750Z",
    250,
  ],
};

for (const [program, [row, arrival, runtimeMs]] of Object.entries(JSON_LINES)) {
  Deno.test(`logs in JSON: ${program}`, async () => {
    const starting = { ts: 1795766399.1, level: "info", msg: "serving initial configuration" };
    const lines = [starting, row, row].map((line) => JSON.stringify(line)).join("\n");
    const { requests, tally } = await importAll(lines, { statuses: ["2xx"], methods: ["get"] });
    const expected = { name: "/a/{id}", arrival, runtimeMs };
    assert.deepEqual(requests, [expected, expected]);
    assert.deepEqual(tally.leftOut, [{ reason: "no request in it", count: 1, examples: [] }]);
  });
}

Deno.test("logs in JSON: fields of one's own, nested by dots, or with dots in their names", async () => {
  const row = { at: { begin: 1795766400123 }, "fn.name": "resize", took: { us: 1500 }, mem: 96 };
  const { requests, notes } = await importAll(JSON.stringify(row), {
    timeField: "at.begin",
    functionField: "fn.name",
    durationField: "took.us",
    memoryField: "mem",
  });
  assert.deepEqual(requests, [
    { name: "resize", arrival: "2026-11-27T08:00:00.123Z", runtimeMs: 1.5 },
  ]);
  assert.deepEqual(notes, [
    "Fields as of the usual names of fields: at.begin is the start of a request, took.us (us) is " +
    "how long it took.",
  ]);
});

Deno.test("logs in JSON: a list, or one document of many lines", async () => {
  const rows = [JSON_LINES.Envoy[0], JSON_LINES.Envoy[0]];
  for (const text of [JSON.stringify(rows), JSON.stringify(rows, null, 2)]) {
    assert.equal((await importAll(text)).tally.taken, 2);
  }
});

Deno.test("logs in JSON: rows that are none are bad, one by one", async () => {
  const good = JSON.stringify(JSON_LINES.Caddy[0]);
  const lines = [...Array(500).fill(good), '{"ts": 17957664', "[1]", good.replace("0.25,", '"x",')];
  const { tally } = await importAll(lines.join("\n"));
  assert.deepEqual([tally.rows, tally.taken, tally.bad], [503, 500, 3]);
  assert.deepEqual(tally.badRows.map(({ reason }) => reason).sort(), [
    "a duration of an unknown form",
    "no JSON",
    "no object of JSON",
  ]);
});

Deno.test("logs in JSON: a field that is not there, and no time stamp, are told", async () => {
  const row = JSON.stringify({ when: "2026-11-27T08:00:00Z", path: "/a", took_ms: 3 });
  await assert.rejects(importAll(row), {
    code: "usage",
    message: /None of the fields is known for a time stamp; .*has when, path, took_ms/,
  });
  await assert.rejects(importAll(row, { timeField: "wenn" }), {
    message: /There is no field "wenn" \(--time-field\); the first row has when, path, took_ms\./,
  });
  const { tally } = await importAll(row, { timeField: "when", functionField: "fn" });
  assert.deepEqual(tally.leftOut.map(({ reason }) => reason), ["no request in it"]);
});

Deno.test("CSV: columns by name, quoted cells, semicolons, a byte order mark, CRLF", async () => {
  const text = "\ufeffstart_time;path;duration_ms;user agent\r\n" +
    '2026-11-27T08:00:00.5Z;/a/7;12.5;"x; ""y"""\r\n' +
    '2026-11-27 08:00:01;/b;3;"two\r\nlines"\r\n';
  const { requests, notes } = await importAll(text);
  assert.deepEqual(requests, [
    { name: "/a/{id}", arrival: "2026-11-27T08:00:00.500Z", runtimeMs: 12.5 },
    { name: "/b", arrival: "2026-11-27T08:00:01.000Z", runtimeMs: 3 },
  ]);
  assert.match(notes[0], /start_time is the start of a request, duration_ms \(ms\)/);
});

Deno.test("CSV: a time stamp that is named leaves the other fields known", async () => {
  const { requests } = await importAll("when,path,took_ms\n2026-11-27T08:00:00.5Z,/a,3\n", {
    timeField: "when",
    stamp: "start",
  });
  assert.deepEqual(requests, [
    { name: "/a", arrival: "2026-11-27T08:00:00.500Z", runtimeMs: 3 },
  ]);
});

Deno.test("CSV: ragged rows are bad, an open quote does not swallow the file", async () => {
  const row = "2026-11-27T08:00:00Z,/a,1";
  const lines = ["timestamp,path,duration_s", ...Array(300).fill(row), "2026-11-27T08:00:00Z,/a"];
  const { tally } = await importAll(lines.join("\n"));
  assert.deepEqual([tally.taken, tally.bad], [300, 1]);
  const open = ["timestamp,path,duration_s", ...Array(9000).fill(row), `"x,${row}`];
  const { tally: swallowed } = await importAll([...open, ...Array(9000).fill(row)].join("\n"), {
    badRows: { share: 1 },
  });
  assert.ok(swallowed.bad > 0 && swallowed.taken > 9000, `${swallowed.bad} ${swallowed.taken}`);
});

Deno.test("CSV: a duration of an unknown unit is bad, told with the way out", async () => {
  const text = "timestamp,path,duration\n2026-11-27T08:00:00Z,/a,1\n";
  await assert.rejects(importAll(text), { message: /a duration without a unit: "1"/ });
  const { requests } = await importAll(text, { durationUnit: "s" });
  assert.equal(requests[0].runtimeMs, 1000);
});

Deno.test("extended log format: CloudFront counts seconds, IIS milliseconds", async () => {
  const cloudFront = [
    "#Version: 1.0",
    "#Fields: date time x-edge-location sc-bytes cs-method cs-uri-stem sc-status time-taken",
    "2026-11-27\t08:00:01\tZRH50\t100\tGET\t/a/7\t200\t0.250",
    "#Fields: date time x-edge-location cs-method cs-uri-stem sc-status time-taken",
    "2026-11-27\t08:00:02\tZRH50\tGET\t/a/7\t200\t1",
  ];
  const iis = [
    "#Software: Microsoft Internet Information Services 10.0",
    "#Fields: date time cs-method cs-uri-stem cs-uri-query sc-status time-taken",
    "2026-11-27 08:00:01 GET /a/7 b=1 200 250",
  ];
  assert.deepEqual(
    (await importAll(cloudFront.join("\n"))).requests.map(({ arrival }) => arrival),
    ["2026-11-27T08:00:00.750Z", "2026-11-27T08:00:01.000Z"],
  );
  assert.deepEqual((await importAll(iis.join("\r\n"))).requests, [
    { name: "/a/{id}", arrival: "2026-11-27T08:00:00.750Z", runtimeMs: 250 },
  ]);
});
