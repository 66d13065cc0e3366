import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { functionKey, type Trace, type TraceRepair } from "../../../lib/model/trace.ts";
import { AZURE_2019 } from "../../../lib/trace/azure2019/azure2019.ts";
import { readTrace, type ReadTraceOptions } from "../../../lib/trace/read_trace.ts";
import {
  APPLICATION_MEMORY_HEADER,
  csv,
  DURATIONS_HEADER,
  FUNCTION_MEMORY_HEADER,
  INVOCATIONS_HEADER,
  nameFiles,
  SMALL_TRACE,
  temporaryFiles,
  type TraceText,
} from "../../support/trace_files.ts";

const EXAMPLE = join(import.meta.dirname!, "../../reference/azure_2019_example");

async function readFiles(
  files: Readonly<Record<string, string>>,
  options?: ReadTraceOptions,
): Promise<Trace> {
  await using folder = await temporaryFiles(files);
  return await readTrace(folder.path, options);
}

function readText(text: Partial<TraceText>, options?: ReadTraceOptions): Promise<Trace> {
  return readFiles(nameFiles({ ...SMALL_TRACE, ...text }), options);
}

/** All but the name, which is that of the temporary folder. */
function content({ slotMs, slots, functions, repairs, hash }: Trace): Omit<Trace, "name"> {
  return { slotMs, slots, functions, repairs, hash };
}

Deno.test("readTrace: functions have their counts, runtimes and share of memory", async () => {
  const trace = await readText({});
  assert.equal(trace.slots, 3);
  assert.deepEqual(trace.repairs, []);
  assert.deepEqual(trace.functions.map(functionKey), ["o/a/f", "o/a/g"]);
  const [f, g] = trace.functions;
  assert.equal(f.trigger, "http");
  assert.deepEqual(f.invocationsPerSlot.toArray(), Uint32Array.of(1, 0, 2));
  assert.deepEqual(g.invocationsPerSlot.toArray(), Uint32Array.of(0, 3, 0));
  assert.deepEqual(g.runtimeMs, {
    quantiles: [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1],
    values: [100, 110, 150, 200, 250, 290, 300],
    mean: 200,
  });
  assert.deepEqual(f.memoryMib, {
    quantiles: [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1],
    values: [40, 42, 45, 50, 55, 60, 65, 70],
    mean: 50,
  });
  assert.deepEqual(g.memoryMib, f.memoryMib);
});

Deno.test("readTrace: memory with HashFunction is the function's own", async () => {
  const trace = await readText({
    memory: csv(
      FUNCTION_MEMORY_HEADER,
      "o,a,f,9,100,80,84,90,100,110,120,130,140",
      "o,a,g,9,10,8,8.5,9,10,11,12,13,14",
    ),
  });
  assert.deepEqual(trace.functions[0].memoryMib.values, [80, 84, 90, 100, 110, 120, 130, 140]);
  assert.deepEqual(trace.functions[1].memoryMib.values, [8, 8.5, 9, 10, 11, 12, 13, 14]);
  assert.equal(trace.functions[1].memoryMib.mean, 10);
});

Deno.test("readTrace: the hash is over invocations, durations and memory, unpacked", async () => {
  const { invocations, durations, memory } = SMALL_TRACE;
  const expected = createHash("sha256").update(invocations + durations + memory).digest("hex");
  assert.equal((await readText({})).hash, expected);
});

Deno.test("readTrace: every naming scheme, plain and gzip, gives the same trace", async () => {
  const expected = content(await readText({}));
  const schemes = [
    ["invocations.csv", "durations.csv", "memory.csv"],
    ["2_inv.csv", "2_run.csv", "2_mem.csv"],
    [
      "invocations_per_function_md.anon.d03.csv",
      "function_durations_percentiles.anon.d03.csv",
      "app_memory_percentiles.anon.d03.csv",
    ],
  ];
  for (const [invocations, durations, memory] of schemes) {
    for (const packed of [["", "", ""], [".gz", ".gz", ".gz"], [".gz", "", ".gz"]]) {
      const trace = await readFiles({
        [invocations + packed[0]]: SMALL_TRACE.invocations,
        [durations + packed[1]]: SMALL_TRACE.durations,
        [memory + packed[2]]: SMALL_TRACE.memory,
      });
      assert.deepEqual(content(trace), expected, `${invocations} ${packed}`);
    }
  }
});

