import assert from "node:assert/strict";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { deriveSampleSweep, SAMPLE_SWEEP_OPTIONS } from "../../lib/run/sample_sweep.ts";

function optionsOf(...args: string[]) {
  return parseOptions("test", "", SAMPLE_SWEEP_OPTIONS, args).values;
}

Deno.test("a curve has a point a size and method, with what the seeds came to", async () => {
  const options = optionsOf("--sizes", "5,20", "--samples", "3");
  const { points } = await deriveSampleSweep(options, new AbortController().signal, {
    functions: ({ size }) => size,
    seed: ({ seed }) => seed,
  });
  assert.deepEqual(
    points.filter(({ figure }) => figure === "functions"),
    ["stratified", "random"].flatMap((series) =>
      [5, 20].map((x) => ({ figure: "functions", series, x, y: x, low: x, high: x }))
    ),
  );
  // Seeds 42, 43 and 44: the one in the middle.
  assert.ok(points.filter(({ figure }) => figure === "seed").every(({ y }) => y === 43));
});

Deno.test("a sweep over samples ends in its midst when it is to stop", async () => {
  const stop = new AbortController();
  const reason = new Error("stopped");
  let taken = 0;
  await assert.rejects(
    deriveSampleSweep(optionsOf("--sizes", "20,40,80", "--samples", "20"), stop.signal, {
      count: () => {
        taken++;
        stop.abort(reason);
        return 0;
      },
    }),
    reason,
  );
  assert.equal(taken, 20);
});
