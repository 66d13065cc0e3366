import assert from "node:assert/strict";
import { Rng } from "../../../lib/base/rng.ts";
import { TextCache } from "../../../lib/rpc/grpc/text_cache.ts";

function read(cache: TextCache, text: string): string {
  const octets = new TextEncoder().encode(` ${text} `);
  return cache.read(octets, 1, octets.length - 1);
}

Deno.test("TextCache: every text is read as it is, again and again", () => {
  const cache = new TextCache();
  const texts = ["", "a", "ä€😀", "instance-1", "instance-2", "x".repeat(128), "y".repeat(129)];
  for (let round = 0; round < 3; round++) {
    for (const text of texts) assert.equal(read(cache, text), text);
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
    for (const text of [a, b, a, b, b, a]) assert.equal(read(cache, text), text);
  }
});

Deno.test("TextCache: more texts than are kept", () => {
  const cache = new TextCache();
  for (let i = 0; i < 40_000; i++) assert.equal(read(cache, `text ${i}`), `text ${i}`);
  for (let i = 0; i < 40_000; i += 1000) assert.equal(read(cache, `text ${i}`), `text ${i}`);
});
