import assert from "node:assert/strict";
import type { Outcome } from "../../lib/model/record.ts";
import { ERROR_CODE, FLAG, FRAME } from "../../lib/rpc/http2/protocol.ts";
import {
  concat,
  data,
  fieldBlock,
  frame,
  headers,
  message,
  OK_TRAILERS,
  reply,
  REPLY_FIELDS,
  replyMessage,
  reset,
  uint32,
} from "../support/scripted_peer.ts";
import { Session } from "./test_client.ts";

const text = (chars: string) => new TextEncoder().encode(chars);

/** What a reply means: how the call ends, and whether the client resets the stream. */
interface Case {
  readonly what: string;
  readonly write: (streamId: number) => Uint8Array;
  readonly outcome: Outcome;
  readonly statusCode: number;
  readonly resets?: boolean;
}

function trailersOnly(fields: Record<string, string>): (streamId: number) => Uint8Array {
  return (id) => headers(id, { ...REPLY_FIELDS, ...fields }, true);
}

function whole(...octets: Uint8Array[]): (streamId: number) => Uint8Array {
  return (id) =>
    concat(
      headers(id, REPLY_FIELDS),
      ...octets.map((some) => data(id, some)),
      headers(id, OK_TRAILERS, true),
    );
}

function httpStatus(status: number): (streamId: number) => Uint8Array {
  return (id) =>
    concat(
      headers(id, { ":status": String(status), "content-type": "text/html" }),
      data(id, text("<html>")),
      data(id, text("\0\0\x10\0\0 no message</html>"), true),
    );
}

