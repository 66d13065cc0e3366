import assert from "node:assert/strict";
import { ERROR_CODE, SETTING } from "../../lib/rpc/http2/protocol.ts";
import {
  data,
  headers,
  OK_TRAILERS,
  type PeerConnection,
  reply,
  REPLY_FIELDS,
  replyMessage,
  ScriptedPeer,
  uint32,
} from "../support/scripted_peer.ts";
import { Session, TestClient } from "./test_client.ts";

Deno.test("calls: a deadline that passes resets the stream, and what comes late is for nobody", async () => {
  await using session = await Session.start([[SETTING.maxConcurrentStreams, 1]], {
    maxConnections: 1,
  });
  const { client, peer } = session;
  client.send(0, { deadlineMs: 30 });
  const streamId = await peer.expectCall();
  await peer.write(headers(streamId, REPLY_FIELDS));
  await peer.settle();
  client.clock.advance(30);
  const seen = await peer.expect("RST_STREAM");
  assert.deepEqual([seen.streamId, ...seen.payload], [streamId, ...uint32(ERROR_CODE.cancel)]);
  await client.expectEnd(0, "timed_out", 4);
  await peer.write(data(streamId, replyMessage()), headers(streamId, OK_TRAILERS, true));
  // Its stream is free again.
  await session.expectUsable(1);
  assert.equal(client.endings.length, 2);
});

Deno.test("calls: a deadline that passes while a call waits for a stream", async () => {
  await using session = await Session.start([[SETTING.maxConcurrentStreams, 1]], {
    maxConnections: 1,
  });
  const { client, peer } = session;
  const streamId = await session.call(0);
  client.send(1, { deadlineMs: 20 });
  client.clock.advance(20);
  await client.expectEnd(1, "unsent", null, false);
  await peer.write(reply(streamId));
  await client.expectEnd(0, "ok", 0);
  await session.expectUsable(2);
});

Deno.test("calls: a deadline that has passed already", async () => {
  await using session = await Session.start();
  const { client } = session;
  client.send(0, { deadlineMs: -10 });
  assert.deepEqual(client.endings, [], "never synchronously");
  assert.deepEqual(await client.ended(0), { outcome: "timed_out", statusCode: 4 });
});

Deno.test("calls: deadlines in any order pass in theirs", async () => {
  await using session = await Session.start();
  const { client } = session;
  [50, 20, 40, 10, 30].forEach((deadlineMs, slot) => client.send(slot, { deadlineMs }));
  for (let i = 0; i < 5; i++) await session.peer.expectCall();
  client.clock.advance(19);
  assert.deepEqual(client.endings.map(({ slot }) => slot), [3]);
  client.clock.advance(100);
  for (let slot = 0; slot < 5; slot++) await client.expectEnd(slot, "timed_out", 4);
  assert.deepEqual(client.endings.map(({ slot }) => slot), [3, 1, 4, 2, 0]);
});

Deno.test("calls: one that is cancelled in flight resets its stream", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const streamId = await session.call(0);
  client.cancel(0);
  assert.deepEqual(client.endings, [], "never synchronously");
  client.cancel(0);
  await client.expectEnd(0, "cancelled", 1);
  const seen = await peer.expect("RST_STREAM");
  assert.deepEqual([seen.streamId, ...seen.payload], [streamId, ...uint32(ERROR_CODE.cancel)]);
  await peer.write(reply(streamId));
  await session.expectUsable(1);
  client.cancel(1);
  client.cancel(200);
  await peer.settle();
});

Deno.test("calls: one that is cancelled in the turn of its sending", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  client.send(0);
  client.cancel(0);
  assert.equal((await client.ended(0)).outcome, "cancelled");
  await peer.expectCall();
  await peer.expect("RST_STREAM");
  await session.expectUsable(1);
});

Deno.test("calls: closing the transport cancels what is out and what waits", async () => {
  await using session = await Session.start([[SETTING.maxConcurrentStreams, 1]], {
    maxConnections: 1,
  });
  const { client, peer } = session;
  await session.call(0);
  client.send(1);
  client.send(2);
  await client.close();
  await client.expectEnd(0, "cancelled", 1);
  await client.expectEnd(1, "cancelled", null, false);
  await client.expectEnd(2, "cancelled", null, false);
  await peer.expect("RST_STREAM");
  assert.equal(await peer.expectGoaway(), ERROR_CODE.noError);
  await peer.expectEnd();
  // Nobody is there to send it; it ends all the same.
  client.send(3);
  await client.expectEnd(3, "cancelled", null, false);
  await client.close();
});

