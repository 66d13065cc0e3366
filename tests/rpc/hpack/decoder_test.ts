import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_REMEMBERED_BYTES } from "../../../lib/rpc/hpack/block_memo.ts";
import { HeaderBlock, HpackError } from "../../../lib/rpc/hpack/header_block.ts";
import { createDecoder, decodeHex, entriesOf, latin1Octets, octets, pairsOf } from "./notation.ts";

// `te: trailers` with incremental indexing, the first dynamic entry; then be is it.
const TE_INDEXED = "40 02 7465 08 747261696c657273";
// `te: trailers` without indexing.
const TE_LITERAL = "00 02 7465 08 747261696c657273";

Deno.test("the empty block has no fields", () => {
  assert.deepEqual(pairsOf(decodeHex(createDecoder(), "")), []);
});

Deno.test("get is the first value of a name, undefined if there is none", () => {
  const block = new HeaderBlock(["a", "b", "a"], ["1", "2", "3"]);
  assert.equal(block.get("a"), "1");
  assert.equal(block.get("c"), undefined);
});

Deno.test("octets are characters of the same number", () => {
  const block = decodeHex(createDecoder(), "00 01 61 03 00 80 ff");
  assert.equal(block.get("a"), "\u0000\u0080\u00ff");
});

Deno.test("only what lies between start and end is read", () => {
  const bytes = octets(`ff 82 ${TE_LITERAL} ff`);
  const block = createDecoder().decode(bytes, 1, bytes.length - 1);
  assert.deepEqual(pairsOf(block), [[":method", "GET"], ["te", "trailers"]]);
});

Deno.test("a name may come from an entry that its own field evicts", () => {
  const decoder = createDecoder({ maxTableSize: 42 });
  decodeHex(decoder, TE_INDEXED);
  const block = decodeHex(decoder, "7e 01 78"); // te: x, with the name of index 62
  assert.deepEqual(pairsOf(block), [["te", "x"]]);
  assert.deepEqual(entriesOf(decoder.table), [["te", "x"]]);
});

// Errors

const REFUSED: readonly { what: string; hex: string }[] = [
  { what: "index 0", hex: "80" },
  { what: "an index above the tables", hex: "be" },
  { what: "a far index", hex: "ff e0 ff ff 7f" },
  { what: "a name's index above the tables", hex: "7e 00" },
  { what: "a size update behind a field", hex: "82 20" },
  { what: "a size update above the settings", hex: "3f e2 1f" },
  { what: "a block cut off in a name's index", hex: "0f" },
  { what: "a block cut off before a name", hex: "00" },
  { what: "a block cut off in a name", hex: "00 02 74" },
  { what: "a block cut off before a value", hex: "00 02 7465" },
  { what: "a block cut off in a value", hex: "00 02 7465 08 74" },
  { what: "a value as long as an integer may be", hex: "04 7f 81 ff ff 7f 61" },
  { what: "a Huffman value with a wrong end", hex: "04 81 00" },
];

for (const { what, hex } of REFUSED) {
  Deno.test(`refused: ${what}`, () => {
    assert.throws(() => decodeHex(createDecoder(), hex), HpackError);
  });
}

Deno.test("whatever the octets, the end is a block or an HpackError, and the table keeps its size", () => {
  const anyOctets = fc.uint8Array({ maxLength: 200 });
  // Octets that mean something: indices near the tables' ends, short literals, size updates.
  const likelyOctets = fc.array(
    fc.oneof(
      fc.constantFrom(TE_INDEXED, TE_LITERAL, "20", "3f e1 1f", "3f 21", "be", "bf", "c0", "82"),
      fc.constantFrom("41 83 f1e3c2", "7e 01 78", "7f 00 00", "10 01 61 81 1f", "00", "80"),
      fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => bytes.toHex()),
    ),
    { maxLength: 30 },
  ).map((parts) => octets(parts.join("")));
  const blocks = fc.array(fc.oneof(anyOctets, likelyOctets), { minLength: 1, maxLength: 20 });
  let decoded = 0;
  let refused = 0;
  fc.assert(
    fc.property(blocks, fc.constantFrom(0, 100, 4096, 10_000), (blocks, maxTableSize) => {
      const decoder = createDecoder({ maxTableSize, maxHeaderListSize: 1000 });
      for (const bytes of blocks) {
        // A connection would end at the first error; the decoder must hold out nevertheless.
        try {
          const block = decoder.decode(bytes, 0, bytes.length);
          assert.ok(block instanceof HeaderBlock);
          assert.equal(block.names.length, block.values.length);
          decoded++;
        } catch (error) {
          if (!(error instanceof HpackError)) throw error;
          refused++;
        }
        assert.ok(decoder.table.size <= decoder.table.maxSize);
        assert.ok(decoder.table.maxSize <= maxTableSize);
      }
    }),
    { seed: 7541, numRuns: 500 },
  );
  assert.ok(decoded > 100 && refused > 100, `${decoded} decoded, ${refused} refused`);
});

// Table size

