import assert from "node:assert/strict";
import { ERROR_CODE, FLAG, SETTING } from "../../lib/rpc/http2/protocol.ts";
import { REQUEST_BYTES } from "../../lib/rpc/executor/executor_messages.ts";
import { concat, reply, reset, settings, uint32, windowUpdate } from "../support/scripted_peer.ts";
import { Session } from "./test_client.ts";

/** The body of a request of 5 ms and 7 MiB. */
const BODY = Uint8Array.of(0, 0, 0, 0, 4, 0x10, 5, 0x18, 7);

Deno.test("HTTP/2 windows: a body waits for its stream's window, byte by byte", async () => {
  await using session = await Session.start([[SETTING.initialWindowSize, 0]]);
  const { client, peer } = session;
  client.send(0);
  const { streamId } = await peer.expectRequest();
  await peer.settle();
  const seen = [];
  for (let i = 0; i < BODY.length; i++) {
    await peer.write(windowUpdate(streamId, 1));
    const { payload, flags } = await peer.expect("DATA");
    assert.equal(payload.length, 1);
    assert.equal(flags, i === BODY.length - 1 ? FLAG.endStream : 0);
    seen.push(...payload);
  }
  assert.deepEqual(Uint8Array.from(seen), BODY);
  await peer.write(reply(streamId));
  await client.expectEnd(0, "ok", 0);
});

Deno.test("HTTP/2 windows: smaller SETTINGS in mid-flight make windows negative", async () => {
  await using session = await Session.start([[SETTING.initialWindowSize, 4]]);
  const { client, peer } = session;
  client.send(0);
  const { streamId } = await peer.expectRequest();
  assert.deepEqual((await peer.expect("DATA")).payload, BODY.subarray(0, 4));
  // 0 left of 4; now −4, then −1, then 1.
  await peer.write(settings([SETTING.initialWindowSize, 0]), windowUpdate(streamId, 3));
  await peer.settle();
  await peer.write(windowUpdate(streamId, 2));
  assert.deepEqual((await peer.expect("DATA")).payload, BODY.subarray(4, 5));
  // A new stream has the new window, and the old one gets the difference.
  client.send(1);
  const second = (await peer.expectRequest()).streamId;
  await peer.settle();
  await peer.write(settings([SETTING.initialWindowSize, 100]));
  const rest = [await peer.expect("DATA"), await peer.expect("DATA")];
  rest.sort((a, b) => a.streamId - b.streamId);
  assert.deepEqual(rest.map((frame) => frame.streamId), [streamId, second]);
  assert.deepEqual(rest.map((frame) => frame.payload), [BODY.subarray(5), BODY]);
  assert.ok(rest.every(({ flags }) => flags === FLAG.endStream));
  await peer.write(reply(second), reply(streamId));
  await client.expectEnd(0, "ok", 0);
  await client.expectEnd(1, "ok", 0);
  await session.expectUsable(2);
});

Deno.test("HTTP/2 windows: a reply before the request's body is out ends the call", async () => {
  await using session = await Session.start([[SETTING.initialWindowSize, 0]]);
  const { client, peer } = session;
  client.send(0);
  const { streamId } = await peer.expectRequest();
  await peer.write(reply(streamId), reset(streamId, ERROR_CODE.noError));
  await client.expectEnd(0, "ok", 0);
  // The peer is told that the rest will not come.
  assert.deepEqual((await peer.expect("RST_STREAM")).payload, uint32(ERROR_CODE.noError));
  await peer.write(windowUpdate(streamId, 100), settings([SETTING.initialWindowSize, 100]));
  await session.expectUsable(1);
});

Deno.test("HTTP/2 windows: the deadline of a call whose body waits resets its stream", async () => {
  await using session = await Session.start([[SETTING.initialWindowSize, 0]]);
  const { client, peer } = session;
  client.send(0, { deadlineMs: 30 });
  const { streamId } = await peer.expectRequest();
  client.clock.advance(30);
  const seen = await peer.expect("RST_STREAM");
  assert.deepEqual([seen.streamId, ...seen.payload], [streamId, ...uint32(ERROR_CODE.cancel)]);
  await client.expectEnd(0, "timed_out", 4);
  await peer.write(windowUpdate(streamId, 100), settings([SETTING.initialWindowSize, 100]));
  await session.expectUsable(1);
});

