/**
 * Makes the examples of trace formats in `tests/trace/examples`: small files in the shape
 * of each data set, in which nothing was recorded anywhere.
 *
 *     deno run -q -P=files tests/trace/make_examples.ts
 *
 * @module
 */
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { Rng } from "../../lib/base/rng.ts";
import { seriesText } from "./huawei/series_text.ts";

/** The folder that they are in. */
export const EXAMPLES = join(import.meta.dirname!, "examples");

/** The files by their path there, unpacked; those named `*.gz` are packed. */
export function exampleFiles(): Record<string, string> {
  return {
    "azure2021/AzureFunctionsInvocationTraceForTwoWeeksJan2021.txt": azure2021(),
    ...azureLlm(),
    ...huawei2023(),
    ...huawei2025(),
    ...iluvatar(),
    "faasrail/azure_spec_1rps_3min.csv": faasRail(),
  };
}

/** A row for each invocation, by start; the same name in two applications, ties, durations of 0. */
function azure2021(): string {
  const rng = Rng.fromSeed(1, "azure2021");
  const functions = [["a1", "f1"], ["a1", "f2"], ["b2", "f1"], ["c3", "f3"]]
    .map((names) => names.map((name) => name.repeat(8)).join(","));
  const rows: { readonly startS: number; readonly row: string }[] = [];
  for (let i = 0; i < 120; i++) {
    const startS = Math.floor(rng.nextFloat() * 300_000) / 1000;
    const durationS = i % 5 === 0 ? 0 : Math.floor(rng.nextFloat() ** 4 * 9000) / 1000;
    const name = functions[rng.nextBelow(functions.length)];
    // Two at one instant, as a trigger with a batch makes them.
    for (let copy = 0; copy < (i % 20 === 7 ? 2 : 1); copy++) {
      // What the release does to its times: more digits than were measured.
      const end = startS + durationS + rng.nextBelow(90) * 1e-7 * (i % 20 === 7 ? 0 : 1);
      rows.push({ startS: end - durationS, row: `${name},${end},${durationS}` });
    }
  }
  rows.sort((a, b) => a.startS - b.startS);
  return lines("app,func,end_timestamp,duration", ...rows.map(({ row }) => row));
}

function azureLlm(): Record<string, string> {
  const rng = Rng.fromSeed(1, "azure llm");
  const header = "TIMESTAMP,ContextTokens,GeneratedTokens";
  const rows = (
    startMs: number,
    count: number,
    stepMs: number,
    generated: number,
    write: (ms: number) => string,
  ) => {
    let ms = startMs;
    return Array.from({ length: count }, () => {
      ms += rng.nextFloat() * stepMs;
      return `${write(ms)},${1 + rng.nextBelow(4000)},${1 + rng.nextBelow(generated)}`;
    });
  };
  const blank = (ms: number) =>
    `${isoOf(ms).slice(0, 19).replace("T", " ")}.${
      String(Math.floor(ms % 1000 * 10_000)).padStart(7, "0")
    }`;
  const zoned = (ms: number) => {
    const micros = String(Math.floor(ms % 1000) * 1000).padStart(6, "0");
    const fraction = micros.endsWith("00000") ? "" : `.${micros}`;
    return `${isoOf(ms).slice(0, 19).replace("T", " ")}${fraction}+00:00`;
  };
  const in2023 = Date.UTC(2023, 10, 16, 18, 15, 46) + 680.59;
  // No newline at the end, and CRLF: as released.
  return {
    "azure_llm/2023/AzureLLMInferenceTrace_code.csv": [header, ...rows(in2023, 30, 6000, 40, blank)]
      .join(
        "\r\n",
      ),
    "azure_llm/2023/AzureLLMInferenceTrace_conv.csv": [
      header,
      ...rows(in2023, 30, 6000, 800, blank),
    ].join(
      "\r\n",
    ),
    "azure_llm/2024/AzureLLMInferenceTrace_conv_1week.csv": lines(
      header,
      ...rows(Date.UTC(2024, 4, 10), 20, 4000, 800, zoned),
    ),
    "azure_llm/2025/AzureLMMInferenceTrace_multimodal.csv.gz": lines(
      "TIMESTAMP,NumImages,ContextTokens,GeneratedTokens",
      ...rows(Date.UTC(2024, 9, 15, 12), 20, 4000, 500, isoOf).map((row, i) =>
        row.replace(",", `,${i % 3},`)
      ),
    ),
  };
}

function isoOf(ms: number): string {
  return new Date(Math.floor(ms)).toISOString();
}

/** Days 0 and 2 of the private trace, a day of the public one. */
function huawei2023(): Record<string, string> {
  const rng = Rng.fromSeed(1, "huawei 2023");
  const files: Record<string, string> = {};
  const some = (make: () => string) => Array.from({ length: 60 }, make);
  for (const day of [0, 2]) {
    const columns = (make: () => string) => ({
      "3": some(make),
      "150": some(make),
      "199": some(() => "NaN"),
    });
    const write = (metric: string, make: () => string, rest: string) => {
      files[`huawei2023/private_dataset/${metric}/day_00${day}.csv.gz`] = seriesText({
        day,
        columns: columns(make),
        rest,
      });
    };
    write("requests_minute", () => rng.nextBelow(9) === 0 ? "NaN" : `${rng.nextBelow(9)}.0`, "2.0");
    write("function_delay_minute", () => (5 + 20 * rng.nextFloat()).toFixed(3), "12.5");
    write("memory_limit_minute", () => "1024.0", "2048.0");
    write("instances_minute", () => "4.0", "8.0");
    write("memory_usage_minute", () => "0.5", "0.25");
  }
  files["huawei2023/public_dataset/requests_minute/day_00.csv.gz"] = seriesText({
    day: 0,
    columns: { "0": some(() => "NaN"), "3": some(() => String(rng.nextBelow(7))), "5092": ["2.0"] },
    rest: "NaN",
  });
  return files;
}

