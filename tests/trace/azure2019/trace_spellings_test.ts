import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { functionKey, type Trace } from "../../../lib/model/trace.ts";
import {
  readTrace,
  type ReadTraceOptions,
  readTraceSamples,
} from "../../../lib/trace/read_trace.ts";
import type { TemporaryFolder } from "../../support/script.ts";
import {
  csv,
  DURATIONS_HEADER,
  nameFiles,
  SMALL_TRACE,
  temporaryFiles,
} from "../../support/trace_files.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

async function writeFiles(files: Files): Promise<TemporaryFolder> {
  const folder = await temporaryFiles({});
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder.path, name);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else await Deno.writeFile(path, content);
  }
  return folder;
}

async function read(files: Files, options?: ReadTraceOptions): Promise<Trace> {
  await using folder = await writeFiles(files);
  return await readTrace(folder.path, options);
}

function readInvocations(invocations: string | Uint8Array): Promise<Trace> {
  return read({ ...nameFiles(SMALL_TRACE), "invocations.csv": invocations });
}

function countsOf(trace: Trace): number[][] {
  return trace.functions.map(({ invocationsPerSlot }) => [...invocationsPerSlot.toArray()]);
}

async function messageOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(() => assert.fail("nothing was refused"), (error) => error);
  assert.ok(["input", "usage"].includes(error.code), String(error));
  return error.message;
}

/** Names of columns, and the number that the first minute has. */
const RUNS: readonly [columns: string, first: number][] = [
  ["1,2,3", 1],
  ["0,1,2", 0],
  ["540,541,542", 540],
  ["minute_1,minute_2,minute_3", 1],
  ["Minute_480,MINUTE_481,minute_482", 480],
  ["1_minute,2_minute,3_minute", 1],
  ["0_minute,1_Minute,2_minute", 0],
  ["001,002,003", 1],
  ["minute_09,minute_10,minute_11", 9],
  ["9,10,11", 9],
  ["1.0,2.0,3.0", 1],
  ['"7","8","9"', 7],
  [" 1, 2 ,3 ", 1],
];

for (const [columns, first] of RUNS) {
  Deno.test(`readTrace: the columns ${columns} are three minutes from ${first}`, async () => {
    const trace = await readInvocations(
      csv(
        `HashOwner,HashApp,HashFunction,Trigger,${columns}`,
        "o,a,f,http,1,0,2",
        "o,a,g,timer,0,3,0",
      ),
    );
    assert.deepEqual(countsOf(trace), [[1, 0, 2], [0, 3, 0]]);
    assert.equal(trace.firstMinute, first);
    assert.equal(trace.slots, 3);
  });
}

Deno.test("readTrace: minutes in any order of columns, from any first number, in any spelling", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 2000 }),
      fc.constantFrom(
        (n: number) => `${n}`,
        (n: number) => `minute_${n}`,
        (n: number) => `${n}_minute`,
      ),
      fc.array(fc.nat({ max: 99 }), { minLength: 1, maxLength: 30 }),
      fc.infiniteStream(fc.nat()),
      fc.boolean(),
      async (first, spell, counts, order, isPandas) => {
        const cells: [string, string][] = [
          ["HashOwner", "o"],
          ["HashApp", "a"],
          ["HashFunction", "f"],
          ...counts.map((count, i): [string, string] => [
            spell(first + i),
            isPandas ? `${count}.0` : String(count),
          ]),
          ...isPandas
            ? [["", "0"], ["Unnamed: 0", "7"], ["level_0", "7"]] as [string, string][]
            : [],
        ];
        const mixed = cells.map((cell) => [order.next().value, cell] as const)
          .toSorted((a, b) => a[0] - b[0]).map(([, cell]) => cell);
        const trace = await readInvocations(
          csv(mixed.map(([name]) => name).join(), mixed.map(([, value]) => value).join()),
        );
        assert.deepEqual(countsOf(trace), [counts]);
        assert.equal(trace.firstMinute, first);
      },
    ),
    { seed: 21, numRuns: 60 },
  );
});

