import assert from "node:assert/strict";
import type { ConnectionGroup } from "../../lib/invoke/connection_ledger.ts";
import { describeConnections } from "../../lib/run/run_notes.ts";

function group(given: Partial<ConnectionGroup>): ConnectionGroup {
  return {
    endedBy: "peer",
    code: null,
    detail: null,
    wasReady: true,
    connections: 1,
    requests: 100,
    resetsSent: 0,
    resetsReceived: 0,
    callsLost: 0,
    ...given,
  };
}

Deno.test("connection notes: those that did their work say nothing", () => {
  assert.deepEqual(
    describeConnections([
      group({ endedBy: "loader", code: "NO_ERROR", connections: 9 }),
      group({ code: "NO_ERROR", detail: "max_age", connections: 900 }),
      group({ detail: "the peer closed it" }),
    ]),
    [],
  );
});

Deno.test("connection notes: who ended them, why, and what was lost", () => {
  assert.deepEqual(
    describeConnections([
      group({
        code: "ENHANCE_YOUR_CALM",
        detail: "invalid_rst_stream_frame_rate",
        connections: 9,
      }),
      group({
        detail: "the peer closed it",
        connections: 2,
        resetsSent: 500,
        callsLost: 37,
      }),
      group({ endedBy: "network", detail: "the peer was silent for 20000 ms", callsLost: 1 }),
      group({ wasReady: false, detail: "Connection refused", connections: 12 }),
      group({ wasReady: false, endedBy: "network", detail: "no answer in 15 s", connections: 1 }),
    ]),
    [
      "The server ended 2 connections: the peer closed it; 37 calls were lost with them, after the " +
      "loader had given up 500 calls by a reset (servers count those: see --expired-calls and " +
      "--timeout).",
      "1 connection broke: the peer was silent for 20000 ms; 1 call was lost with it.",
      "The server ended 9 connections: ENHANCE_YOUR_CALM invalid_rst_stream_frame_rate.",
      "13 attempts to connect failed, most of them: Connection refused.",
    ],
  );
});
