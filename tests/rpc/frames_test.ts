import assert from "node:assert/strict";
import { ERROR_CODE, FLAG, FRAME, SETTING } from "../../lib/rpc/http2/protocol.ts";
import {
  concat,
  data,
  fieldBlock,
  frame,
  headers,
  OK_TRAILERS,
  ping,
  reply,
  REPLY_FIELDS,
  replyMessage,
  reset,
  settings,
  uint32,
  windowUpdate,
} from "../support/scripted_peer.ts";
import { Session } from "./test_client.ts";

const NOTHING = new Uint8Array(0);

/** The frame with padding in front of its payload's end. */
function padded(type: number, flags: number, streamId: number, payload: Uint8Array, bytes: number) {
  const octets = concat(Uint8Array.of(bytes), payload, new Uint8Array(bytes));
  return frame(type, flags | FLAG.padded, streamId, octets);
}

/** What ends the connection, by the error code of the client's GOAWAY (RFC 9113). */
const VIOLATIONS: readonly [string, keyof typeof ERROR_CODE, (streamId: number) => Uint8Array][] = [
  // A stream that nobody opened (section 5.1).
  ["DATA on stream 0", "protocolError", () => data(0, NOTHING)],
  ["DATA on an idle stream", "protocolError", (id) => data(id + 2, NOTHING)],
  ["DATA on an even stream", "protocolError", () => data(2, NOTHING)],
  ["HEADERS on stream 0", "protocolError", () => headers(0, REPLY_FIELDS)],
  ["HEADERS on an idle stream", "protocolError", (id) => headers(id + 2, REPLY_FIELDS)],
  ["HEADERS on an even stream", "protocolError", () => headers(2, REPLY_FIELDS)],
  [
    "HEADERS in parts on an idle stream",
    "protocolError",
    (id) => frame(FRAME.headers, 0, id + 2, fieldBlock(REPLY_FIELDS)),
  ],
  ["RST_STREAM on stream 0", "protocolError", () => reset(0, 0)],
  ["RST_STREAM on an idle stream", "protocolError", (id) => reset(id + 2, 0)],
  ["WINDOW_UPDATE on an idle stream", "protocolError", (id) => windowUpdate(id + 2, 1)],
  ["PRIORITY on stream 0", "protocolError", () => frame(FRAME.priority, 0, 0, new Uint8Array(5))],
  ["SETTINGS on a stream", "protocolError", (id) => frame(FRAME.settings, 0, id)],
  ["PING on a stream", "protocolError", (id) => frame(FRAME.ping, 0, id, new Uint8Array(8))],
  ["GOAWAY on a stream", "protocolError", (id) => frame(FRAME.goaway, 0, id, new Uint8Array(8))],
  // Lengths (section 4.2).
  ["SETTINGS of 5 octets", "frameSizeError", () => frame(FRAME.settings, 0, 0, new Uint8Array(5))],
  [
    "acknowledged SETTINGS with content",
    "frameSizeError",
    () => frame(FRAME.settings, FLAG.ack, 0, new Uint8Array(6)),
  ],
  ["PING of 7 octets", "frameSizeError", () => frame(FRAME.ping, 0, 0, new Uint8Array(7))],
  ["GOAWAY of 7 octets", "frameSizeError", () => frame(FRAME.goaway, 0, 0, new Uint8Array(7))],
  [
    "RST_STREAM of 3 octets",
    "frameSizeError",
    (id) => frame(FRAME.rstStream, 0, id, new Uint8Array(3)),
  ],
  [
    "WINDOW_UPDATE of 5 octets",
    "frameSizeError",
    () => frame(FRAME.windowUpdate, 0, 0, new Uint8Array(5)),
  ],
  ["a frame above the limit", "frameSizeError", (id) => data(id, new Uint8Array(16_385))],
  [
    "a frame of an unknown type above the limit",
    "frameSizeError",
    () => frame(0x42, 0, 0, new Uint8Array(16_385)),
  ],
  ["padded HEADERS of no octets", "frameSizeError", (id) => frame(FRAME.headers, FLAG.padded, id)],
  // Padding (section 6.1).
  [
    "DATA that is all padding and more",
    "protocolError",
    (id) => frame(FRAME.data, FLAG.padded, id, Uint8Array.of(3, 0, 0)),
  ],
  ["padded DATA of no octets", "protocolError", (id) => frame(FRAME.data, FLAG.padded, id)],
  [
    "HEADERS with more padding than payload",
    "protocolError",
    (id) => frame(FRAME.headers, FLAG.padded | FLAG.endHeaders, id, Uint8Array.of(3, 0, 0)),
  ],
  [
    "HEADERS with a priority cut short",
    "protocolError",
    (id) => frame(FRAME.headers, FLAG.priority | FLAG.endHeaders, id, Uint8Array.of(0, 0, 0)),
  ],
  // Settings (section 6.5.2) and windows (section 6.9).
  ["ENABLE_PUSH 1", "protocolError", () => settings([SETTING.enablePush, 1])],
  ["MAX_FRAME_SIZE 16383", "protocolError", () => settings([SETTING.maxFrameSize, 16_383])],
  ["MAX_FRAME_SIZE 2^24", "protocolError", () => settings([SETTING.maxFrameSize, 1 << 24])],
  [
    "INITIAL_WINDOW_SIZE 2^31",
    "flowControlError",
    () => settings([SETTING.initialWindowSize, 0x80000000]),
  ],
  [
    "a window of a stream that SETTINGS make too large",
    "flowControlError",
    (id) => concat(windowUpdate(id, 100_000), settings([SETTING.initialWindowSize, 0x7fffffff])),
  ],
  ["WINDOW_UPDATE of 0 for the connection", "protocolError", () => windowUpdate(0, 0)],
  [
    "a window of the connection that is too large",
    "flowControlError",
    () => windowUpdate(0, 0x7fffffff),
  ],
  // Blocks of header fields (sections 4.3, 6.10).
  [
    "CONTINUATION of nothing",
    "protocolError",
    (id) => frame(FRAME.continuation, FLAG.endHeaders, id),
  ],
  [
    "another frame within a block",
    "protocolError",
    (id) => concat(frame(FRAME.headers, 0, id, fieldBlock(REPLY_FIELDS)), ping(new Uint8Array(8))),
  ],
  [
    "a frame of an unknown type within a block",
    "protocolError",
    (id) => concat(frame(FRAME.headers, 0, id), frame(0x42, 0, 0)),
  ],
  [
    "CONTINUATION of another stream's block",
    "protocolError",
    (id) => concat(frame(FRAME.headers, 0, id), frame(FRAME.continuation, FLAG.endHeaders, id + 2)),
  ],
  [
    "empty CONTINUATION frames without end",
    "enhanceYourCalm",
    (id) =>
      concat(
        frame(FRAME.headers, 0, id),
        ...Array.from({ length: 200 }, () => frame(FRAME.continuation, 0, id)),
      ),
  ],
  [
    "a block without end",
    "enhanceYourCalm",
    (id) =>
      concat(
        frame(FRAME.headers, 0, id),
        ...Array.from(
          { length: 8 },
          () => frame(FRAME.continuation, 0, id, new Uint8Array(16_384)),
        ),
      ),
  ],
  [
    "garbage for HPACK",
    "compressionError",
    (id) => frame(FRAME.headers, FLAG.endHeaders, id, Uint8Array.of(0xff, 0xff, 0xff)),
  ],
  [
    "garbage for HPACK on a closed stream",
    "compressionError",
    (id) =>
      concat(reply(id), frame(FRAME.headers, FLAG.endHeaders, id, Uint8Array.of(0x7f, 0xff, 0xff))),
  ],
  [
    "PUSH_PROMISE",
    "protocolError",
    (id) => frame(FRAME.pushPromise, FLAG.endHeaders, id, uint32(2)),
  ],
];