/** Columns beside or instead of 1, 2, 3, and what is said. */
const REFUSED: readonly [columns: string, message: RegExp][] = [
  ["1,2,4", /column 3: The column is missing; .* found 3 columns, 1 to 4, and 4 follows 2\.$/],
  ["minute_5,minute_7,minute_8", /column minute_6: The column is missing/],
  ["1,01,2", /column 01: The minute is there twice, as 1 and as 01; remove one\.$/],
  ["1,2,2", /column 2: The column is there twice; remove one\.$/],
  [
    "1,2,2.1",
    /column 2\.1: The column looks like counts of a minute, .* 1 to 2; rename or remove it\.$/,
  ],
  ["1,2,-3", /column -3: The column looks like counts/],
  ["1,2,minute_3", /column minute_3: .* others are written as 1; rename or remove it\.$/],
  ["1,2,5_minute", /column 5_minute: .* others are written as 1/],
  ["1,2,minute3", /column minute3: The column looks like counts/],
  ["1,2,3 min", /column 3 min: The column looks like counts/],
  ["1,2,1e3", /column 1e3: The column looks like counts/],
  ["5,6,minut7", /column minut7: The column looks like counts/],
  ["1,t12,t13", /column t12: The column looks like counts/],
  ["1,2,99999999999999999999", /column 9+: The column looks like counts/],
  ["t1,t2,t3", /column 1: The column is missing; .* minute_1 or 1_minute, found .*, t1, t2, t3\.$/],
];

for (const [columns, message] of REFUSED) {
  Deno.test(`readTrace: the columns ${columns} are refused`, async () => {
    const attempt = readInvocations(
      csv(`HashOwner,HashApp,HashFunction,Trigger,${columns}`, "o,a,f,http,1,0,2"),
    );
    assert.match(await messageOf(attempt), message);
  });
}

Deno.test("readTrace: other columns are no minutes", async () => {
  const trace = await readInvocations(
    csv(
      "HashOwner,HashApp,HashFunction,Trigger,1,2,total,p50,p99,percentile_Average_50,remark",
      "o,a,f,http,1,0,1,5,6,7,x",
    ),
  );
  assert.deepEqual(countsOf(trace), [[1, 0]]);
});

Deno.test("readTrace: line ends of every kind, blank lines, blanks and empty rows", async () => {
  const rows = [
    "HashOwner,HashApp,HashFunction,Trigger,1,2,3",
    "o,a,f,http,1,0,2",
    "o,a,g,timer,0,3,0",
  ];
  for (const end of ["\n", "\r\n", "\r"]) {
    for (const blank of ["", " ", "\t ", ",,,,,,", " , ,,,,,", ",,"]) {
      const text = "\ufeff" +
        [blank, rows[0], blank, rows[1], blank, blank, rows[2], blank, ""].join(end);
      const trace = await readInvocations(text);
      assert.deepEqual(countsOf(trace), [[1, 0, 2], [0, 3, 0]], JSON.stringify([end, blank]));
    }
  }
});

Deno.test("readTrace: gzip of several members, under either name", async () => {
  const text = new TextEncoder().encode(SMALL_TRACE.invocations);
  for (const cuts of [[0], [0, 1], [0, 20, 21, 60]]) {
    const members = cuts.map((from, i) => gzipSync(text.slice(from, cuts[i + 1])));
    const packed = Buffer.concat([...members, gzipSync("")]);
    const expected = await read(nameFiles(SMALL_TRACE));
    for (const name of ["invocations.csv.gz", "invocations.csv"]) {
      const { durations, memory } = SMALL_TRACE;
      const trace = await read({ ...nameFiles({ durations, memory }), [name]: packed });
      assert.deepEqual(countsOf(trace), [[1, 0, 2], [0, 3, 0]]);
      assert.equal(trace.hash, expected.hash);
      const cut = packed.slice(0, packed.length - 3);
      const attempt = read({ ...nameFiles({ durations, memory }), [name]: cut });
      assert.match(await messageOf(attempt), /cannot be read or unpacked/);
    }
  }
});

const POINTER = "version https://git-lfs.github.com/spec/v1\n" +
  `oid sha256:${"ca0c".repeat(16)}\nsize 171848\n`;

