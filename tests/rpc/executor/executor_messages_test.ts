import * as protoLoader from "@grpc/proto-loader";
import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { Rng } from "../../../lib/base/rng.ts";
import { ByteWriter } from "../../../lib/rpc/byte_writer.ts";
import {
  ReplyReader,
  REQUEST_BYTES,
  TextCache,
  writeRequest,
} from "../../../lib/rpc/executor/executor_messages.ts";

const SEED = 23;
const uint32 = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constantFrom(0, 127, 128, 16_383, 16_384, 0x7fffffff, 0x80000000, 0xffffffff),
);

/** The same messages as protobufjs reads and writes them. */
const execute = (() => {
  const path = fileURLToPath(new URL("../../../proto/faas.proto", import.meta.url));
  const definition = protoLoader.loadSync(path, { keepCase: true, defaults: true });
  return (definition["faas.Executor"] as protoLoader.ServiceDefinition)["Execute"];
})();

function varint(value: bigint): number[] {
  const octets: number[] = [];
  for (; value > 0x7fn; value >>= 7n) octets.push(Number(value & 0x7fn) | 0x80);
  return [...octets, Number(value)];
}

function read(bytes: readonly number[]) {
  const reader = new ReplyReader();
  // Other bytes lie around the message.
  const memory = Uint8Array.from([0xff, ...bytes, 0x08]);
  const isRead = reader.read(memory, 1, 1 + bytes.length);
  return isRead && [reader.instance, reader.durationUs, reader.memoryKib];
}

Deno.test("FaasRequest: protobufjs reads what is written, and it is as short as can be", () => {
  fc.assert(
    fc.property(uint32, uint32, (runtimeMs, memoryMib) => {
      const writer = new ByteWriter(1);
      writer.append(Uint8Array.of(1, 2, 3));
      writeRequest(writer, runtimeMs, memoryMib);
      const octets = writer.view().slice(3);
      assert.ok(octets.length <= REQUEST_BYTES);
      assert.equal(octets[0], 0);
      assert.equal(new DataView(octets.buffer).getUint32(1), octets.length - 5);
      const message = Buffer.from(octets.subarray(5));
      const value = { runtimeInMilliSec: runtimeMs, memoryInMebiBytes: memoryMib };
      assert.deepEqual(execute.requestDeserialize(message), { message: "", ...value });
    }),
    { seed: SEED, numRuns: 300 },
  );
});

Deno.test("FaasReply: what protobufjs writes is read", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ minLength: 100, maxLength: 300 }),
  );
  fc.assert(
    fc.property(text, uint32, uint32, (message, durationInMicroSec, memoryUsageInKb) => {
      const octets = execute.responseSerialize({ message, durationInMicroSec, memoryUsageInKb });
      // A lone surrogate is no text.
      const instance = message.isWellFormed() ? message : new TextDecoder().decode(
        octets.subarray(octets.indexOf(0x0a) + 2),
      );
      const seen = read([...octets]);
      assert.ok(seen !== false);
      if (message.isWellFormed()) assert.equal(seen[0], instance === "" ? null : instance);
      assert.deepEqual(seen.slice(1), [durationInMicroSec, memoryUsageInKb]);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

/** A field by itself, and whether it is one of ours. */
const field = fc.oneof(
  fc.tuple(fc.constant(1), fc.string({ unit: "grapheme-ascii", maxLength: 9 })).map((
    [n, text],
  ) => ({ n, value: text, octets: [0x0a, text.length, ...new TextEncoder().encode(text)] })),
  fc.tuple(fc.constantFrom(2, 3), uint32).map(([n, value]) => ({
    n,
    value,
    octets: [n << 3, ...varint(BigInt(value))],
  })),
  // Numbers of 64 bits are cut to 32.
  fc.tuple(fc.constantFrom(2, 3), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })).map((
    [n, value],
  ) => ({ n, value: Number(value & 0xffffffffn), octets: [n << 3, ...varint(value)] })),
  // Others: of a number that is not known, or of ours with another wire type.
  fc.tuple(fc.constantFrom(1, 4, 15, 16, 5000), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }))
    .map(([n, value]) => ({
      n: 0,
      value: 0,
      octets: [...varint(BigInt(n << 3)), ...varint(value)],
    })),
  fc.tuple(fc.constantFrom(1, 2, 3, 9, 5000), fc.uint8Array({ minLength: 8, maxLength: 8 }))
    .map(([n, some]) => ({ n: 0, value: 0, octets: [...varint(BigInt((n << 3) | 1)), ...some] })),
  fc.tuple(fc.constantFrom(1, 2, 3, 9, 5000), fc.uint8Array({ minLength: 4, maxLength: 4 }))
    .map(([n, some]) => ({ n: 0, value: 0, octets: [...varint(BigInt((n << 3) | 5)), ...some] })),
  fc.tuple(fc.constantFrom(2, 3, 9, 5000), fc.uint8Array({ maxLength: 200 })).map(([n, some]) => ({
    n: 0,
    value: 0,
    octets: [
      ...varint(BigInt((n << 3) | 2)),
      ...varint(BigInt(some.length)),
      ...some,
    ],
  })),
);

