import assert from "node:assert/strict";
import fc from "fast-check";
import { parseBound } from "../../lib/analyze/bound.ts";
import { OUTCOMES } from "../../lib/model/record.ts";
import { searchCapacity } from "../../lib/run/capacity_search.ts";
import type { PlannedRun, RunFeedback } from "../../lib/run/experiment.ts";

const BOUND = parseBound("p99 slowdown <= 5");

/** What a run with a p99 of slowdown tells. */
function feedbackOf(p99: number | null, isOverloaded = false): RunFeedback {
  const all = { p50: null, p90: null, p95: null, p99 };
  const slowdown = { observations: 1000, infinite: 0, all, okOnly: all };
  const outcomes = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0]));
  return {
    isOverloaded,
    isGeneratorLimited: false,
    summary: { outcomes, slowdown },
  } as unknown as RunFeedback;
}

interface Tried {
  readonly value: number;
  /** `null`: the confirming run. */
  readonly repetition: number | null;
}

/** What a search tries on a platform whose p99 is a function of the value, and what it says. */
function search(
  p99Of: (value: number, repetition: number | null) => number | null | "overloaded",
  { least = 1, most = 64, repetitions = 1 } = {},
): { readonly tried: readonly Tried[]; readonly words: string } {
  const tried: Tried[] = [];
  const plan = (value: number, repetition: number | null) => {
    tried.push({ value, repetition });
    return { name: `run-${value}` } as PlannedRun;
  };
  const runs = searchCapacity({
    sought: "max-scale",
    bound: BOUND,
    platform: "moon",
    least,
    most,
    repetitions,
    search: plan,
    confirm: (value) => plan(value, null),
  });
  let next = runs.next();
  while (!next.done) {
    const { value, repetition } = tried.at(-1)!;
    const p99 = p99Of(value, repetition);
    next = runs.next(p99 === "overloaded" ? feedbackOf(null, true) : feedbackOf(p99));
  }
  return { tried, words: next.value! };
}

const valuesOf = (tried: readonly Tried[]) => tried.map(({ value }) => value);

Deno.test("capacity: the smallest value that keeps the bound, whichever it is, in few tries", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 5000 }),
      (least, enough) => {
        const { tried, words } = search((value) => value >= enough ? 2 : 50, { least, most: 8192 });
        const answer = Math.max(least, enough);
        assert.deepEqual(tried.at(-1), { value: answer, repetition: null });
        assert.match(
          words,
          new RegExp(`^A max-scale of ${answer} is enough: the p99 of slowdown is`),
        );
        if (answer > least) assert.ok(valuesOf(tried).includes(answer - 1), "the next smaller one");
        assert.ok(valuesOf(tried).some((value) => value > answer), "whether more is as good");
        assert.ok(tried.length <= 5 + 2 * Math.log2(answer + 1));
      },
    ),
    { seed: 16 },
  );
});

Deno.test("capacity: the margin of the answer and of the next smaller, and whether they are apart", () => {
  const { tried, words } = search(
    (value, repetition) => value >= 3 ? 2 + (repetition ?? 0.5) / 10 : 8,
    { repetitions: 6 },
  );
  assert.deepEqual([...new Set(valuesOf(tried))], [1, 2, 4, 3, 6]);
  assert.equal(
    words,
    "A max-scale of 3 is enough: the p99 of slowdown is 2.25 (2 to 2.5), 55 % below the bound of " +
      "5. With 2 it is 8 (8 to 8), 60 % above it. A run on the platform moon confirms it: 2.05, " +
      "59 % below the bound.",
  );
  // Whoever asks how much is enough wants the whole interval within the bound.
  const near = search((value, repetition) => value >= 2 ? 2 : 4 + (repetition ?? 0) / 2.5, {
    repetitions: 6,
  });
  assert.match(near.words, /With 1 it is 5 \(4 to 6\), at it, so near that chance decides/);
});

Deno.test("capacity: a bound that cannot be kept, and one that only little keeps, are told", () => {
  const never = search((value) => 100 / value, { most: 16 });
  assert.deepEqual(valuesOf(never.tried), [1, 2, 4, 8, 16], "nothing to confirm");
  assert.equal(
    never.words,
    "No max-scale up to 16 keeps p99 slowdown <= 5: the nearest is 6.25 with 16. It may be kept " +
      "beyond that; --most goes further.",
  );
  const worse = search((value) => 6 + (value - 4) ** 2, { most: 16 });
  assert.match(worse.words, /the nearest is 6 with 4\. It was lower there than with more/);
  const broken = search(() => "overloaded", { most: 2, repetitions: 6 });
  assert.match(broken.words, /up to 2 keeps .*: with each that was tried too many/);
  assert.deepEqual(valuesOf(broken.tried), [1, 2], "one overloaded run decides for its value");
  const notMonotone = search((value) => value === 4 ? 3 : 9);
  assert.match(notMonotone.words, /^A max-scale of 4 .* with 8 the bound is not kept, so that/);
  const least = search(() => 1, { least: 0 });
  assert.deepEqual(valuesOf(least.tried), [0, 1, 0]);
  assert.match(least.words, /There is no smaller max-scale to try/);
});

Deno.test("capacity: a run on the platform that is beyond the bound does not confirm", () => {
  const { words } = search((_, repetition) => repetition === null ? 8 : 2);
  assert.match(words, /A run on the platform moon does not confirm it: 8, 60 % above the bound\.$/);
});

Deno.test("capacity: too few invocations for the figure, and bounds that are none, are told", () => {
  assert.throws(() => search(() => null), /run-1 has too few measured invocations for the p99/);
  assert.throws(() => search(() => 1, { least: 5, most: 4 }), /--most: 4 is below the least/);
});
