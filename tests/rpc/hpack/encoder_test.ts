import assert from "node:assert/strict";
import { LoaderError } from "../../../lib/base/error.ts";
import { ByteWriter } from "../../../lib/rpc/byte_writer.ts";
import { HpackEncoder } from "../../../lib/rpc/hpack/encoder.ts";
import {
  createDecoder,
  encodeFields,
  encodePairs,
  entriesOf,
  octets,
  type Pair,
  pairsOf,
} from "./notation.ts";

const TE: Pair = ["te", "trailers"];

// Representations

Deno.test("a field to be indexed is spelt out once and then one octet", () => {
  const encoder = new HpackEncoder();
  assert.equal(encodePairs(encoder, [TE])[0], 0x40);
  assert.deepEqual(encodePairs(encoder, [TE]), octets("be"));
});

Deno.test("a literal enters no table, but uses what is in them", () => {
  const encoder = new HpackEncoder();
  assert.equal(encodePairs(encoder, [["x-a", "1"]], "literal")[0], 0x00);
  assert.equal(encoder.table.count, 0);
  encodePairs(encoder, [["x-a", "1"]], "index");
  assert.deepEqual(encodePairs(encoder, [["x-a", "1"]], "literal"), octets("be"));
  // The name of index 62: 15 and 47 in a prefix of four bits.
  assert.deepEqual(encodePairs(encoder, [["x-a", "2"]], "literal"), octets("0f 2f 01 32"));
  assert.deepEqual(encodePairs(encoder, [[":path", "*"]], "literal"), octets("04 01 2a"));
});

Deno.test("a secret is a never-indexed literal, even if a table has it", () => {
  const encoder = new HpackEncoder();
  encodePairs(encoder, [["cookie", "a"]], "index");
  assert.deepEqual(encodePairs(encoder, [["cookie", "a"]], "never"), octets("1f 11 01 61"));
  assert.deepEqual(encodePairs(encoder, [[":method", "GET"]], "never").slice(0, 1), octets("12"));
  assert.equal(encoder.table.count, 1);
});

Deno.test("a string is Huffman-coded if that is shorter, else plain", () => {
  const encoder = new HpackEncoder();
  assert.deepEqual(encodePairs(encoder, [[":path", "aaa"]], "literal"), octets("04 82 18c7"));
  assert.deepEqual(encodePairs(encoder, [[":path", "~~~"]], "literal"), octets("04 03 7e7e7e"));
  assert.deepEqual(encodePairs(encoder, [[":path", "307"]], "literal"), octets("04 03 333037"));
});

Deno.test("the block goes behind what the writer holds", () => {
  const writer = new ByteWriter(1);
  writer.append(Uint8Array.of(1, 2, 3));
  new HpackEncoder().encode([{ name: ":method", value: "GET", indexing: "index" }], writer);
  assert.deepEqual(writer.view(), Uint8Array.of(1, 2, 3, 0x82));
});

Deno.test("a character that is no octet is refused before anything changes", () => {
  const encoder = new HpackEncoder();
  const { generation } = encoder;
  const writer = new ByteWriter(16);
  for (const wrong of [["x-a", "1 €"], ["x-ā", "1"]] as const) {
    const fields = [TE, wrong].map(([name, value]) => ({
      name,
      value,
      indexing: "index" as const,
    }));
    assert.throws(
      () => encoder.encode(fields, writer),
      (error) => error instanceof LoaderError && error.code === "usage",
    );
  }
  assert.deepEqual([writer.length, encoder.table.count, encoder.generation], [0, 0, generation]);
});

// A table that is full