const CASES: readonly Case[] = [
  {
    what: "trailers only",
    write: trailersOnly({ "grpc-status": "8", "grpc-message": "full" }),
    outcome: "rejected",
    statusCode: 8,
  },
  {
    what: "a message whose trailers say that it failed",
    write: (id) =>
      concat(
        headers(id, REPLY_FIELDS),
        data(id, replyMessage()),
        headers(id, { "grpc-status": "14" }, true),
      ),
    outcome: "rejected",
    statusCode: 14,
  },
  {
    what: "a message of a status with space at its ends",
    write: trailersOnly({ "grpc-status": "5", "grpc-message": " not here " }),
    outcome: "failed",
    statusCode: 5,
  },
  {
    what: "a status that gRPC does not have",
    write: trailersOnly({ "grpc-status": "17" }),
    outcome: "failed",
    statusCode: 2,
  },
  {
    what: "a status that is no number",
    write: trailersOnly({ "grpc-status": "-1" }),
    outcome: "failed",
    statusCode: 2,
  },
  {
    what: "an empty status",
    write: trailersOnly({ "grpc-status": "" }),
    outcome: "failed",
    statusCode: 2,
  },
  { what: "no status in trailers only", write: trailersOnly({}), outcome: "failed", statusCode: 2 },
  {
    what: "no status in trailers",
    write: (id) =>
      concat(
        headers(id, REPLY_FIELDS),
        data(id, replyMessage()),
        headers(id, { "x-a": "b" }, true),
      ),
    outcome: "failed",
    statusCode: 2,
  },
  {
    what: "a message and no trailers",
    write: (id) => concat(headers(id, REPLY_FIELDS), data(id, replyMessage(), true)),
    outcome: "failed",
    statusCode: 2,
  },
  { what: "OK without a message", write: whole(), outcome: "failed", statusCode: 13 },
  {
    what: "OK in trailers only",
    write: trailersOnly({ "grpc-status": "0" }),
    outcome: "failed",
    statusCode: 13,
  },
  {
    what: "OK that is not gRPC",
    write: (id) =>
      concat(
        headers(id, { ":status": "200", "content-type": "text/html" }),
        data(id, replyMessage()),
        headers(id, OK_TRAILERS, true),
      ),
    outcome: "failed",
    statusCode: 2,
  },
  {
    what: "a message cut short",
    write: whole(replyMessage().subarray(0, 7)),
    outcome: "failed",
    statusCode: 13,
  },
  {
    what: "a prefix cut short",
    write: whole(replyMessage().subarray(0, 4)),
    outcome: "failed",
    statusCode: 13,
  },
  {
    what: "a malformed message",
    write: whole(message(Uint8Array.of(0x0a, 200, 1))),
    outcome: "failed",
    statusCode: 13,
  },
  {
    what: "a compressed message",
    write: whole(message(replyMessage().subarray(5), 1)),
    outcome: "failed",
    statusCode: 13,
    resets: true,
  },
  {
    what: "two messages",
    write: whole(replyMessage(), replyMessage()),
    outcome: "failed",
    statusCode: 13,
    resets: true,
  },
  {
    what: "two messages in one frame",
    write: whole(concat(replyMessage(), replyMessage())),
    outcome: "failed",
    statusCode: 13,
    resets: true,
  },
  {
    what: "a message that is too large",
    write: whole(message(new Uint8Array(1001))),
    outcome: "failed",
    statusCode: 8,
    resets: true,
  },
  {
    what: "a prefix of 4 GiB",
    write: whole(concat(Uint8Array.of(0), uint32(0xffffffff))),
    outcome: "failed",
    statusCode: 8,
    resets: true,
  },
  {
    what: "too large a message with the end",
    write: (id) => concat(headers(id, REPLY_FIELDS), data(id, message(new Uint8Array(1001)), true)),
    outcome: "failed",
    statusCode: 8,
  },
  {
    what: "an informational reply and then an error",
    write: (id) =>
      concat(
        headers(id, { ":status": "103" }),
        headers(id, { ...REPLY_FIELDS, "grpc-status": "12" }, true),
      ),
    outcome: "failed",
    statusCode: 12,
  },
  {
    what: "a status of gRPC behind one of HTTP",
    write: (id) => headers(id, { ":status": "503", "grpc-status": "7" }, true),
    outcome: "failed",
    statusCode: 7,
  },
  ...([
    // grpc/grpc: doc/http-grpc-status-mapping.md
    [400, "failed", 13],
    [401, "failed", 16],
    [403, "failed", 7],
    [404, "failed", 12],
    [429, "rejected", 14],
    [502, "failed", 14],
    [503, "rejected", 14],
    [504, "timed_out", 14],
    [500, "failed", 2],
    [200, "failed", 2],
    [302, "failed", 2],
  ] as const).map(([status, outcome, statusCode]) => ({
    what: `HTTP ${status} with a page of HTML`,
    write: httpStatus(status),
    outcome,
    statusCode,
  })),
  ...([
    // grpc/grpc: doc/PROTOCOL-HTTP2.md, "Errors"
    ["noError", "failed", 13],
    ["protocolError", "failed", 13],
    ["internalError", "failed", 13],
    ["flowControlError", "failed", 13],
    ["settingsTimeout", "failed", 13],
    ["streamClosed", "failed", 13],
    ["frameSizeError", "failed", 13],
    ["refusedStream", "rejected", 14],
    ["cancel", "failed", 1],
    ["compressionError", "failed", 13],
    ["connectError", "failed", 13],
    ["enhanceYourCalm", "rejected", 8],
    ["inadequateSecurity", "failed", 7],
    ["http11Required", "failed", 13],
  ] as const).map(([name, outcome, statusCode]) => ({
    what: `RST_STREAM ${name}`,
    write: (id: number) => reset(id, ERROR_CODE[name]),
    outcome,
    statusCode,
  })),
  {
    what: "RST_STREAM with an unknown code",
    write: (id) => reset(id, 0xabcdef01),
    outcome: "failed",
    statusCode: 13,
  },
  {
    what: "RST_STREAM after the header fields and a message",
    write: (id) =>
      concat(headers(id, REPLY_FIELDS), data(id, replyMessage()), reset(id, ERROR_CODE.cancel)),
    outcome: "failed",
    statusCode: 1,
  },
];

