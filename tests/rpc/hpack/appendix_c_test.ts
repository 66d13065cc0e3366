import assert from "node:assert/strict";
import { ByteWriter } from "../../../lib/rpc/byte_writer.ts";
import { BlockReader, writeInteger } from "../../../lib/rpc/hpack/primitives.ts";
import { DynamicTable } from "../../../lib/rpc/hpack/dynamic_table.ts";
import { HpackEncoder } from "../../../lib/rpc/hpack/encoder.ts";
import {
  createDecoder,
  decodeHex,
  encodePairs,
  entriesOf,
  octets,
  type Pair,
  pairsOf,
} from "./notation.ts";

// The examples of RFC 7541 Appendix C.

/** C.1: the integer, the bits of its prefix, and its octets with zeros above the prefix. */
const INTEGERS = [
  { section: "C.1.1", value: 10, prefixBits: 5, hex: "0a" },
  { section: "C.1.2", value: 1337, prefixBits: 5, hex: "1f 9a 0a" },
  { section: "C.1.3", value: 42, prefixBits: 8, hex: "2a" },
];

for (const { section, value, prefixBits, hex } of INTEGERS) {
  Deno.test(`RFC 7541 ${section}: the integer ${value}`, () => {
    const reader = new BlockReader();
    reader.open(octets(hex), 0, octets(hex).length);
    assert.equal(reader.readInteger(prefixBits), value);
    assert.ok(reader.atEnd);

    const writer = new ByteWriter(8);
    writeInteger(writer, 0, prefixBits, value);
    assert.deepEqual(writer.view(), octets(hex));
  });
}

/** C.2: single fields. They are plain where our encoder's are in Huffman code, so decoded only. */
const SINGLE_FIELDS: readonly {
  section: string;
  hex: string;
  pair: Pair;
  table: Pair[];
  tableSize: number;
}[] = [
  {
    section: "C.2.1 (with indexing)",
    hex: "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
    pair: ["custom-key", "custom-header"],
    table: [["custom-key", "custom-header"]],
    tableSize: 55,
  },
  {
    section: "C.2.2 (without indexing)",
    hex: "040c 2f73 616d 706c 652f 7061 7468",
    pair: [":path", "/sample/path"],
    table: [],
    tableSize: 0,
  },
  {
    section: "C.2.3 (never indexed)",
    hex: "1008 7061 7373 776f 7264 0673 6563 7265 74",
    pair: ["password", "secret"],
    table: [],
    tableSize: 0,
  },
  {
    section: "C.2.4 (indexed)",
    hex: "82",
    pair: [":method", "GET"],
    table: [],
    tableSize: 0,
  },
];

for (const { section, hex, pair, table, tableSize } of SINGLE_FIELDS) {
  Deno.test(`RFC 7541 ${section}: decoded`, () => {
    const decoder = createDecoder();
    assert.deepEqual(pairsOf(decodeHex(decoder, hex)), [pair]);
    assert.deepEqual(entriesOf(decoder.table), table);
    assert.equal(decoder.table.size, tableSize);
  });
}

/** One of three blocks in a row on one connection, and the table after it. */
interface Step {
  readonly plainHex: string;
  readonly huffmanHex: string;
  readonly pairs: readonly Pair[];
  readonly table: readonly Pair[];
  readonly tableSize: number;
}

/** C.3 (plain) and C.4 (Huffman). */
const REQUESTS: readonly Step[] = [
  {
    plainHex: "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    huffmanHex: "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    pairs: [
      [":method", "GET"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "www.example.com"],
    ],
    table: [[":authority", "www.example.com"]],
    tableSize: 57,
  },
  {
    plainHex: "8286 84be 5808 6e6f 2d63 6163 6865",
    huffmanHex: "8286 84be 5886 a8eb 1064 9cbf",
    pairs: [
      [":method", "GET"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "www.example.com"],
      ["cache-control", "no-cache"],
    ],
    table: [["cache-control", "no-cache"], [":authority", "www.example.com"]],
    tableSize: 110,
  },
  {
    plainHex: "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    huffmanHex: "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    pairs: [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/index.html"],
      [":authority", "www.example.com"],
      ["custom-key", "custom-value"],
    ],
    table: [
      ["custom-key", "custom-value"],
      ["cache-control", "no-cache"],
      [":authority", "www.example.com"],
    ],
    tableSize: 164,
  },
];

const COOKIE = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";

