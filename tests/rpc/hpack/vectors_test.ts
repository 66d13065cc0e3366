import assert from "node:assert/strict";
import { HpackEncoder } from "../../../lib/rpc/hpack/encoder.ts";
import {
  createDecoder,
  decodeHex,
  encodePairs,
  entriesOf,
  type Pair,
  pairsOf,
} from "./notation.ts";

/** One header block of a story; `vectors/README.md` says where they are from. */
interface Case {
  readonly wire: string;
  /** One field an object, so that names may repeat. */
  readonly headers: readonly Readonly<Record<string, string>>[];
  /** SETTINGS_HEADER_TABLE_SIZE as acknowledged before this block, if it changed. */
  readonly header_table_size?: number | null;
}

const FOLDER = new URL("./vectors/", import.meta.url);

for (const encoderName of foldersIn(FOLDER)) {
  const folder = new URL(`${encoderName}/`, FOLDER);
  for (const { name } of Deno.readDirSync(folder)) {
    const cases = readCases(new URL(name, folder));
    const maxTableSize = Math.max(4096, ...cases.map((c) => c.header_table_size ?? 0));

    Deno.test(`${encoderName}, ${name}: every block decoded`, () => {
      const decoder = createDecoder({ maxTableSize });
      for (const { wire, headers } of cases) {
        assert.deepEqual(pairsOf(decodeHex(decoder, wire)), headers.map(pairOf));
      }
    });

    Deno.test(`${encoderName}, ${name}: encoded by us and decoded again`, () => {
      const encoder = new HpackEncoder();
      const decoder = createDecoder({ maxTableSize });
      for (const { headers, header_table_size: tableSize } of cases) {
        if (typeof tableSize === "number") encoder.setMaxTableSize(tableSize);
        const bytes = encodePairs(encoder, headers.map(pairOf));
        const block = decoder.decode(bytes, 0, bytes.length);
        assert.deepEqual(pairsOf(block), headers.map(pairOf));
        assert.deepEqual(entriesOf(decoder.table), entriesOf(encoder.table));
      }
    });
  }
}

Deno.test("the vectors are of seven encoders, and change the table's size", () => {
  // So that an exchange of the files cannot quietly take what they are here for.
  assert.deepEqual(foldersIn(FOLDER), [
    "go-hpack",
    "haskell-http2-linear",
    "nghttp2-16384-4096",
    "nghttp2-change-table-size",
    "node-http2-hpack",
    "python-hpack",
    "swift-nio-hpack-huffman",
  ]);
  const resized = readCases(new URL("nghttp2-change-table-size/story_26.json", FOLDER));
  assert.ok(resized.filter((c) => typeof c.header_table_size === "number").length > 1);
});

function foldersIn(folder: URL): string[] {
  return Array.from(Deno.readDirSync(folder)).filter((entry) => entry.isDirectory)
    .map((entry) => entry.name).sort();
}

function readCases(file: URL): readonly Case[] {
  const story: { readonly cases: readonly Case[] } = JSON.parse(Deno.readTextFileSync(file));
  return story.cases;
}

function pairOf(header: Readonly<Record<string, string>>): Pair {
  const [pair] = Object.entries(header);
  return pair;
}
