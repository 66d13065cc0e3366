import assert from "node:assert/strict";
import type { Outcome } from "../../lib/model/record.ts";
import { ERROR_CODE } from "../../lib/rpc/http2/protocol.ts";
import {
  concat,
  data,
  goaway,
  headers,
  reply,
  REPLY_FIELDS,
  reset,
} from "../support/scripted_peer.ts";
import { Session } from "./test_client.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A reply in HTTP alone. */
function page(status: number, body: string, type = "text/plain; charset=utf-8") {
  return (id: number) => {
    const fields = { ":status": String(status), "content-type": type };
    if (body === "") return headers(id, fields, true);
    const octets = bytes(body);
    // In two parts, as it may come.
    return concat(
      headers(id, fields),
      data(id, octets.subarray(0, 3)),
      data(id, octets.subarray(3), true),
    );
  };
}

/** What a peer does, and what is told of it. */
interface Case {
  readonly write: (streamId: number) => Uint8Array;
  readonly outcome: Outcome;
  readonly statusCode: number;
  readonly message: string | null;
}

const CASES: Readonly<Record<string, Case>> = {
  "Knative's full queue": {
    write: page(503, "pending request queue full\n"),
    outcome: "rejected",
    statusCode: 14,
    message: "HTTP 503: pending request queue full",
  },
  "Knative's activator that waited long enough": {
    write: page(504, "activator request timeout"),
    outcome: "timed_out",
    statusCode: 14,
    message: "HTTP 504: activator request timeout",
  },
  "Knative's queue-proxy that lost its function": {
    write: page(502, "unexpected EOF\n"),
    outcome: "failed",
    statusCode: 14,
    message: "HTTP 502: unexpected EOF",
  },
  "no route": {
    write: page(404, ""),
    outcome: "failed",
    statusCode: 12,
    message: "HTTP 404",
  },
  "a page of HTML": {
    write: page(
      503,
      "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>" +
        "\r\n<hr><center>nginx/1.22.1</center>",
      "text/html",
    ),
    outcome: "rejected",
    statusCode: 14,
    message: "HTTP 503: 503 Service Temporarily Unavailable nginx/1.22.1",
  },
  "a server of web pages": {
    write: page(200, "hello", "text/plain"),
    outcome: "failed",
    statusCode: 2,
    message: "HTTP 200 with text/plain: hello",
  },
  "words that are long, and not words": {
    write: page(500, `a\u0000b\u001b[31m\n\n"c",${"ü".repeat(1000)}`),
    outcome: "failed",
    statusCode: 2,
    message: `HTTP 500: a b [31m "c",${"ü".repeat(200 - 13)}`,
  },
  "bytes that are no text": {
    write: (id) =>
      concat(headers(id, { ":status": "500" }), data(id, Uint8Array.of(0xff, 0xc3), true)),
    outcome: "failed",
    statusCode: 2,
    message: "HTTP 500: \ufffd\ufffd",
  },
  "a reply without its status": {
    write: (id) => concat(headers(id, REPLY_FIELDS), data(id, new Uint8Array(0), true)),
    outcome: "failed",
    statusCode: 2,
    message: "HTTP 200 without grpc-status",
  },
  "a status in words": {
    write: (id) =>
      headers(
        id,
        { ...REPLY_FIELDS, "grpc-status": "14", "grpc-message": "no healthy upstream%0A" },
        true,
      ),
    outcome: "rejected",
    statusCode: 14,
    message: "no healthy upstream",
  },
  "a status without words": {
    write: (id) => headers(id, { ...REPLY_FIELDS, "grpc-status": "13" }, true),
    outcome: "failed",
    statusCode: 13,
    message: null,
  },
  "a reset": {
    write: (id) => reset(id, ERROR_CODE.internalError),
    outcome: "failed",
    statusCode: 13,
    message: "RST_STREAM INTERNAL_ERROR",
  },
  "a reset with a code that nobody knows": {
    write: (id) => reset(id, 99),
    outcome: "failed",
    statusCode: 13,
    message: "RST_STREAM error 99",
  },
};