Deno.test("a field that would evict another is a literal, with its name indexed", () => {
  const encoder = new HpackEncoder();
  encoder.setMaxTableSize(100);
  encodePairs(encoder, [["x-a", "1"], ["x-b", "2"]]); // 36 each: room for 28 more
  const before = entriesOf(encoder.table);
  const { generation } = encoder;
  const block = encodePairs(encoder, [["x-a", "3"], ["x-a", "1"], ["x-b", "2"]]);
  assert.deepEqual(block, octets("0f 30 01 33 bf be"));
  assert.deepEqual(entriesOf(encoder.table), before);
  assert.equal(encoder.generation, generation);
});

Deno.test("a field of exactly the room that is left is indexed", () => {
  const encoder = new HpackEncoder();
  encoder.setMaxTableSize(72);
  encodePairs(encoder, [["x-a", "1"], ["x-b", "2"]]);
  assert.deepEqual([encoder.table.count, encoder.table.size], [2, 72]);
});

// Table size (RFC 7541 sections 4.2 and 6.3)

Deno.test("a size update opens the next block, once", () => {
  const encoder = new HpackEncoder();
  encoder.setMaxTableSize(0);
  assert.deepEqual(encodePairs(encoder, [[":method", "GET"]]), octets("20 82"));
  assert.deepEqual(encodePairs(encoder, [[":method", "GET"]]), octets("82"));
});

Deno.test("of several sizes in between, the smallest and the last are told", () => {
  const encoder = new HpackEncoder();
  for (const size of [200, 0, 100, 50, 300]) encoder.setMaxTableSize(size);
  assert.deepEqual(encodePairs(encoder, []), octets("20 3f 8d 02")); // 0, then 300
});

Deno.test("down and back up between two blocks is told, since it emptied the table", () => {
  const encoder = new HpackEncoder();
  const decoder = createDecoder();
  const exchange = (pairs: readonly Pair[]) => {
    const bytes = encodePairs(encoder, pairs);
    assert.deepEqual(pairsOf(decoder.decode(bytes, 0, bytes.length)), pairs);
    assert.deepEqual(entriesOf(decoder.table), entriesOf(encoder.table));
    return bytes;
  };
  exchange([TE]);
  encoder.setMaxTableSize(0);
  encoder.setMaxTableSize(4096);
  assert.deepEqual(exchange([TE]).slice(0, 5), octets("20 3f e1 1f 40"));
});

Deno.test("a size that only went up is told alone", () => {
  const encoder = new HpackEncoder();
  encoder.setMaxTableSize(0);
  encodePairs(encoder, []);
  encoder.setMaxTableSize(50);
  encoder.setMaxTableSize(100);
  assert.deepEqual(encodePairs(encoder, []), octets("3f 45"));
});

Deno.test("a peer that allows more than 4096 bytes is not told anything", () => {
  const encoder = new HpackEncoder();
  const { generation } = encoder;
  encoder.setMaxTableSize(65_536);
  assert.equal(encoder.generation, generation);
  assert.deepEqual(encodePairs(encoder, []), octets(""));
  assert.equal(encoder.table.maxSize, 4096);
});

// Generation

Deno.test("the generation stays over a block that inserts nothing", () => {
  const encoder = new HpackEncoder();
  encodePairs(encoder, [TE]);
  const { generation } = encoder;
  encodePairs(encoder, [TE, [":method", "POST"]]);
  encodePairs(encoder, [["grpc-timeout", "1S"]], "literal");
  encodePairs(encoder, [["authorization", "x"]], "never");
  assert.equal(encoder.generation, generation);
});

Deno.test("the generation rises within a block that inserts", () => {
  const encoder = new HpackEncoder();
  const { generation } = encoder;
  encodeFields(encoder, [{ name: "te", value: "trailers", indexing: "index" }]);
  assert.ok(encoder.generation > generation);
});

Deno.test("the generation rises with a new size, and again with the block that tells it", () => {
  const encoder = new HpackEncoder();
  const before = encoder.generation;
  encoder.setMaxTableSize(100);
  const pending = encoder.generation;
  assert.ok(pending > before);
  encodePairs(encoder, [[":method", "GET"]]);
  assert.ok(encoder.generation > pending);
});