Deno.test("HTTP/2 windows: a call without the connection's window is not sent", async () => {
  await using session = await Session.start([[SETTING.initialWindowSize, 0x7fffffff]], {
    maxConnections: 1,
  });
  const { client, peer } = session;
  // Bodies of 9 octets, until fewer are left than the longest body might need.
  const calls = Math.floor((65_535 - REQUEST_BYTES) / BODY.length) + 1;
  const left = 65_535 - calls * BODY.length;
  assert.ok(left < REQUEST_BYTES);
  for (let sent = 0; sent < calls; sent++) {
    client.send(0);
    await peer.write(reply(await peer.expectCall()));
    await client.expectEnd(0, "ok", 0);
    client.reuse(0);
  }
  client.send(1);
  client.send(2);
  await peer.settle();
  assert.ok(Number.isNaN(client.calls.dispatchedMs[1]), "it waits for the window");
  await peer.write(windowUpdate(0, REQUEST_BYTES - left));
  const streamId = await peer.expectCall();
  await peer.settle();
  assert.ok(Number.isNaN(client.calls.dispatchedMs[2]), "it waits still");
  await peer.write(reply(streamId), windowUpdate(0, 1000));
  await client.expectEnd(1, "ok", 0);
  await peer.write(reply(await peer.expectCall()));
  await client.expectEnd(2, "ok", 0);
});

Deno.test("HTTP/2 settings: HEADER_TABLE_SIZE 0 empties the table, and blocks stay right", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const expected = async (slot: number) => {
    client.send(slot);
    const { streamId, fields } = await peer.expectRequest();
    await peer.expect("DATA");
    await peer.write(reply(streamId));
    await client.expectEnd(slot, "ok", 0);
    return fields.filter(([name]) => name !== "grpc-timeout");
  };
  const before = await expected(0);
  assert.deepEqual(await expected(1), before);
  await peer.write(settings([SETTING.headerTableSize, 0]));
  await peer.settle();
  assert.deepEqual(await expected(2), before);
  assert.equal(peer.headerTable.maxSize, 0);
  assert.deepEqual(await expected(3), before);
  await peer.write(settings([SETTING.headerTableSize, 100], [SETTING.headerTableSize, 4096]));
  await peer.settle();
  assert.deepEqual(await expected(4), before);
  assert.equal(peer.headerTable.maxSize, 4096);
  assert.deepEqual(await expected(5), before);
  // And back to 0 and up between two blocks: the peer hears of the smallest.
  await peer.write(
    settings([SETTING.headerTableSize, 0]),
    settings([SETTING.headerTableSize, 200]),
  );
  await peer.settle();
  assert.deepEqual(await expected(6), before);
  assert.equal(peer.headerTable.maxSize, 200);
  assert.deepEqual(await expected(7), before);
});

Deno.test("HTTP/2 settings: MAX_FRAME_SIZE at its bounds is taken", async () => {
  await using session = await Session.start([[SETTING.maxFrameSize, 16_384]]);
  const { peer } = session;
  await session.expectUsable(0);
  await peer.write(settings([SETTING.maxFrameSize, 0xffffff]));
  await session.expectUsable(1);
  await peer.write(settings([SETTING.initialWindowSize, 0x7fffffff]));
  await session.expectUsable(2);
});

Deno.test("HTTP/2 settings: header fields beyond a frame go on in CONTINUATION", async () => {
  const long = "x".repeat(40_000);
  await using session = await Session.start([], { more: { metadata: { "x-long": long } } });
  const { client, peer } = session;
  client.send(0);
  const first = await peer.expect("HEADERS");
  assert.equal(first.payload.length, 16_384);
  assert.equal(first.flags, 0);
  const parts = [first.payload];
  for (let flags = 0; (flags & FLAG.endHeaders) === 0;) {
    const next = await peer.expect("CONTINUATION");
    assert.equal(next.streamId, first.streamId);
    ({ flags } = next);
    parts.push(next.payload);
  }
  assert.equal(peer.decode(concat(...parts)).find(([name]) => name === "x-long")?.[1], long);
  await peer.expect("DATA");
  await peer.write(reply(first.streamId));
  await client.expectEnd(0, "ok", 0);
});

Deno.test("HTTP/2 settings: at MAX_CONCURRENT_STREAMS another connection is opened", async () => {
  await using session = await Session.start([[SETTING.maxConcurrentStreams, 1]]);
  const { server, client, peer } = session;
  const streamId = await session.call(0);
  // Opened before it is needed.
  const second = await server.acceptHttp2([SETTING.maxConcurrentStreams, 1]);
  client.send(1);
  const other = await second.expectCall();
  await second.write(reply(other, "b"));
  await client.expectEnd(1, "ok", 0);
  await peer.write(reply(streamId, "a"));
  await client.expectEnd(0, "ok", 0);
  // While the first has room, the second idles.
  await session.expectUsable(2);
  assert.equal(server.connectionCount, 2);
});

