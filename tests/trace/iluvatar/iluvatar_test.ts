import assert from "node:assert/strict";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { csv, temporaryFiles } from "../../support/trace_files.ts";

const HEADER = "func_name,invoke_time_ms";
const METADATA_HEADER = "func_name,cold_dur_ms,warm_dur_ms,mem_mb,mean_iat";
const INVOCATIONS = csv(HEADER, "hello-a,500", "pyaes-b,500", "hello-a,61000");
const METADATA = csv(METADATA_HEADER, "pyaes-b,700,300,512,1000", "hello-a,400,10,256,1000");

Deno.test("milliseconds from 0; warm durations and memory of the metadata beside them", async () => {
  await using folder = await temporaryFiles({ "in.csv": INVOCATIONS, "meta.csv": METADATA });
  for (const path of [folder.path, `${folder.path}/in.csv`]) {
    const trace = await readTrace(path);
    assert.equal(trace.slots, 2);
    const [hello, aes] = trace.functions;
    assert.deepEqual([...hello.recorded!.arrivalMs], [500, 61_000]);
    assert.equal(hello.recorded!.runtimeMs, null);
    assert.deepEqual([hello.runtimeMs.mean, hello.memoryMib.mean], [10, 256]);
    assert.deepEqual([aes.runtimeMs.mean, aes.memoryMib.mean], [300, 512]);
    assert.deepEqual(trace.repairs, []);
    assert.match(trace.assumptions![0], /warm_dur_ms/);
  }
});

Deno.test("a function without metadata is assumed, as all are where there are none", async () => {
  await using folder = await temporaryFiles({
    "in.csv": INVOCATIONS,
    "meta.csv": csv(METADATA_HEADER, "hello-a,400,10,256,1"),
  });
  const trace = await readTrace(folder.path);
  assert.deepEqual(
    trace.repairs.map(({ defect, count, severity }) => [defect, count, severity]),
    [["function without metadata", 1, "approximate"]],
  );
  await using alone = await temporaryFiles({ "in.csv": INVOCATIONS });
  const assumed = await readTrace(alone.path);
  assert.equal(assumed.assumptions!.length, 2);
  assert.deepEqual(assumed.functions[1].runtimeMs, trace.functions[1].runtimeMs);
});

Deno.test("of several metadata those named after the trace are taken, else the choice is asked for", async () => {
  await using folder = await temporaryFiles({
    "four.csv": INVOCATIONS,
    "four-metadata.csv": METADATA,
    "other-metadata.csv": csv(METADATA_HEADER, "hello-a,1,1,1,1"),
    "five.csv": INVOCATIONS,
  });
  assert.equal((await readTrace(`${folder.path}/four.csv`)).functions[0].runtimeMs.mean, 10);
  await assert.rejects(readTrace(`${folder.path}/five.csv`), {
    code: "input",
    message: `${folder.path}: Which metadata belong to five.csv is not clear: found ` +
      "four-metadata.csv, other-metadata.csv; leave one, or call them five-metadata.csv.",
  });
  await assert.rejects(readTrace(folder.path), {
    message: /five\.csv, four\.csv \(Ilúvatar\): These are several traces; give one of the files/,
  });
});

Deno.test("metadata twice, a column twice and times before 0 are told", async () => {
  const twice = { "in.csv": INVOCATIONS, "meta.csv": METADATA + "hello-a,1,1,1,1\n" };
  await using folder = await temporaryFiles(twice);
  await assert.rejects(readTrace(folder.path), { message: /hello-a is there already in line 3/ });
  const merged = await readTrace(folder.path, { duplicates: "merge" });
  assert.equal(merged.functions[0].runtimeMs.mean, 10);
  // As one of its scripts writes them.
  await using columns = await temporaryFiles({
    "in.csv": INVOCATIONS,
    "meta.csv": METADATA.replace("mean_iat", "func_name"),
  });
  await assert.rejects(readTrace(columns.path), {
    message: `${columns.path}/meta.csv:1, column func_name: The column is there twice; remove one.`,
  });
  await using before = await temporaryFiles({ "in.csv": csv(HEADER, "a,-1") });
  await assert.rejects(readTrace(before.path), {
    message: `${before.path}/in.csv:2, column invoke_time_ms: Expected a number from 0, got "-1".`,
  });
});
