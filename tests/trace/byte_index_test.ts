import assert from "node:assert/strict";
import { Rng } from "../../lib/base/rng.ts";
import { ByteIndex } from "../../lib/trace/byte_index.ts";

Deno.test("names are numbered by their bytes, in the order in which they come first", () => {
  const rng = Rng.fromSeed(3, "names");
  const index = new ByteIndex();
  const known = new Map<string, number>();
  for (let i = 0; i < 20_000; i++) {
    const name = rng.nextBelow(3000).toString(2);
    const bytes = new TextEncoder().encode(`<${name}>`);
    const number = known.get(name) ?? known.size;
    known.set(name, number);
    assert.equal(index.numberOf(bytes, 1, bytes.length - 1), number);
  }
  assert.equal(index.size, known.size);
});

Deno.test("names of one hash are still two names, and bytes may change afterwards", () => {
  // FNV-1a of both is the same.
  const [a, b] = ["costarring", "liquid"].map((name) => new TextEncoder().encode(name));
  const index = new ByteIndex();
  assert.deepEqual([index.numberOf(a, 0, a.length), index.numberOf(b, 0, b.length)], [0, 1]);
  const copy = a.slice();
  a.fill(0);
  assert.equal(index.numberOf(copy, 0, copy.length), 0);
  assert.equal(index.numberOf(copy, 0, 0), 2);
});
