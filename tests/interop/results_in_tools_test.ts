import assert from "node:assert/strict";
import { join } from "node:path";
import { statIfPresent } from "../../lib/base/file.ts";
import { keepAlive } from "../../experiments/keep_alive.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import { runExperiment } from "../../lib/cli/run_experiment.ts";
import type { ColumnType, Table } from "../../lib/model/table.ts";
import { COLD_START_PARTS, TABLES } from "../../lib/store/schema/tables.ts";
import { ExecutorServer } from "../support/executor_server.ts";
import { readRows } from "../support/run_files.ts";
import { PROJECT, temporaryFolder } from "../support/script.ts";
import { sweep, valuesOf } from "../support/shard_run.ts";
import { peerTest } from "./interop_test_case.ts";
import { INSTALLED } from "./peer.ts";

const PYTHON = join(INSTALLED, "data_frames/bin/python");
const RSCRIPT = join(INSTALLED, "bin/Rscript");
const NEEDS = { needs: [PYTHON, RSCRIPT] };
const PEERS = join(PROJECT, "tests/peers/data_frames");

/** So many rows Polars looks at before it settles on the type of a column. */
const ROWS_LOOKED_AT = 100;

/** A column as a program sees it. */
interface SeenColumn {
  readonly type: string;
  /** Cells that are known. */
  readonly known: number;
  /** Of numbers and booleans; of texts, of their lengths. */
  readonly sum: number;
}

type SeenTable = Readonly<Record<string, SeenColumn>>;

/** Some files of one table, to be read by a program in one go. */
interface Job {
  readonly program: string;
  readonly mode: "defaults" | "schema";
  readonly columns: string;
  readonly table: string;
  readonly files: readonly string[];
}

