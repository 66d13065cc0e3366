import assert from "node:assert/strict";
import { ERROR_CODE } from "../../lib/rpc/http2/protocol.ts";
import {
  data,
  goaway,
  headers,
  ping,
  reply,
  REPLY_FIELDS,
  ScriptedPeer,
} from "../support/scripted_peer.ts";
import { Session, TestClient } from "./test_client.ts";

Deno.test("HTTP/2 GOAWAY: what the peer has not looked at is sent again, and stamped once", async () => {
  await using session = await Session.start();
  const { server, client, peer } = session;
  const first = await session.call(0);
  const last = await session.call(1);
  await session.call(2);
  const dispatchedMs = client.calls.dispatchedMs[2];
  assert.ok(!Number.isNaN(dispatchedMs));
  await peer.write(goaway(last, ERROR_CODE.noError));
  const second = await server.acceptHttp2();
  await second.write(reply(await second.expectCall(), "again"));
  await client.expectEnd(2, "ok", 0);
  assert.equal(client.calls.instance[2], "again");
  assert.equal(client.calls.dispatchedMs[2], dispatchedMs, "the first dispatch counts");
  // What was processed finishes on the old connection, which ends then.
  await peer.write(reply(last));
  await client.expectEnd(1, "ok", 0);
  await session.expectUsable(3, second);
  await peer.write(reply(first));
  await client.expectEnd(0, "ok", 0);
  await peer.expectEnd();
});

Deno.test("HTTP/2 GOAWAY: in two steps, as graceful servers do", async () => {
  await using session = await Session.start();
  const { server, client, peer } = session;
  const first = await session.call(0);
  await peer.write(goaway(0x7fffffff));
  const second = await server.acceptHttp2();
  // New calls go elsewhere already, and the one that is out stays.
  await session.expectUsable(1, second);
  await peer.write(goaway(first));
  await peer.write(reply(first));
  await client.expectEnd(0, "ok", 0);
  await peer.expectEnd();
});

Deno.test("HTTP/2 GOAWAY: with an error it is no different, and the end of the connection is", async () => {
  await using session = await Session.start();
  const { server, client, peer } = session;
  const first = await session.call(0);
  await session.call(1);
  await peer.write(goaway(first, ERROR_CODE.internalError));
  peer.close();
  await client.expectEnd(0, "failed", 14);
  const second = await server.acceptHttp2();
  await second.write(reply(await second.expectCall()));
  await client.expectEnd(1, "ok", 0);
});

Deno.test("HTTP/2 GOAWAY: with one connection allowed, new calls do not wait for the old to end", async () => {
  await using session = await Session.start([], { maxConnections: 1 });
  const { client, peer } = session;
  const first = await session.call(0);
  await peer.write(goaway(first));
  await session.expectReplaced(1);
  await peer.write(reply(first));
  await client.expectEnd(0, "ok", 0);
});

Deno.test("HTTP/2 GOAWAY: a peer that goes away for ever has refused the call", async () => {
  await using session = await Session.start();
  const { server, client } = session;
  client.send(0);
  let { peer } = session;
  for (let sends = 1; sends <= 4; sends++) {
    await peer.expectCall();
    assert.deepEqual(client.endings, []);
    await peer.write(goaway(0));
    // Even after the last there is one for the next call.
    peer = await client.clock.advanceUntil(server.acceptHttp2());
  }
  await client.expectEnd(0, "rejected", 14);
  await session.expectUsable(1, peer);
});

Deno.test("HTTP/2 GOAWAY: a peer that goes away at once, unasked, is left in peace", async () => {
  await using session = await Session.start();
  const { server, client } = session;
  const { clock } = client;
  let { peer } = session;
  for (const delayMs of [0, 100, 200, 400, 800, 1000, 1000]) {
    await peer.write(goaway(0));
    await peer.expectEnd();
    if (delayMs > 0) {
      assert.ok(clock.delaysMs().includes(delayMs), `${clock.delaysMs()} has no ${delayMs}`);
      clock.advance(delayMs);
    }
    peer = await server.acceptHttp2();
    // It speaks, so that it could be used.
    await peer.settle();
  }
  // One that lasted is replaced at once.
  clock.advance(1000);
  await peer.write(goaway(0));
  await session.expectReplaced(0);
});

Deno.test("HTTP/2 connections: one that the peer closes takes its calls with it", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  await session.call(0);
  await session.call(1);
  peer.close();
  await client.expectEnd(0, "failed", 14);
  await client.expectEnd(1, "failed", 14);
  await session.expectReplaced(2);
});

Deno.test("HTTP/2 connections: one that the peer resets takes its calls with it", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  await session.call(0);
  client.send(1);
  client.send(2);
  // With the second request unread the socket's close is a reset.
  await peer.expectRequest();
  peer.close();
  for (const slot of [0, 1, 2]) await client.expectEnd(slot, "failed", 14);
  await session.expectReplaced(3);
});