Deno.test("readTrace: a file that is something else is named", async () => {
  const cases: [string | Uint8Array, RegExp][] = [
    [POINTER, /pointer of Git LFS, .* "git lfs pull" in the repository\.$/],
    [POINTER.replaceAll("\n", "\r\n"), /"git lfs pull"/],
    ["/annex/objects/SHA256E-s1--00.csv\n", /"git annex get"/],
    ["<!DOCTYPE html>\n<html>", /web page/],
    [Uint8Array.of(0x50, 0x4b, 3, 4, 20), /zip archive, not CSV; unpack it\.$/],
    [Uint8Array.of(0x42, 0x5a, 0x68, 0x39), /bzip2/],
    [Uint8Array.of(0xff, 0xfe, 0x48, 0), /UTF-8/],
    [
      SMALL_TRACE.invocations.replaceAll(",", ";"),
      /column HashOwner: .*separated by semicolons; write commas/,
    ],
    [SMALL_TRACE.invocations.replaceAll(",", "\t"), /separated by tabs/],
  ];
  for (const [content, message] of cases) {
    assert.match(await messageOf(readInvocations(content)), message);
  }
  const packedName = { "invocations.csv.gz": POINTER, "durations.csv": SMALL_TRACE.durations };
  assert.match(await messageOf(read(packedName)), /invocations\.csv\.gz: .*"git lfs pull"/);
});

/** The three files of a trace of functions with these names, invoked once a minute. */
function ofSize(names: readonly string[], fileNames: readonly string[]): Files {
  const [invocations, durations, memory] = fileNames;
  return {
    [invocations]: csv(
      "HashOwner,HashApp,HashFunction,1,2,3",
      ...names.map((name) => `o,a,${name},1,1,1`),
    ),
    [durations]: csv(DURATIONS_HEADER, ...names.map((name) => `o,a,${name},1,1,1,1,1,1,1,1,1,1,1`)),
    [memory]: SMALL_TRACE.memory,
  };
}
const inFolder = (folder: string) =>
  ["invocations.csv", "durations.csv", "memory.csv"].map((name) => `${folder}/${name}`);

Deno.test("readTrace: a folder for each size, named as a whole or through the one above", async () => {
  for (const above of ["", "samples/"]) {
    await using folder = await writeFiles({
      ...ofSize(["a", "b"], inFolder(`${above}2`)),
      ...ofSize(["a", "b", "c", "d"], inFolder(`${above}4`)),
      ...ofSize(["x"], inFolder(`${above}other`)),
    });
    const idsOf = async (options: ReadTraceOptions) =>
      (await readTrace(folder.path, options)).functions.map(({ id }) => id);
    assert.deepEqual(await idsOf({ size: 2 }), ["a", "b"]);
    assert.deepEqual(await idsOf({ size: 4 }), ["a", "b", "c", "d"]);
    assert.deepEqual(await idsOf({}), ["a", "b", "c", "d"]);
    assert.equal((await idsOf({ size: 3 })).length, 3);
  }
});

Deno.test("readTrace: an exact size wins, whichever way it is kept", async () => {
  await using folder = await writeFiles({
    ...ofSize(["a", "b"], ["2_inv.csv", "2_run.csv", "2_mem.csv"]),
    ...ofSize(["a", "b", "c"], inFolder("3")),
    ...ofSize(["a", "b", "c", "d"], ["invocations.csv", "durations.csv", "memory.csv"]),
  });
  const sizes = await readTraceSamples(folder.path, [2, 3]);
  assert.deepEqual(sizes.map(({ functions }) => functions.length), [2, 3]);
});

Deno.test("readTrace: a missing file is told with files and folders that are there", async () => {
  assert.match(
    await messageOf(read({ "data/x.csv": "", "b.csv": "" })),
    /<n>\/invocations\.csv, .*; found b\.csv, data\/\.$/,
  );
  const { invocations } = SMALL_TRACE;
  assert.match(
    await messageOf(read({ "7/invocations.csv": invocations, "7/x.csv": "" })),
    /\/7: The file of durations is missing: .* found invocations\.csv, x\.csv\.$/,
  );
});

const day = (mark: string) => [
  `invocations_per_function_md.anon.d${mark}.csv`,
  `function_durations_percentiles.anon.d${mark}.csv`,
  `app_memory_percentiles.anon.d${mark}.csv`,
];

