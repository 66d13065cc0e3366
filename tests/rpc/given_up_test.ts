import assert from "node:assert/strict";
import { ERROR_CODE } from "../../lib/rpc/http2/protocol.ts";
import {
  data,
  headers,
  reply,
  REPLY_FIELDS,
  replyMessage,
  reset,
} from "../support/scripted_peer.ts";
import { Session } from "./test_client.ts";

/** Frames of RST_STREAM that the peer gets for so many calls that expire at once. */
async function expire(session: Session, slots: readonly number[]): Promise<number[]> {
  const { client, peer } = session;
  const streams: number[] = [];
  for (const slot of slots) {
    client.send(slot, { deadlineMs: 50 });
    streams.push(await peer.expectCall());
  }
  client.clock.advance(50);
  for (const slot of slots) await client.expectEnd(slot, "timed_out", 4);
  return streams;
}

Deno.test("given up: resets end at the budget, however many calls expire at once", async () => {
  await using session = await Session.start([], { mostGivenUp: 10 });
  const { client, peer } = session;
  const slots = Array.from({ length: 25 }, (_, i) => i);
  await expire(session, slots);
  for (let i = 0; i < 10; i++) {
    assert.equal((await peer.expect("RST_STREAM")).payload[3], ERROR_CODE.cancel);
  }
  // The next frame is the goodbye: nobody waits for the other 15.
  assert.equal(await peer.expectGoaway(), ERROR_CODE.noError);
  await peer.expectEnd();
  await session.expectReplaced(50);
  const [{ resetsSent, endedBy, code, callsLost, requests }] = client.connections;
  assert.deepEqual([resetsSent, endedBy, code, callsLost, requests], [
    10,
    "loader",
    "NO_ERROR",
    0,
    25,
  ]);
});

Deno.test("given up: healthy calls of a connection that is worn out come to their end", async () => {
  await using session = await Session.start([], { mostGivenUp: 5 });
  const { client, peer, server } = session;
  const healthy = await session.call(100);
  await expire(session, [0, 1, 2, 3, 4, 5]);
  // A new call goes to another connection, and the old one stays for its last call.
  const second = await server.acceptHttp2();
  client.send(101);
  await second.write(reply(await second.expectCall(), "second"));
  await client.expectEnd(101, "ok", 0);
  await peer.write(reply(healthy, "first"));
  await client.expectEnd(100, "ok", 0);
  assert.equal(client.calls.instance[100], "first");
  for (let i = 0; i < 5; i++) await peer.expect("RST_STREAM");
  await peer.expectGoaway();
  await peer.expectEnd();
});

Deno.test("given up: another connection is there before the first is worn out", async () => {
  await using session = await Session.start([], { mostGivenUp: 10 });
  const { client, peer, server } = session;
  await expire(session, [0, 1, 2, 3, 4, 5]);
  await server.acceptHttp2();
  // Until then the first carries on.
  client.send(20);
  for (let i = 0; i < 6; i++) await peer.expect("RST_STREAM");
  await peer.write(reply(await peer.expectCall()));
  await client.expectEnd(20, "ok", 0);
  assert.equal(server.connectionCount, 2);
});

Deno.test("given up and left: no resets, and what comes late is for nobody", async () => {
  await using session = await Session.start([], { expiredCalls: "leave" });
  const { client, peer } = session;
  const [late, gone] = await expire(session, [0, 1, 2, 3]);
  await peer.write(
    headers(late, REPLY_FIELDS),
    data(late, replyMessage("late")),
    reply(gone, "gone"),
  );
  await session.expectUsable(4);
  assert.equal(client.endings.length, 5);
  assert.equal(client.calls.instance[0], null);
});

Deno.test("given up and left: streams count until the peer ends them", async () => {
  await using session = await Session.start([[3, 2]], { expiredCalls: "leave", maxConnections: 1 });
  const { client, peer } = session;
  const [first, second] = await expire(session, [0, 1]);
  client.send(2);
  await peer.write(reply(first));
  await peer.write(reply(await peer.expectCall(), "third"));
  await client.expectEnd(2, "ok", 0);
  assert.equal(client.calls.instance[2], "third");
  await peer.write(reset(second, ERROR_CODE.cancel));
  await session.expectUsable(3);
});

Deno.test("given up and left: as many as may be, then another connection", async () => {
  await using session = await Session.start([], { expiredCalls: "leave", mostGivenUp: 4 });
  const { client, peer } = session;
  await expire(session, [0, 1, 2, 3, 4, 5]);
  await peer.expectGoaway();
  await peer.expectEnd();
  await session.expectReplaced(10);
  assert.equal(client.connections[0].resetsSent, 0);
});

Deno.test("given up: one that is cancelled is reset, too", async () => {
  await using session = await Session.start([], { expiredCalls: "reset" });
  const { client, peer } = session;
  await session.call(0);
  client.cancel(0);
  await client.expectEnd(0, "cancelled", 1);
  await peer.expect("RST_STREAM");
});
