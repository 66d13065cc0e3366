import assert from "node:assert/strict";
import { join } from "node:path";
import { SlotCounts } from "../../../lib/model/slot_counts.ts";
import type { Trace } from "../../../lib/model/trace.ts";
import { writeAzure2019 } from "../../../lib/trace/azure2019/write_azure2019.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { temporaryFolder } from "../../support/script.ts";
import { profileOf, traceOf } from "../../support/trace_files.ts";

const RUNTIMES = {
  quantiles: [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1],
  values: [1, 2, 3, 4, 5, 6, 7],
  mean: 4,
};
const MEMORY = {
  quantiles: [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1],
  values: [1, 2, 3, 4, 5, 6, 7, 8],
  mean: 4.5,
};

function countsOf({ functions }: Trace): Record<string, number[]> {
  return Object.fromEntries(
    functions.map(({ id, invocationsPerSlot }) => [id, [...invocationsPerSlot.toArray()]]),
  );
}

Deno.test("writeAzure2019: a trace of minutes is read again as it was, number of the first one too", async () => {
  await using folder = await temporaryFolder();
  const functions = ["f", 'a "quoted", name', "größe"].map((id, i) =>
    profileOf({
      id,
      trigger: "queue, and more",
      invocationsPerSlot: SlotCounts.from([i, 0, 3]),
      runtimeMs: RUNTIMES,
      memoryMib: MEMORY,
    })
  );
  const trace = { ...traceOf(functions), firstMinute: 540 };
  const { files, notes } = await writeAzure2019(trace, folder.path);
  assert.equal(files.length, 3);
  assert.deepEqual(notes, []);
  const read = await readTrace(folder.path, { defects: "refuse" });
  assert.deepEqual(read.functions, functions);
  assert.equal(read.firstMinute, 540);
});

Deno.test("writeAzure2019: a longer trace is written by days, which are read as one", async () => {
  await using folder = await temporaryFolder();
  const counts = Array.from({ length: 2 * 1440 + 60 }, (_, minute) => minute % 7 === 0 ? 1 : 0);
  const profile = profileOf({
    invocationsPerSlot: SlotCounts.from(counts),
    runtimeMs: RUNTIMES,
    memoryMib: MEMORY,
  });
  const { files } = await writeAzure2019(traceOf([profile]), folder.path);
  assert.equal(files.length, 9);
  const last = await readTrace(folder.path, { days: { first: 3, last: 3 } });
  assert.deepEqual(countsOf(last).f, counts.slice(2880));
  const first = await readTrace(folder.path, { days: { first: 1, last: 2 } });
  assert.deepEqual(countsOf(first).f, counts.slice(0, 2880));
});

Deno.test("writeAzure2019: shorter slots become minutes, and what is lost is told", async () => {
  await using folder = await temporaryFolder();
  const counts = Array.from({ length: 130 }, (_, second) => second);
  const trace = {
    ...traceOf([
      profileOf({ id: " f\n", ownerId: "", invocationsPerSlot: SlotCounts.from(counts) }),
    ]),
    slotMs: 1000,
  };
  const { notes } = await writeAzure2019(trace, folder.path);
  const read = await readTrace(folder.path);
  const sum = (from: number, to: number) => counts.slice(from, to).reduce((a, b) => a + b, 0);
  assert.deepEqual(countsOf(read), { "%20f%0A": [sum(0, 60), sum(60, 120), sum(120, 130)] });
  assert.equal(read.functions[0].ownerId, "-");
  assert.deepEqual(notes, [
    "Slots of 1000 ms have been added up to minutes.",
    "The last minute is not whole: the trace has become 50000 ms longer.",
    "1 of 1 functions have other percentiles than the format: these are interpolated.",
    "1 of 1 functions have no owner or no app: - is written.",
    "1 of 1 functions have blanks at the ends of a name or line breaks in it: these are " +
    "percent-encoded.",
  ]);
});

Deno.test("writeAzure2019: slots that make no minutes are refused, and nothing is written", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "new");
  const trace = { ...traceOf([profileOf({})]), slotMs: 7000 };
  await assert.rejects(writeAzure2019(trace, path), {
    code: "usage",
    message:
      "The trace test has slots of 7000 ms, which do not make minutes; the Azure Functions " +
      "2019 format has nothing else. Write the normal form, which takes any slots.",
  });
  await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
});
