import assert from "node:assert/strict";
import { join } from "node:path";
import { readTrace } from "../../lib/trace/read_trace.ts";
import { PROJECT, runScript, temporaryFolder } from "../support/script.ts";
import { IBM_ENVIRONMENT } from "../../scripts/trace_ibm.ts";
import { peerTest } from "./interop_test_case.ts";

const PYTHON = join(IBM_ENVIRONMENT, "bin/python");
const MAKER = join(PROJECT, "tests/peers/ibm/make_pickles.py");

/** What the pickles hold, as pandas itself reads them. */
interface Truth {
  readonly invocations: Readonly<Record<string, number>>;
  readonly minutes: Readonly<Record<string, number>>;
  readonly runtimes: Readonly<Record<string, number>>;
}

async function python(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(PYTHON, {
    args: [...args],
    stdin: "null",
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function makePickles(folder: string): Promise<Truth> {
  return JSON.parse(await python([MAKER, folder]));
}

/** Rows of a Parquet file as pyarrow reads it. */
async function readRows(file: string): Promise<Readonly<Record<string, number | string | null>>[]> {
  const program = "import json, sys, pyarrow.parquet as p; " +
    "print(json.dumps(p.read_table(sys.argv[1]).to_pylist()))";
  return JSON.parse(await python(["-c", program, file]));
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

peerTest("IBM: every invocation is a row, at its instant", { needs: [PYTHON] }, async () => {
  await using folder = await temporaryFolder();
  const truth = await makePickles(folder.path);
  const output = join(folder.path, "out");
  const { status, stdout, stderr } = await runScript("scripts/trace_ibm.ts", [
    folder.path,
    "--output",
    output,
  ]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /Invocations: 4,500 read, 4,499 taken\.\nLeft out: 1 \(before the first/);
  const rows = await readRows(join(output, "invocations.parquet"));
  assert.deepEqual(countBy(rows.map((row) => String(row.function))), truth.invocations);
  const minutes = rows.map((row) =>
    `${row.function} ${Math.floor(Number(row.arrival_ms) / 60_000)}`
  );
  assert.deepEqual(countBy(minutes), truth.minutes);
  for (const [name, sumMs] of Object.entries(truth.runtimes)) {
    const sum = rows.reduce((all, row) => all + (row.function === name ? +row.runtime_ms! : 0), 0);
    // One invocation of this application has no runtime, and gets that of another one.
    const drawn = name === "n1/a" ? sum - sumMs : 0;
    assert.ok(drawn >= 0 && drawn < 20_000, `${name}: ${drawn}`);
    assert.ok(Math.abs(sum - drawn - sumMs) < 1e-4 * sumMs, `${name}: ${sum} ${sumMs}`);
  }
  const functions = await readRows(join(output, "functions.parquet"));
  assert.deepEqual(functions.map((row) => [row.function, row.memory_mib_mean]), [
    ["n1/a", 4096],
    ["n1/b", null],
    ["n2/a", 512],
  ]);
  const settings = await readRows(join(output, "app_configs.parquet"));
  assert.deepEqual(settings[2], {
    function: "n2/a",
    memory_gb: 0.5,
    cpu: 0.125,
    concurrency: 1,
    min_scale: 2,
  });
  // What the project itself reads.
  const trace = await readTrace(output);
  assert.deepEqual(
    Object.fromEntries(trace.functions.map(({ ownerId, id, invocationsPerSlot }) => [
      `${ownerId}/${id}`,
      invocationsPerSlot.total,
    ])),
    truth.invocations,
  );
  assert.deepEqual(trace.repairs.map(({ defect }) => defect), ["function without memory"]);
});

peerTest("IBM: some days, as counts of minutes", { needs: [PYTHON] }, async () => {
  await using folder = await temporaryFolder();
  const truth = await makePickles(folder.path);
  const output = join(folder.path, "out");
  const args = [folder.path, "--output", output, "--days", "7..8", "--as", "counts"];
  const { status, stderr } = await runScript("scripts/trace_ibm.ts", args);
  assert.equal(status, 0, stderr);
  const rows = await readRows(join(output, "counts.parquet"));
  const first = 6 * 1440;
  const expected = Object.entries(truth.minutes).flatMap(([key, count]) => {
    const [name, minute] = key.split(" ");
    const slot = Number(minute) - first;
    return slot >= 0 && slot < 2 * 1440 ? [`${name} ${slot} ${count}`] : [];
  });
  assert.deepEqual(
    rows.map((row) => `${row.function} ${row.slot} ${row.invocations}`).sort(),
    expected.sort(),
  );
});

peerTest(
  "IBM: what names anything but a table is refused by name",
  { needs: [PYTHON] },
  async () => {
    await using folder = await temporaryFolder();
    await makePickles(folder.path);
    for (const name of ["collections.OrderedDict", "datetime.date"]) {
      const week = join(folder.path, "week_1.pickle");
      await Deno.copyFile(join(folder.path, `${name}.pkl`), week);
      const { status, stderr } = await runScript("scripts/trace_ibm.ts", [
        folder.path,
        "--output",
        join(folder.path, "out"),
      ]);
      assert.equal(status, 2);
      assert.ok(stderr.startsWith(`Error: ${week}: The pickle names ${name}, which`), stderr);
      assert.deepEqual(Array.from(Deno.readDirSync(join(folder.path, "out"))), []);
    }
  },
);

peerTest("IBM: files that are missing or broken off are told", { needs: [PYTHON] }, async () => {
  await using folder = await temporaryFolder();
  const convert = () =>
    runScript("scripts/trace_ibm.ts", [folder.path, "--output", join(folder.path, "out")]);
  assert.match((await convert()).stderr, /There is no week_1\.pickle/);
  await makePickles(folder.path);
  const week = join(folder.path, "week_2.pickle");
  await Deno.truncate(week, 20_000);
  const { status, stderr } = await convert();
  assert.deepEqual([status, stderr.split("\n").length], [2, 2]);
  assert.match(stderr, /week_2\.pickle: The pickle cannot be read/);
});
