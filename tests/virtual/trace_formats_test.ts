import assert from "node:assert/strict";
import { join } from "node:path";
import { readTrace } from "../../lib/trace/read_trace.ts";
import { runScript, temporaryFolder } from "../support/script.ts";
import { temporaryFiles } from "../support/trace_files.ts";
import { seriesText } from "../trace/huawei/series_text.ts";
import { EXAMPLES } from "../trace/make_examples.ts";

Deno.test("cold starts of Huawei, told by the doctor, are parameters of the simulator", async () => {
  await using folder = await temporaryFolder();
  const told = await runScript("scripts/trace_doctor.ts", [
    join(EXAMPLES, "huawei2025/cold_start/R2"),
  ]);
  assert.equal(told.status, 0, told.stderr);
  assert.match(told.stdout, /^30 cold starts, from second/);
  const lines = told.stdout.split("\n").filter((line) => /^[a-z-]+: /.test(line));
  assert.deepEqual(lines.map((line) => line.split(":")[0]), [
    "scheduling-delay",
    "image-delay",
    "start-delay",
    "start-uses-cpu",
    "start-delay",
  ]);
  const file = join(folder.path, "simulation.yaml");
  await Deno.writeTextFile(file, lines.slice(0, 4).join("\n"));
  const { values } = await sweep(
    ["--trace", join(EXAMPLES, "iluvatar"), "--sizes", "2", "--simulation", file],
    "scheduled_ms",
  );
  assert.ok(values.length > 0);
});

/** Runs a sweep on the simulator; gives a column of its invocations, and its manifest. */
async function sweep(args: readonly string[], column: string) {
  await using folder = await temporaryFolder();
  const output = join(folder.path, "out");
  const { status, stderr } = await runScript("experiments/trace_sweep.ts", [
    "--platform",
    "simulator",
    ...args,
    "--output",
    output,
  ]);
  assert.equal(status, 0, stderr);
  const [run] = await Array.fromAsync(Deno.readDir(join(output, "runs")));
  const path = join(output, "runs", run.name);
  const [header, ...rows] = (await Deno.readTextFile(join(path, "invocations.csv"))).trim()
    .split("\n").map((line) => line.split(","));
  const index = header.indexOf(column);
  assert.ok(index >= 0, `${column} is none of ${header}`);
  return {
    values: rows.map((row) => Number(row[index])),
    manifest: await Deno.readTextFile(join(path, "manifest.json")),
  };
}

Deno.test("Azure 2021 on the simulator: each invocation at its recorded instant", async () => {
  const path = join(EXAMPLES, "azure2021");
  const { values, manifest } = await sweep(
    ["--trace", path, "--sizes", "4", "--window", "1..3"],
    "scheduled_ms",
  );
  const trace = await readTrace(path);
  const recorded = trace.functions.flatMap(({ recorded }) => [...recorded!.arrivalMs])
    .filter((arrivalMs) => arrivalMs >= 60_000 && arrivalMs < 180_000)
    .map((arrivalMs) => Math.round((arrivalMs - 60_000) * 1000));
  const scheduled = values.map((valueMs) => Math.round(valueMs * 1000));
  const byTime = (a: number, b: number) => a - b;
  assert.equal(scheduled.length, recorded.length);
  const apart = recorded.toSorted(byTime).map((timeUs, i) =>
    Math.abs(timeUs - scheduled.toSorted(byTime)[i])
  );
  // Of two at one instant one is a microsecond later.
  assert.ok(apart.every((timeUs) => timeUs <= 1), String(apart));
  assert.match(manifest, /Memory is not in the data set/);
});

Deno.test("Huawei by the second on the simulator: each second has its requests", async () => {
  const counts = Array.from({ length: 30 }, (_, second) => String(second % 7));
  await using folder = await temporaryFiles({
    "requests_second/day_001.csv.gz": seriesText({
      day: 1,
      stepS: 1,
      columns: { "0": counts, "1": ["1"] },
    }),
  });
  const { values, manifest } = await sweep(
    [
      ...["--trace", join(folder.path, "requests_second"), "--sizes", "2"],
      ...["--duration", "30s", "--assume-runtime", "20ms", "--assume-memory", "64MiB"],
    ],
    "scheduled_ms",
  );
  const expected = counts.map(Number);
  expected[0]++;
  const seen = expected.map((_, second) =>
    values.filter((valueMs) => Math.floor(valueMs / 1000) === second).length
  );
  assert.deepEqual(seen, expected);
  assert.match(manifest, /20 ms are assumed for each invocation/);
});
