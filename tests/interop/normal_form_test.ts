import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { Rng } from "../../lib/base/rng.ts";
import { SlotCounts } from "../../lib/model/slot_counts.ts";
import type { Trace } from "../../lib/model/trace.ts";
import { writeNormal } from "../../lib/trace/normal/write_normal.ts";
import { readTrace } from "../../lib/trace/read_trace.ts";
import { PROJECT, temporaryFolder } from "../support/script.ts";
import { profileOf, traceOf } from "../support/trace_files.ts";
import { peerTest } from "./interop_test_case.ts";
import { INSTALLED } from "./peer.ts";

/** An interpreter that has pandas, Polars and DuckDB. */
const DATA_FRAMES = { needs: [join(INSTALLED, "data_frames/bin/python")] };

async function runPython(code: string, cwd: string, args: readonly string[] = []): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(DATA_FRAMES.needs[0], {
    args: ["-c", code, ...args],
    cwd,
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, text(stderr));
  return text(stdout);
}

/** Seven requests, two at one instant; `/b` has none in the second minute. */
const REQUESTS = `time,path,ms
2026-01-31 08:00:10.5,/a,12.5
2026-01-31 08:00:10.5,/a,20
2026-01-31 08:02:00,/b,3
2026-01-31 08:00:00,/b,5
2026-01-31 08:01:59.999,/a,40
2026-01-31 08:03:00.25,/a,8
2026-01-31 08:02:30,/a,11
`;

/** The code of the guide, by language; what stands in one file is told apart by blank lines. */
function exampleBlocks(): { readonly language: string; readonly code: string }[] {
  const text = Deno.readTextFileSync(join(PROJECT, "docs/traces.md"));
  const [, section] = /\n## The normal form\n(.*?)\n## /s.exec(text) ?? [];
  return [...section.matchAll(/```(python|sql)\n(.*?)```/gs)]
    .map(([, language, code]) => ({ language, code }));
}

for (const { language, code } of exampleBlocks()) {
  const name = language === "sql" ? "DuckDB" : /import (\w+)/.exec(code)![1];
  peerTest(`normal form: the lines of the guide, with ${name}`, DATA_FRAMES, async () => {
    await using folder = await temporaryFolder();
    await Deno.writeTextFile(join(folder.path, "requests.csv"), REQUESTS);
    const python = language === "sql" ? `import duckdb\nduckdb.sql(${JSON.stringify(code)})` : code;
    await runPython(python, folder.path);

    const recorded = await readTrace(join(folder.path, "invocations.parquet"));
    assert.equal(recorded.startMs, Date.UTC(2026, 0, 31, 8));
    const a = recorded.functions.find(({ id }) => id === "/a")!;
    assert.deepEqual([...a.recorded!.arrivalMs], [10_500, 10_500, 119_999, 150_000, 180_250]);
    assert.deepEqual([...a.recorded!.runtimeMs!], [12.5, 20, 40, 11, 8]);

    const counted = await readTrace(join(folder.path, "counts.parquet"));
    const counts = counted.functions.map(({ id, invocationsPerSlot }) =>
      [id, [...invocationsPerSlot.toArray()]] as const
    );
    assert.deepEqual(Object.fromEntries(counts), { "/a": [2, 1, 1, 1], "/b": [1, 0, 1, 0] });
    assert.deepEqual([...recorded.repairs, ...counted.repairs], []);
  });
}

peerTest(
  "normal form: the files of the quick tests are those of their script",
  DATA_FRAMES,
  async () => {
    await using folder = await temporaryFolder();
    const data = join(PROJECT, "tests/trace/normal/data");
    const script = await Deno.readTextFile(join(PROJECT, "tests/trace/normal/make_data.py"));
    await runPython(script, folder.path, [folder.path]);
    for await (const { name } of Deno.readDir(data)) {
      const [made, kept] = await Promise.all(
        [folder.path, data].map(async (root) => await readTrace(join(root, name))),
      );
      assert.deepEqual({ ...made, hash: "" }, { ...kept, hash: "" }, name);
    }
  },
);