Deno.test("calls: closing in the middle of connecting again leaves nothing behind", async () => {
  await using session = await Session.start();
  const { server, client, peer } = session;
  await session.call(0);
  peer.close();
  await client.expectEnd(0, "failed", 14);
  client.send(1);
  // It says nothing, so that the client waits for its SETTINGS.
  const silent = await server.accept();
  await client.close();
  await client.expectEnd(1, "cancelled", null, false);
  await silent.expectEnd();
});

Deno.test("calls: a traceparent goes with the call that has one, and with no other", async () => {
  await using session = await Session.start([]);
  const { client, peer } = session;
  const traced = (id: string) => `00-${id.repeat(32)}-${id.repeat(16)}-01`;
  // Also behind blocks that were sent before, and before such.
  const sent = [null, traced("a"), null, traced("b"), traced("a"), null];
  for (const [slot, traceparent] of sent.entries()) {
    client.calls.traceparent[slot] = traceparent;
    client.send(slot, { deadlineMs: 30_000 });
    const { streamId, fields } = await peer.expectRequest();
    const values = fields.filter(([name]) => name === "traceparent").map(([, value]) => value);
    assert.deepEqual(values, traceparent === null ? [] : [traceparent]);
    assert.ok(fields.some(([name, value]) => name === "grpc-timeout" && value === "30000m"));
    await peer.expect("DATA");
    await peer.write(reply(streamId));
    await client.expectEnd(slot, "ok", 0);
  }
  const { headerTable } = peer;
  const indexed = Array.from({ length: headerTable.count }, (_, i) => headerTable.nameAt(i));
  assert.ok(!indexed.includes("traceparent"), "it would evict what repeats");
});

Deno.test("calls: authority, path and metadata arrive, and metadata is never indexed", async () => {
  const metadata = { authorization: "Bearer abc", "x-tenant": "a b", "x-key-bin": "AP8" };
  await using session = await Session.start([], { more: { metadata } });
  const { client, peer } = session;
  for (let slot = 0; slot < 3; slot++) {
    client.send(slot, { deadlineMs: 30_000 });
    const { streamId, fields } = await peer.expectRequest();
    assert.deepEqual(fields.filter(([name]) => name !== "grpc-timeout"), [
      [":method", "POST"],
      [":scheme", "http"],
      [":path", "/faas.Executor/Execute"],
      [":authority", "function-0.test"],
      ["te", "trailers"],
      ["content-type", "application/grpc"],
      ["user-agent", "loader"],
      ["authorization", "Bearer abc"],
      ["x-tenant", "a b"],
      ["x-key-bin", "AP8"],
    ]);
    const { headerTable } = peer;
    const indexed = Array.from({ length: headerTable.count }, (_, i) => headerTable.nameAt(i));
    assert.ok(indexed.includes(":authority"));
    for (const name of Object.keys(metadata)) assert.ok(!indexed.includes(name), name);
    await peer.expect("DATA");
    await peer.write(reply(streamId));
    await client.expectEnd(slot, "ok", 0);
  }
});

Deno.test("calls: grpc-timeout is the time to the deadline, rounded up", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  let slot = 0;
  const cases = [
    [900_000, "900000m"],
    [900_000, "900000m"],
    [4999.2, "5000m"],
    [5000, "5000m"],
    [900_000, "900000m"],
    [0.01, "1m"],
    [500_000_000.5, "500001S"],
  ] as const;
  for (const [deadlineMs, text] of cases) {
    client.send(slot, { deadlineMs });
    const { streamId, fields } = await peer.expectRequest();
    assert.deepEqual(fields.filter(([name]) => name === "grpc-timeout"), [["grpc-timeout", text]]);
    await peer.expect("DATA");
    await peer.write(reply(streamId));
    await client.expectEnd(slot, "ok", 0);
    slot++;
  }
});