Deno.test("readTrace: the name tells the size or the day", async () => {
  await using folder = await temporaryFiles({
    "2_inv.csv": SMALL_TRACE.invocations,
    "2_run.csv": SMALL_TRACE.durations,
    "2_mem.csv": SMALL_TRACE.memory,
  });
  assert.equal((await readTrace(folder.path)).name, `${basename(folder.path)}/2`);
});

Deno.test("readTrace: size picks its file, else samples the largest", async () => {
  const ofSize = (size: number, names: readonly string[]) => ({
    [`${size}_inv.csv`]: csv(INVOCATIONS_HEADER, ...names.map((name) => `o,a,${name},http,1,1,1`)),
    [`${size}_run.csv`]: csv(
      DURATIONS_HEADER,
      ...names.map((name) => `o,a,${name},1,1,1,1,1,1,1,1,1,1,1`),
    ),
    [`${size}_mem.csv`]: SMALL_TRACE.memory,
  });
  await using folder = await temporaryFiles({
    ...ofSize(9, ["x"]),
    ...ofSize(10, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]),
  });
  const idsOf = async (options: ReadTraceOptions) =>
    (await readTrace(folder.path, options)).functions.map(({ id }) => id);
  assert.deepEqual(await idsOf({ size: 9 }), ["x"]);
  assert.equal((await idsOf({})).length, 10);
  const three = await idsOf({ size: 3 });
  const seven = await idsOf({ size: 7 });
  assert.equal(three.length, 3);
  assert.equal(new Set([...three, ...seven]).size, 7);
  const differing = new Set<string>();
  for (let seed = 0; seed < 10; seed++) differing.add((await idsOf({ size: 3, seed })).join());
  assert.ok(differing.size > 1);
});

Deno.test("readTrace: day picks among the dataset's own files, the first by default", async () => {
  const ofDay = (day: string, trigger: string) => ({
    [`invocations_per_function_md.anon.d${day}.csv`]: SMALL_TRACE.invocations
      .replace("http", trigger),
    [`function_durations_percentiles.anon.d${day}.csv`]: SMALL_TRACE.durations,
    [`app_memory_percentiles.anon.d${day}.csv`]: SMALL_TRACE.memory,
  });
  await using folder = await temporaryFiles({ ...ofDay("12", "x"), ...ofDay("02", "y") });
  assert.equal((await readTrace(folder.path)).functions[0].trigger, "y");
  assert.equal(
    (await readTrace(folder.path, { days: { first: 12, last: 12 } })).functions[0].trigger,
    "x",
  );
});

Deno.test("readTrace: header case, column order, BOM, CRLF, quotes, blank lines, no last newline", async () => {
  const expected = await readText({});
  const disturbed = await readText({
    invocations: "\ufeff3,1,hashfunction,TRIGGER,2,HASHAPP,hashowner\r\n" +
      '2,1,"f",http,0,a,o\r\n\r\n0,0,g,timer,3.0,a,o',
    durations: SMALL_TRACE.durations.toLowerCase().replaceAll("\n", "\r\n"),
    memory: "\ufeff" + SMALL_TRACE.memory.trimEnd(),
  });
  assert.deepEqual(disturbed.functions, expected.functions);
  assert.deepEqual(disturbed.repairs, []);
});

Deno.test("readTrace: a trace without triggers has null", async () => {
  const trace = await readText({
    invocations: csv("HashOwner,HashApp,HashFunction,1", "o,a,f,1", "o,a,g,1"),
  });
  assert.deepEqual(trace.functions.map(({ trigger }) => trigger), [null, null]);
  assert.equal(trace.slots, 1);
});

