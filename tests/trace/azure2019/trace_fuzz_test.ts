import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { LoaderError } from "../../../lib/base/error.ts";
import { Rng } from "../../../lib/base/rng.ts";
import type { Trace } from "../../../lib/model/trace.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import {
  csv,
  DURATIONS_HEADER,
  FUNCTION_MEMORY_HEADER,
  temporaryFiles,
} from "../../support/trace_files.ts";

const ROUNDS = 300;
const MINUTES = 6;
const FUNCTIONS = 4;

/** A line of cells, and how it ends. */
type Rows = string[][];

function validFiles(rng: Rng): Record<"invocations" | "durations" | "memory", Rows> {
  const first = rng.nextBelow(3) * 270;
  const spell = [(n: number) => `${n}`, (n: number) => `minute_${n}`, (n: number) => `${n}_minute`][
    rng.nextBelow(3)
  ];
  const minutes = Array.from({ length: MINUTES }, (_, i) => spell(first + i));
  const names = Array.from({ length: FUNCTIONS }, (_, i) => [`o${i % 2}`, `a${i % 3}`, `f${i}`]);
  const rest = (header: string) => header.split(",").slice(3).map((_, i) => String(i + 1));
  return {
    invocations: [
      ["HashOwner", "HashApp", "HashFunction", "Trigger", ...minutes],
      ...names.map((name) => [...name, "http", ...minutes.map(() => String(rng.nextBelow(50)))]),
    ],
    durations: [
      DURATIONS_HEADER.split(","),
      ...names.map((name) => [...name, ...rest(DURATIONS_HEADER)]),
    ],
    memory: [
      FUNCTION_MEMORY_HEADER.split(","),
      ...names.map((name) => [...name, ...rest(FUNCTION_MEMORY_HEADER)]),
    ],
  };
}

const ODD_CELLS = [
  "",
  " ",
  "NaN",
  "-1",
  "1.5",
  "1e2",
  "0x10",
  "4294967296",
  "12.0",
  "007",
  "x",
  "∞",
  "1_0",
];

/** Changes of cells, rows and columns, and of single characters. */
const MUTATIONS: readonly ((rows: Rows, rng: Rng) => void)[] = [
  (rows, rng) => {
    const row = rows[rng.nextBelow(rows.length)];
    if (row.length > 0) row[rng.nextBelow(row.length)] = ODD_CELLS[rng.nextBelow(ODD_CELLS.length)];
  },
  (rows, rng) => void rows[rng.nextBelow(rows.length)].splice(rng.nextBelow(4), 1),
  (rows, rng) => void rows.splice(rng.nextBelow(rows.length), 1),
  (rows, rng) => void rows.push([...rows[rng.nextBelow(rows.length)]]),
  (rows, rng) => void rows.splice(rng.nextBelow(rows.length), 0, [""]),
  (rows, rng) => {
    const column = rng.nextBelow(rows[0].length);
    for (const row of rows) row.splice(column, 1);
  },
  (rows, rng) => {
    const column = rng.nextBelow(rows[0].length);
    for (const row of rows) row.push(row[column]);
  },
  (rows, rng) => {
    const [a, b] = [rng.nextBelow(rows[0].length), rng.nextBelow(rows[0].length)];
    for (const row of rows) [row[a], row[b]] = [row[b] ?? "", row[a] ?? ""];
  },
  (rows, rng) => {
    const header = rows[0];
    const column = rng.nextBelow(header.length);
    header[column] = header[column].replace(/\d+/, () => String(rng.nextBelow(1000)));
  },
  (rows, rng) => {
    const row = rows[rng.nextBelow(rows.length)];
    const column = rng.nextBelow(row.length);
    const at = rng.nextBelow((row[column] ?? "").length + 1);
    const character = "0123456789.-eE_ \t;\"'/%\u00e9\r\0"[rng.nextBelow(25)];
    row[column] = (row[column] ?? "").slice(0, at) + character + (row[column] ?? "").slice(at);
  },
];