Deno.test("HTTP/2 connections: a peer that half-closes will not answer", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  await session.call(0);
  await peer.closeWrite();
  await client.expectEnd(0, "failed", 14);
  await peer.expectEnd();
  await session.expectReplaced(1);
});

Deno.test("HTTP/2 connections: what was said before the close counts", async () => {
  await using session = await Session.start();
  const { server, client, peer } = session;
  const first = await session.call(0);
  await session.call(1);
  client.send(2);
  await peer.expectRequest();
  await peer.write(reply(first), goaway(first));
  // With DATA unread, this resets the connection while the reply is on its way.
  peer.close();
  await client.expectEnd(0, "ok", 0);
  const second = await server.acceptHttp2();
  const streams = [await second.expectCall(), await second.expectCall()];
  await second.write(...streams.map((id) => reply(id)));
  await client.expectEnd(1, "ok", 0);
  await client.expectEnd(2, "ok", 0);
});

Deno.test("HTTP/2 connections: one that ends in the middle of a reply", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const streamId = await session.call(0);
  const whole = reply(streamId);
  await peer.write(whole.subarray(0, whole.length - 3));
  peer.close();
  await client.expectEnd(0, "failed", 14);
  await session.expectReplaced(1);
});

Deno.test("HTTP/2 connections: nobody there at the start is told in a sentence", async () => {
  const server = ScriptedPeer.listen();
  server[Symbol.dispose]();
  await assert.rejects(TestClient.connect([server.address], { connectTimeoutMs: 1000 }), {
    name: "LoaderError",
    code: "platform",
    message: new RegExp(`^No connection to ${server.address} within 1 s \\(.+\\); check`),
  });
});

for (const connections of ["shared", "invocation"] as const) {
  Deno.test(`HTTP/2 connections: a server of HTTP/1 is told in a sentence (${connections})`, async () => {
    using server = ScriptedPeer.listen();
    const answering = (async () => {
      const peer = await server.accept();
      await peer.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
      await peer.expectEnd();
    })();
    await assert.rejects(TestClient.connect([server.address], { connections }), {
      code: "platform",
      message: new RegExp(
        `No connection to ${server.address} .*its first bytes are not those of HTTP/2`,
      ),
    });
    await answering;
  });
}

Deno.test("HTTP/2 connections: a first frame that is not SETTINGS is not HTTP/2", async () => {
  for (const octets of [goaway(0), headers(1, REPLY_FIELDS), data(0, new Uint8Array(3))]) {
    using server = ScriptedPeer.listen();
    const answering = (async () => {
      const peer = await server.accept();
      await peer.write(octets);
      assert.equal(await peer.expectGoaway(), ERROR_CODE.protocolError);
      await peer.expectEnd();
    })();
    await assert.rejects(TestClient.connect([server.address]), { code: "platform" });
    await answering;
  }
});

Deno.test("HTTP/2 connections: a server that accepts and says nothing is given up in time", async () => {
  using server = ScriptedPeer.listen();
  const client = new TestClient();
  const rejected = assert.rejects(client.connect([server.address]), {
    code: "platform",
    message: /within 15 s \(no SETTINGS of HTTP\/2 in 15 s\)/,
  });
  const peer = await server.accept();
  // The client speaks first, and so waits for the answer now.
  await peer.expect("SETTINGS");
  client.clock.advance(15_000);
  await rejected;
  await peer.expectEnd();
});

Deno.test("HTTP/2 connections: a server that closes at once is told in a sentence", async () => {
  using server = ScriptedPeer.listen();
  const accepting = server.accept().then((peer) => peer.close());
  await assert.rejects(TestClient.connect([server.address]), { code: "platform" });
  await accepting;
});

Deno.test("HTTP/2 connections: one address of several that is not there ends the others", async () => {
  using there = ScriptedPeer.listen();
  using silent = ScriptedPeer.listen();
  const gone = ScriptedPeer.listen();
  gone[Symbol.dispose]();
  const accepting = [there.acceptHttp2(), silent.accept()];
  const addresses = [there.address, silent.address, gone.address];
  await assert.rejects(TestClient.connect(addresses), { code: "platform" });
  for (const peer of await Promise.all(accepting)) await peer.expectEnd();
});

Deno.test("HTTP/2 connections: away for longer than the time to connect, calls fail to connect", async () => {
  await using session = await Session.start();
  const { server, client, peer } = session;
  const { port } = server;
  await session.call(0);
  server[Symbol.dispose]();
  await client.expectEnd(0, "failed", 14);
  client.send(1);
  client.clock.advance(14_999);
  assert.equal(client.endings.length, 1);
  client.clock.advance(1);
  await client.expectEnd(1, "connect_failed", null, false);
  client.send(2, { deadlineMs: 20 });
  client.clock.advance(20);
  await client.expectEnd(2, "connect_failed", null, false);
  client.send(3);
  client.cancel(3);
  await client.expectEnd(3, "cancelled", null, false);
  using again = ScriptedPeer.listen(port);
  const second = await client.clock.advanceUntil(again.acceptHttp2());
  await session.expectUsable(4, second);
  peer.close();
});