Deno.test("readTrace: the example of the dataset's format", async () => {
  const trace = await readTrace(EXAMPLE);
  assert.equal(trace.name, "azure_2019_example");
  assert.equal(trace.slots, 1440);
  assert.deepEqual(trace.functions.map(({ runtimeMs }) => runtimeMs.mean).slice(0, 3), [
    100,
    500,
    250,
  ]);
  assert.deepEqual(trace.functions[0].memoryMib.values, [
    100,
    102,
    114,
    123,
    127,
    136,
    143,
    152,
  ]);
  assert.deepEqual(trace.repairs, []);
});

const DEFECTS: readonly {
  readonly name: string;
  readonly text: Partial<TraceText>;
  readonly repairs: Trace["repairs"];
  readonly check: (trace: Trace) => void;
  readonly refusal: string;
}[] = [
  {
    name: "function without durations",
    text: { durations: csv(...SMALL_TRACE.durations.split("\n", 2)) },
    repairs: [{
      defect: "function without durations",
      repair: "function left out",
      count: 1,
      examples: ["invocations.csv:3 o/a/g"],
    }],
    check: (trace) => {
      assert.deepEqual(trace.functions.map(({ id }) => id), ["f"]);
      assert.equal(trace.functions[0].memoryMib.mean, 50, "the one left out has its share too");
    },
    refusal: "/invocations.csv:3: Function without durations: o/a/g; " +
      "correct the file, or allow repairs with --defects repair (function left out).",
  },
  {
    name: "application without memory",
    text: {
      invocations: SMALL_TRACE.invocations + "o,b,h,http,1,1,1\no,b,i,http,1,1,1\n",
      durations: SMALL_TRACE.durations + "o,b,h,1,1,1,1,1,1,1,1,1,1,1\n" +
        "o,b,i,1,1,1,1,1,1,1,1,1,1,1\n",
    },
    repairs: [
      {
        defect: "application without memory",
        repair: "its functions left out",
        count: 1,
        examples: ["invocations.csv:4 o/b"],
      },
      {
        defect: "function without memory",
        repair: "function left out",
        count: 2,
        examples: ["invocations.csv:4 o/b/h", "invocations.csv:5 o/b/i"],
      },
    ],
    check: (trace) => assert.deepEqual(trace.functions.map(({ id }) => id), ["f", "g"]),
    refusal: "/invocations.csv:4: Application without memory: o/b; " +
      "correct the file, or allow repairs with --defects repair (its functions left out).",
  },
  {
    name: "function without memory of its own",
    text: { memory: csv(FUNCTION_MEMORY_HEADER, "o,a,f,9,100,80,84,90,100,110,120,130,140") },
    repairs: [{
      defect: "function without memory",
      repair: "function left out",
      count: 1,
      examples: ["invocations.csv:3 o/a/g"],
    }],
    check: (trace) => assert.deepEqual(trace.functions.map(({ id }) => id), ["f"]),
    refusal: "/invocations.csv:3: Function without memory: o/a/g; " +
      "correct the file, or allow repairs with --defects repair (function left out).",
  },
  {
    name: "negative average",
    text: { durations: SMALL_TRACE.durations.replace("o,a,f,20,", "o,a,f,-20,") },
    repairs: [{
      defect: "negative average runtime",
      repair: "mean of the interpolated percentiles taken",
      count: 1,
      examples: ["durations.csv:2 -20"],
    }],
    check: (trace) => {
      const byHand = 0.01 * 10.5 + 0.24 * 13 + 0.25 * 17.5 + 0.25 * 22.5 + 0.24 * 27 + 0.01 * 29.5;
      assert.ok(Math.abs(trace.functions[0].runtimeMs.mean - byHand) < 1e-9);
    },
    refusal: "/durations.csv:2, column Average: Negative average runtime: -20; " +
      "correct the file, or allow repairs with --defects repair (mean of the interpolated percentiles taken).",
  },
  {
    name: "average of 0",
    text: { durations: SMALL_TRACE.durations.replace("o,a,f,20,", "o,a,f,0.0,") },
    repairs: [{
      defect: "average runtime of 0",
      repair: "mean of the interpolated percentiles taken",
      count: 1,
      examples: ["durations.csv:2 0.0"],
    }],
    check: (trace) => {
      const byHand = 0.01 * 10.5 + 0.24 * 13 + 0.25 * 17.5 + 0.25 * 22.5 + 0.24 * 27 + 0.01 * 29.5;
      assert.ok(Math.abs(trace.functions[0].runtimeMs.mean - byHand) < 1e-9);
    },
    refusal: "/durations.csv:2, column Average: Average runtime of 0: 0.0; " +
      "correct the file, or allow repairs with --defects repair " +
      "(mean of the interpolated percentiles taken).",
  },
  {
    name: "average memory of 0",
    text: { memory: SMALL_TRACE.memory.replace("o,a,9,100,80,", "o,a,9,0,80,") },
    repairs: [{
      defect: "average memory of 0",
      repair: "mean of the interpolated percentiles taken",
      count: 1,
      examples: ["memory.csv:2 0"],
    }],
    check: (trace) => assert.ok(trace.functions[0].memoryMib.mean > 45),
    refusal: "/memory.csv:2, column AverageAllocatedMb: Average memory of 0: 0; " +
      "correct the file, or allow repairs with --defects repair " +
      "(mean of the interpolated percentiles taken).",
  },
  {
    name: "percentile that is not used",
    text: {
      durations: SMALL_TRACE.durations.replaceAll("\n", ",28\n").replace(
        ",28",
        ",percentile_Average_95",
      ),
    },
    repairs: [{
      defect: "another percentile of runtime",
      repair: "column ignored",
      count: 1,
      examples: ["durations.csv:1 percentile_Average_95"],
    }],
    check: (trace) => assert.equal(trace.functions[0].runtimeMs.values.length, 7),
    refusal: "/durations.csv:1, column percentile_Average_95: Another percentile of runtime: " +
      "percentile_Average_95; correct the file, or allow repairs with --defects repair " +
      "(column ignored).",
  },
  {
    name: "negative percentile",
    text: { durations: SMALL_TRACE.durations.replace(",10,11,15,", ",-10,11,15,") },
    repairs: [{
      defect: "negative runtime percentile",
      repair: "taken as 0",
      count: 1,
      examples: ["durations.csv:2 -10"],
    }],
    check: (trace) =>
      assert.deepEqual(trace.functions[0].runtimeMs.values, [0, 11, 15, 20, 25, 29, 30]),
    refusal: "/durations.csv:2, column percentile_Average_0: Negative runtime percentile: -10; " +
      "correct the file, or allow repairs with --defects repair (taken as 0).",
  },
  {
    name: "percentiles not ascending",
    text: { durations: SMALL_TRACE.durations.replace(",15,20,25,29,30", ",25,20,15,30,29") },
    repairs: [{
      defect: "runtime percentiles not ascending",
      repair: "sorted",
      count: 1,
      examples: ["durations.csv:2 20"],
    }],
    check: (trace) =>
      assert.deepEqual(trace.functions[0].runtimeMs.values, [10, 11, 15, 20, 25, 29, 30]),
    refusal:
      "/durations.csv:2, column percentile_Average_50: Runtime percentiles not ascending: 20; " +
      "correct the file, or allow repairs with --defects repair (sorted).",
  },
  {
    name: "runtime of 0",
    text: { durations: SMALL_TRACE.durations.replace(",10,11,15,", ",0,0,15,") },
    repairs: [{
      defect: "runtime of 0",
      repair: "kept; invocations ask for at least 1 ms",
      count: 1,
      examples: ["durations.csv:2 0"],
    }],
    check: (trace) =>
      assert.deepEqual(trace.functions[0].runtimeMs.values, [0, 0, 15, 20, 25, 29, 30]),
    refusal: "/durations.csv:2, column percentile_Average_0: Runtime of 0: 0; " +
      "correct the file, or allow repairs with --defects repair (kept; invocations ask for at least 1 ms).",
  },
  {
    name: "negative memory",
    text: { memory: SMALL_TRACE.memory.replace("o,a,9,100,80,", "o,a,9,-100,-80,") },
    repairs: [
      {
        defect: "negative memory percentile",
        repair: "taken as 0",
        count: 1,
        examples: ["memory.csv:2 -80"],
      },
      {
        defect: "negative average memory",
        repair: "mean of the interpolated percentiles taken",
        count: 1,
        examples: ["memory.csv:2 -100"],
      },
    ],
    check: (trace) => {
      const { values, mean } = trace.functions[0].memoryMib;
      assert.deepEqual(values, [0, 42, 45, 50, 55, 60, 65, 70]);
      assert.ok(mean > 45 && mean < 55);
    },
    refusal: "/memory.csv:2, column AverageAllocatedMb_pct1: Negative memory percentile: -80; " +
      "correct the file, or allow repairs with --defects repair (taken as 0).",
  },
  {
    name: "rows without invocations",
    text: {
      invocations: csv(INVOCATIONS_HEADER, "o,a,f,http,1,0,2"),
      memory: SMALL_TRACE.memory + "o,b,9,100,80,84,90,100,110,120,130,140\n",
    },
    repairs: [
      {
        defect: "row of durations without invocations",
        repair: "row ignored",
        count: 1,
        examples: ["durations.csv:3 o/a/g"],
      },
      {
        defect: "row of memory without invocations",
        repair: "row ignored",
        count: 1,
        examples: ["memory.csv:3 o/b"],
      },
    ],
    check: (trace) => assert.equal(trace.functions.length, 1),
    refusal: "/durations.csv:3: Row of durations without invocations: o/a/g; " +
      "correct the file, or allow repairs with --defects repair (row ignored).",
  },
];

