import assert from "node:assert/strict";
import { judgeLimits, type LimitReading, worstFit } from "../../lib/preflight/fit.ts";

function readingOf(name: string, reading: Partial<LimitReading>): LimitReading {
  return { name, share: null, crossed: false, sinceMs: null, phrase: `of ${name}`, ...reading };
}

Deno.test("worstFit: what is not known is worse than what is tight, and better than what does not fit", () => {
  assert.equal(worstFit([]), "fits");
  assert.equal(worstFit(["fits", "fits"]), "fits");
  assert.equal(worstFit(["tight", "fits"]), "tight");
  assert.equal(worstFit(["unknown", "tight", "fits"]), "unknown");
  assert.equal(worstFit(["fits", "does not fit", "unknown"]), "does not fit");
});

Deno.test("judgeLimits: from 80 % of the nearest limit on it is tight", () => {
  const far = readingOf("memory", { share: 0.1 });
  assert.equal(judgeLimits([far, readingOf("CPU", { share: 0.79 })]).word, "fits");
  const tight = judgeLimits([readingOf("CPU", { share: 0.8 }), far]);
  assert.deepEqual([tight.word, tight.reason], ["tight", "of CPU"]);
});

Deno.test("judgeLimits: a limit that has no share is never near", () => {
  const { word, reason } = judgeLimits([readingOf("a", {}), readingOf("b", { share: 0.2 })]);
  assert.deepEqual([word, reason], ["fits", "of b"]);
});

Deno.test("judgeLimits: the limit that is crossed first decides, those over the whole run last", () => {
  const limits = [
    readingOf("work", { share: 3, crossed: true }),
    readingOf("memory", { share: 1, crossed: true, sinceMs: 5000 }),
    readingOf("instances", { share: 1, crossed: true, sinceMs: 2000 }),
    readingOf("slowdown", { share: 9 }),
  ];
  const { word, reason } = judgeLimits(limits);
  assert.deepEqual([word, reason], ["does not fit", "of instances"]);
  assert.equal(judgeLimits([limits[0], limits[3]]).reason, "of work");
});