async function run(command: string, args: readonly string[], input = ""): Promise<string> {
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function describeInPython(jobs: readonly Job[]): Promise<SeenTable[]> {
  return JSON.parse(await run(PYTHON, [join(PEERS, "describe_tables.py")], JSON.stringify(jobs)));
}

const KIND_OF_CLASS: Readonly<Record<string, string>> = {
  numeric: "number",
  integer: "integer",
  integer64: "integer",
  logical: "boolean",
  character: "text",
};

async function describeInR(program: string, jobs: readonly Job[]): Promise<SeenTable[]> {
  const readings = jobs.map(({ mode, columns, table, files }) =>
    [mode === "schema" ? columns : "-", table, ...files].join("\t") + "\n"
  );
  const script = join(PEERS, "describe_tables.R");
  const text = await run(RSCRIPT, ["--vanilla", script, program], readings.join(""));
  return text.trimEnd().split("\n\n").map((table) =>
    Object.fromEntries(
      table.split("\n").map((line) => {
        const [name, type, known, sum] = line.split("\t");
        return [name, { type: KIND_OF_CLASS[type] ?? type, known: +known, sum: +sum }];
      }),
    )
  );
}

/** The column as `csv-parse` reads it and the declaration types it. */
function expectColumn(
  rows: readonly Record<string, string>[],
  name: string,
  type: ColumnType,
): SeenColumn {
  const known = rows.map((row) => row[name]).filter((cell) => cell !== "");
  const valueOf = (cell: string) =>
    type === "text" ? cell.length : type === "boolean" ? Number(cell === "true") : Number(cell);
  return { type, known: known.length, sum: known.reduce((sum, cell) => sum + valueOf(cell), 0) };
}

/** An integer of which some are unknown, and every one in R, is a floating-point number there. */
function isType(seen: string, { type }: SeenColumn): boolean {
  return seen === type || (type === "integer" && seen === "number");
}

function assertSeen(job: Job, table: Table, seen: SeenTable): void {
  const perFile = job.files.map(readRows);
  const rows = perFile.flat();
  const [header] = Deno.readTextFileSync(job.files[0]).split("\n", 1);
  for (const name of header.split(",")) {
    const { type } = table.columns.find((column) => column.name === name)!;
    const expected = expectColumn(rows, name, type);
    const found = seen[name];
    const where = `${job.program}, ${job.mode}: ${name} of ${job.files.join(" ")}`;
    const looked = perFile[0].slice(0, ROWS_LOOKED_AT);
    const isGuess = job.mode === "defaults" && looked.every((row) => row[name] === "");
    if (!isGuess) assert.ok(isType(found.type, expected), `${where} is ${found.type}`);
    // What was guessed from nothing is no number at least, which would be a wrong one.
    if (isGuess && found.type !== type) continue;
    assert.equal(found.known, expected.known, where);
    const difference = Math.abs(found.sum - expected.sum);
    assert.ok(difference <= 1e-9 * Math.abs(expected.sum), `${where}: ${found.sum}`);
  }
}

function listRuns(folder: string): string[] {
  return [...Deno.readDirSync(join(folder, "runs"))].map(({ name }) => join(folder, "runs", name))
    .sort();
}

/** Every table of an experiment: each file alone, and those of all runs together. */
function* listReadings(folder: string): Generator<{ table: Table; files: readonly string[] }> {
  for (const table of [...TABLES, COLD_START_PARTS]) {
    const files = listRuns(folder).map((run) => join(run, `${table.name}.csv`))
      .filter((file) => statIfPresent(file) !== null);
    for (const file of files) yield { table, files: [file] };
    if (files.length > 1) yield { table, files };
  }
}

/** An experiment whose every invocation fails, so that no instance is known. */
async function failedSweep(output: string): Promise<string> {
  using server = await ExecutorServer.listen((_call, callback) =>
    callback({ code: 13, details: "out of order" }, null)
  );
  const args = ["--platform", "endpoints", "--endpoints", server.address, "--sizes", "3"];
  await runExperiment(
    traceSweep,
    valuesOf(traceSweep, [...args, "--duration", "2s", "--output", output]),
  );
  return output;
}

async function keptAlive(output: string): Promise<string> {
  const args = ["--policies", "fixed-10min,oracle", "--duration", "2h"];
  await runExperiment(keepAlive, valuesOf(keepAlive, [...args, "--output", output]));
  return output;
}

const KINDS: Readonly<Record<string, (output: string) => Promise<string>>> = {
  "a sweep on the simulator": (output) => sweep(output, "--sizes", "6,12"),
  "policies": keptAlive,
  "a run of which all failed": failedSweep,
};

for (const [kind, make] of Object.entries(KINDS)) {
  peerTest(`every table of ${kind} is read right by other programs`, NEEDS, async (t) => {
    await using folder = await temporaryFolder();
    const output = await make(join(folder.path, "experiment"));
    const columns = join(output, "schemas/columns.csv");
    const readings = [...listReadings(output)];
    assert.ok(readings.length > 1);
    for (const program of ["pandas", "polars", "pyarrow", "duckdb"]) {
      await t.step(program, async () => {
        const modes = program === "duckdb"
          ? ["defaults"] as const
          : ["defaults", "schema"] as const;
        const jobs = readings.flatMap(({ table, files }) =>
          modes.map((mode): Job => ({ program, mode, columns, table: table.name, files }))
        );
        const seen = await describeInPython(jobs);
        jobs.forEach((job, i) => assertSeen(job, tableNamed(job.table), seen[i]));
      });
    }
    for (const program of ["readr", "data.table"]) {
      await t.step(program, async () => {
        const jobs = readings.flatMap(({ table, files }) =>
          (["defaults", "schema"] as const).map((mode): Job => ({
            program,
            mode,
            columns,
            table: table.name,
            files,
          }))
        );
        const seen = await describeInR(program, jobs);
        jobs.forEach((job, i) => assertSeen(job, tableNamed(job.table), seen[i]));
      });
    }
    await t.step("DuckDB, by the views", async () => {
      const code = `import duckdb, json
duckdb.execute("SET file_search_path = '${output}'").execute(open("${output}/schemas/duckdb.sql").read())
seen = {}
for (table,) in duckdb.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall():
    relation = duckdb.table(table)
    seen[table] = {n: [str(t), *duckdb.sql(f'SELECT count("{n}") FROM {table}').fetchall()[0]] for n, t in zip(relation.columns, relation.dtypes)}
print(json.dumps(seen))`;
      const seen = JSON.parse(await run(PYTHON, ["-c", code])) as Record<
        string,
        Record<string, [string, number]>
      >;
      for (const table of [...TABLES, COLD_START_PARTS]) {
        const files = readings.filter((reading) =>
          reading.table === table && reading.files.length === 1
        ).map(({ files: [file] }) => file);
        if (files.length === 0) {
          assert.equal(seen[table.name], undefined);
          continue;
        }
        const rows = files.flatMap(readRows);
        assert.equal(seen[table.name].run[1], rows.length);
        for (const { name, type } of table.columns) {
          const known = rows.filter((row) => row[name] !== "").length;
          assert.deepEqual(seen[table.name][name], [DUCKDB_TYPES[type], known], name);
        }
      }
    });
  });
}

const DUCKDB_TYPES: Readonly<Record<ColumnType, string>> = {
  integer: "BIGINT",
  number: "DOUBLE",
  text: "VARCHAR",
  boolean: "BOOLEAN",
};

function tableNamed(name: string): Table {
  return [...TABLES, COLD_START_PARTS].find((table) => table.name === name)!;
}

peerTest("a run of which all failed can be joined in pandas", NEEDS, async () => {
  await using folder = await temporaryFolder();
  const failed = await failedSweep(join(folder.path, "failed"));
  const good = await sweep(join(folder.path, "good"));
  const code = `import pandas as pd
types = pd.read_csv("${good}/schemas/columns.csv").query("table == 'instances'").set_index("column").pandas.to_dict()
instances = pd.read_csv("${listRuns(good)[0]}/instances.csv", dtype=types)
types = pd.read_csv("${failed}/schemas/columns.csv").query("table == 'invocations'").set_index("column").pandas.to_dict()
invocations = pd.read_csv("${listRuns(failed)[0]}/invocations.csv", dtype=types)
joined = invocations.merge(instances, on="instance", how="left")
print(len(invocations), len(joined), joined.event.notna().sum())`;
  const [invocations, joined, matched] = (await run(PYTHON, ["-c", code])).split(" ").map(Number);
  assert.ok(invocations > 0);
  assert.deepEqual([joined, matched], [invocations, 0]);
});

/** The code of the guide, by language. */
function guideBlocks(): { readonly language: string; readonly code: string }[] {
  const text = Deno.readTextFileSync(join(PROJECT, "docs/guide/results_in_other_tools.md"));
  return [...text.matchAll(/```(python|r)\n(.*?)```/gs)]
    .map(([, language, code]) => ({ language, code }));
}

peerTest("the guide's lines read all invocations of all runs", NEEDS, async (t) => {
  await using folder = await temporaryFolder();
  const output = await sweep(join(folder.path, "results/sweep"), "--sizes", "6,12");
  const rows = listRuns(output).flatMap((run) => readRows(join(run, "invocations.csv")));
  const expected = rows.reduce((sum, row) => sum + Number(row.completed_ms), 0);
  const blocks = guideBlocks();
  assert.equal(blocks.length, 6);
  for (const [i, { language, code }] of blocks.entries()) {
    await t.step(`${i + 1}: ${language}`, async () => {
      const there = code.replaceAll("results/sweep", output);
      const text = language === "r"
        ? await run(RSCRIPT, [
          ...["--vanilla", "-e", there, "-e"],
          "cat(nrow(invocations), format(sum(invocations$completed_ms), digits = 17), '\\n')",
        ])
        : await run(PYTHON, ["-c", `${there}\n${SUM_IN_PYTHON}`]);
      const [count, sum] = text.trim().split("\n").at(-1)!.trim().split(/\s+/).map(Number);
      assert.equal(count, rows.length);
      assert.ok(Math.abs(sum - expected) < 1e-9 * expected);
    });
  }
});

const SUM_IN_PYTHON = `
if hasattr(invocations, "fetchall"):
    values = [row[0] for row in invocations.select("completed_ms").fetchall()]
else:
    column = invocations["completed_ms"]
    values = column.to_pylist() if hasattr(column, "to_pylist") else column.to_list()
print(len(values), sum(values))`;