Deno.test("HTTP/2 connections: back in time, the calls that waited are sent", async () => {
  await using session = await Session.start();
  const { server, client } = session;
  const { port } = server;
  await session.call(0);
  server[Symbol.dispose]();
  await client.expectEnd(0, "failed", 14);
  client.send(1);
  client.send(2);
  using again = ScriptedPeer.listen(port);
  const peer = await client.clock.advanceUntil(again.acceptHttp2());
  await peer.write(reply(await peer.expectCall()), reply(await peer.expectCall()));
  await client.expectEnd(1, "ok", 0);
  await client.expectEnd(2, "ok", 0);
  assert.equal(again.connectionCount, 1);
});

Deno.test("HTTP/2 connections: a call behind others is given up when they lose the connection", async () => {
  await using session = await Session.start([[3, 1]], { maxConnections: 1, keepAliveMs: null });
  const { server, client } = session;
  await session.call(0);
  client.send(1, { deadlineMs: 100_000 });
  // The wait for a connection does not count while there is one.
  client.clock.advance(20_000);
  assert.deepEqual(client.endings, []);
  server[Symbol.dispose]();
  await client.expectEnd(0, "failed", 14);
  client.clock.advance(15_000);
  await client.expectEnd(1, "connect_failed", null, false);
});

Deno.test("HTTP/2 keep-alive: a peer that falls silent is found dead within 15 s", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  client.clock.advance(5_000);
  await session.expectUsable(0);
  client.clock.advance(5_000);
  client.send(1, { deadlineMs: 900_000 });
  await peer.expectCall();
  // Silence counts from the first call that is out, however long the peer had nothing to say.
  client.clock.advance(7_999);
  await peer.settle();
  client.clock.advance(8_000);
  assert.equal((await peer.expect("PING")).flags, 0);
  client.clock.advance(5_999);
  assert.equal(client.endings.length, 1);
  client.clock.advance(1);
  await client.expectEnd(1, "failed", 14);
  await session.expectReplaced(2);
});

Deno.test("HTTP/2 keep-alive: a peer that answers keeps its calls, and is not pinged beyond what servers bear", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  client.send(0, { deadlineMs: 9_000_000 });
  client.send(1, { deadlineMs: 9_000_000 });
  const streamId = await peer.expectCall();
  const nextId = await peer.expectCall();
  const answerPing = async (afterMs: number) => {
    client.clock.advance(afterMs - 1);
    // No other frame has come before this.
    await peer.settle();
    client.clock.advance(afterMs);
    await peer.write(ping((await peer.expect("PING")).payload, true));
    await peer.settle();
  };
  for (const afterMs of [8_000, 8_000, 360_000, 360_000]) await answerPing(afterMs);
  // A reply wipes what servers have counted.
  await peer.write(reply(streamId));
  await client.expectEnd(0, "ok", 0);
  for (const afterMs of [8_000, 8_000, 360_000]) await answerPing(afterMs);
  await peer.write(reply(nextId));
  await client.expectEnd(1, "ok", 0);
  // Without calls nobody is asked.
  client.clock.advance(1_000_000);
  await session.expectUsable(2);
});

Deno.test("HTTP/2 idle: a connection that carries nothing is closed, and opened for the next call", async () => {
  await using session = await Session.start([], { maxConnections: 1 });
  const { server, client, peer } = session;
  await session.expectUsable(0);
  client.clock.advance(1_799_999);
  await session.expectUsable(1);
  client.clock.advance(2_700_000);
  assert.equal(await peer.expectGoaway(), ERROR_CODE.noError);
  await peer.expectEnd();
  client.send(2);
  const second = await server.acceptHttp2();
  await second.write(reply(await second.expectCall()));
  await client.expectEnd(2, "ok", 0);
  assert.equal(server.connectionCount, 2);
});

Deno.test("HTTP/2 idle: a call in the turn of the close goes to another connection", async () => {
  await using session = await Session.start([], { maxConnections: 1 });
  const { server, client } = session;
  client.clock.advance(2_700_000);
  client.send(0);
  const second = await server.acceptHttp2();
  await second.write(reply(await second.expectCall()));
  await client.expectEnd(0, "ok", 0);
});

Deno.test("HTTP/2 idle: a connection with a call on it is not closed", async () => {
  await using session = await Session.start([], { keepAliveMs: null });
  const { client, peer } = session;
  client.send(0, { deadlineMs: 9_000_000 });
  const streamId = await peer.expectCall();
  client.clock.advance(8_000_000);
  await peer.write(reply(streamId));
  await client.expectEnd(0, "ok", 0);
  await session.expectUsable(1);
});