Deno.test("the table starts with 4096 bytes, and may be set to all that our settings allow", () => {
  const decoder = createDecoder({ maxTableSize: 10_000 });
  assert.equal(decoder.table.maxSize, 4096);
  decodeHex(decoder, "3f f1 4d"); // 10,000
  assert.equal(decoder.table.maxSize, 10_000);
});

Deno.test("a table that our settings make smaller starts so", () => {
  assert.equal(createDecoder({ maxTableSize: 100 }).table.maxSize, 100);
});

Deno.test("two size updates in a row, down to 0 and up, empty the table", () => {
  const decoder = createDecoder();
  decodeHex(decoder, TE_INDEXED);
  const block = decodeHex(decoder, "20 3f e1 1f 82");
  assert.deepEqual(pairsOf(block), [[":method", "GET"]]);
  assert.deepEqual([decoder.table.count, decoder.table.maxSize], [0, 4096]);
});

// Header list size

Deno.test("a list of exactly the limit is passed on, one of a byte more is not", () => {
  const bytes = octets(`82 ${TE_LITERAL}`); // 42 + 42
  assert.equal(createDecoder({ maxHeaderListSize: 84 }).decode(bytes, 0, 14).names.length, 2);
  const tooLarge = createDecoder({ maxHeaderListSize: 83 }).decode(bytes, 0, 14);
  assert.deepEqual([tooLarge.tooLarge, tooLarge.names, tooLarge.values], [true, [], []]);
});

Deno.test("a list beyond the limit leaves the table right for the next block", () => {
  const decoder = createDecoder({ maxHeaderListSize: 50 });
  assert.ok(decodeHex(decoder, `82 ${TE_INDEXED}`).tooLarge);
  const next = decodeHex(decoder, "be");
  assert.deepEqual(pairsOf(next), [["te", "trailers"]]);
  assert.ok(!next.tooLarge);
});

Deno.test("what follows the limit is checked still", () => {
  assert.throws(() => decodeHex(createDecoder({ maxHeaderListSize: 1 }), "82 80"), HpackError);
});

// The same block again

Deno.test("the same octets give the very same block while the table stays", () => {
  const decoder = createDecoder();
  decodeHex(decoder, TE_INDEXED);
  for (const hex of ["", "88", "be", "88 be", "88 0f 10 01 61 be", TE_LITERAL]) {
    const block = decodeHex(decoder, hex);
    block.view = hex;
    assert.equal(decodeHex(decoder, hex), block, hex);
  }
});

Deno.test("a block that changes the table is never taken from memory", () => {
  const decoder = createDecoder();
  const first = decodeHex(decoder, TE_INDEXED);
  const second = decodeHex(decoder, TE_INDEXED);
  assert.notEqual(first, second);
  assert.equal(decoder.table.count, 2);
});

Deno.test("the octets of a remembered block may be overwritten", () => {
  const decoder = createDecoder();
  const bytes = octets("88 82");
  const block = decoder.decode(bytes, 0, 2);
  bytes[1] = 0x83;
  assert.deepEqual(pairsOf(decoder.decode(bytes, 0, 2)), [[":status", "200"], [":method", "POST"]]);
  assert.deepEqual(pairsOf(block), [[":status", "200"], [":method", "GET"]]);
});

Deno.test("an index means another entry after an insertion, and nothing after an eviction", () => {
  const decoder = createDecoder();
  decodeHex(decoder, TE_INDEXED);
  assert.equal(decodeHex(decoder, "be").get("te"), "trailers");
  decodeHex(decoder, "40 01 61 01 62");
  assert.equal(decodeHex(decoder, "be").get("a"), "b");
  decodeHex(decoder, "20");
  assert.throws(() => decodeHex(decoder, "be"), HpackError);
});

Deno.test("a size update that evicts nothing is not taken from memory either", () => {
  const decoder = createDecoder();
  decodeHex(decoder, "20 82"); // to 0
  decodeHex(decoder, "3f e1 1f 82"); // back to 4096
  decodeHex(decoder, "20 82");
  assert.equal(decoder.table.maxSize, 0);
});

Deno.test("an insertion before an error makes the memory void", () => {
  const decoder = createDecoder();
  decodeHex(decoder, TE_INDEXED);
  decodeHex(decoder, "be");
  assert.throws(() => decodeHex(decoder, "40 01 61 01 62 80"), HpackError);
  assert.equal(decodeHex(decoder, "be").get("a"), "b");
});

Deno.test("blocks up to the remembered length are the same object, longer ones equal", () => {
  const decoder = createDecoder();
  // `a: xxx…` without indexing: four octets and the value.
  const blockOf = (length: number) => {
    const value = "x".repeat(length - 4);
    return Uint8Array.of(0, 1, 0x61, value.length, ...latin1Octets(value));
  };
  const longest = blockOf(MAX_REMEMBERED_BYTES);
  const longer = blockOf(MAX_REMEMBERED_BYTES + 1);
  const decode = (bytes: Uint8Array) => decoder.decode(bytes, 0, bytes.length);
  assert.equal(decode(longest), decode(longest));
  assert.notEqual(decode(longer), decode(longer));
  assert.deepEqual(pairsOf(decode(longer)), pairsOf(decode(longer)));
});
