import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter } from "../../../lib/rpc/byte_writer.ts";
import { HpackError } from "../../../lib/rpc/hpack/header_block.ts";
import {
  CODE_LENGTHS,
  CODES,
  decodeHuffman,
  EOS,
  huffmanLength,
  writeHuffman,
} from "../../../lib/rpc/hpack/huffman.ts";
import { HUFFMAN_REFERENCE } from "./huffman_reference.ts";
import { octets } from "./notation.ts";

Deno.test("the code is that of RFC 7541 Appendix B, symbol by symbol", () => {
  assert.equal(HUFFMAN_REFERENCE.length, EOS + 1);
  HUFFMAN_REFERENCE.forEach(({ code, bits }, symbol) => {
    assert.deepEqual({ code: CODES[symbol], bits: CODE_LENGTHS[symbol] }, { code, bits });
  });
});

Deno.test("every octet comes back, alone and behind every phase of the bits", () => {
  for (let symbol = 0; symbol < 256; symbol++) {
    // "0" has five bits, so eight of them end at every bit of an octet.
    for (let phase = 0; phase < 8; phase++) {
      const text = "0".repeat(phase) + String.fromCharCode(symbol);
      assert.equal(decode(encode(text)), text);
    }
  }
});

Deno.test("any text comes back, in as many octets as announced", () => {
  const text = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 300 })
    .map((characters) => String.fromCharCode(...characters));
  fc.assert(
    fc.property(text, (text) => {
      const coded = encode(text);
      assert.equal(coded.length, huffmanLength(text));
      assert.equal(decode(coded), text);
    }),
    { seed: 7541, numRuns: 300 },
  );
});

Deno.test("a text longer than the buffer that is kept comes back", () => {
  const text = "0123456789".repeat(2000);
  assert.equal(decode(encode(text)), text);
});

Deno.test("no octets are the empty text", () => {
  assert.equal(decode(octets("")), "");
});

const REFUSED: readonly { what: string; hex: string }[] = [
  { what: "a whole octet of padding", hex: "ff" },
  { what: "an octet of padding behind a text", hex: "1fff" },
  { what: "three octets of padding behind a text", hex: "1fffffff" },
  { what: "padding of zeros", hex: "00" },
  { what: "padding with a zero in it", hex: "1d" },
  { what: "EOS and padding", hex: "ffffffff" },
  { what: "EOS in front of a text", hex: "fffffffcf1e3c2e5f23a6ba0ab90f4ff" },
  { what: "EOS behind a text", hex: "1fffffffff" },
  { what: "a code cut off", hex: "fffe" },
];

for (const { what, hex } of REFUSED) {
  Deno.test(`refused: ${what}`, () => {
    assert.throws(() => decode(octets(hex)), HpackError);
  });
}

Deno.test("seven ones are padding still", () => {
  // Five codes of five bits, the last one ending in 1: one bit of an octet, and seven to fill.
  const coded = encode("aaaaa");
  assert.equal(coded.at(-1), 0b1_1111111);
  assert.equal(decode(coded), "aaaaa");
});

function encode(text: string): Uint8Array {
  const writer = new ByteWriter(1);
  writeHuffman(writer, text);
  return writer.view();
}

function decode(bytes: Uint8Array): string {
  return decodeHuffman(bytes, 0, bytes.length);
}
