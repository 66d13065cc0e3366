import assert from "node:assert/strict";
import { importAll, source } from "./log_files.ts";

const START = "1795766400123456789";
const END = "1795766400373456789";

function attribute(key: string, value: string | number) {
  return { key, value: typeof value === "string" ? { stringValue: value } : { intValue: value } };
}

function span(attributes: Readonly<Record<string, string | number>>, other: object = {}) {
  return {
    traceId: "5b8efff798038103d269b633813fc60c",
    spanId: "eee19b7ec3c1b174",
    name: "GET",
    kind: 2,
    startTimeUnixNano: START,
    endTimeUnixNano: END,
    attributes: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    ...other,
  };
}

function document(...spans: readonly object[]) {
  return {
    resourceSpans: [{
      resource: { attributes: [attribute("service.name", "shop")] },
      scopeSpans: [{ scope: { name: "http" }, spans }],
    }],
  };
}

Deno.test("spans: function by faas.name, route, RPC or path; servers' alone", async () => {
  const spans = [
    span({ "http.route": "/a/:id", "url.path": "/a/7", "http.response.status_code": 200 }),
    span({ "faas.name": "resize", "http.route": "/b" }),
    span({ "rpc.service": "shop.Cart", "rpc.method": "Add" }),
    span({ "url.path": "/c/7?x=1" }),
    span({ "http.target": "/c/8?x=1" }, { kind: "SPAN_KIND_SERVER" }),
    span({}),
    span({ "http.route": "/a" }, { kind: 3 }),
    span({ "http.route": "/a" }, { kind: "SPAN_KIND_CONSUMER" }),
    span({ "http.route": "/a" }, { kind: undefined }),
  ];
  const { requests, tally } = await importAll(JSON.stringify(document(...spans)));
  assert.deepEqual(requests.map(({ name }) => name), [
    "resize",
    "shop /a/:id",
    "shop /c/{id}",
    "shop /c/{id}",
    "shop GET",
    "shop shop.Cart/Add",
  ]);
  for (const { arrival, runtimeMs } of requests) {
    assert.deepEqual([arrival, runtimeMs], ["2026-11-27T08:00:00.123Z", 250]);
  }
  assert.equal(tally.rows, spans.length);
  assert.deepEqual(tally.leftOut.map(({ reason, count }) => `${reason} ${count}`).sort(), [
    "a span of kind client 1",
    "a span of kind consumer 1",
    "a span of kind unspecified 1",
  ]);
});

Deno.test("spans: a line or a document, times as text or as numbers beyond 2^53", async () => {
  const text = JSON.stringify(document(span({ "http.route": "/a" })));
  const bare = text.replaceAll(/"(\d{19})"/g, "$1");
  assert.notEqual(text, bare);
  const pretty = JSON.stringify(JSON.parse(text), null, 2);
  for (const content of [text, bare, `${text}\n${bare}\n`, pretty]) {
    const { columns } = await importAll(content);
    const [{ arrivalMs, runtimeMs }] = [...columns.list(false)];
    assert.ok(Math.abs(arrivalMs[0] - 1795766400123.4568) < 0.0005, String(arrivalMs[0]));
    assert.equal(runtimeMs![0], 250);
  }
});

Deno.test("spans: what is chosen: attribute, kinds, status", async () => {
  const spans = [
    span({ "code.function": "handle", "http.status_code": 200 }),
    span({ "http.status_code": 500, "code.function": "handle" }),
    span({ "http.status_code": 200 }),
    span({ "code.function": "consume" }, { kind: 5 }),
  ];
  const { requests, tally } = await importAll(JSON.stringify(document(...spans)), {
    functionField: "code.function",
    statuses: ["200"],
    spanKinds: ["server", "consumer"],
  });
  assert.deepEqual(requests.map(({ name }) => name), ["handle"]);
  assert.deepEqual(tally.leftOut.map(({ reason, count }) => `${reason} ${count}`).sort(), [
    "another status 1",
    "status not told 1",
    "without the attribute code.function 1",
  ]);
});

Deno.test("spans: a bad one among good ones is counted", async () => {
  const good = span({ "http.route": "/a" });
  const spans = [
    ...Array(300).fill(good),
    span({}, { endTimeUnixNano: "1795766400123456788" }),
    span({}, { startTimeUnixNano: "soon" }),
    null,
  ];
  const { tally } = await importAll(JSON.stringify(document(...spans)));
  assert.deepEqual([tally.rows, tally.taken, tally.bad], [303, 300, 3]);
});

Deno.test("spans: other signals and Jaeger's answers are told by name", async () => {
  await assert.rejects(importAll('{"resourceMetrics":[]}'), { message: /resourceMetrics of OTLP/ });
  await assert.rejects(importAll('{"data":[{"traceID":"1","spans":[]}]}'), { message: /Jaeger/ });
  const half = JSON.stringify(document(span({})), null, 2).slice(0, -20);
  await assert.rejects(importAll([source(half, "spans.json")]), {
    message: /^spans\.json: The document is no JSON, or breaks off\./,
  });
});