/** C.5 (plain) and C.6 (Huffman), with a table of 256 bytes, so that entries are evicted. */
const RESPONSES: readonly Step[] = [
  {
    plainHex: `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
      2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65
      2e63 6f6d`,
    huffmanHex: `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
      2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
    pairs: [
      [":status", "302"],
      ["cache-control", "private"],
      ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
      ["location", "https://www.example.com"],
    ],
    table: [
      ["location", "https://www.example.com"],
      ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
      ["cache-control", "private"],
      [":status", "302"],
    ],
    tableSize: 222,
  },
  {
    plainHex: "4803 3330 37c1 c0bf",
    huffmanHex: "4883 640e ffc1 c0bf",
    pairs: [
      [":status", "307"],
      ["cache-control", "private"],
      ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
      ["location", "https://www.example.com"],
    ],
    table: [
      [":status", "307"],
      ["location", "https://www.example.com"],
      ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
      ["cache-control", "private"],
    ],
    tableSize: 222,
  },
  {
    plainHex: `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
      54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541
      5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
    huffmanHex: `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
      77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587
      3160 65c0 03ed 4ee5 b106 3d50 07`,
    pairs: [
      [":status", "200"],
      ["cache-control", "private"],
      ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
      ["location", "https://www.example.com"],
      ["content-encoding", "gzip"],
      ["set-cookie", COOKIE],
    ],
    table: [
      ["set-cookie", COOKIE],
      ["content-encoding", "gzip"],
      ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
    ],
    tableSize: 215,
  },
];

const SERIES = [
  { section: "C.3", steps: REQUESTS, maxTableSize: 4096, spelling: "plainHex" },
  { section: "C.4", steps: REQUESTS, maxTableSize: 4096, spelling: "huffmanHex" },
  { section: "C.5", steps: RESPONSES, maxTableSize: 256, spelling: "plainHex" },
  { section: "C.6", steps: RESPONSES, maxTableSize: 256, spelling: "huffmanHex" },
] as const;

for (const { section, steps, maxTableSize, spelling } of SERIES) {
  Deno.test(`RFC 7541 ${section}: decoded, with the table after every block`, () => {
    const decoder = createDecoder({ maxTableSize });
    for (const step of steps) {
      assert.deepEqual(pairsOf(decodeHex(decoder, step[spelling])), step.pairs);
      assert.deepEqual(entriesOf(decoder.table), step.table);
      assert.equal(decoder.table.size, step.tableSize);
    }
  });
}

Deno.test("RFC 7541 C.4: encoded to the published octets", () => {
  const encoder = new HpackEncoder();
  for (const { pairs, huffmanHex, table, tableSize } of REQUESTS) {
    assert.deepEqual(encodePairs(encoder, pairs), octets(huffmanHex));
    assert.deepEqual(entriesOf(encoder.table), table);
    assert.equal(encoder.table.size, tableSize);
  }
});

Deno.test("RFC 7541 C.2.4: encoded to the published octet, whatever the indexing", () => {
  for (const indexing of ["index", "literal"] as const) {
    const encoder = new HpackEncoder();
    assert.deepEqual(encodePairs(encoder, [[":method", "GET"]], indexing), octets("82"));
  }
});

Deno.test("RFC 7541 C.6.1: encoded to the published octets, after the size update to 256", () => {
  const encoder = new HpackEncoder();
  encoder.setMaxTableSize(256);
  const [first] = RESPONSES;
  assert.deepEqual(encodePairs(encoder, first.pairs), octets(`3fe101 ${first.huffmanHex}`));
  assert.deepEqual(entriesOf(encoder.table), first.table);
});

Deno.test("RFC 7541 C.6.2: where the example evicts, our encoder spells the value out", () => {
  const encoder = new HpackEncoder();
  encoder.setMaxTableSize(256);
  const [first, second] = RESPONSES;
  encodePairs(encoder, first.pairs);
  // Without indexing (08), so the other fields' indices are one less than published; and
  // "307" in three plain octets, since the Huffman code has three as well.
  assert.deepEqual(encodePairs(encoder, second.pairs), octets("0803 3330 37c0 bfbe"));
  assert.deepEqual(entriesOf(encoder.table), first.table);
});

Deno.test("RFC 7541 C.5: the dynamic table evicts as published", () => {
  const table = new DynamicTable(256);
  const inserted = [RESPONSES[0].pairs, RESPONSES[1].pairs.slice(0, 1), [
    RESPONSES[2].pairs[2],
    ...RESPONSES[2].pairs.slice(4),
  ]];
  inserted.forEach((pairs, i) => {
    for (const [name, value] of pairs) table.insert(name, value);
    assert.deepEqual(entriesOf(table), RESPONSES[i].table);
    assert.equal(table.size, RESPONSES[i].tableSize);
  });
});