Deno.test("readTrace: of several days the first is taken and told, another by its number", async () => {
  await using folder = await writeFiles({
    ...ofSize(["a"], day("02")),
    ...ofSize(["b"], day("11")),
  });
  const trace = await readTrace(folder.path);
  assert.equal(trace.functions[0].id, "a");
  assert.deepEqual(trace.notes, [
    "The folder of the trace has the days 2, 11; day 2 is taken (--day).",
  ]);
  const other = await readTrace(folder.path, { days: { first: 11, last: 11 } });
  assert.equal(other.functions[0].id, "b");
  assert.deepEqual(other.notes, []);
  assert.match(
    await messageOf(readTrace(folder.path, { days: { first: 3, last: 3 } })),
    /--day: there are no files of day 3; those of the days 2, 11 are there\.$/,
  );
});

Deno.test("readTrace: one day needs no word, and --day needs days", async () => {
  assert.deepEqual((await read(ofSize(["a"], day("13")))).notes, []);
  assert.match(
    await messageOf(read(nameFiles(SMALL_TRACE), { days: { first: 1, last: 1 } })),
    /--day: the folder has no files .* found durations\.csv, invocations\.csv, memory\.csv\.$/,
  );
});

Deno.test("readTrace: a sample that lost functions says so", async () => {
  const files = ofSize(["a", "b", "c", "d"], ["4_inv.csv", "4_run.csv", "4_mem.csv"]);
  const durations = String(files["4_run.csv"]).split("\n").slice(0, 3).join("\n");
  const trace = await read({ ...files, "4_run.csv": durations }, { size: 4 });
  assert.equal(trace.functions.length, 2);
  assert.match(
    trace.notes!.join(),
    /is to have 4 functions and has 2 \(function without durations: 2\); runs of it are of as many/,
  );
  assert.deepEqual((await read(files, { size: 4 })).notes, []);
});

Deno.test("readTraceSamples: each file is read once", async () => {
  await using folder = await writeFiles(ofSize(["a", "b", "c", "d"], inFolder(".")));
  const traces = await readTraceSamples(folder.path, [1, 2, 3]);
  assert.deepEqual(traces.map(({ functions }) => functions.length), [1, 2, 3]);
  // Read again, a function would be another object.
  assert.equal(
    traces[0].functions[0],
    traces[2].functions.find(({ id }) => id === traces[0].functions[0].id),
  );
});

Deno.test("readTrace: names with a slash keep functions and applications apart", async () => {
  const trace = await read({
    "invocations.csv": csv(
      "HashOwner,HashApp,HashFunction,1",
      "o/a,b,f,1",
      "o,a/b,f,2",
      "o,a,b/f,3",
      "o,a%2Fb,f,4",
    ),
    "durations.csv": csv(
      DURATIONS_HEADER,
      ...["o/a,b,f,10", "o,a/b,f,20", "o,a,b/f,30", "o,a%2Fb,f,40"].map((row) =>
        `${row},1,1,1,1,1,1,1,1,1,1`
      ),
    ),
  });
  assert.deepEqual(trace.functions.map(({ runtimeMs }) => runtimeMs.mean), [10, 20, 30, 40]);
  assert.equal(new Set(trace.functions.map(functionKey)).size, 4);
  // Each is the only one of its application.
  assert.deepEqual(trace.functions.map(({ memoryMib }) => memoryMib.mean), [170, 170, 170, 170]);
});

Deno.test("readTrace: merged counts beyond 32 bits are refused, not wrapped", async () => {
  const row = "o,a,f,http,0,3000000000,0";
  const invocations = csv(
    "HashOwner,HashApp,HashFunction,Trigger,1,2,3",
    row,
    row,
    "o,a,g,timer,0,3,0",
  );
  const attempt = read({ ...nameFiles(SMALL_TRACE), "invocations.csv": invocations }, {
    duplicates: "merge",
  });
  assert.match(
    await messageOf(attempt),
    /invocations\.csv:3, column 2: .* come to 6000000000 in one minute; a minute holds at most 4294967295\.$/,
  );
});