/** Severities are told once, in the doctor's table. */
function withoutSeverity(repairs: readonly TraceRepair[]) {
  return repairs.map(({ severity, ...repair }) => {
    assert.ok(severity !== undefined);
    return repair;
  });
}

for (const { name, text, repairs, check, refusal } of DEFECTS) {
  Deno.test(`readTrace: ${name} is repaired and counted`, async () => {
    const trace = await readText(text);
    assert.deepEqual(withoutSeverity(trace.repairs), repairs);
    check(trace);
  });
  Deno.test(`readTrace: ${name} is refused when repairs are not wanted`, async () => {
    await assertRefused(nameFiles({ ...SMALL_TRACE, ...text }), { defects: "refuse" }, refusal);
  });
}

Deno.test("readTrace: without a file of memory every application has the typical one", async () => {
  const { invocations, durations } = SMALL_TRACE;
  const trace = await readFiles(nameFiles({ invocations, durations }));
  assert.deepEqual(trace.functions.map(({ memoryMib }) => memoryMib.mean), [85, 85]);
  assert.deepEqual(trace.functions[0].memoryMib.values, Array(8).fill(85));
  assert.equal(trace.repairs.length, 1);
  assert.equal(trace.repairs[0].defect, "missing memory file");
  assert.equal(trace.repairs[0].repair, "170 MiB taken for every application");
});