const FUNC_IDS = ["400---418---pool22-300-128", "400---77---pool24-600-512"];

/** Region 2: a day of counts with quantiles, some requests of day 30, some cold starts. */
function huawei2025(): Record<string, string> {
  const rng = Rng.fromSeed(1, "huawei 2025");
  const [f, g] = FUNC_IDS;
  const some = (make: () => string) => Array.from({ length: 60 }, make);
  const series = (make: () => string) =>
    seriesText({ day: 0, columns: { [f]: some(make), [g]: some(make) }, rest: "NaN" });
  const root = "huawei2025";
  const request = (timeS: number) => {
    const costS = Math.floor(rng.nextFloat() ** 3 * 1e6) / 1e6;
    const [user, pool] = [["418", "pool22-300-128"], ["77", "pool24-600-512"]][rng.nextBelow(2)];
    const frontend = rng.nextBelow(10) === 0 ? "" : (timeS + 0.001).toFixed(3);
    return `${timeS.toFixed(3)},${frontend},763ff09a${rng.nextBelow(1e6)},1,400,` +
      `${pool}-000061841${rng.nextBelow(10)},${user},${costS},0.000112,${costS},${costS + 0.003},` +
      `0.000364,0.001994,0.000016,0.000006,0.291506,${(20 + rng.nextFloat() * 20).toFixed(6)},1018`;
  };
  const requests = (from: number) =>
    lines(
      "time_worker,time_frontend,requestID,clusterName,funcName,podID,userID,totalCost_worker," +
        "workerCost,runtimeCost,totalCost_frontend,frontendCost,busCost,readBodyCost,writeRspCost," +
        "cpu_usage,memory_usage,requestBodySize",
      ...Array.from({ length: 40 }, (_, i) => request(2_592_000 + from + 2 * i)),
    );
  const coldStart = (timeS: number) => {
    const parts = [0.03, 0.05, 0.4, 1.7].map((mean) =>
      Math.floor(mean * rng.nextFloat() * 2e6) / 1e6
    );
    const total = parts.reduce((sum, part) => sum + part, 0);
    const [user, pool] = [["418", "pool22-300-128"], ["77", "pool24-600-512"]][rng.nextBelow(2)];
    return `0,${timeS.toFixed(3)},1,400,${user},82f1aa19,${total.toFixed(6)},${parts.join(",")},` +
      `${pool}-0000577863`;
  };
  return {
    [`${root}/quantiles/R2/requests/day_00.csv.gz`]: series(() => `${1 + rng.nextBelow(5)}.0`),
    [`${root}/quantiles/R2/totalCost_quantile_000/day_00.csv.gz`]: series(() => "0.002"),
    [`${root}/quantiles/R2/totalCost_quantile_050/day_00.csv.gz`]: series(() =>
      (0.01 + rng.nextFloat() / 100).toFixed(6)
    ),
    [`${root}/quantiles/R2/totalCost_quantile_100/day_00.csv.gz`]: series(() => "0.25"),
    [`${root}/quantiles/R2/memory_usage_avg/day_00.csv.gz`]: series(() => "32.5"),
    [`${root}/per_request/R2/part_000.csv`]: requests(40),
    [`${root}/per_request/R2/part_001.csv`]: requests(0),
    [`${root}/cold_start/R2/day_00.csv`]: lines(
      "day,time,clusterName,funcName,userID,requestID,totalCost_cold_start,podAllocationCost," +
        "deployCodeCost,deployDependencyCost,schedulingCost,podID",
      ...Array.from({ length: 30 }, (_, i) => coldStart(10 * i + rng.nextFloat())),
    ),
    [`${root}/runtime_triggerType/df_funcID_runtime_triggerType.csv`]: lines(
      "funcID,cpu_request,runtime,triggerType-invocationType",
      `${f},100,Python3,workflow-S`,
      `${g},300,Custom,OBS-A`,
    ),
  };
}

function iluvatar(): Record<string, string> {
  const rng = Rng.fromSeed(1, "iluvatar");
  const times = Array.from({ length: 40 }, () => rng.nextBelow(120_000)).toSorted((a, b) => a - b);
  return {
    "iluvatar/in.csv": lines(
      "func_name,invoke_time_ms",
      ...times.map((time) => `${["hello-a", "pyaes-b"][rng.nextBelow(2)]},${time}`),
    ),
    "iluvatar/meta.csv": lines(
      "func_name,cold_dur_ms,warm_dur_ms,mem_mb",
      "hello-a,400,10,512",
      "pyaes-b,700,300,512",
    ),
  };
}

function faasRail(): string {
  const rng = Rng.fromSeed(1, "faasrail");
  const row = (average: number, bench: string) => {
    const request = { mean: average + 0.3, bench, payload: JSON.stringify({ N: 568, M: 568 }) };
    const counts = Array.from({ length: 3 }, () => rng.nextBelow(20));
    return `${average},"${JSON.stringify(request).replaceAll('"', '""')}",${counts.join(",")}`;
  };
  return lines(
    "avg,mapped_wreq,1-480,481-960,961-1440",
    row(295, "image_rotate-0000000000a"),
    row(31, "chameleon-0000000000b"),
    row(30, "chameleon-0000000000b"),
    row(0, "matmul-0000000000c"),
  );
}

function lines(...all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(exampleFiles())) {
    const file = join(EXAMPLES, path);
    await Deno.mkdir(dirname(file), { recursive: true });
    const bytes = new TextEncoder().encode(text);
    await Deno.writeFile(file, path.endsWith(".gz") ? gzipSync(bytes, { level: 9 }) : bytes);
  }
}