for (const [what, code, write] of VIOLATIONS) {
  Deno.test(`HTTP/2 frames: ${what} ends the connection, with the reason in GOAWAY`, async () => {
    await using session = await Session.start();
    const { client, peer } = session;
    client.send(0);
    client.send(1);
    const streamId = await peer.expectCall();
    await peer.expectCall();
    // The later of both, so that the next is idle.
    await peer.write(write(streamId + 2));
    assert.equal(await peer.expectGoaway(), ERROR_CODE[code]);
    await peer.expectEnd();
    await client.expectEnd(0, "failed", 14);
    await client.ended(1);
    await session.expectReplaced(2);
  });
}

/** What ends the stream alone, by the error code of the client's RST_STREAM. */
const STREAM_ERRORS: readonly [string, keyof typeof ERROR_CODE, (id: number) => Uint8Array][] = [
  ["DATA before HEADERS", "protocolError", (id) => data(id, replyMessage())],
  [
    "HEADERS twice without an end",
    "protocolError",
    (id) => concat(headers(id, REPLY_FIELDS), headers(id, { "x-a": "b" })),
  ],
  [
    "trailers with a status of HTTP",
    "protocolError",
    (id) => concat(headers(id, REPLY_FIELDS), headers(id, { ":status": "200" }, true)),
  ],
  ["HEADERS without a status", "protocolError", (id) => headers(id, { "x-a": "b" })],
  ["a status that is none", "protocolError", (id) => headers(id, { ":status": "20" })],
  [
    "a pseudo-header field of a request",
    "protocolError",
    (id) => headers(id, { ":status": "200", ":path": "/" }),
  ],
  [
    "an unknown pseudo-header field",
    "protocolError",
    (id) => headers(id, { ":status": "200", ":x": "" }),
  ],
  [
    "a pseudo-header field after others",
    "protocolError",
    (id) => headers(id, { "content-type": "application/grpc", ":status": "200" }),
  ],
  [
    "two statuses",
    "protocolError",
    (id) => headers(id, [[":status", "200"], [":status", "200"]]),
  ],
  ["a name in upper case", "protocolError", (id) => headers(id, { ":status": "200", "X-A": "b" })],
  ["a name that is empty", "protocolError", (id) => headers(id, { ":status": "200", "": "b" })],
  [
    "a value with a line's end",
    "protocolError",
    (id) => headers(id, { ":status": "200", a: "b\n" }),
  ],
  [
    "a field of HTTP/1's connections",
    "protocolError",
    (id) => headers(id, { ":status": "200", "transfer-encoding": "chunked" }),
  ],
  [
    "more DATA than content-length",
    "protocolError",
    (id) =>
      concat(
        headers(id, { ...REPLY_FIELDS, "content-length": "3" }),
        data(id, replyMessage()),
      ),
  ],
  [
    "less DATA than content-length",
    "protocolError",
    (id) =>
      concat(
        headers(id, { ...REPLY_FIELDS, "content-length": "300" }),
        data(id, replyMessage()),
        headers(id, OK_TRAILERS, true),
      ),
  ],
  [
    "an informational reply with an end",
    "protocolError",
    (id) => headers(id, { ":status": "103" }, true),
  ],
  ["WINDOW_UPDATE of 0", "protocolError", (id) => windowUpdate(id, 0)],
  ["a window that is too large", "flowControlError", (id) => windowUpdate(id, 0x7fffffff)],
  [
    "PRIORITY of 4 octets",
    "frameSizeError",
    (id) => frame(FRAME.priority, 0, id, new Uint8Array(4)),
  ],
];

