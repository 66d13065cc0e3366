import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../../lib/base/error.ts";
import { mergeRows } from "../../../lib/store/merge/merge_rows.ts";
import { RowReader } from "../../../lib/store/merge/row_reader.ts";
import { temporaryFolder } from "../../support/script.ts";

const HEADER = "time_ms,text,other_ms\n";

/** Joins tables with these texts; returns the text of the whole. */
async function merge(texts: readonly string[], columns = ["time_ms"]): Promise<string> {
  await using folder = await temporaryFolder();
  const paths = texts.map((text, i) => {
    const path = `${folder.path}/${i}.csv`;
    Deno.writeTextFileSync(path, text);
    return path;
  });
  mergeRows(paths, `${folder.path}/out.csv`, columns);
  return Deno.readTextFileSync(`${folder.path}/out.csv`);
}

Deno.test("mergeRows: tables of any lengths and cells come out in order of time, none lost", async () => {
  const cell = fc.constantFrom(
    "",
    "a",
    '"two\nlines"',
    '"a ""quoted"" word, and a comma"',
    '"\n\n"',
  );
  const rows = fc.array(fc.tuple(fc.integer({ min: -5000, max: 60_000 }), cell), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.array(rows, { minLength: 1, maxLength: 4 }), async (tables) => {
      const tagged = tables.map((table, i) =>
        table.map(([time, text]) => ({
          time: time / 1000,
          text,
          line: `${time / 1000},${text},${i}\n`,
        }))
          .sort((a, b) => a.time - b.time)
      );
      const merged = await merge(
        tagged.map((table) => HEADER + table.map(({ line }) => line).join("")),
      );
      const expected = tagged.flat().sort((a, b) => a.time - b.time);
      assert.equal(merged, HEADER + expected.map(({ line }) => line).join(""));
    }),
    { seed: 6, numRuns: 80 },
  );
});

Deno.test("mergeRows: one table is copied byte for byte", async () => {
  const text = `${HEADER}3,x,\n1,y,\n2,"z\n",\n`;
  assert.equal(await merge([text]), text);
});

Deno.test("mergeRows: where the first time is unknown the second counts, but never goes back", async () => {
  const columns = ["other_ms", "time_ms"];
  // Unsent at 5, told between ends at 10 and 20.
  const one = `${HEADER}1,a,10\n5,b,\n6,c,20\n`;
  const other = `${HEADER}2,d,7\n2,e,10.5\n`;
  assert.equal(
    await merge([one, other], columns),
    `${HEADER}2,d,7\n1,a,10\n5,b,\n2,e,10.5\n6,c,20\n`,
  );
});

Deno.test("mergeRows: rows longer than a block, and files of many blocks", async () => {
  const long = `1,"${"x,\n".repeat(300_000)}",2\n`;
  const many = Array.from({ length: 60_000 }, (_, i) => `${i + 2},"te\nxt",${i}\n`).join("");
  const merged = await merge([HEADER + many, HEADER + long]);
  assert.ok(merged === HEADER + long + many);
});

Deno.test("mergeRows: broken tables and other columns are told, and nothing is overwritten", async () => {
  const broken = (sentence: RegExp) => (error: unknown) =>
    error instanceof LoaderError && error.code === "result" && sentence.test(error.message);
  await assert.rejects(merge([`${HEADER}1,a,2`]), broken(/0\.csv:2: The table ends inside a row/));
  await assert.rejects(merge([`${HEADER}1,"a,2\n`]), broken(/ends inside a row/));
  await assert.rejects(merge([""]), broken(/is empty/));
  await assert.rejects(merge([HEADER, "time_ms,text\n"]), broken(/1\.csv:1: .* other columns/));
  await assert.rejects(merge(["a,b\n"]), broken(/column time_ms: .* missing/));
  await assert.rejects(
    merge([`${HEADER}soon,a,1\n`]),
    broken(/0\.csv:2, column time_ms: Expected a number, found "soon"/),
  );
  // Rows of no time, or of one that never comes, would be lost among the others.
  for (const time of [" ", "Infinity"]) {
    await assert.rejects(merge([`${HEADER}${time},a,1\n`]), broken(/Expected a number/));
  }
  await using folder = await temporaryFolder();
  const path = `${folder.path}/table.csv`;
  Deno.writeTextFileSync(path, HEADER);
  assert.throws(() => mergeRows([path], path, ["time_ms"]), broken(/nothing is overwritten/));
});

Deno.test("RowReader: numbers are read as JavaScript reads them", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/numbers.csv`;
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.integer().map((thousandths) => String(thousandths / 1000)),
          fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
        ),
        { minLength: 1 },
      ),
      (texts) => {
        Deno.writeTextFileSync(path, "a,b\n" + texts.map((text) => `"x,y",${text}\n`).join(""));
        using reader = new RowReader(path);
        for (const text of texts) {
          assert.ok(reader.next());
          assert.equal(reader.numberAt(reader.columnOf("b")), Number(text));
        }
        assert.ok(!reader.next());
      },
    ),
    { seed: 6, numRuns: 200 },
  );
});
