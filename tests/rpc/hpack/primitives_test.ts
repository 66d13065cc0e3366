import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter } from "../../../lib/rpc/byte_writer.ts";
import { BlockReader, MAX_INTEGER, writeInteger } from "../../../lib/rpc/hpack/primitives.ts";
import { HpackError } from "../../../lib/rpc/hpack/header_block.ts";
import { octets } from "./notation.ts";

Deno.test("any integer comes back with any prefix, and leaves the flags alone", () => {
  const prefixAndFlags = fc.integer({ min: 4, max: 7 }).chain((prefixBits) =>
    fc.record({
      prefixBits: fc.constant(prefixBits),
      flags: fc.integer({ min: 0, max: (1 << (8 - prefixBits)) - 1 }).map((f) => f << prefixBits),
    })
  );
  const value = fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: 0, max: MAX_INTEGER }),
    fc.constant(MAX_INTEGER),
  );
  fc.assert(
    fc.property(prefixAndFlags, value, ({ prefixBits, flags }, value) => {
      const writer = new ByteWriter(0);
      writeInteger(writer, flags, prefixBits, value);
      assert.equal(writer.bytes[0] & ~((1 << prefixBits) - 1), flags);
      const reader = new BlockReader();
      reader.open(writer.bytes, 0, writer.length);
      assert.equal(reader.readInteger(prefixBits), value);
      assert.ok(reader.atEnd);
    }),
    { seed: 7541, numRuns: 500 },
  );
});

Deno.test("an integer may be padded with zeros up to five octets after the prefix", () => {
  assert.equal(read("1f 9a 8a 80 80 00"), 1337);
});

const REFUSED: readonly { what: string; hex: string }[] = [
  { what: "nothing at all", hex: "" },
  { what: "cut off after the prefix", hex: "1f" },
  { what: "cut off after a continuation", hex: "1f 9a" },
  { what: "six octets after the prefix", hex: "1f 9a 8a 80 80 80 00" },
  { what: "one above 2^28", hex: "1f e2 ff ff 7f" },
  { what: "2^32", hex: "1f e1 ff ff ff 0f" },
  { what: "35 bits of ones", hex: "1f ff ff ff ff 7f" },
];

for (const { what, hex } of REFUSED) {
  Deno.test(`refused: ${what}`, () => {
    assert.throws(() => read(hex), HpackError);
  });
}

Deno.test("2^28 itself is read", () => {
  assert.equal(read("1f e1 ff ff 7f"), MAX_INTEGER);
});

function read(hex: string): number {
  const bytes = octets(hex);
  const reader = new BlockReader();
  reader.open(bytes, 0, bytes.length);
  return reader.readInteger(5);
}
