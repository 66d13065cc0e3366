import fc from "fast-check";
import assert from "node:assert/strict";
import { ByteWriter } from "../../../lib/rpc/byte_writer.ts";
import { FrameReader } from "../../../lib/rpc/http2/frame_reader.ts";
import {
  writeData,
  writeGoaway,
  writeHeaders,
  writePing,
  writeReset,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from "../../../lib/rpc/http2/frame_writer.ts";
import { ERROR_CODE, FLAG, FRAME, Http2Error } from "../../../lib/rpc/http2/protocol.ts";

const SEED = 20_240_617;

interface Seen {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: number[];
}

/** Reads bytes in pieces of these lengths, again and again. */
function readInPieces(bytes: Uint8Array, lengths: readonly number[]): Seen[] {
  const seen: Seen[] = [];
  const reader = new FrameReader((type, flags, streamId, bytes, start, end) => {
    seen.push({ type, flags, streamId, payload: [...bytes.subarray(start, end)] });
  });
  let turn = 0;
  for (let at = 0; at < bytes.length;) {
    const room = reader.room();
    assert.ok(room.length > 0);
    const count = Math.min(room.length, bytes.length - at, lengths[turn++ % lengths.length]);
    room.set(bytes.subarray(at, at + count));
    reader.advance(count);
    at += count;
  }
  assert.equal(reader.holdsPart, false);
  return seen;
}

const streamId = fc.integer({ min: 1, max: 0x7fffffff });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const octets = (most: number) => fc.uint8Array({ maxLength: most });

/** A frame: how to write it, and what is to be read. */
const anyFrame: fc.Arbitrary<[(into: ByteWriter) => void, Seen]> = fc.oneof(
  fc.tuple(streamId, octets(300), fc.boolean()).map(([id, bytes, isEnd]) =>
    [
      (into: ByteWriter) => writeData(into, id, bytes, 0, bytes.length, isEnd),
      { type: FRAME.data, flags: isEnd ? FLAG.endStream : 0, streamId: id, payload: [...bytes] },
    ] as [(into: ByteWriter) => void, Seen]
  ),
  fc.tuple(streamId, uint32).map(([id, code]) =>
    [
      (into: ByteWriter) => writeReset(into, id, code),
      { type: FRAME.rstStream, flags: 0, streamId: id, payload: bigEndian(code) },
    ] as [(into: ByteWriter) => void, Seen]
  ),
  fc.tuple(fc.boolean(), fc.uint8Array({ minLength: 8, maxLength: 8 })).map(([isAck, bytes]) =>
    [
      (into: ByteWriter) => writePing(into, isAck, bytes, 0),
      { type: FRAME.ping, flags: isAck ? FLAG.ack : 0, streamId: 0, payload: [...bytes] },
    ] as [(into: ByteWriter) => void, Seen]
  ),
  fc.tuple(streamId, uint32).map(([id, increment]) =>
    [
      (into: ByteWriter) => writeWindowUpdate(into, id, increment),
      { type: FRAME.windowUpdate, flags: 0, streamId: id, payload: bigEndian(increment) },
    ] as [(into: ByteWriter) => void, Seen]
  ),
  fc.tuple(streamId, uint32, fc.string({ unit: "grapheme-ascii" })).map(([id, code, text]) =>
    [
      (into: ByteWriter) => writeGoaway(into, id, code, text),
      {
        type: FRAME.goaway,
        flags: 0,
        streamId: 0,
        payload: [...bigEndian(id), ...bigEndian(code), ...new TextEncoder().encode(text)],
      },
    ] as [(into: ByteWriter) => void, Seen]
  ),
  fc.array(fc.tuple(fc.integer({ min: 0, max: 0xffff }), uint32), { maxLength: 6 }).map((pairs) =>
    [
      (into: ByteWriter) => writeSettings(into, pairs),
      {
        type: FRAME.settings,
        flags: 0,
        streamId: 0,
        payload: pairs.flatMap(([name, value]) => [name >> 8, name & 0xff, ...bigEndian(value)]),
      },
    ] as [(into: ByteWriter) => void, Seen]
  ),
  fc.constant(
    [writeSettingsAck, { type: FRAME.settings, flags: FLAG.ack, streamId: 0, payload: [] }] as [
      (into: ByteWriter) => void,
      Seen,
    ],
  ),
);

function bigEndian(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

Deno.test("frames: what is written is read, however the bytes are cut", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 20 }), lengths, (frames, lengths) => {
      const writer = new ByteWriter(1);
      for (const [write] of frames) write(writer);
      assert.deepEqual(readInPieces(writer.view(), lengths), frames.map(([, seen]) => seen));
    }),
    { seed: SEED, numRuns: 300 },
  );
});

Deno.test("frames: a block is cut into HEADERS and CONTINUATION where it must be", () => {
  for (
    const [length, isEnd] of [[0, true], [99, false], [100, true], [101, true], [
      350,
      false,
    ]] as const
  ) {
    const block = new ByteWriter(400);
    block.append(Uint8Array.from({ length }, (_, i) => i));
    const writer = new ByteWriter(1);
    writeHeaders(writer, 77, block, isEnd, 100);
    const seen = readInPieces(writer.view(), [1000]);
    assert.deepEqual(seen.flatMap(({ payload }) => payload), [...block.view()]);
    assert.equal(seen.length, Math.max(1, Math.ceil(length / 100)));
    seen.forEach(({ type, flags, streamId }, i) => {
      assert.equal(streamId, 77);
      assert.equal(type, i === 0 ? FRAME.headers : FRAME.continuation);
      assert.equal((flags & FLAG.endHeaders) !== 0, i === seen.length - 1);
      assert.equal((flags & FLAG.endStream) !== 0, isEnd && i === 0);
    });
  }
});

Deno.test("frames: the bit that is reserved is ignored, and the largest frame taken", () => {
  const large = new Uint8Array(9 + 16_384);
  large.set([0, 0x40, 0, FRAME.data, 0, 0xff, 0xff, 0xff, 0xff]);
  const [seen] = readInPieces(large, [1 << 20]);
  assert.equal(seen.streamId, 0x7fffffff);
  assert.equal(seen.payload.length, 16_384);
});

Deno.test("frames: one octet more than allowed is refused by its header alone", () => {
  const reader = new FrameReader(() => assert.fail("no frame"));
  reader.room().set([0, 0x40, 1, FRAME.data, 0, 0, 0, 0, 1]);
  assert.throws(
    () => reader.advance(9),
    (error) => error instanceof Http2Error && error.errorCode === ERROR_CODE.frameSizeError,
  );
});

Deno.test("frames: a busy reader gets more room, up to a bound", () => {
  const ping = Uint8Array.of(0, 0, 8, FRAME.ping, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
  let count = 0;
  const reader = new FrameReader(() => count++);
  let offset = 0;
  let most = 0;
  for (let turn = 0; turn < 40; turn++) {
    const room = reader.room();
    for (let i = 0; i < room.length; i++) room[i] = ping[(offset + i) % ping.length];
    offset += room.length;
    most = Math.max(most, room.length);
    reader.advance(room.length);
  }
  assert.equal(count, Math.floor(offset / ping.length));
  assert.ok(most > 4096 && most <= 1 << 18, `${most}`);
});