Deno.test("FaasReply: fields in any order, the last one counts, and others are passed over", () => {
  fc.assert(
    fc.property(fc.array(field, { maxLength: 12 }), (fields) => {
      const last = (n: number) => fields.findLast((field) => field.n === n)?.value;
      const expected = [last(1) || null, last(2) ?? 0, last(3) ?? 0];
      assert.deepEqual(read(fields.flatMap(({ octets }) => octets)), expected);
    }),
    { seed: SEED, numRuns: 500 },
  );
});

Deno.test("FaasReply: any cut is well-formed between fields only", () => {
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 5 }), (fields) => {
      const ends = new Set([0]);
      const octets: number[] = [];
      for (const field of fields) ends.add(octets.push(...field.octets));
      for (let cut = 0; cut <= octets.length; cut++) {
        assert.equal(read(octets.slice(0, cut)) !== false, ends.has(cut), `cut at ${cut}`);
      }
    }),
    { seed: SEED, numRuns: 100 },
  );
});

Deno.test("FaasReply: what protobuf does not have is malformed", () => {
  const malformed = [
    [0x00, 0x01], // field 0
    [0x02, 0x00],
    [0x0b], // a group
    [0x0c],
    [0x26, 0x00], // wire type 6
    [0x27, 0x00],
    [0x10, ...new Array(10).fill(0x80), 0x00], // eleven octets
    [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], // 4 GiB
  ];
  for (const octets of malformed) assert.equal(read(octets), false, `${octets}`);
  assert.deepEqual(read([]), [null, 0, 0]);
});

Deno.test("FaasReply: any octets at all are read or refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      const seen = read([...octets]);
      if (seen === false) return;
      const [, durationUs, memoryKib] = seen as [string | null, number, number];
      for (const value of [durationUs, memoryKib]) {
        assert.ok(Number.isInteger(value) && value >= 0 && value < 2 ** 32);
      }
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

function readCached(cache: TextCache, text: string): string {
  const octets = new TextEncoder().encode(` ${text} `);
  return cache.read(octets, 1, octets.length - 1);
}

Deno.test("TextCache: every text is read as it is, again and again", () => {
  const cache = new TextCache();
  const texts = ["", "a", "ä€😀", "instance-1", "instance-2", "x".repeat(128), "y".repeat(129)];
  for (let round = 0; round < 3; round++) {
    for (const text of texts) assert.equal(readCached(cache, text), text);
  }
});

Deno.test("TextCache: texts with the same hash are kept apart", () => {
  // FNV-1a over 32 bits: among so many of one length some are equal.
  const rng = Rng.fromSeed(1, "texts");
  const texts = new Map<number, string>();
  const pairs: [string, string][] = [];
  for (let i = 0; i < 200_000; i++) {
    const text = String.fromCharCode(...Array.from({ length: 10 }, () => 97 + rng.nextBelow(26)));
    let hash = 0x811c9dc5 ^ text.length;
    for (let at = 0; at < text.length; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    }
    const other = texts.get(hash);
    if (other !== undefined) pairs.push([other, text]);
    texts.set(hash, text);
  }
  assert.ok(pairs.length > 0);
  const cache = new TextCache();
  for (const [a, b] of pairs) {
    for (const text of [a, b, a, b, b, a]) assert.equal(readCached(cache, text), text);
  }
});

Deno.test("TextCache: more texts than are kept", () => {
  const cache = new TextCache();
  for (let i = 0; i < 40_000; i++) assert.equal(readCached(cache, `text ${i}`), `text ${i}`);
  for (let i = 0; i < 40_000; i += 1000) assert.equal(readCached(cache, `text ${i}`), `text ${i}`);
});
