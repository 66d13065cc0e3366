import assert from "node:assert/strict";
import type { ConnectionGroup } from "../../lib/invoke/connection_ledger.ts";
import { UNKNOWN_MACHINE } from "../../lib/invoke/machine_watch.ts";
import { deriveVerdict, NO_EVIDENCE, VERDICT_LIMITS } from "../../lib/invoke/verdict.ts";
import { OUTCOMES } from "../../lib/model/record.ts";
import { describeConnections, describeEndedRun, type EndedRun } from "../../lib/run/run_notes.ts";

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

Deno.test("notes: a CPU limit that held the loader back is told where it made no verdict", () => {
  const notesOf = (lateDispatches: number) => {
    const evidence = {
      ...NO_EVIDENCE,
      dispatched: 1000,
      lateDispatches,
      seconds: 10,
      machine: {
        limits: { cpuCores: 0.5, memoryMib: null },
        means: { ...UNKNOWN_MACHINE, cpuPeriods: 9.5, throttledPeriods: 8.2 },
        causes: [],
      },
    };
    return describeEndedRun({
      result: {
        outcomes: Object.fromEntries(OUTCOMES.map((name) => [name, 0])),
        complaints: [],
        badGateways: [],
        connections: [],
        verdict: deriveVerdict(evidence, VERDICT_LIMITS),
        interrupted: false,
      } as unknown as EndedRun["result"],
      platform: { name: "endpoints" },
      isLost: false,
      scrapes: [],
      warmupCheck: null,
      blockingWrites: 0,
      waitingNote: null,
    });
  };
  assert.match(notesOf(0).join(), /held back at its CPU limit of 0.5 cores in 82 of the 95/);
  // There its verdict says so.
  assert.deepEqual(notesOf(500), []);
});