for (const [what, { write, outcome, statusCode, message }] of Object.entries(CASES)) {
  Deno.test(`reasons: ${what}`, async () => {
    await using session = await Session.start();
    const { client, peer } = session;
    const streamId = await session.call(0);
    await peer.write(write(streamId));
    await client.expectEnd(0, outcome, statusCode);
    assert.equal(client.calls.statusMessage[0], message);
    await session.expectUsable(1);
    assert.equal(client.calls.statusMessage[1], null, "of a call that is well nothing is said");
  });
}

/** What a peer does at a deadline, and the status that then stands beside it. */
const AT_DEADLINE: Readonly<
  Record<string, readonly [(id: number) => Uint8Array, number, string | null]>
> = {
  "grpc-go and tonic: a reset": [
    (id) => reset(id, ERROR_CODE.cancel),
    4,
    "RST_STREAM CANCEL",
  ],
  "HAProxy: refused, although the handler ran": [
    (id) => reset(id, ERROR_CODE.refusedStream),
    4,
    "RST_STREAM REFUSED_STREAM",
  ],
  "nginx and queue-proxy: a bad gateway": [
    page(502, "EOF"),
    4,
    "HTTP 502: EOF",
  ],
  "Envoy: unavailable": [
    (id) =>
      headers(id, { ...REPLY_FIELDS, "grpc-status": "14", "grpc-message": "reset reason" }, true),
    14,
    "reset reason",
  ],
  "a handler that looks at its context": [
    (id) => headers(id, { ...REPLY_FIELDS, "grpc-status": "1" }, true),
    1,
    null,
  ],
  "tonic and grpcio: the deadline by name": [
    (id) => headers(id, { ...REPLY_FIELDS, "grpc-status": "4" }, true),
    4,
    null,
  ],
};

for (const [what, [write, statusCode, message]] of Object.entries(AT_DEADLINE)) {
  Deno.test(`reasons at the deadline: ${what}, has timed out and is not sent again`, async () => {
    await using session = await Session.start();
    const { client, peer } = session;
    client.send(0, { deadlineMs: 50 });
    const streamId = await peer.expectCall();
    client.clock.advance(49.2);
    await peer.write(write(streamId));
    await client.expectEnd(0, "timed_out", statusCode);
    assert.equal(client.calls.statusMessage[0], message);
    // The next request is the next call.
    await session.expectUsable(1);
  });
}

Deno.test("reasons at the deadline: our own clock alone says nothing", async () => {
  await using session = await Session.start();
  const { client } = session;
  client.send(0, { deadlineMs: 50 });
  await session.peer.expectCall();
  client.clock.advance(50);
  await client.expectEnd(0, "timed_out", 4);
  assert.equal(client.calls.statusMessage[0], null);
});

Deno.test("reasons: GOAWAY with its words, for calls that it takes along and for the ledger", async () => {
  await using session = await Session.start();
  const { client, peer, server } = session;
  await session.expectUsable(0);
  const lost = await session.call(1);
  await session.call(2);
  await peer.write(goaway(lost, ERROR_CODE.enhanceYourCalm, "invalid_rst_stream_frame_rate"));
  const second = await server.acceptHttp2();
  await second.write(reply(await second.expectCall()));
  await client.expectEnd(2, "ok", 0);
  assert.equal(client.calls.statusMessage[2], null, "it was sent again, and is well");
  peer.close();
  await client.expectEnd(1, "failed", 14);
  assert.equal(
    client.calls.statusMessage[1],
    "connection lost: the peer closed it after GOAWAY ENHANCE_YOUR_CALM " +
      "invalid_rst_stream_frame_rate",
  );
  const [{ openedMs, readyMs, endedMs, ...ended }] = client.connections;
  assert.deepEqual(ended, {
    address: server.address,
    endedBy: "peer",
    code: "ENHANCE_YOUR_CALM",
    detail: "invalid_rst_stream_frame_rate",
    requests: 3,
    resetsSent: 0,
    resetsReceived: 0,
    callsLost: 1,
  });
  assert.ok(openedMs <= readyMs && readyMs <= endedMs);
});