for (const { what, write, outcome, statusCode, resets } of CASES) {
  Deno.test(`gRPC replies: ${what} ends a call as ${outcome}, ${statusCode}`, async () => {
    await using session = await Session.start([], { maxReplyBytes: 1000 });
    const { client, peer } = session;
    const streamId = await session.call(0);
    await peer.write(write(streamId));
    await client.expectEnd(0, outcome, statusCode);
    assert.ok(Number.isNaN(client.calls.servedRuntimeUs[0]));
    if (resets) {
      const { payload } = await peer.expect("RST_STREAM");
      assert.deepEqual(payload, uint32(ERROR_CODE.cancel));
    }
    await session.expectUsable(1);
  });
}

Deno.test("gRPC replies: a message may be in any parts, and be as long as allowed", async () => {
  const longest = concat(
    replyMessage("i").subarray(5),
    Uint8Array.of(0x22, 200, 1),
    new Uint8Array(200),
  );
  await using session = await Session.start([], { maxReplyBytes: longest.length });
  const { client, peer } = session;
  const octets = message(longest);
  for (const size of [1, 2, 3, 4, 5, 6, 7, octets.length - 1, octets.length]) {
    const streamId = await session.call(size);
    await peer.write(headers(streamId, REPLY_FIELDS));
    for (let at = 0; at < octets.length; at += size) {
      await peer.write(data(streamId, octets.subarray(at, at + size)));
    }
    await peer.write(headers(streamId, OK_TRAILERS, true));
    await client.expectEnd(size, "ok", 0);
    const { servedRuntimeUs, servedMemoryKib, instance } = client.calls;
    assert.deepEqual([servedRuntimeUs[size], servedMemoryKib[size], instance[size]], [5, 7, "i"]);
  }
});

Deno.test("gRPC replies: several at once, mixed, each to its call", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const streams = [await session.call(0), await session.call(1), await session.call(2)];
  const octets = streams.map((id) => replyMessage(`instance-${id}`));
  await peer.write(
    headers(streams[2], REPLY_FIELDS),
    headers(streams[0], REPLY_FIELDS),
    data(streams[2], octets[2].subarray(0, 3)),
    data(streams[0], octets[0].subarray(0, 8)),
    headers(streams[1], { ...REPLY_FIELDS, "grpc-status": "9" }, true),
    data(streams[2], octets[2].subarray(3)),
    data(streams[0], octets[0].subarray(8)),
    headers(streams[0], OK_TRAILERS, true),
    headers(streams[2], OK_TRAILERS, true),
  );
  await client.expectEnd(0, "ok", 0);
  await client.expectEnd(1, "failed", 9);
  await client.expectEnd(2, "ok", 0);
  assert.deepEqual(client.calls.instance.slice(0, 3), [
    `instance-${streams[0]}`,
    null,
    `instance-${streams[2]}`,
  ]);
});

for (const inTrailers of [false, true]) {
  const where = inTrailers ? "trailers" : "header fields";
  Deno.test(`gRPC replies: too many ${where} fail the call, and later blocks stay right`, async () => {
    await using session = await Session.start();
    const { client, peer } = session;
    const streamId = await session.call(0);
    // A field for the table in front of 40 KB of others: who does not read all loses it.
    const indexed = Uint8Array.of(0x40, 3, ...text("x-a"), 1, ...text("b"));
    const large = concat(
      fieldBlock(inTrailers ? {} : REPLY_FIELDS),
      indexed,
      fieldBlock({ "x-large": "y".repeat(40_000) }),
      fieldBlock(OK_TRAILERS),
    );
    if (inTrailers) {
      await peer.write(headers(streamId, REPLY_FIELDS), data(streamId, replyMessage()));
    }
    const flags = inTrailers ? FLAG.endStream : 0;
    await peer.write(
      frame(FRAME.headers, flags, streamId, large.subarray(0, 16_384)),
      frame(FRAME.continuation, 0, streamId, large.subarray(16_384, 32_768)),
      frame(FRAME.continuation, FLAG.endHeaders, streamId, large.subarray(32_768)),
    );
    await client.expectEnd(0, "failed", 13);
    if (!inTrailers) {
      assert.deepEqual((await peer.expect("RST_STREAM")).payload, uint32(ERROR_CODE.cancel));
    }
    const next = await session.call(1);
    await peer.write(
      // 62: the first entry of the table.
      frame(
        FRAME.headers,
        FLAG.endHeaders,
        next,
        concat(fieldBlock(REPLY_FIELDS), Uint8Array.of(0xbe)),
      ),
      data(next, replyMessage()),
      headers(next, OK_TRAILERS, true),
    );
    await client.expectEnd(1, "ok", 0);
  });
}

