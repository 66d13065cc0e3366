import assert from "node:assert/strict";
import { functionKey } from "../../../lib/model/trace.ts";
import { meanOf, parseDistribution } from "../../../lib/platform/simulator/distribution.ts";
import { hasColdStarts, readColdStarts } from "../../../lib/trace/huawei/cold_starts.ts";
import { sharesOf } from "../../../lib/trace/huawei/huawei2025.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { csv, temporaryFiles } from "../../support/trace_files.ts";
import { seriesText } from "./series_text.ts";

const F = "400---418---pool22-300-128";
const G = "400---77---pool24-600-512";

const REQUESTS_HEADER = "time_worker,time_frontend,requestID,clusterName,funcName,podID,userID," +
  "totalCost_worker,workerCost,runtimeCost,totalCost_frontend,frontendCost,busCost,readBodyCost," +
  "writeRspCost,cpu_usage,memory_usage,requestBodySize";

/** A row of the table of requests, of day 30. */
function request(
  timeS: string,
  costS: string,
  { func = "400", user = "418", pod = "pool22-300-128-0000618412", memory = "32.5" } = {},
): string {
  return `${timeS},${timeS},763ff09a,1,${func},${pod},${user},${costS},0.0001,0.02,0.03,0.0003,` +
    `0.002,0.00001,0.000006,0.29,${memory},1018`;
}

const COLD_HEADER = "day,time,clusterName,funcName,userID,requestID,totalCost_cold_start," +
  "podAllocationCost,deployCodeCost,deployDependencyCost,schedulingCost,podID";
const COLD = csv(
  COLD_HEADER,
  "0,0.104,1,400,418,5d99,0.911090,0.000590,0.001,0.000,0.909500,pool22-300-128-0006319574",
  "0,0.226,2,400,77,3e1e,0.193592,0.000786,0.042,0.000,0.150806,pool24-600-512-0005156468",
  "0,9.5,2,400,77,3e1f,2.2,0.1,0.1,1,1,pool24-600-512-0005156469",
);
const RUNTIMES = csv(
  "funcID,cpu_request,runtime,triggerType-invocationType",
  `${F},100,Python3,workflow-S`,
  `${G},300,Custom,OBS-A`,
);

Deno.test("requests: seconds since the data set's start, arrival before the worker's end", async () => {
  await using folder = await temporaryFiles({
    "R2/part_1.csv": csv(
      REQUESTS_HEADER,
      request("2592060.5", "0.25"),
      request("2592000.020", "0.000931"),
    ),
    "R2/part_2.csv": csv(
      REQUESTS_HEADER,
      request("2592061", "1", { user: "77", pod: "pool24-600-512-0000000001" }),
    ),
    "df_funcID_runtime_triggerType.csv": RUNTIMES,
  });
  const trace = await readTrace(`${folder.path}/R2`);
  assert.equal(trace.name, "R2/day 30");
  assert.equal(trace.startMs, undefined);
  const [f, g] = trace.functions;
  assert.deepEqual([f.id, f.ownerId, f.appId, f.trigger], [
    F,
    "418",
    "pool22-300-128",
    "workflow-S",
  ]);
  assert.notEqual(functionKey(f), functionKey(g));
  assert.equal(g.id, G);
  assert.deepEqual(
    Array.from(f.recorded!.arrivalMs, (ms) => Math.round(ms * 1000)),
    [19_069, 60_250_000],
  );
  assert.deepEqual(Array.from(f.recorded!.runtimeMs!, (ms) => Math.round(ms * 1000)), [
    931,
    250_000,
  ]);
  assert.deepEqual([...f.recorded!.memoryMib!], [32.5, 32.5]);
  assert.deepEqual([...g.recorded!.arrivalMs], [60_000]);
  assert.deepEqual(trace.notes, [
    "1 row is not in order of arrival within a function; they were sorted.",
  ]);
  assert.match(trace.assumptions![0], /whether time_worker is when a request came/);
  await Deno.rename(`${folder.path}/R2`, `${folder.path}/R1`);
  assert.match((await readTrace(`${folder.path}/R1`)).notes![0], /the 100 busiest instances/);
  await Deno.rename(`${folder.path}/R1`, `${folder.path}/R2`);
  const part = await readTrace(`${folder.path}/R2/part_2.csv`);
  assert.equal(part.functions.length, 1);
});

Deno.test("requests of which something is not known are counted by class", async () => {
  await using folder = await temporaryFiles({
    "requests.csv": csv(
      REQUESTS_HEADER,
      request("2592001", "0.5"),
      request("2592002", ""),
      request("2592003", "0.5", { memory: "NaN" }),
      request("2592004", "20"),
      request("NaN", "20"),
      request("2592005", "0.5", { pod: "x" }),
    ),
  });
  const trace = await readTrace(folder.path);
  assert.deepEqual(
    trace.repairs.map(({ defect, count, severity }) => [defect, count, severity]),
    [
      ["request without totalCost_worker", 1, "approximate"],
      ["request without memory_usage", 1, "approximate"],
      ["request that started before the first day of the files", 1, "loss"],
      ["request without time_worker", 1, "loss"],
      ["request whose podID does not name a pool", 1, "harmless"],
    ],
  );
  const [f, other] = trace.functions;
  assert.equal(f.invocationsPerSlot.total, 3);
  assert.equal(f.recorded!.runtimeMs, null);
  assert.equal(f.runtimeMs.mean, 500);
  assert.equal(other.id, "400---418---x");
});