Deno.test("readTrace: without a file of memory each function has what the user assumes", async () => {
  await using folder = await temporaryFiles({
    "invocations.csv": SMALL_TRACE.invocations,
    "durations.csv": SMALL_TRACE.durations,
  });
  const assume = { memory: { kind: "fixed", memoryMib: 300 } } as const;
  const trace = await readTrace(folder.path, { assume });
  assert.deepEqual(trace.functions.map(({ memoryMib }) => memoryMib.mean), [300, 300]);
  assert.equal(trace.repairs[0].repair, "what --assume-memory says taken for every function");
});

Deno.test("readTrace: only the first few examples of a defect are kept", async () => {
  const names = Array.from({ length: 10 }, (_, i) => `x${i}`);
  const trace = await readText({
    invocations: SMALL_TRACE.invocations + csv(...names.map((name) => `o,a,${name},http,1,1,1`)),
  });
  assert.equal(trace.repairs[0].count, 10);
  assert.equal(trace.repairs[0].examples.length, 3);
});

Deno.test("readTrace: merged duplicates add their counts and keep the first figures", async () => {
  const trace = await readText({
    invocations: SMALL_TRACE.invocations + "o,a,f,http,10,20,30\n",
    durations: SMALL_TRACE.durations + "o,a,f,1,1,1,1,1,1,1,1,1,1,1\n",
    memory: SMALL_TRACE.memory + "o,a,9,1,1,1,1,1,1,1,1,1\n",
  }, { duplicates: "merge" });
  assert.deepEqual(trace.functions[0].invocationsPerSlot.toArray(), Uint32Array.of(11, 20, 32));
  assert.equal(trace.functions[0].runtimeMs.mean, 20);
  assert.equal(trace.functions[0].memoryMib.mean, 50);
  assert.deepEqual(withoutSeverity(trace.repairs), [
    {
      defect: "function with invocations twice",
      repair: "counts added",
      count: 1,
      examples: ["invocations.csv:4 o/a/f"],
    },
    {
      defect: "function with durations twice",
      repair: "first row kept",
      count: 1,
      examples: ["durations.csv:4 o/a/f"],
    },
    {
      defect: "memory given twice",
      repair: "first row kept",
      count: 1,
      examples: ["memory.csv:3 o/a"],
    },
  ]);
});

