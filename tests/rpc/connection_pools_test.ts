import assert from "node:assert/strict";
import { RealClock } from "../../lib/clock/clock.ts";
import { createCallColumns } from "../../lib/invoke/calls_in_flight.ts";
import { createHttp2Transport } from "../../lib/rpc/transport/http2_transport.ts";
import { ERROR_CODE, SETTING } from "../../lib/rpc/http2/protocol.ts";
import { functionSpec } from "../support/function_spec.ts";
import { goaway, reply, reset, ScriptedPeer, settings } from "../support/scripted_peer.ts";
import { Session } from "./test_client.ts";

/** The clock of these tests stands still unless it is moved: what happens without that is at once. */
const TIMES = 12;

Deno.test("connections: one that the peer retires after a call is replaced at once, for ever", async () => {
  await using session = await Session.start();
  const { server } = session;
  let { peer } = session;
  for (let slot = 0; slot < TIMES; slot++) {
    await session.expectUsable(slot, peer);
    await peer.write(goaway(1, ERROR_CODE.noError));
    await peer.expectEnd();
    peer = await server.acceptHttp2();
  }
});

Deno.test("connections: one that is dropped after a call is replaced at once, for ever", async () => {
  await using session = await Session.start();
  const { server, client } = session;
  let { peer } = session;
  for (let slot = 0; slot < 2 * TIMES; slot += 2) {
    await session.expectUsable(slot, peer);
    client.send(slot + 1);
    await peer.expectCall();
    peer.close();
    await client.expectEnd(slot + 1, "failed", 14);
    peer = await server.acceptHttp2();
  }
});

Deno.test("connections: one that resets its only call has brought it to its end", async () => {
  await using session = await Session.start();
  const { server, client } = session;
  let { peer } = session;
  for (let slot = 0; slot < TIMES; slot++) {
    client.send(slot);
    await peer.write(reset(await peer.expectCall(), ERROR_CODE.internalError), goaway(1));
    await client.expectEnd(slot, "failed", 13);
    peer = await server.acceptHttp2();
  }
});

Deno.test("connections: one that goes away with a call on it is replaced at once", async () => {
  await using session = await Session.start();
  const { server, client } = session;
  const peers = [session.peer];
  for (let slot = 0; slot < TIMES; slot++) {
    client.send(slot);
    assert.equal(await peers[slot].expectCall(), 1);
    await peers[slot].write(goaway(1));
    peers.push(await server.acceptHttp2());
  }
  for (let slot = 0; slot < TIMES; slot++) {
    await peers[slot].write(reply(1));
    await client.expectEnd(slot, "ok", 0);
  }
});

Deno.test("connections: of a peer that takes one call of each connection, every call has its turn", async () => {
  await using session = await Session.start();
  const { server, client } = session;
  let { peer } = session;
  for (let slot = 0; slot < TIMES; slot++) client.send(slot);
  for (let left = TIMES; left > 0; left--) {
    for (let i = 0; i < left; i++) await peer.expectCall();
    await peer.write(reply(1), goaway(1));
    await peer.expectEnd();
    peer = await server.acceptHttp2();
  }
  for (let slot = 0; slot < TIMES; slot++) await client.expectEnd(slot, "ok", 0);
});

Deno.test("connections: after one that did its work, failures count from 0 again", async () => {
  await using session = await Session.start();
  const { server, client } = session;
  let { peer } = session;
  const sayGoodbye = async (delayMs: number) => {
    await peer.write(goaway(0));
    await peer.expectEnd();
    if (delayMs > 0) {
      assert.ok(client.clock.delaysMs().includes(delayMs), String(client.clock.delaysMs()));
      client.clock.advance(delayMs);
    }
    peer = await server.acceptHttp2();
    await peer.settle();
  };
  for (const delayMs of [0, 100, 200, 400]) await sayGoodbye(delayMs);
  await session.expectUsable(0, peer);
  for (const delayMs of [0, 0, 100]) await sayGoodbye(delayMs);
});