/** Sums of a folder as three libraries see it, by library. */
const SUMS = `
import json, pandas as pd, polars as pl, duckdb
def pandas():
    c = pd.read_parquet("counts.parquet"); i = pd.read_parquet("invocations.parquet")
    f = pd.read_parquet("functions.parquet")
    return [len(c), int(c.invocations.sum()), int((c.slot * c.invocations).sum()), len(i),
            float(i.arrival_ms.sum()), float(i.runtime_ms.astype("float64").sum()),
            sorted(f.function), float(f.memory_mib_p99.sum())]
def polars():
    c = pl.read_parquet("counts.parquet"); i = pl.read_parquet("invocations.parquet")
    f = pl.read_parquet("functions.parquet")
    return [len(c), c["invocations"].sum(), (c["slot"] * c["invocations"]).sum(), len(i),
            i["arrival_ms"].sum(), i["runtime_ms"].cast(pl.Float64).sum(),
            sorted(f["function"]), f["memory_mib_p99"].sum()]
def duck():
    c = duckdb.sql("select count(*), sum(invocations)::bigint, sum(slot * invocations)::bigint "
                   "from 'counts.parquet'").fetchall()[0]
    i = duckdb.sql("select count(*), sum(arrival_ms), sum(runtime_ms::double) "
                   "from 'invocations.parquet'").fetchall()[0]
    f = duckdb.sql("select list(function order by function), sum(memory_mib_p99) "
                   "from 'functions.parquet'").fetchall()[0]
    return [*c, *i, sorted(f[0]), f[1]]
print(json.dumps({"pandas": pandas(), "polars": polars(), "duckdb": duck()}))
`;

peerTest("normal form: what is written here is what others read", DATA_FRAMES, async () => {
  await using folder = await temporaryFolder();
  const trace = largeTrace();
  await writeNormal(trace, folder.path);
  const sums = JSON.parse(await runPython(SUMS, folder.path)) as Record<string, unknown[]>;
  let [rows, invocations, weighted, recorded, arrivals, runtimes, memory] = [0, 0, 0, 0, 0, 0, 0];
  for (const { invocationsPerSlot, recorded: single, memoryMib } of trace.functions) {
    memory += memoryMib.values[memoryMib.quantiles.indexOf(0.99)];
    if (single !== undefined) {
      recorded += single.arrivalMs.length;
      for (const [i, arrival] of single.arrivalMs.entries()) {
        arrivals += arrival;
        runtimes += single.runtimeMs![i];
      }
      continue;
    }
    invocationsPerSlot.forEach((slot, count) => {
      rows++;
      invocations += count;
      weighted += slot * count;
    });
  }
  const names = trace.functions.map(({ id }) => id).toSorted();
  const expected = [rows, invocations, weighted, recorded, arrivals, runtimes, names, memory];
  for (const [library, found] of Object.entries(sums)) {
    for (const [i, value] of expected.entries()) {
      const isEqual = typeof value === "number"
        ? Math.abs(Number(found[i]) - value) <= 1e-9 * Math.abs(value)
        : JSON.stringify(found[i]) === JSON.stringify(value);
      assert.ok(isEqual, `${library}, sum ${i}: ${found[i]} where ${value} was written`);
    }
  }
});

/** Several groups of rows, counts near the largest, and recorded functions beside counted ones. */
function largeTrace(): Trace {
  const rng = Rng.fromSeed(15, "interop");
  const slots = 2000;
  const functions = Array.from({ length: 200 }, (_, i) => {
    const counts = Float64Array.from({ length: slots }, () => rng.nextBelow(3) * rng.nextBelow(9));
    counts[i] = 2 ** 32 - 1 - i;
    return profileOf({
      id: `function ${String(i).padStart(3, "0")} ü`,
      invocationsPerSlot: SlotCounts.from(counts),
      memoryMib: { quantiles: [0.5, 0.99], values: [i, 2 * i + 0.5], mean: i + 0.25 },
    });
  });
  const arrivalMs = Float64Array.from({ length: 150_000 }, () => rng.nextFloat() * slots * 60_000)
    .sort();
  const perSlot = new Float64Array(slots);
  for (const arrival of arrivalMs) perSlot[Math.floor(arrival / 60_000)]++;
  const single = profileOf({
    id: "single",
    invocationsPerSlot: SlotCounts.from(perSlot),
    recorded: {
      arrivalMs,
      runtimeMs: Float32Array.from(arrivalMs, () => 1000 * rng.nextFloat()),
      memoryMib: null,
    },
    memoryMib: { quantiles: [0.5, 0.99], values: [1, 2], mean: 1 },
  });
  return { ...traceOf([...functions, single]), name: basename("large") };
}