for (const [what, code, write] of STREAM_ERRORS) {
  Deno.test(`HTTP/2 frames: ${what} ends the stream alone`, async () => {
    await using session = await Session.start();
    const { client, peer } = session;
    const streamId = await session.call(0);
    await peer.write(write(streamId));
    await client.expectEnd(0, "failed", 13);
    // Where the peer's side had ended the stream there would be nothing left to reset.
    const seen = await peer.expect("RST_STREAM");
    assert.equal(seen.streamId, streamId);
    assert.deepEqual(seen.payload, uint32(ERROR_CODE[code]));
    // What comes late is for nobody, and counts for nothing.
    await peer.write(reply(streamId), windowUpdate(streamId, 1), reset(streamId, 8));
    await session.expectUsable(1);
    assert.equal(client.endings.length, 2);
  });
}

Deno.test("HTTP/2 frames: what means nothing is passed over", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const streamId = await session.call(0);
  await peer.write(
    frame(0x42, 0xff, 0, new Uint8Array(100)),
    frame(0xfe, 0, streamId, new Uint8Array(16_384)),
    frame(FRAME.priority, 0, streamId, new Uint8Array(5)),
    frame(FRAME.priority, 0, 1001, new Uint8Array(5)),
    settings([0x99, 12_345]),
    frame(FRAME.settings, FLAG.ack, 0),
    ping(new Uint8Array(8), true),
    headers(streamId, { ":status": "100" }),
    headers(streamId, { ":status": "103", link: "</a>" }),
    headers(streamId, REPLY_FIELDS),
    frame(0x42, 0, streamId),
    data(streamId, NOTHING),
    data(streamId, replyMessage("a")),
    data(streamId, NOTHING),
    headers(streamId, OK_TRAILERS, true),
  );
  await client.expectEnd(0, "ok", 0);
  await session.expectUsable(1);
});