Deno.test("reasons: a peer that goes away for ever says why", async () => {
  await using session = await Session.start();
  const { server, client } = session;
  client.send(0);
  let { peer } = session;
  for (let sends = 1; sends <= 4; sends++) {
    await peer.expectCall();
    await peer.write(goaway(0, ERROR_CODE.noError, "draining"));
    if (sends < 4) peer = await client.clock.advanceUntil(server.acceptHttp2());
  }
  await client.expectEnd(0, "rejected", 14);
  assert.equal(client.calls.statusMessage[0], "GOAWAY NO_ERROR draining");
});

Deno.test("reasons: a connection that is just closed, or silent", async () => {
  await using session = await Session.start();
  const { client, peer, server } = session;
  await session.call(0);
  await session.call(1);
  peer.close();
  for (const slot of [0, 1]) {
    await client.expectEnd(slot, "failed", 14);
    assert.match(client.calls.statusMessage[slot]!, /^connection lost: the peer closed it/);
  }
  const second = await client.clock.advanceUntil(server.acceptHttp2());
  client.send(2, { deadlineMs: 900_000 });
  await second.expectCall();
  client.clock.advance(8_000);
  await second.expect("PING");
  client.clock.advance(6_000);
  await client.expectEnd(2, "failed", 14);
  assert.match(
    client.calls.statusMessage[2]!,
    /^connection lost: the peer was silent for \d+ ms$/,
  );
  const by = client.connections.map(({ endedBy, code, callsLost }) => [endedBy, code, callsLost]);
  assert.deepEqual(by, [["peer", null, 2], ["network", null, 1]]);
});

Deno.test("reasons: a peer that breaks the protocol", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  await session.call(0);
  await peer.write(data(0, bytes("x")));
  await client.expectEnd(0, "failed", 14);
  assert.match(client.calls.statusMessage[0]!, /^connection lost: .*stream 0.*PROTOCOL_ERROR/);
  await peer.expectGoaway();
  await peer.expectEnd();
  await session.expectReplaced(1);
  const [{ endedBy, code, callsLost }] = client.connections;
  assert.deepEqual([endedBy, code, callsLost], ["loader", "PROTOCOL_ERROR", 1]);
});

Deno.test("reasons: no connection, and why", async () => {
  await using session = await Session.start();
  const { client, server } = session;
  server[Symbol.dispose]();
  await client.clock.advanceUntil((async () => {
    while (!client.connections.some(({ readyMs }) => Number.isNaN(readyMs))) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })());
  client.send(0);
  client.clock.advance(15_000);
  await client.expectEnd(0, "connect_failed", null, false);
  assert.match(client.calls.statusMessage[0]!, /refused/i);
  const failed = client.connections.find(({ readyMs }) => Number.isNaN(readyMs))!;
  assert.match(failed.detail!, /refused/i);
  assert.deepEqual([failed.endedBy, failed.code, failed.requests], ["peer", null, 0]);
});

Deno.test("reasons: what the loader closes itself is in the ledger too, and says nothing", async () => {
  await using session = await Session.start();
  const { client } = session;
  await session.expectUsable(0);
  await client.close();
  const [{ endedBy, code, detail, requests, callsLost }] = client.connections;
  assert.deepEqual([endedBy, code, detail, requests, callsLost], [
    "loader",
    "NO_ERROR",
    null,
    1,
    0,
  ]);
  assert.equal(client.connections.length, 1);
});

Deno.test("reasons: a peer that listens and does not speak HTTP/2", async () => {
  await using session = await Session.start();
  const { client, peer, server } = session;
  await session.expectUsable(0);
  peer.close();
  const second = await client.clock.advanceUntil(server.accept());
  await second.write(bytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await client.clock.advanceUntil((async () => {
    while (client.connections.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  })());
  assert.match(client.connections[1].detail!, /first bytes are not those of HTTP\/2/);
  assert.ok(Number.isNaN(client.connections[1].readyMs));
});