/** Accepts as many connections as come until the calls have ended, and answers on each. */
async function serve(server: ScriptedPeer, connections: number): Promise<PeerConnection[]> {
  const peers: PeerConnection[] = [];
  for (let i = 0; i < connections; i++) peers.push(await server.acceptHttp2());
  return peers;
}

Deno.test("calls: functions at one address share a connection, each with its authority", async () => {
  using server = ScriptedPeer.listen();
  const [client, [peer]] = await Promise.all([
    TestClient.connect([server.address, server.address, server.address]),
    serve(server, 1),
  ]);
  await using _client = client;
  for (let slot = 0; slot < 6; slot++) {
    client.send(slot, { functionIndex: slot % 3 });
    const { streamId, fields } = await peer.expectRequest();
    assert.deepEqual(fields[3], [":authority", `function-${slot % 3}.test`]);
    await peer.expect("DATA");
    await peer.write(reply(streamId));
    await client.expectEnd(slot, "ok", 0);
  }
  assert.equal(server.connectionCount, 1);
});

Deno.test("calls: a connection for each function", async () => {
  using server = ScriptedPeer.listen();
  const [client, peers] = await Promise.all([
    TestClient.connect([server.address, server.address], { connections: "function" }),
    serve(server, 2),
  ]);
  await using _client = client;
  for (let slot = 0; slot < 4; slot++) client.send(slot, { functionIndex: slot % 2 });
  const authorities = await Promise.all(peers.map(async (peer) => {
    const seen = [];
    for (let i = 0; i < 2; i++) {
      const { streamId, fields } = await peer.expectRequest();
      seen.push(fields[3][1]);
      await peer.expect("DATA");
      await peer.write(reply(streamId));
    }
    assert.equal(seen[0], seen[1]);
    return seen[0];
  }));
  assert.deepEqual(authorities.sort(), ["function-0.test", "function-1.test"]);
  for (let slot = 0; slot < 4; slot++) await client.expectEnd(slot, "ok", 0);
  assert.equal(server.connectionCount, 2);
});

Deno.test("calls: a connection for each invocation, closed after it", async () => {
  await using session = await Session.start([], { connections: "invocation" });
  const { server, client, peer } = session;
  // The first was only to see that somebody is there.
  await peer.expectEnd();
  for (let slot = 0; slot < 3; slot++) {
    client.send(slot);
    const own = await server.acceptHttp2();
    await own.write(reply(await own.expectCall()));
    await client.expectEnd(slot, "ok", 0);
    await own.expectEnd();
  }
  client.send(3);
  client.send(4);
  const both = [await server.acceptHttp2(), await server.acceptHttp2()];
  for (const own of both) await own.write(reply(await own.expectCall()));
  await client.expectEnd(3, "ok", 0);
  await client.expectEnd(4, "ok", 0);
  assert.equal(server.connectionCount, 6);
});

Deno.test("calls: a connection for each invocation, and no more at once than allowed", async () => {
  await using session = await Session.start([], { connections: "invocation", maxConnections: 2 });
  const { server, client, peer } = session;
  await peer.expectEnd();
  for (let slot = 0; slot < 6; slot++) client.send(slot);
  for (let round = 0; round < 3; round++) {
    const both = [await server.acceptHttp2(), await server.acceptHttp2()];
    const streams = [await both[0].expectCall(), await both[1].expectCall()];
    assert.equal(server.connectionCount, 3 + 2 * round);
    await both[0].write(reply(streams[0]));
    await both[1].write(reply(streams[1]));
    await both[0].expectEnd();
    await both[1].expectEnd();
  }
  for (let slot = 0; slot < 6; slot++) await client.expectEnd(slot, "ok", 0);
});

Deno.test("calls: with a connection for each invocation, nobody there is no connection", async () => {
  await using session = await Session.start([], { connections: "invocation", keepAliveMs: null });
  const { server, client, peer } = session;
  await peer.expectEnd();
  client.send(0);
  const own = await server.acceptHttp2();
  const streamId = await own.expectCall();
  client.send(1);
  // Another call has its connection, but this one gets none: it is said nothing to.
  const silent = await server.accept();
  client.clock.advance(15_000);
  await client.expectEnd(1, "connect_failed", null, false);
  await silent.expectEnd();
  await own.write(reply(streamId));
  await client.expectEnd(0, "ok", 0);
});
