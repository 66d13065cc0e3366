import assert from "node:assert/strict";
import { BucketDistribution } from "../../../lib/trace/import/bucket_distribution.ts";
import { parsePrometheusAnswer } from "../../../lib/trace/import/prometheus_answer.ts";
import { derivePrometheusCounts } from "../../../lib/trace/import/prometheus_counts.ts";
import { queryPrometheus } from "../../../lib/trace/import/prometheus_query.ts";

const START_S = 1795766400;

/** An answer as Prometheus gives it; `null` where a sample is missing. */
function answer(
  series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly values: readonly (number | string | null)[];
  }[],
  stepS = 60,
): string {
  return JSON.stringify({
    status: "success",
    data: {
      resultType: "matrix",
      result: series.map(({ labels, values }) => ({
        metric: labels,
        values: values.flatMap((value, i) =>
          value === null ? [] : [[START_S + i * stepS, String(value)]]
        ),
      })),
    },
  });
}

function count(route: string, values: readonly (number | string | null)[], instance = "a") {
  return {
    labels: { __name__: "http_server_request_duration_seconds_count", http_route: route, instance },
    values,
  };
}

function derive(text: string, options = {}) {
  return derivePrometheusCounts([parsePrometheusAnswer(text, "answer.json")], options);
}

function countsOf(text: string, options = {}) {
  return Object.fromEntries(
    derive(text, options).functions.map(({ name, counts }) => [name, [...counts.toArray()]]),
  );
}

Deno.test("counters: growth by slot, summed over instances", () => {
  const text = answer([
    count("/a", [100, 103, 103, 110]),
    count("/a", [7, 8, 9, 10], "b"),
    count("/b", [0, 0, 5, 5]),
    count("/idle", [4, 4, 4, 4]),
  ]);
  assert.deepEqual(countsOf(text), { "/a": [4, 1, 8], "/b": [0, 5, 0] });
  const { startMs, slotMs, slots } = derive(text);
  assert.deepEqual([startMs, slotMs, slots], [START_S * 1000, 60_000, 3]);
});

Deno.test("counters: one that fell has started again from 0", () => {
  const { functions, notes } = derive(answer([count("/a", [100, 103, 2, 6])]));
  assert.deepEqual([...functions[0].counts.toArray()], [3, 2, 4]);
  assert.ok(notes.includes("Starts of counters from 0 again: 1."), notes.join());
});

Deno.test("counters: what came while samples were missing is spread, and adds up", () => {
  const { functions, notes } = derive(answer([
    count("/a", [0, null, null, 10, "NaN", 11]),
    count("/b", [0, 0, 0, 0, 0, 1]),
  ]));
  assert.deepEqual([...functions[0].counts.toArray()], [3, 4, 3, 1, 0]);
  assert.match(notes.join(" "), /Gaps in the samples: 2;/);
});

Deno.test("counters: a series that appears later has counted from 0", () => {
  const { functions, notes } = derive(answer([
    count("/a", [5, 5, 6]),
    count("/b", [null, 3, 4]),
  ]));
  assert.deepEqual(functions.map(({ counts }) => [...counts.toArray()]), [[0, 1], [3, 1]]);
  assert.match(notes.join(" "), /first samples of series that appeared later than others: 3;/);
});

Deno.test("counters: one that had counted for long when it appeared begins where it is", () => {
  const { functions, notes } = derive(answer([
    count("/a", [5, 5, 6, 6]),
    count("/b", [null, 5_000_000, 5_000_040, 5_000_060]),
  ]));
  assert.deepEqual(functions.map(({ counts }) => [...counts.toArray()]), [[0, 1, 0], [0, 40, 20]]);
  assert.match(notes.join(" "), /had counted for long when they appeared: 1;/);
});

Deno.test("counters: labels are chosen or found; series without them are told", () => {
  const text = answer([
    { labels: { handler: "/a", code: "200" }, values: [0, 1] },
    { labels: { handler: "/a", code: "500" }, values: [0, 2] },
    { labels: { code: "404" }, values: [0, 4] },
  ]);
  assert.deepEqual(countsOf(text), { "/a": [3] });
  assert.equal(derive(text).unnamed, 4);
  assert.deepEqual(countsOf(text, { labels: ["handler", "code"] }), {
    "/a 200": [1],
    "/a 500": [2],
    "404": [4],
  });
  assert.throws(() => derive(answer([{ labels: { le_monde: "x" }, values: [0, 1] }])), {
    code: "usage",
    message: /say which with --label: le_monde/,
  });
});

Deno.test("counters: gauges, rates, other steps and other answers are refused", () => {
  const gauge = Array.from({ length: 30 }, (_, i) => i % 3);
  assert.throws(() => derive(answer([count("/a", gauge)])), {
    code: "input",
    message: /\{http_route="\/a",instance="a"\} falls in 9 of 29 steps/,
  });
  const pieces = [answer([count("/a", [0, 1, 2])]), answer([count("/b", [0, 1, 2])], 45)]
    .map((text) => parsePrometheusAnswer(text, "x"));
  assert.throws(() => derivePrometheusCounts(pieces), { message: /not all the same step apart/ });
  const wrong = {
    '{"status":"error","errorType":"bad_data","error":"no such thing"}': /says: no such thing/,
    '{"status":"success","data":{"resultType":"vector","result":[]}}': /vector, not the matrix/,
    "<html>": /Expected the answer of Prometheus/,
  };
  for (const [text, message] of Object.entries(wrong)) {
    assert.throws(() => parsePrometheusAnswer(text, "x"), { code: "input", message });
  }
});

