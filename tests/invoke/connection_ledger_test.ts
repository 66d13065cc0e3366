import assert from "node:assert/strict";
import { ConnectionLedger } from "../../lib/invoke/connection_ledger.ts";
import type { EndedConnection } from "../../lib/model/platform.ts";
import { CONNECTIONS } from "../../lib/store/schema/tables.ts";
import { MemorySink } from "../support/memory_sink.ts";

const HEALTHY: EndedConnection = {
  address: "127.0.0.1:1",
  openedMs: 1000,
  readyMs: 1001,
  endedMs: 1010,
  endedBy: "loader",
  code: "NO_ERROR",
  detail: null,
  requests: 1,
  resetsSent: 0,
  resetsReceived: 0,
  callsLost: 0,
};

const BROKEN: EndedConnection = {
  ...HEALTHY,
  endedBy: "peer",
  code: "ENHANCE_YOUR_CALM",
  detail: "too_many_resets",
  requests: 200,
  resetsSent: 128,
  callsLost: 7,
};

const REFUSED: EndedConnection = {
  ...HEALTHY,
  readyMs: NaN,
  endedBy: "peer",
  code: null,
  detail: "Connection refused",
  requests: 0,
};

Deno.test("ledger: a row a connection, from run start", () => {
  const sink = new MemorySink(CONNECTIONS);
  const ledger = new ConnectionLedger(sink);
  ledger.record(HEALTHY);
  assert.equal(sink.rows.length, 0, "there is no run start yet");
  ledger.begin(1005);
  ledger.record(BROKEN);
  ledger.record(REFUSED);
  ledger.end();
  assert.deepEqual(
    sink.rows.map((row) => [row.opened_ms, row.ready_ms, row.ended_ms, row.connections]),
    [[-5, -4, 5, 1], [-5, -4, 5, 1], [-5, null, 5, 1]],
  );
  assert.deepEqual(sink.rows[1], {
    opened_ms: -5,
    ready_ms: -4,
    ended_ms: 5,
    address: "127.0.0.1:1",
    connections: 1,
    ended_by: "peer",
    code: "ENHANCE_YOUR_CALM",
    detail: "too_many_resets",
    requests: 200,
    resets_sent: 128,
    resets_received: 0,
    calls_lost: 7,
  });
});

Deno.test("ledger: a connection for every invocation takes bounded room, and nothing is left out", () => {
  const sink = new MemorySink(CONNECTIONS);
  const ledger = new ConnectionLedger(sink);
  ledger.begin(0);
  for (let i = 0; i < 30_000; i++) {
    const endedMs = 1010 + i;
    ledger.record({ ...HEALTHY, openedMs: 1000 + i, endedMs });
    ledger.record({ ...BROKEN, endedMs, address: `127.0.0.1:${i}`, detail: `word ${i}` });
  }
  ledger.end();
  assert.ok(sink.rows.length < 11_500, String(sink.rows.length));
  const sum = (column: string, code: string) =>
    sink.rows.filter((row) => row.code === code || row.code === null && code !== "NO_ERROR")
      .reduce((total, row) => total + Number(row[column]), 0);
  assert.equal(sum("connections", "NO_ERROR"), 30_000);
  assert.equal(sum("requests", "NO_ERROR"), 30_000);
  assert.equal(sum("connections", "ENHANCE_YOUR_CALM"), 30_000);
  assert.equal(sum("calls_lost", "ENHANCE_YOUR_CALM"), 210_000);
  const healthy = sink.rows.find(({ code, connections }) =>
    code === "NO_ERROR" && Number(connections) > 1
  )!;
  assert.deepEqual(
    [healthy.opened_ms, healthy.ready_ms, healthy.ended_ms, healthy.address],
    [2000, null, 31_009, "127.0.0.1:1"],
  );
  const groups = ledger.groups();
  assert.ok(groups.length <= 102);
  assert.equal(groups.reduce((total, { connections }) => total + connections, 0), 60_000);
});

Deno.test("ledger: those that broke have their row after many that did not", () => {
  const sink = new MemorySink(CONNECTIONS);
  const ledger = new ConnectionLedger(sink);
  ledger.begin(0);
  for (let i = 0; i < 20_000; i++) ledger.record(HEALTHY);
  ledger.record(BROKEN);
  ledger.end();
  assert.ok(sink.rows.some(({ detail }) => detail === "too_many_resets"));
});
