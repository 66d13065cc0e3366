import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { LoaderError } from "../../../lib/base/error.ts";
import { Rng } from "../../../lib/base/rng.ts";
import { CellKeys } from "../../../lib/trace/csv/cell_keys.ts";
import { CsvTable } from "../../../lib/trace/csv_table.ts";
import { parseDecimal, parsePlainDecimal } from "../../../lib/trace/csv/decimal.ts";
import { temporaryFiles } from "../../support/trace_files.ts";

async function withFile<T>(
  content: string | Uint8Array,
  body: (file: string) => Promise<T>,
  name = "x.csv",
): Promise<T> {
  await using folder = await temporaryFiles({});
  const file = join(folder.path, name);
  await Deno.writeFile(file, typeof content === "string" ? Buffer.from(content) : content);
  return await body(file);
}

/** Every cell of column `n` as a number, added up; and the hash of what was read. */
async function sum(file: string): Promise<{ sum: number; hash: string }> {
  const hash = createHash("sha256");
  await using table = await CsvTable.open(file, (bytes) => hash.update(bytes));
  const column = table.columnIndex("n");
  let sum = 0;
  await table.forEachRow((cells) => {
    sum += cells.number(column);
  });
  return { sum, hash: hash.digest("hex") };
}

async function refusal(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(() => assert.fail("nothing was refused"), (error) => error);
  assert.ok(error instanceof LoaderError, String(error));
  assert.equal(error.code, "input");
  return error.message.replace(/^\S*\//, "");
}

const TEXT = "name,n\n" + Array.from({ length: 60_000 }, (_, i) => `r${i},${i % 97}\n`).join("");
const TOTAL = TEXT.split("\n").slice(1, -1).reduce(
  (sum, row) => sum + Number(row.split(",")[1]),
  0,
);

Deno.test("CsvTable: plain, gzip and Zstandard files of several parts give the same", async () => {
  const bytes = Buffer.from(TEXT);
  const expected = { sum: TOTAL, hash: createHash("sha256").update(bytes).digest("hex") };
  const halves = [bytes.subarray(0, 100_001), bytes.subarray(100_001)];
  const packed = [
    bytes,
    gzipSync(bytes),
    Buffer.concat(halves.map((half) => gzipSync(half))),
    zstdCompressSync(bytes),
    Buffer.concat(halves.map((half) => zstdCompressSync(half))),
  ];
  for (const content of packed) assert.deepEqual(await withFile(content, sum), expected);
});

Deno.test("CsvTable: packed files that break off are refused, wherever they do", async () => {
  const rng = Rng.fromSeed(5, "csv table");
  const bytes = Buffer.from(TEXT);
  for (const packed of [gzipSync(bytes), zstdCompressSync(bytes)]) {
    for (let round = 0; round < 20; round++) {
      const cut = packed.subarray(0, 5 + rng.nextBelow(packed.length - 5));
      assert.match(
        await withFile(cut, (file) => refusal(sum(file))),
        /^x\.csv: The file cannot be read or unpacked: .*\.$/,
      );
    }
  }
  const isNot = "The file cannot be read or unpacked: it is not packed with";
  assert.equal(
    await withFile("n\n1\n", (file) => refusal(sum(file)), "x.csv.zst"),
    `x.csv.zst: ${isNot} Zstandard, though its name says so; rename it.`,
  );
});

Deno.test("CsvTable: numbers as they are written, or refused with their place", async () => {
  const read = (cell: string) => withFile(`a,n\nx,${cell}\n`, sum);
  for (const cell of ["12", "12.0", " 12 ", '"12"', "1.2e1", "+12", "012", "1200e-2", "12."]) {
    assert.equal((await read(cell)).sum, 12, cell);
  }
  const separators = "; write numbers without separators of thousands";
  for (
    const [cell, value, remedy] of [
      ['"1,234"', "1,234", separators],
      ['"1,234,567.5"', "1,234,567.5", separators],
      ["1'234", "1'234", separators],
      ["1 234", "1 234", separators],
      ['"1,5"', "1,5", ""],
      ["0x10", "0x10", ""],
      ["", "", ""],
      ["NaN", "NaN", ""],
    ]
  ) {
    assert.equal(
      await withFile(`a,n\nx,${cell}\n`, (file) => refusal(sum(file))),
      `x.csv:2, column n: Expected a number, got ${JSON.stringify(value)}${remedy}.`,
    );
  }
});

Deno.test("CsvTable: rows as strings are those in place", async () => {
  const text = 'a,n\n"x,\n""y""", é \r\nlast,2';
  await withFile(text, async (file) => {
    const inPlace: unknown[] = [];
    await using table = await CsvTable.open(file);
    await table.forEachRow((cells) => {
      inPlace.push({ line: cells.line, cells: [cells.text(0), cells.text(1)] });
    });
    await using again = await CsvTable.open(file);
    assert.deepEqual(await Array.fromAsync(again.rows()), inPlace);
    assert.deepEqual(inPlace, [
      { line: 2, cells: ['x,\n"y"', " é "] },
      { line: 4, cells: ["last", "2"] },
    ]);
  });
});

Deno.test("parsePlainDecimal gives what Number gives, or leaves it to it", () => {
  const rng = Rng.fromSeed(6, "decimal");
  const characters = "0123456789.-+e ";
  let known = 0;
  for (let round = 0; round < 100_000; round++) {
    const text = rng.nextBelow(2) === 0
      ? String(rng.nextFloat() * 10 ** rng.nextBelow(9)).slice(0, 1 + rng.nextBelow(17))
      : Array.from({ length: rng.nextBelow(9) }, () => characters[rng.nextBelow(15)]).join("");
    const bytes = Buffer.from(`9${text}9`);
    const value = parsePlainDecimal(bytes, 1, bytes.length - 1);
    if (Number.isNaN(value)) continue;
    known++;
    assert.ok(Object.is(value, parseDecimal(text)), `${text}: ${value}`);
  }
  assert.ok(known > 30_000, String(known));
});

Deno.test("CsvTable: keys are equal where their names are, blanks around them left out", async () => {
  const text = 'o,a\n x ,y\nx,"y "\nx\u00a0,y\n"x,y",z\nx,"y,z"\n"x",\t"y"\n'
    .replace('\t"y"', "\ty");
  await withFile(text, async (file) => {
    await using table = await CsvTable.open(file);
    const keys = new CellKeys();
    const seen: [number, string][] = [];
    await table.forEachRow((cells) => {
      const number = keys.add(cells, [0, 1]);
      assert.equal(keys.find(cells, [0, 1]), number);
      seen.push([number, cells.key([0, 1])]);
    });
    assert.deepEqual(seen, [
      [0, "x/y"],
      [0, "x/y"],
      [1, "x\u00a0/y"],
      [2, "x,y/z"],
      [3, "x/y,z"],
      [0, "x/y"],
    ]);
  });
  const empty = withFile("o,a\n,x\n", async (file) => {
    await using table = await CsvTable.open(file);
    await table.forEachRow((cells) => void new CellKeys().find(cells, [0, 1]));
  });
  assert.equal(await refusal(empty), 'x.csv:2, column o: Expected a name or hash, got "".');
});

Deno.test("CellKeys: thousands of keys keep their numbers", async () => {
  const names = Array.from({ length: 5000 }, (_, i) => `n${(i * 7919) % 3001}`);
  await withFile(`name\n${names.join("\n")}`, async (file) => {
    await using table = await CsvTable.open(file);
    const keys = new CellKeys();
    const expected = new Map<string, number>();
    let row = 0;
    await table.forEachRow((cells) => {
      const name = names[row++];
      if (!expected.has(name)) expected.set(name, expected.size);
      assert.equal(keys.add(cells, [0]), expected.get(name));
    });
    assert.equal(keys.size, expected.size);
  });
});
