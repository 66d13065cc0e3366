import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BlockMemo,
  MAX_REMEMBERED_BLOCKS,
  MAX_REMEMBERED_BYTES,
} from "../../../lib/rpc/hpack/block_memo.ts";
import { HeaderBlock } from "../../../lib/rpc/hpack/header_block.ts";

Deno.test("a block is found by its octets alone, wherever they lie", () => {
  const memo = new BlockMemo();
  const block = new HeaderBlock([], []);
  memo.remember(Uint8Array.of(9, 1, 2, 3, 9), 1, 4, block);
  assert.equal(memo.find(Uint8Array.of(1, 2, 3), 0, 3), block);
  assert.equal(memo.find(Uint8Array.of(1, 2, 3), 0, 2), undefined);
  assert.equal(memo.find(Uint8Array.of(1, 2, 4), 0, 3), undefined);
});

Deno.test("what is remembered outlives the octets it came from", () => {
  const memo = new BlockMemo();
  const block = new HeaderBlock([], []);
  const bytes = Uint8Array.of(1, 2);
  memo.remember(bytes, 0, 2, block);
  bytes.fill(0);
  assert.equal(memo.find(Uint8Array.of(1, 2), 0, 2), block);
  assert.equal(memo.find(bytes, 0, 2), undefined);
});

Deno.test("the longest block is remembered, a longer one is not", () => {
  const memo = new BlockMemo();
  const bytes = new Uint8Array(MAX_REMEMBERED_BYTES + 1);
  const block = new HeaderBlock([], []);
  memo.remember(bytes, 0, MAX_REMEMBERED_BYTES, block);
  memo.remember(bytes, 0, MAX_REMEMBERED_BYTES + 1, block);
  assert.equal(memo.find(bytes, 0, MAX_REMEMBERED_BYTES), block);
  assert.equal(memo.find(bytes, 0, MAX_REMEMBERED_BYTES + 1), undefined);
});

Deno.test("a full memo starts over and remembers the block that came", () => {
  const memo = new BlockMemo();
  const bytesOf = (i: number) => Uint8Array.of(i, i >> 8);
  for (let i = 0; i <= MAX_REMEMBERED_BLOCKS; i++) {
    memo.remember(bytesOf(i), 0, 2, new HeaderBlock([], [], false));
  }
  assert.equal(memo.find(bytesOf(0), 0, 2), undefined);
  assert.notEqual(memo.find(bytesOf(MAX_REMEMBERED_BLOCKS), 0, 2), undefined);
});

Deno.test("it finds what a map of the octets would, until it is full", () => {
  const octetsOfFew = fc.uint8Array({ maxLength: 4, max: 3 });
  fc.assert(
    fc.property(fc.array(octetsOfFew, { maxLength: MAX_REMEMBERED_BLOCKS }), (blocks) => {
      const memo = new BlockMemo();
      const expected = new Map<string, HeaderBlock>();
      for (const bytes of blocks) {
        const known = memo.find(bytes, 0, bytes.length);
        assert.equal(known, expected.get(bytes.join()));
        if (known !== undefined) continue;
        const block = new HeaderBlock([], []);
        memo.remember(bytes, 0, bytes.length, block);
        expected.set(bytes.join(), block);
      }
      memo.clear();
      for (const bytes of blocks) assert.equal(memo.find(bytes, 0, bytes.length), undefined);
    }),
    { seed: 7541, numRuns: 100 },
  );
});