Deno.test("HTTP/2 frames: padding and priority are no part of the reply", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const streamId = await session.call(0);
  const priority = concat(uint32(0x80000000), Uint8Array.of(7));
  const octets = replyMessage("padded");
  await peer.write(
    padded(
      FRAME.headers,
      FLAG.endHeaders | FLAG.priority,
      streamId,
      concat(priority, fieldBlock(REPLY_FIELDS)),
      200,
    ),
    padded(FRAME.data, 0, streamId, octets.subarray(0, 3), 255),
    padded(FRAME.data, 0, streamId, NOTHING, 0),
    padded(FRAME.data, 0, streamId, octets.subarray(3), 1),
    padded(FRAME.headers, FLAG.endHeaders | FLAG.endStream, streamId, fieldBlock(OK_TRAILERS), 0),
  );
  await client.expectEnd(0, "ok", 0);
  assert.equal(client.calls.instance[0], "padded");
  await session.expectUsable(1);
});

Deno.test("HTTP/2 frames: a block is the same wherever it is cut", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const block = fieldBlock({ ...REPLY_FIELDS, "x-text": "some" });
  for (let cut = 0; cut <= block.length; cut++) {
    const streamId = await session.call(cut);
    await peer.write(
      frame(FRAME.headers, 0, streamId, block.subarray(0, cut)),
      frame(FRAME.continuation, 0, streamId, block.subarray(cut, cut + 1)),
      frame(FRAME.continuation, FLAG.endHeaders, streamId, block.subarray(cut + 1)),
      data(streamId, replyMessage()),
      headers(streamId, OK_TRAILERS, true),
    );
    await client.expectEnd(cut, "ok", 0);
  }
});

Deno.test("HTTP/2 frames: END_STREAM of HEADERS counts after CONTINUATION", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const streamId = await session.call(0);
  const block = fieldBlock({ ...REPLY_FIELDS, "grpc-status": "5" });
  await peer.write(
    frame(FRAME.headers, FLAG.endStream, streamId, block.subarray(0, 7)),
    frame(FRAME.continuation, FLAG.endHeaders, streamId, block.subarray(7)),
  );
  await client.expectEnd(0, "failed", 5);
  await session.expectUsable(1);
});

Deno.test("HTTP/2 frames: a byte at a time is a reply too", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const streamId = await session.call(0);
  await peer.writeSlowly(reply(streamId, "slow"));
  await client.expectEnd(0, "ok", 0);
  assert.equal(client.calls.instance[0], "slow");
  await session.expectUsable(1);
});

Deno.test("HTTP/2 frames: PING is answered with its octets", async () => {
  await using session = await Session.start();
  const octets = Uint8Array.of(1, 2, 3, 250, 251, 252, 253, 254);
  await session.peer.write(ping(octets));
  const { flags, payload } = await session.peer.expect("PING");
  assert.equal(flags, FLAG.ack);
  assert.deepEqual(payload, octets);
  await session.expectUsable(0);
});

Deno.test("HTTP/2 frames: SETTINGS are acknowledged one by one", async () => {
  await using session = await Session.start();
  const { peer } = session;
  await peer.write(settings(), settings([SETTING.maxConcurrentStreams, 7]));
  // Its own, and three answers with those at the start.
  const seen = [];
  for (let i = 0; i < 4; i++) seen.push(await peer.expect("SETTINGS"));
  assert.deepEqual(seen.map(({ flags }) => flags), [0, FLAG.ack, FLAG.ack, FLAG.ack]);
  await session.expectUsable(0);
});