Deno.test("HTTP/2 settings: calls beyond the streams of the last connection wait for their turn", async () => {
  await using session = await Session.start([[SETTING.maxConcurrentStreams, 1]], {
    maxConnections: 1,
  });
  const { server, client, peer } = session;
  const streamId = await session.call(0);
  for (const slot of [1, 2, 3]) client.send(slot);
  await peer.settle();
  assert.ok(Number.isNaN(client.calls.dispatchedMs[1]));
  client.cancel(2);
  await client.expectEnd(2, "cancelled", null, false);
  await peer.write(reply(streamId));
  await client.expectEnd(0, "ok", 0);
  const next = await peer.expectCall();
  await peer.settle();
  assert.ok(client.calls.dispatchedMs[1] >= client.calls.completedMs[0]);
  assert.ok(Number.isNaN(client.calls.dispatchedMs[3]));
  // A reset frees the stream as well.
  await peer.write(reset(next, ERROR_CODE.internalError));
  await client.expectEnd(1, "failed", 13);
  await peer.write(reply(await peer.expectCall()));
  await client.expectEnd(3, "ok", 0);
  assert.equal(server.connectionCount, 1);
});

Deno.test("HTTP/2 settings: a higher MAX_CONCURRENT_STREAMS lets waiting calls go", async () => {
  await using session = await Session.start([[SETTING.maxConcurrentStreams, 0]]);
  const { server, client, peer } = session;
  client.send(0);
  client.send(1, { deadlineMs: 60_000 });
  await peer.settle();
  assert.ok(Number.isNaN(client.calls.dispatchedMs[0]));
  await peer.write(settings([SETTING.maxConcurrentStreams, 2]));
  await peer.write(reply(await peer.expectCall()), reply(await peer.expectCall()));
  await client.expectEnd(0, "ok", 0);
  await client.expectEnd(1, "ok", 0);
  // A peer that allows nothing is not asked on a second connection.
  assert.equal(server.connectionCount, 1);
});

Deno.test("HTTP/2 settings: a call that never gets a stream is unsent, on the peer's account", async () => {
  await using session = await Session.start([[SETTING.maxConcurrentStreams, 0]]);
  const { client } = session;
  client.send(0, { deadlineMs: 40_000 });
  // The time to connect does not count: there is a connection.
  client.clock.advance(39_999);
  assert.deepEqual(client.endings, []);
  client.clock.advance(1);
  await client.expectEnd(0, "unsent", null, false);
  client.expectWaits(0, { peerWaitMs: 40_000 });
});

Deno.test("HTTP/2 settings: a lower MAX_CONCURRENT_STREAMS lets what is out finish", async () => {
  await using session = await Session.start([[SETTING.maxConcurrentStreams, 3]], {
    maxConnections: 1,
  });
  const { client, peer } = session;
  const streams = [await session.call(0), await session.call(1), await session.call(2)];
  await peer.write(settings([SETTING.maxConcurrentStreams, 1]));
  await peer.settle();
  client.send(3);
  await peer.write(reply(streams[0]), reply(streams[1]));
  await client.expectEnd(1, "ok", 0);
  await peer.settle();
  assert.ok(Number.isNaN(client.calls.dispatchedMs[3]));
  await peer.write(reply(streams[2]));
  await peer.write(reply(await peer.expectCall()));
  await client.expectEnd(3, "ok", 0);
});

Deno.test("HTTP/2 settings: many calls at once get as many connections as they need", async () => {
  await using session = await Session.start([[SETTING.maxConcurrentStreams, 10]]);
  const { server, client, peer } = session;
  for (let slot = 0; slot < 100; slot++) client.send(slot);
  const peers = [peer];
  const serve = async (connection: typeof peer) => {
    for (let i = 0; i < 10; i++) await connection.expectCall();
  };
  const served = [serve(peer)];
  while (peers.length < 10) {
    const next = await server.acceptHttp2([SETTING.maxConcurrentStreams, 10]);
    peers.push(next);
    served.push(serve(next));
  }
  // Nobody was answered: each call has its stream.
  await Promise.all(served);
  for (const connection of peers) {
    for (let i = 0; i < 10; i++) await connection.write(reply(1 + 2 * i));
  }
  for (let slot = 0; slot < 100; slot++) await client.expectEnd(slot, "ok", 0);
});