const { invocations, durations, memory } = SMALL_TRACE;
const FOUND_INVOCATIONS = "HashOwner, HashApp, HashFunction, Trigger, 3 numbered columns";

/** What the user got wrong, and the message without the folder in front. */
const BAD_INPUT: readonly [
  name: string,
  files: Readonly<Record<string, string>>,
  message: string,
][] = [
  [
    "empty folder",
    {},
    ": No trace of a known format: looked for <n>_inv.csv, invocations.csv, <n>/invocations.csv, " +
    "invocations_per_function_md.anon.d01.csv (Azure Functions 2019), plain or .gz; found nothing.",
  ],
  [
    "other files",
    { "readme.txt": "", "b.csv": "" },
    ": No trace of a known format: looked for <n>_inv.csv, invocations.csv, <n>/invocations.csv, " +
    "invocations_per_function_md.anon.d01.csv (Azure Functions 2019), plain or .gz; " +
    "found b.csv, readme.txt.",
  ],
  [
    "no durations",
    nameFiles({ invocations, memory }),
    ": The file of durations is missing: looked for durations.csv and durations.csv.gz; " +
    "found invocations.csv, memory.csv.",
  ],
  [
    "no durations of a size",
    { "5_inv.csv": invocations, "5_mem.csv": memory },
    ": The file of durations is missing: looked for 5_run.csv and 5_run.csv.gz; " +
    "found 5_inv.csv, 5_mem.csv.",
  ],
  [
    "empty file",
    nameFiles({ invocations: "", durations, memory }),
    "/invocations.csv: The file is empty; expected a header.",
  ],
  [
    "empty trace",
    nameFiles({ invocations: csv(INVOCATIONS_HEADER), durations, memory }),
    "/invocations.csv: The trace is empty: there is no function after the header.",
  ],
  [
    "no functions left",
    nameFiles({ invocations, durations, memory: csv(APPLICATION_MEMORY_HEADER) }),
    "/invocations.csv: No functions are left: none of the 2 has both durations and memory.",
  ],
  [
    "missing column of ids",
    nameFiles({ invocations: invocations.replace("HashApp", "App"), durations, memory }),
    "/invocations.csv:1, column HashApp: The column is missing; " +
    "found HashOwner, App, HashFunction, Trigger, 3 numbered columns.",
  ],
  [
    "missing minute",
    nameFiles({ invocations: invocations.replace(",1,2,3", ",1,2,4"), durations, memory }),
    "/invocations.csv:1, column 3: The column is missing; " +
    "expected consecutive numbers, found 3 columns, 1 to 4, and 4 follows 2.",
  ],
  [
    "no minutes",
    nameFiles({ invocations: csv("HashOwner,HashApp,HashFunction", "o,a,f"), durations, memory }),
    "/invocations.csv:1, column 1: The column is missing; " +
    "expected a column for each minute, with consecutive numbers written as 1, minute_1 or " +
    "1_minute, found HashOwner, HashApp, HashFunction.",
  ],
  [
    "missing percentile",
    nameFiles({ invocations, durations: durations.replace("_Average_99", "_x"), memory }),
    "/durations.csv:1, column percentile_Average_99: The column is missing; " +
    `found ${DURATIONS_HEADER.replace("_Average_99", "_x").replaceAll(",", ", ")}.`,
  ],
  [
    "durations in place of invocations",
    nameFiles({ invocations: durations, durations: invocations, memory }),
    "/invocations.csv:1, column 1: The column is missing; expected a column for each minute, " +
    `with consecutive numbers written as 1, minute_1 or 1_minute, found ${
      DURATIONS_HEADER.replaceAll(",", ", ")
    }.`,
  ],
  [
    "missing memory column",
    nameFiles({ invocations, durations, memory: invocations }),
    "/memory.csv:1, column AverageAllocatedMb: The column is missing; " +
    `found ${FOUND_INVOCATIONS}.`,
  ],
  [
    "column twice",
    nameFiles({ invocations: invocations.replace("Trigger", "hashapp"), durations, memory }),
    "/invocations.csv:1, column hashapp: The column is there twice; remove one.",
  ],
  [
    "count is text",
    nameFiles({ invocations: invocations.replace("http,1,0,2", "http,1,x,2"), durations, memory }),
    '/invocations.csv:2, column 2: Expected a whole number from 0 to 4294967295, got "x".',
  ],
  [
    "count is negative",
    nameFiles({ invocations: invocations.replace("0,3,0", "0,-3,0"), durations, memory }),
    '/invocations.csv:3, column 2: Expected a whole number from 0 to 4294967295, got "-3".',
  ],
  [
    "count is fractional",
    nameFiles({ invocations: invocations.replace("0,3,0", "0,0,2.5"), durations, memory }),
    '/invocations.csv:3, column 3: Expected a whole number from 0 to 4294967295, got "2.5".',
  ],
  [
    "count is empty",
    nameFiles({ invocations: invocations.replace("0,3,0", ",0,0"), durations, memory }),
    '/invocations.csv:3, column 1: Expected a whole number from 0 to 4294967295, got "".',
  ],
  [
    "count is too large",
    nameFiles({ invocations: invocations.replace("0,3,0", "4294967296,0,0"), durations, memory }),
    "/invocations.csv:3, column 1: Expected a whole number from 0 to 4294967295, " +
    'got "4294967296".',
  ],
  [
    "hash is empty",
    nameFiles({ invocations: invocations.replace("o,a,g", "o,a,"), durations, memory }),
    '/invocations.csv:3, column HashFunction: Expected a name or hash, got "".',
  ],
  [
    "too few fields",
    nameFiles({ invocations: invocations.replace("0,3,0", "0,3"), durations, memory }),
    "/invocations.csv:3: Expected 7 fields as in the header, got 6.",
  ],
  [
    "too many fields",
    nameFiles({ invocations, durations: durations.replace("290,300", "290,300,1"), memory }),
    "/durations.csv:3: Expected 14 fields as in the header, got 15.",
  ],
  [
    "average is text",
    nameFiles({ invocations, durations: durations.replace("o,a,g,200", "o,a,g,fast"), memory }),
    '/durations.csv:3, column Average: Expected a number, got "fast".',
  ],
  [
    "percentile is not finite",
    nameFiles({ invocations, durations: durations.replace("290,300", "290,Infinity"), memory }),
    '/durations.csv:3, column percentile_Average_100: Expected a number, got "Infinity".',
  ],
  [
    "memory is empty",
    nameFiles({ invocations, durations, memory: memory.replace("o,a,9,100", "o,a,9,") }),
    '/memory.csv:2, column AverageAllocatedMb: Expected a number, got "".',
  ],
  [
    "function twice in invocations",
    nameFiles({ invocations: invocations + "o,a,f,http,1,1,1\n", durations, memory }),
    "/invocations.csv:4: o/a/f is there already in line 2; " +
    "remove one, or allow duplicates to be merged with --duplicates merge (counts added).",
  ],
  [
    "function twice in durations",
    nameFiles({ invocations, durations: durations + "o,a,g,1,1,1,1,1,1,1,1,1,1,1\n", memory }),
    "/durations.csv:4: o/a/g is there already in line 3; " +
    "remove one, or allow duplicates to be merged with --duplicates merge (first row kept).",
  ],
  [
    "application twice in memory",
    nameFiles({ invocations, durations, memory: memory + "o,a,9,1,1,1,1,1,1,1,1,1\n" }),
    "/memory.csv:3: o/a is there already in line 2; " +
    "remove one, or allow duplicates to be merged with --duplicates merge (first row kept).",
  ],
];

