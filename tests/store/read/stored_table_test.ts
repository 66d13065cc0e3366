import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoredTable, StoredTables } from "../../../lib/store/read/stored_table.ts";
import { deriveInstanceLives } from "../../../lib/analyze/instance_life.ts";
import { readInvocations } from "../../../lib/store/read/stored_invocations.ts";
import { LoaderError } from "../../../lib/base/error.ts";
import type { Cell } from "../../../lib/model/table.ts";
import { INSTANCES, INVOCATIONS, SCALES } from "../../../lib/store/schema/tables.ts";
import { formatRow } from "../../../lib/store/write/csv_sink.ts";
import { csvText } from "../../support/synthetic_run.ts";

async function withFile(
  name: string,
  text: string,
  body: (folder: string, file: string) => void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
  try {
    await writeFile(join(folder, name), text);
    body(folder, join(folder, name));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const HEADER = "time_ms,function_id,desired_scale,actual_scale\n";

async function readScales(text: string): Promise<{ time: number[]; scale: number[] }> {
  let read = { time: [] as number[], scale: [] as number[] };
  await withFile("scales.csv", text, (_folder, file) => {
    const table = new StoredTable(file, SCALES);
    read = { time: [...table.numbers("time_ms")], scale: [...table.numbers("actual_scale")] };
  });
  return read;
}

Deno.test("cells become numbers, and empty ones unknown", async () => {
  assert.deepEqual(await readScales(`${HEADER}-1.5,a,2,1\n3,b,,\n`), {
    time: [-1.5, 3],
    scale: [1, NaN],
  });
});

Deno.test("infinite cells are read as they are written", async () => {
  const rows: Cell[][] = [[-Infinity, "a", null, Infinity], [1, "b", null, NaN]];
  const text = HEADER + rows.map((row) => formatRow(SCALES.columns, row)).join("");
  assert.deepEqual(await readScales(text), { time: [-Infinity, 1], scale: [Infinity, NaN] });
});

Deno.test("blanks are no number", async () => {
  await assert.rejects(readScales(`${HEADER}1,a,2, \n`), /column actual_scale: Expected a number/);
});

Deno.test("a torn last line is left out wherever it was torn", async () => {
  const whole = `${HEADER}1,a,2,1\n`;
  const torn = `20,"name, quoted",30,40`;
  for (let length = 1; length <= torn.length; length++) {
    const read = await readScales(whole + torn.slice(0, length));
    assert.deepEqual(read, { time: [1], scale: [1] }, torn.slice(0, length));
  }
});

Deno.test("a missing file, an empty one and a torn header have no rows", async () => {
  for (const text of ["", "time_ms,func", HEADER]) {
    assert.deepEqual(await readScales(text), { time: [], scale: [] });
  }
  const table = new StoredTable("/nonexistent/scales.csv", SCALES);
  assert.equal(table.rowCount, 0);
});

Deno.test("columns are found by name, in any order and among others", async () => {
  assert.deepEqual(await readScales("new,actual_scale,time_ms\nx,7,9\n"), {
    time: [9],
    scale: [7],
  });
});

Deno.test("a wrong cell is named with its file, line, column and value", async () => {
  await withFile("scales.csv", `${HEADER}1,a,2,1\n2,a,2,many\n`, (_folder, file) => {
    assert.throws(
      () => new StoredTable(file, SCALES).numbers("actual_scale"),
      (error) =>
        error instanceof LoaderError && error.code === "result" &&
        error.message === `${file}:3, column actual_scale: Expected a number, got "many".`,
    );
  });
});

Deno.test("a missing column is named", async () => {
  await withFile("scales.csv", "time_ms\n1\n", (_folder, file) => {
    assert.throws(
      () => new StoredTable(file, SCALES).numbers("actual_scale"),
      (error) => error instanceof LoaderError && error.place.column === "actual_scale",
    );
  });
});

Deno.test("tables longer than the first buffer are read whole", async () => {
  const rows = Array.from({ length: 5_000 }, (_, i) => `${i},f${i % 3},1,${i % 7}\n`).join("");
  const { time, scale } = await readScales(HEADER + rows);
  assert.equal(time.length, 5_000);
  assert.equal(time[4_999], 4_999);
  assert.equal(scale[4_999], 4_999 % 7);
});

Deno.test("invocations keep what is unknown apart from zero", async () => {
  const rows: Cell[][] = [
    [0, "a", "warmup", 1, 2, 30, 10, 9.5, 170, 85, "i-1", true, "ok", 0],
    [1, "b", "measurement", 5, null, null, 10, null, 170, null, null, null, "dropped", null],
  ];
  await withFile("invocations.csv", csvText(INVOCATIONS, rows), (folder) => {
    const table = readInvocations(folder);
    assert.deepEqual(table.functionIds, ["a", "b"]);
    assert.deepEqual([...table.measured], [0, 1]);
    assert.deepEqual([...table.dispatchedMs], [2, NaN]);
    assert.deepEqual([...table.coldStart], [1, NaN]);
  });
});

Deno.test("an unknown outcome is refused", async () => {
  const row = [0, "a", "warmup", 1, 2, 30, 10, 9, 170, 85, "i", true, "lost", 0];
  await withFile("invocations.csv", csvText(INVOCATIONS, [row]), (folder) => {
    assert.throws(
      () => readInvocations(folder).outcome,
      (error) => error instanceof LoaderError && error.place.line === 2,
    );
  });
});

Deno.test("the events of an instance become one life", async () => {
  const rows: Cell[][] = [
    [10, "a", "i-1", "created", null],
    [30, "a", "i-1", "ready", null],
    [15, "b", "i-2", "created", null],
    [70, "a", "i-1", "stopping", null],
    [75, "a", "i-1", "gone", null],
    [80, "b", "i-2", "gone", "exit status 1"],
  ];
  await withFile("instances.csv", csvText(INSTANCES, rows), (folder) => {
    const [first, second] = deriveInstanceLives(new StoredTables(folder).get(INSTANCES)) ?? [];
    assert.deepEqual([first.createdMs, first.readyMs, first.stoppedMs], [10, 30, 70]);
    assert.deepEqual([second.createdMs, second.readyMs, second.stoppedMs], [15, NaN, 80]);
    assert.equal(second.detail, "exit status 1");
  });
});