Deno.test("connections: what a call waits for is told apart", async () => {
  await using session = await Session.start();
  const { server, client, peer } = session;
  await session.expectUsable(0);
  client.expectWaits(0, {});
  await peer.write(goaway(1));
  await peer.expectEnd();
  // The other connection is being made already; 2 ms of that were before the call.
  const second = await server.accept();
  client.clock.advance(2);
  client.send(1);
  client.clock.advance(5);
  await second.write(settings());
  await second.write(reply(await second.expectCall()));
  await client.expectEnd(1, "ok", 0);
  client.expectWaits(1, { setUpMs: 5 });
});

Deno.test("connections: the time of a peer that is away is the peer's", async () => {
  await using session = await Session.start();
  const { server, client } = session;
  const { port } = server;
  await session.call(0);
  server[Symbol.dispose]();
  await client.expectEnd(0, "failed", 14);
  client.send(1);
  client.send(2, { deadlineMs: 20 });
  const sentMs = client.clock.nowMs();
  client.clock.advance(40);
  await client.expectEnd(2, "connect_failed", null, false);
  client.expectWaits(2, { peerWaitMs: 20 });
  using again = ScriptedPeer.listen(port);
  const peer = await client.clock.advanceUntil(again.acceptHttp2());
  await peer.write(reply(await peer.expectCall()));
  await client.expectEnd(1, "ok", 0);
  const { setUpMs, peerWaitMs, dispatchedMs } = client.calls;
  assert.ok(peerWaitMs[1] >= 40, String(peerWaitMs[1]));
  assert.equal((setUpMs[1] || 0) + peerWaitMs[1], dispatchedMs[1] - sentMs);
});

Deno.test("connections: what waited goes out in one batch, and that is no lateness of the loader", async () => {
  using server = ScriptedPeer.listen();
  const clock = new RealClock();
  const count = 200;
  const calls = createCallColumns(count);
  let ended = 0;
  const allEnded = Promise.withResolvers<void>();
  const deployments = [{ spec: functionSpec(0), address: server.address, authority: "f.test" }];
  const connecting = createHttp2Transport({ clock, deployments, coldStartsMarked: false })(
    calls,
    () => ++ended === count && allEnded.resolve(),
  );
  const peer = await server.acceptHttp2();
  const transport = await connecting;
  await peer.write(goaway(0));
  const second = await server.accept();
  calls.dispatchedMs.fill(NaN);
  calls.setUpMs.fill(NaN);
  calls.peerWaitMs.fill(NaN);
  calls.deadlineMs.fill(clock.nowMs() + 30_000);
  const sentMs = Array.from({ length: count }, (_, slot) => {
    transport.invoke(slot);
    return clock.nowMs();
  });
  await second.write(settings());
  for (let slot = 0; slot < count; slot++) await second.write(reply(await second.expectCall()));
  await allEnded.promise;
  for (let slot = 0; slot < count; slot++) {
    const partsMs = (calls.setUpMs[slot] || 0) + (calls.peerWaitMs[slot] || 0);
    const lagMs = calls.dispatchedMs[slot] - sentMs[slot] - partsMs;
    assert.ok(lagMs < 1e-6, `${lagMs} ms of ${slot}`);
  }
  await transport.close();
});

for (const connections of ["shared", "invocation"] as const) {
  Deno.test(`connections: waiting for the own bound is the loader's (${connections})`, async () => {
    await using session = await Session.start([[SETTING.maxConcurrentStreams, 1]], {
      maxConnections: 1,
      connections,
    });
    const { server, client } = session;
    client.send(0);
    const isShared = connections === "shared";
    const peer = isShared ? session.peer : await server.acceptHttp2();
    const streamId = await peer.expectCall();
    client.send(1);
    client.send(2, { deadlineMs: 10 });
    client.clock.advance(30);
    await client.expectEnd(2, "unsent", null, false);
    client.expectWaits(2, { boundWaitMs: 10 });
    await peer.write(reply(streamId));
    await client.expectEnd(0, "ok", 0);
    const next = isShared ? peer : await server.acceptHttp2();
    await next.write(reply(await next.expectCall()));
    await client.expectEnd(1, "ok", 0);
    client.expectWaits(1, { boundWaitMs: 30 });
  });
}