for (const [name, files, message] of BAD_INPUT) {
  Deno.test(`readTrace: bad input: ${name}`, async () => {
    await assertRefused(files, { formats: [AZURE_2019] }, message);
  });
}

Deno.test("readTrace: bad input: quote that is never closed", async () => {
  await assertRefused(
    nameFiles({ invocations, durations: durations.replace("o,a,g", 'o,a,"g'), memory }),
    {},
    /^\/durations\.csv:\d+: The file is not valid CSV: .*quot/i,
  );
});

Deno.test("readTrace: bad input: file that is not packed, or breaks off", async () => {
  await using folder = await temporaryFiles({
    "invocations.csv.gz": invocations,
    "durations.csv": durations,
  });
  const file = join(folder.path, "invocations.csv.gz");
  const packed = await Deno.readFile(file);
  for (const bytes of [packed.slice(0, packed.length - 12), new TextEncoder().encode("a,b\n")]) {
    await Deno.writeFile(file, bytes);
    await assert.rejects(readTrace(folder.path), {
      code: "input",
      message: /\/invocations\.csv\.gz: The file cannot be read or unpacked: .*\.$/,
    });
  }
});

Deno.test("readTrace: a large file is closed when a cell near its beginning is wrong", async () => {
  const rows = Array.from({ length: 100_000 }, (_, i) => `o,a,f${i},http,1,x,1`);
  for (const name of ["invocations.csv", "invocations.csv.gz"]) {
    await assertRefused(
      { [name]: csv(INVOCATIONS_HEADER, ...rows), "durations.csv": durations },
      {},
      `/${name}:2, column 2: Expected a whole number from 0 to 4294967295, got "x".`,
    );
  }
});