Deno.test("counts by the minute with quantiles of runtime in seconds and memory in MB", async () => {
  await using folder = await temporaryFiles({
    "quantiles/R2/requests/day_00.csv": seriesText({
      day: 0,
      columns: { [F]: ["10", "NaN"], [G]: ["2"] },
      rest: "NaN",
    }),
    "quantiles/R2/totalCost_quantile_000/day_00.csv": seriesText({
      day: 0,
      columns: { [F]: ["0.01"] },
      rest: "NaN",
    }),
    "quantiles/R2/totalCost_quantile_050/day_00.csv": seriesText({
      day: 0,
      columns: { [F]: ["0.02"] },
      rest: "NaN",
    }),
    "quantiles/R2/totalCost_quantile_100/day_00.csv": seriesText({
      day: 0,
      columns: { [F]: ["0.5"] },
      rest: "NaN",
    }),
    "quantiles/R2/memory_usage_avg/day_00.csv": seriesText({
      day: 0,
      columns: { [F]: ["33"] },
      rest: "NaN",
    }),
    "runtime_triggerType/df_funcID_runtime_triggerType.csv": RUNTIMES,
  });
  for (const path of ["", "/quantiles", "/quantiles/R2", "/quantiles/R2/requests"]) {
    const trace = await readTrace(folder.path + path);
    assert.equal(trace.slots, 1440);
    const [f, g] = trace.functions;
    assert.deepEqual([f.id, f.trigger, g.trigger], [F, "workflow-S", "OBS-A"]);
    assert.equal(f.invocationsPerSlot.total, 10);
    assert.deepEqual(f.runtimeMs.values, [10, 10, 10, 20, 20, 500, 500]);
    assert.equal(f.runtimeMs.mean, 10 * 0.25 + 20 * 0.5 + 500 * 0.25);
    assert.equal(f.memoryMib.mean, 33);
    // Nothing is known of its memory but its pool's limit.
    assert.equal(g.memoryMib.mean, 512);
    assert.match(trace.assumptions![0], /Runtimes are the 3 quantiles of totalCost in each minute/);
  }
  await assert.rejects(readTrace(`${folder.path}/quantiles/R2/totalCost_quantile_050`), {
    message: /These are figures of totalCost, not counts of requests; give the folder requests/,
  });
});

Deno.test("shares of quantiles add up to all values", () => {
  assert.deepEqual(sharesOf([0, 0.5, 1]), [0.25, 0.5, 0.25]);
  const shares = sharesOf([0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1]);
  assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-12);
  assert.deepEqual(sharesOf([0.5]), [1]);
});

Deno.test("several regions are to be chosen from; limits of pools stand in where memory is unknown", async () => {
  const text = seriesText({ day: 5, columns: { [F]: ["1"] } });
  await using folder = await temporaryFiles({
    "quantiles/R1/requests/day_05.csv": text,
    "quantiles/R1/num_pods/day_05.csv": text,
    "quantiles/R2/requests/day_05.csv": text,
  });
  await assert.rejects(readTrace(folder.path), {
    code: "input",
    message:
      `${folder.path}: quantiles/R1, quantiles/R2/requests (Huawei 2025): These are several ` +
      "traces; give the folder of one region, and either its counts by the minute or its requests.",
  });
  const trace = await readTrace(`${folder.path}/quantiles/R1`);
  assert.equal(trace.functions[0].memoryMib.mean, 128);
  assert.match(trace.assumptions!.join("\n"), /the limit in the name of each function's pool/);
});

Deno.test("cold starts alone are no trace, and the sentence says what they are good for", async () => {
  await using folder = await temporaryFiles({ "cold_start/R2/day_00.csv": COLD });
  await assert.rejects(readTrace(folder.path), {
    code: "input",
    message: /cold_start\/R2 \(Huawei 2025\): These are cold starts alone: .* give the counts/,
  });
});

Deno.test("cold starts make distributions by pool and language that the simulator takes", async () => {
  await using folder = await temporaryFiles({
    "cold_start/R2/day_00.csv": COLD,
    "runtime_triggerType/df_funcID_runtime_triggerType.csv": RUNTIMES,
  });
  const summary = await readColdStarts(`${folder.path}/cold_start/R2`);
  assert.deepEqual([summary.coldStarts, summary.firstS, summary.lastS], [3, 0.104, 9.5]);
  assert.deepEqual(
    summary.groups.map(({ by, name, coldStarts }) => [by, name, coldStarts]),
    [
      ["all", "all", 3],
      ["pool", "pool24-600-512", 2],
      ["pool", "pool22-300-128", 1],
      ["runtime", "Custom", 2],
      ["runtime", "Python3", 1],
    ],
  );
  assert.equal(await hasColdStarts(`${folder.path}/cold_start/R2`), true);
  assert.equal(await hasColdStarts(folder.path), false);
  const [all, , small] = summary.groups;
  assert.ok(Math.abs(all.meanMs.total - (911.09 + 193.592 + 2200) / 3) < 1e-9);
  const total = parseDistribution(all.distributions.total);
  assert.ok(
    total.kind === "quantiles" && total.values[0] === 193.592 && total.values.at(-1) === 2200,
  );
  const scheduling = meanOf(parseDistribution(small.distributions.scheduling));
  assert.ok(Math.abs(scheduling - 909.5) < 1e-9);
  assert.equal(small.meanMs.deploy, 1);
  await using none = await temporaryFiles({ "x.csv": csv("a,b", "1,2") });
  await assert.rejects(readColdStarts(none.path), { code: "input", message: /no table of cold/ });
});