Deno.test("gRPC replies: an instance that became ready after the dispatch is cold", async () => {
  await using session = await Session.start([], { coldStartsMarked: true });
  const { client, peer } = session;
  const originUnixMs = client.clock.originUnixMs;
  const answer = async (slot: number, readyUnixMs: string | null) => {
    const streamId = await session.call(slot);
    const mark: Record<string, string> = readyUnixMs === null
      ? {}
      : { "x-instance-ready-unix-ms": readyUnixMs };
    await peer.write(
      headers(streamId, { ...REPLY_FIELDS, ...mark }),
      data(streamId, replyMessage()),
      headers(streamId, OK_TRAILERS, true),
    );
    await client.expectEnd(slot, "ok", 0);
    return client.calls.coldStart[slot];
  };
  assert.equal(await answer(0, null), false);
  assert.equal(await answer(1, String(originUnixMs - 1000)), false);
  assert.equal(await answer(2, String(originUnixMs + 60_000)), true);
  assert.equal(await answer(3, "soon"), false);
  const streamId = await session.call(4);
  await peer.write(reset(streamId, ERROR_CODE.internalError));
  await client.expectEnd(4, "failed", 13);
  assert.equal(client.calls.coldStart[4], null, "unknown: no instance has answered");
});

Deno.test("gRPC replies: where the platform does not mark cold starts nothing is known of them", async () => {
  await using session = await Session.start();
  await session.expectUsable(0);
  assert.equal(session.client.calls.coldStart[0], null);
});

Deno.test("gRPC replies: fields that repeat from call to call are read anew where they differ", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  for (let slot = 0; slot < 20; slot++) {
    const streamId = await session.call(slot);
    const code = slot % 3 === 2 ? 5 : 0;
    await peer.write(
      code === 0 ? reply(streamId, `instance-${slot % 2}`) : headers(
        streamId,
        { ...REPLY_FIELDS, "grpc-status": String(code) },
        true,
      ),
    );
    await client.expectEnd(slot, code === 0 ? "ok" : "failed", code);
    assert.equal(client.calls.instance[slot], code === 0 ? `instance-${slot % 2}` : null);
  }
});

Deno.test("gRPC replies: the message of a status is heard, decoded, where it is not OK", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const said: readonly (readonly [sent: string, heard: string | null])[] = [
    ["no%20room%20f%C3%BCr%20dich", "no room für dich"],
    ["100%", "100%"],
    ["%ff%fe", "%ff%fe"],
    ["", null],
    ["x".repeat(1000), "x".repeat(300)],
  ];
  for (const [slot, [sent, heard]] of said.entries()) {
    const streamId = await session.call(slot);
    const fields = { ...REPLY_FIELDS, "grpc-status": "8", "grpc-message": sent };
    await peer.write(headers(streamId, fields, true));
    await client.expectEnd(slot, "rejected", 8);
    assert.equal(client.calls.statusMessage[slot], heard);
  }
  const streamId = await session.call(said.length);
  await peer.write(reply(streamId, "instance-0"));
  await client.expectEnd(said.length, "ok", 0);
  assert.equal(client.calls.statusMessage[said.length], null);
});