Deno.test("readTrace: bad input: what is not there, or a file of no format", async () => {
  await using folder = await temporaryFiles({ "file": "" });
  await assert.rejects(readTrace(join(folder.path, "missing")), {
    code: "input",
    message: /\/missing: The trace cannot be read: .*\.$/,
  });
  await assert.rejects(readTrace(join(folder.path, "file")), {
    code: "input",
    message: /\/file: No trace of a known format: looked for .*; found file\.$/,
  });
});

Deno.test("readTrace: bad input: more functions than there are, or none", async () => {
  await assert.rejects(readText({}, { size: 3 }), {
    code: "usage",
    message: /^A sample of 3 functions is too large: the trace \S+ has 2 that are invoked in its 3/,
  });
  await assert.rejects(readText({}, { size: 0 }), {
    code: "usage",
    message: "The size of a sample must be a whole number from 1, got 0.",
  });
});

async function assertRefused(
  files: Readonly<Record<string, string>>,
  options: ReadTraceOptions,
  message: string | RegExp,
): Promise<void> {
  await using folder = await temporaryFiles(files);
  await assert.rejects(readTrace(folder.path, options), (error) => {
    assert.ok(error instanceof Error);
    assert.equal((error as { code?: unknown }).code, "input");
    assert.ok(error.message.startsWith(folder.path), error.message);
    const rest = error.message.slice(folder.path.length);
    if (typeof message === "string") {
      assert.equal(rest, message);
    } else {
      assert.match(rest, message);
    }
    return true;
  });
}

Deno.test("readTrace: how many invocations runtimes are of, where that is not the sum of counts", async () => {
  const durations = (count: string) =>
    csv(
      DURATIONS_HEADER,
      `o,a,f,20,${count},10,30,10,11,15,20,25,29,30`,
      "o,a,g,200,3,100,300,100,110,150,200,250,290,300",
    );
  for (
    const [count, observations] of [["1440", 1440], ["3", undefined], ["", undefined]] as const
  ) {
    const [f, g] = (await readText({ durations: durations(count) })).functions;
    assert.equal(f.runtimeObservations, observations);
    assert.equal(g.runtimeObservations, undefined);
  }
});
