import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import { Rng } from "../../../lib/base/rng.ts";
import { LoaderError } from "../../../lib/base/error.ts";
import { SlotCounts, SlotCountsBuilder } from "../../../lib/model/slot_counts.ts";
import { CsvCells } from "../../../lib/trace/csv/csv_cells.ts";
import { type CountColumns, CsvScanner } from "../../../lib/trace/csv/csv_scanner.ts";

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
  readonly counts: readonly number[] | null;
}

/** The rows of a text that comes in pieces; `null`: refused. */
function scan(
  text: string | Uint8Array,
  pieceBytes: () => number,
  counts?: CountColumns,
): Row[] | null {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const scanner = new CsvScanner("x.csv");
  const builder = new SlotCountsBuilder();
  const cells = new CsvCells("x.csv", [], scanner);
  if (counts !== undefined) scanner.readCounts(counts, builder);
  const rows: Row[] = [];
  let from = 0;
  try {
    while (!scanner.isDone) {
      const free = scanner.free();
      const piece = bytes.subarray(from, from + Math.min(pieceBytes(), free.length));
      free.set(piece);
      from += piece.length;
      scanner.grow(piece.length);
      while (scanner.next()) {
        const { hasCounts } = scanner;
        const isCount = (i: number) =>
          hasCounts && i >= counts!.first && i < counts!.first + counts!.length;
        rows.push({
          line: scanner.line,
          cells: Array.from({ length: scanner.cells }, (_, i) => isCount(i) ? "" : cells.text(i)),
          counts: hasCounts ? [...builder.finish(counts!.length).toArray()] : null,
        });
      }
    }
  } catch (error) {
    assert.ok(error instanceof LoaderError, String(error));
    assert.match(error.message, /^x\.csv:\d+: The file is not valid CSV: .*quote/);
    return null;
  }
  return rows;
}

/** The same by another program. */
function parseByPeer(text: string): string[][] | null {
  try {
    const rows = parse(text, {
      bom: true,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      skip_empty_lines: true,
    }) as string[][];
    return rows.filter((row) => row.some((cell) => cell.trim() !== ""));
  } catch {
    return null;
  }
}

Deno.test("rows and cells are those of another reader, however the bytes come", () => {
  const rng = Rng.fromSeed(11, "csv");
  const parts = [
    "a",
    "bc",
    "12",
    "é",
    "日",
    ",",
    ",",
    ",",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    '"',
    '""',
  ];
  parts.push('"x"', '"a,b"', '"l\nm"', '"l\r\nm"', '"q""q"', ',"",', "\n\n");
  let [read, refused] = [0, 0];
  for (let round = 0; round < 20_000; round++) {
    const text = (rng.nextBelow(9) === 0 ? "\ufeff" : "") +
      Array.from({ length: rng.nextBelow(14) }, () => parts[rng.nextBelow(parts.length)]).join("");
    const expected = parseByPeer(text);
    const rows = scan(text, () => 1 + rng.nextBelow(5));
    assert.deepEqual(rows?.map(({ cells }) => cells) ?? null, expected, JSON.stringify(text));
    assert.deepEqual(scan(text, () => 1000), rows, JSON.stringify(text));
    if (rows === null) refused++;
    else read++;
  }
  assert.ok(read > 1000 && refused > 1000, `${read} read, ${refused} refused`);
});

Deno.test("a row has the line on which it begins", () => {
  const text = 'h\n\n"a\nb"\r\nc\r\r"d\r\ne\rf"\ng';
  assert.deepEqual(
    scan(text, () => 3)?.map(({ line }) => line),
    [1, 3, 5, 7, 10],
  );
});

Deno.test("counts are read while the row is, or the row has all its cells", () => {
  const rng = Rng.fromSeed(12, "csv");
  const spellings: ((count: number) => string)[] = [
    String,
    (count) => `${count}.0`,
    (count) => `00${count}`,
    (count) => `${count}.`,
  ];
  const others = ["x", "", " 3", '"4"', "1e3", "-1", "2.5", "4294967296", "1_0"];
  const ends = ["\n", "\r\n", "\r"];
  for (let round = 0; round < 3000; round++) {
    const slots = 1 + rng.nextBelow(12);
    const [before, after] = [rng.nextBelow(3), rng.nextBelow(2)];
    const columns = { first: before, length: slots };
    const values = Array.from({ length: slots }, () => {
      const kind = rng.nextBelow(8);
      return kind < 5 ? 0 : kind === 5 ? 4294967295 : rng.nextBelow(2000);
    });
    const spelled = values.map((count) =>
      rng.nextBelow(3) > 0 ? String(count) : spellings[rng.nextBelow(4)](count)
    );
    const isOdd = rng.nextBelow(4) === 0;
    if (isOdd) spelled[rng.nextBelow(slots)] = others[rng.nextBelow(others.length)];
    const cells = [...Array(before).fill("b"), ...spelled, ...Array(after).fill("e")];
    const end = ends[rng.nextBelow(3)];
    const text = `${cells.join()}${end}${cells.join()}${rng.nextBelow(2) === 0 ? end : ""}`;
    const rows = scan(text, () => 1 + rng.nextBelow(7), columns)!;
    const isBlank = cells.every((cell) => cell.trim() === "");
    assert.equal(rows.length, isBlank ? 0 : 2, JSON.stringify(text));
    for (const row of rows) {
      assert.equal(row.cells.length, cells.length);
      if (isOdd) assert.deepEqual(row, { ...row, counts: null, cells: parseByPeer(text)![0] });
      else assert.deepEqual(row.counts, [...SlotCounts.from(values).toArray()]);
      assert.deepEqual(row.cells.slice(0, before), cells.slice(0, before));
    }
  }
});

Deno.test("rows longer than the buffer are read; what never ends is refused", () => {
  const long = "x".repeat(600_000);
  const rows = scan(`a,b\n${long},"${long}"\nc,d\n`, () => 70_000);
  assert.deepEqual(rows?.map(({ cells }) => cells.map((cell) => cell.length)), [
    [1, 1],
    [600_000, 600_000],
    [1, 1],
  ]);
  assert.equal(scan(`a,b\n"${"y".repeat(40 << 20)}`, () => 1 << 20), null);
});