Deno.test("connections: a call that waited long behind others has its time to connect", async () => {
  await using session = await Session.start([[SETTING.maxConcurrentStreams, 1]], {
    maxConnections: 1,
    keepAliveMs: null,
  });
  const { server, client, peer } = session;
  const streamId = await session.call(0);
  client.send(1, { deadlineMs: 100_000 });
  client.clock.advance(14_990);
  await peer.write(goaway(streamId));
  const second = await server.accept();
  client.clock.advance(100);
  await second.write(settings());
  await second.write(reply(await second.expectCall()));
  await client.expectEnd(1, "ok", 0);
  client.expectWaits(1, { setUpMs: 100, boundWaitMs: 14_990 });
  await peer.write(reply(streamId));
  await client.expectEnd(0, "ok", 0);
});

Deno.test("connections of one call: only the call whose connection failed waits", async () => {
  await using session = await Session.start([], { connections: "invocation" });
  const { server, client } = session;
  let failing = 0;
  // A connection of the first call comes, and ends before it could be used.
  const fail = async () => (failing++, (await server.accept()).close());
  client.send(0);
  await fail();
  await fail();
  for (const delayMs of [100, 200, 400, 800, 1000, 1000]) {
    while (!client.clock.delaysMs().includes(delayMs)) await new Promise((r) => setTimeout(r, 1));
    client.send(failing);
    const peer = await server.acceptHttp2();
    await peer.write(reply(await peer.expectCall()));
    await client.expectEnd(failing, "ok", 0);
    client.expectWaits(failing, {});
    client.clock.advance(delayMs);
    if (delayMs < 1000) await fail();
    else break;
  }
  const peer = await server.acceptHttp2();
  await peer.write(reply(await peer.expectCall()));
  await client.expectEnd(0, "ok", 0);
  client.expectWaits(0, { peerWaitMs: 2500 });
});

Deno.test("connections of one call: set-up is the call's own, whatever others wait for", async () => {
  await using session = await Session.start([], { connections: "invocation" });
  const { server, client } = session;
  client.send(0);
  const first = await server.accept();
  client.clock.advance(10);
  client.send(1);
  const second = await server.accept();
  client.clock.advance(3);
  for (const [slot, peer, setUpMs] of [[1, second, 3], [0, first, 13]] as const) {
    await peer.write(settings());
    await peer.write(reply(await peer.expectCall(), `instance-${slot}`));
    await client.expectEnd(slot, "ok", 0);
    client.expectWaits(slot, { setUpMs });
  }
});

Deno.test("connections of one call: a call that is given up while its connection is made leaves none behind", async () => {
  await using session = await Session.start([], { connections: "invocation", maxConnections: 1 });
  const { server, client } = session;
  client.send(0);
  const first = await server.accept();
  client.cancel(0);
  await client.expectEnd(0, "cancelled", null, false);
  client.send(1);
  await first.write(settings());
  await first.expectEnd();
  const second = await server.acceptHttp2();
  await second.write(reply(await second.expectCall()));
  await client.expectEnd(1, "ok", 0);
});

Deno.test("connections of one call: a peer that refuses again and again is not asked without a pause", async () => {
  await using session = await Session.start([], { connections: "invocation" });
  const { server, client } = session;
  client.send(0);
  for (const delayMs of [0, 100, 200]) {
    const peer = await server.acceptHttp2();
    await peer.expectCall();
    await peer.write(goaway(0));
    await peer.expectEnd();
    if (delayMs === 0) continue;
    assert.ok(client.clock.delaysMs().includes(delayMs), String(client.clock.delaysMs()));
    client.clock.advance(delayMs);
  }
  const peer = await server.acceptHttp2();
  await peer.write(reply(await peer.expectCall()));
  await client.expectEnd(0, "ok", 0);
});
