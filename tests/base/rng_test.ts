import assert from "node:assert/strict";
import { deriveKey, Rng } from "../../lib/base/rng.ts";
import { chiSquareTest, kolmogorovSmirnovTest } from "../../lib/stats/goodness_of_fit.ts";

Deno.test("Rng: the same seed and names give the same numbers, others give others", () => {
  const draw = (seed: number, ...names: string[]) => {
    const rng = Rng.fromSeed(seed, ...names);
    return [rng.nextInt32(), rng.nextInt32(), rng.nextInt32()];
  };
  assert.deepEqual(draw(42, "a"), draw(42, "a"));
  assert.notDeepEqual(draw(42, "a"), draw(42, "b"));
  assert.notDeepEqual(draw(42, "a"), draw(43, "a"));
  assert.notDeepEqual(draw(42, "ab", "c"), draw(42, "a", "bc"));
});

Deno.test("Rng: these numbers are the format of a seed and never change", () => {
  const rng = Rng.fromSeed(42, "golden");
  assert.deepEqual([rng.nextInt32(), rng.nextInt32(), rng.nextInt32()], [
    947995933,
    -1450748037,
    -326862703,
  ]);
});

Deno.test("Rng: indexs and streams of one key are independent of what was drawn before", () => {
  const key = deriveKey(42, "function");
  const rng = new Rng();
  const draw = (index: number, stream: number) => {
    rng.seed(key, index, stream);
    return rng.nextInt32();
  };
  const first = draw(7, 1);
  draw(8, 1);
  draw(7, 2);
  assert.equal(draw(7, 1), first);
  const all = new Set<number>();
  for (let index = 0; index < 200; index++) {
    for (let stream = 0; stream < 5; stream++) all.add(draw(index, stream));
  }
  assert.equal(all.size, 1000);
});

Deno.test("Rng: floats are uniform in [0, 1)", () => {
  const rng = Rng.fromSeed(1, "uniform");
  const values = Array.from({ length: 20_000 }, () => rng.nextFloat());
  assert.ok(values.every((value) => value >= 0 && value < 1));
  assert.ok(kolmogorovSmirnovTest(values, (x) => x).pValue > 0.001);
});

Deno.test("Rng: the first draws of neighbouring indexs are uniform too", () => {
  const key = deriveKey(42, "function");
  const rng = new Rng();
  const values = Array.from({ length: 10_000 }, (_, index) => {
    rng.seed(key, index, 1);
    return rng.nextFloat();
  });
  assert.ok(kolmogorovSmirnovTest(values, (x) => x).pValue > 0.001);
});

Deno.test("Rng: nextBelow reaches every number below the bound equally often", () => {
  const rng = Rng.fromSeed(3, "below");
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) counts[rng.nextBelow(10)]++;
  assert.ok(chiSquareTest(counts, counts.map(() => 1000)).pValue > 0.001);
});