/** The sum of what stands under columns of counts, read without any knowledge of minutes. */
function plainSum(invocations: Rows): number {
  let sum = 0;
  const rows = invocations.filter((row) => row.some((cell) => (cell ?? "").trim() !== ""));
  for (const row of rows.slice(1)) {
    for (const [column, cell] of row.entries()) {
      // What has no number in its name is another column.
      const name = rows[0][column] ?? "";
      // The trigger is the one word, whatever its column is called by now.
      if (/\d/.test(name) && cell.trim() !== "http") sum += Number(cell);
    }
  }
  return sum;
}

function countAll(trace: Trace): number {
  return trace.functions.reduce(
    (sum, { invocationsPerSlot }) => sum + invocationsPerSlot.total,
    0,
  );
}

/** What is wrong with a file as a whole has no line. */
const WHOLE_FILE =
  /file is empty|trace is empty|No functions are left|cannot be read|not text in UTF-8|not CSV/;

async function outcomeOf(path: string): Promise<Trace | LoaderError> {
  try {
    return await readTrace(path);
  } catch (error) {
    assert.ok(error instanceof LoaderError, `another exception: ${error}`);
    assert.equal(error.code, "input");
    assert.ok(error.place.file?.startsWith(path), error.message);
    assert.ok(error.place.line !== undefined || WHOLE_FILE.test(error.message), error.message);
    return error;
  }
}

Deno.test("readTrace: changed files are read as they stand or refused with their place", async () => {
  await using folder = await temporaryFiles({});
  const rng = Rng.fromSeed(7, "trace fuzz");
  let [accepted, refused] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const files = validFiles(rng);
    const which =
      (["invocations", "invocations", "durations", "memory"] as const)[rng.nextBelow(4)];
    for (let i = rng.nextBelow(3); i >= 0; i--) {
      if (files[which].length === 0 || files[which][0].length === 0) continue;
      MUTATIONS[rng.nextBelow(MUTATIONS.length)](files[which], rng);
    }
    const end = ["\n", "\r\n"][rng.nextBelow(2)];
    for (const [name, rows] of Object.entries(files)) {
      const text = rows.map((row) => row.join() + end).join("");
      await Deno.writeTextFile(join(folder.path, `${name}.csv`), text);
    }
    const outcome = await outcomeOf(folder.path);
    if (outcome instanceof LoaderError) {
      refused++;
      continue;
    }
    accepted++;
    // A quote, or the end of a line inside a cell, makes other cells of the same text.
    const isPlain = !files.invocations.flat().some((cell) => /["\r\n]/.test(cell));
    const isWhole = !outcome.repairs.some(({ repair }) => repair === "function left out");
    if (isPlain && isWhole) {
      assert.equal(
        countAll(outcome),
        plainSum(files.invocations),
        JSON.stringify(files.invocations),
      );
    }
  }
  // Otherwise it would say nothing.
  assert.ok(accepted > ROUNDS / 10 && refused > ROUNDS / 10, `${accepted} and ${refused}`);
});

Deno.test("readTrace: packed files that were cut or altered are read whole or refused", async () => {
  await using folder = await temporaryFiles({});
  const rng = Rng.fromSeed(8, "trace fuzz");
  const files = validFiles(rng);
  const text = (rows: Rows) => csv(...rows.map((row) => row.join()));
  for (const name of ["durations", "memory"] as const) {
    await Deno.writeTextFile(join(folder.path, `${name}.csv`), text(files[name]));
  }
  const expected = plainSum(files.invocations);
  const packed = gzipSync(text(files.invocations));
  for (let round = 0; round < 150; round++) {
    const bytes = packed.slice(0, 1 + rng.nextBelow(packed.length));
    if (rng.nextBelow(2) === 0 || bytes.length === packed.length) {
      bytes[rng.nextBelow(bytes.length)] ^= 1 << rng.nextBelow(8);
    }
    await Deno.writeFile(join(folder.path, "invocations.csv.gz"), bytes);
    const outcome = await outcomeOf(folder.path);
    // A change of what is not read, such as the time in the header, changes no count.
    if (!(outcome instanceof LoaderError)) assert.equal(countAll(outcome), expected);
  }
});