for (
  const [what, asking] of [["PING", ping(new Uint8Array(8))], ["SETTINGS", settings()]] as const
) {
  Deno.test(`HTTP/2 frames: a flood of ${what} without reading ends the connection`, async () => {
    await using session = await Session.start();
    const { client, peer } = session;
    const streamId = await session.call(0);
    const flood = concat(...Array.from({ length: 20_000 }, () => asking));
    // Nothing is read here, so that the answers fill the socket.
    const writing = (async () => {
      try {
        for (;;) await peer.write(flood);
      } catch {
        // The client has gone.
      }
    })();
    await client.expectEnd(0, "failed", 14);
    // The goodbye is not waited for.
    client.clock.advance(1000);
    await writing;
    assert.equal(streamId, 1);
    await session.expectReplaced(1);
  });
}

Deno.test("HTTP/2 frames: many PINGs are answered as long as the answers are read", async () => {
  await using session = await Session.start();
  const { peer } = session;
  const some = concat(...Array.from({ length: 100 }, () => ping(new Uint8Array(8))));
  for (let round = 0; round < 50; round++) {
    await peer.write(some);
    for (let i = 0; i < 100; i++) await peer.expect("PING");
  }
  await session.expectUsable(0);
});

Deno.test("HTTP/2 frames: what comes for a stream that has ended is for nobody, and credited", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const streamId = await session.call(0);
  await peer.write(reply(streamId));
  await client.expectEnd(0, "ok", 0);
  // More than half of the connection's window of 16 MiB.
  const chunk = concat(...Array.from({ length: 64 }, () => data(streamId, new Uint8Array(16_384))));
  for (let i = 0; i < 9; i++) await peer.write(chunk);
  let credit = 0;
  // The first enlarges the window that there is without a word.
  while (credit < 8 << 20) {
    const { streamId: on, payload } = await peer.expect("WINDOW_UPDATE");
    assert.equal(on, 0);
    const increment = new DataView(payload.buffer).getUint32(0);
    if (increment !== (1 << 24) - 65_535) credit += increment;
  }
  await peer.write(
    headers(streamId, { "x-late": "1" }),
    reset(streamId, ERROR_CODE.cancel),
    windowUpdate(streamId, 1),
  );
  await session.expectUsable(1);
  assert.equal(client.endings.length, 2);
});

Deno.test("HTTP/2 frames: a reply beyond the windows is credited on the way, padding too", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const streamId = await session.call(0);
  await peer.write(headers(streamId, REPLY_FIELDS));
  const octets = replyMessage("padded");
  // All but the last octets are padding: 256 of 257, to well above the 512 KiB that are credited.
  await peer.write(data(streamId, octets.subarray(0, 4)));
  const bytes = concat(
    ...Array.from({ length: 2300 }, () => padded(FRAME.data, 0, streamId, NOTHING, 255)),
  );
  await peer.write(bytes);
  for (;;) {
    const { streamId: on, payload } = await peer.expect("WINDOW_UPDATE");
    if (on === 0) continue;
    assert.equal(on, streamId);
    const increment = new DataView(payload.buffer).getUint32(0);
    assert.ok(increment > 1 << 19 && increment <= 2300 * 256 + 4, `${increment}`);
    break;
  }
  await peer.write(data(streamId, octets.subarray(4)), headers(streamId, OK_TRAILERS, true));
  await client.expectEnd(0, "ok", 0);
  await session.expectUsable(1);
});

Deno.test("HTTP/2 frames: GOAWAY with debug data and an error code", async () => {
  await using session = await Session.start();
  const { client, peer } = session;
  const streamId = await session.call(0);
  await peer.write(
    frame(FRAME.goaway, 0, 0, concat(uint32(streamId, 11), new TextEncoder().encode("calm"))),
  );
  await peer.write(reply(streamId));
  await client.expectEnd(0, "ok", 0);
  await peer.expectEnd();
  await session.expectReplaced(1);
});