Deno.test("histograms: buckets are percentiles, sum and count the mean", () => {
  const labels = (name: string, le?: string) => ({
    __name__: `http_server_request_duration_seconds_${name}`,
    http_route: "/a",
    ...(le === undefined ? {} : { le }),
  });
  const text = answer([
    { labels: labels("bucket", "0.01"), values: [100, 130] },
    { labels: labels("bucket", "0.1"), values: [100, 190] },
    { labels: labels("bucket", "1"), values: [100, 199] },
    { labels: labels("bucket", "+Inf"), values: [100, 200] },
    { labels: labels("sum"), values: [1, 6] },
    { labels: labels("count"), values: [100, 200] },
  ]);
  const { functions: [{ counts, runtimeMs }], notes } = derive(text);
  assert.equal(counts.total, 100);
  assert.equal(runtimeMs!.mean, 50);
  const expected = [0, 10 * 1 / 30, 10 * 25 / 30, 10 + 90 * 20 / 60, 10 + 90 * 45 / 60, 1000, 1000];
  runtimeMs!.values.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-9, `${i}`));
  assert.match(notes.join(" "), /longer than the histogram's last bound: 1;/);
});

Deno.test("histograms: instances with other buckets are kept apart", () => {
  const bucket = (instance: string, le: string, values: readonly number[]) => ({
    labels: { __name__: "x_seconds_bucket", http_route: "/a", instance, le },
    values,
  });
  const { functions: [{ counts, runtimeMs }] } = derive(answer([
    bucket("a", "0.01", [0, 10]),
    bucket("a", "+Inf", [0, 10]),
    bucket("b", "0.02", [0, 10]),
    bucket("b", "+Inf", [0, 10]),
  ]));
  assert.equal(counts.total, 20);
  // Half of all within 10 ms, half within 20.
  assert.ok(Math.abs(runtimeMs!.values[3] - 10 / 1.5) < 1e-9, String(runtimeMs!.values));
});

Deno.test("histograms: without buckets the mean alone, without a unit a question", () => {
  const series = (base: string) =>
    answer([
      { labels: { __name__: `${base}_sum`, route: "/a" }, values: [1, 6] },
      { labels: { __name__: `${base}_count`, route: "/a" }, values: [100, 200] },
    ]);
  assert.deepEqual(derive(series("request_seconds")).functions[0].runtimeMs, {
    quantiles: [0, 1],
    values: [50, 50],
    mean: 50,
  });
  assert.throws(() => derive(series("request_time")), {
    code: "usage",
    message: /request_time does not end in a unit/,
  });
  assert.equal(
    derive(series("request_time"), { durationUnit: "ms" }).functions[0].runtimeMs!.mean,
    0.05,
  );
});

Deno.test("histograms: servers with other bounds are mixed by their weights", () => {
  const runtimes = new BucketDistribution();
  runtimes.add([{ boundMs: 10, count: 10 }, { boundMs: Infinity, count: 10 }]);
  runtimes.add([{ boundMs: 20, count: 10 }, { boundMs: Infinity, count: 10 }]);
  const { values, mean } = runtimes.derive(null)!;
  // Half uniform on 0 to 10, half on 0 to 20.
  [0, 0.2 / 1.5, 5 / 1.5, 10 / 1.5, 10, 19.6, 20].forEach((value, i) =>
    assert.ok(Math.abs(values[i] - value) < 1e-9, `${i}: ${values[i]}`)
  );
  assert.equal(mean, 7.5);
  assert.equal(new BucketDistribution().derive(null), null);
});

Deno.test("a Prometheus is asked in pieces that overlap nowhere and leave nothing out", async () => {
  const asked: { query: string; points: number }[] = [];
  const seen = new Map<string, number[]>();
  const total = 30_000;
  const answers = await queryPrometheus({
    url: "http://127.0.0.1:9090/prefix/",
    metric: "http_server_request_duration_seconds_count",
    matchers: 'job="shop"',
    fromMs: START_S * 1000,
    toMs: (START_S + (total - 1) * 15) * 1000,
    stepMs: 15_000,
  }, (url) => {
    const { pathname, searchParams } = new URL(url);
    assert.equal(pathname, "/prefix/api/v1/query_range");
    const [query, start, end, step] = ["query", "start", "end", "step"].map((name) =>
      searchParams.get(name)!
    );
    assert.equal(step, "15");
    const times = [];
    for (let timeS = Number(start); timeS <= Number(end); timeS += 15) times.push(timeS);
    asked.push({ query, points: times.length });
    seen.set(query, [...seen.get(query) ?? [], ...times]);
    const result = query.includes("_count")
      ? [{
        metric: { route: "/a" },
        values: times.map((timeS) => [timeS, String(timeS - START_S)]),
      }]
      : [];
    return Promise.resolve(
      JSON.stringify({ status: "success", data: { resultType: "matrix", result } }),
    );
  });
  assert.deepEqual([...seen.keys()], [
    'http_server_request_duration_seconds_count{job="shop"}',
    'http_server_request_duration_seconds_sum{job="shop"}',
    'http_server_request_duration_seconds_bucket{job="shop"}',
  ]);
  for (const times of seen.values()) {
    assert.deepEqual(times, Array.from({ length: total }, (_, i) => START_S + i * 15));
  }
  assert.ok(asked.every(({ points }) => points <= 11_000));
  const { functions } = derivePrometheusCounts(answers);
  assert.equal(functions[0].counts.total, (total - 1) * 15);
});
