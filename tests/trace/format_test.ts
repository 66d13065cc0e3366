import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readTrace, TRACE_FORMATS } from "../../lib/trace/read_trace.ts";
import { readModules } from "../../scripts/check_layers.ts";
import { nameFiles, SMALL_TRACE, temporaryFiles } from "../support/trace_files.ts";
import { EVENTS } from "./events_format.ts";

const FORMATS = [TRACE_FORMATS[0], EVENTS];
const TEXT = "function,arrival_s,runtime_ms\nf,0.5,10\ng,59,7\nf,60,30\n";

Deno.test("a trace format is one file and one line: single invocations are read as a trace", async () => {
  await using folder = await temporaryFiles({ "events.csv.gz": TEXT });
  const trace = await readTrace(folder.path, { formats: FORMATS });
  assert.equal(trace.slots, 2);
  assert.deepEqual(
    trace.functions.map(({ id, invocationsPerSlot }) => [id, [...invocationsPerSlot.toArray()]]),
    [["f", [1, 1]], ["g", [1, 0]]],
  );
  assert.deepEqual(trace.functions[0].runtimeMs.mean, 20);
  assert.equal(trace.hash, createHash("sha256").update(TEXT).digest("hex"));
  const sample = await readTrace(folder.path, { formats: FORMATS, size: 1 });
  assert.equal(sample.functions.length, 1);
});

Deno.test("a format is recognised from the files; none and several are told with what was found", async () => {
  await using azure = await temporaryFiles(nameFiles(SMALL_TRACE));
  assert.equal((await readTrace(azure.path, { formats: FORMATS })).functions.length, 2);
  await using none = await temporaryFiles({ "calls.csv": TEXT });
  await assert.rejects(readTrace(none.path, { formats: FORMATS }), {
    code: "input",
    message: `${none.path}: No trace of a known format: looked for <n>_inv.csv, invocations.csv, ` +
      "<n>/invocations.csv, invocations_per_function_md.anon.d01.csv (Azure Functions 2019), " +
      "events.csv (events), plain or .gz; found calls.csv.",
  });
  await using both = await temporaryFiles({
    ...nameFiles(SMALL_TRACE),
    "events.csv": TEXT,
  });
  await assert.rejects(readTrace(both.path, { formats: FORMATS }), {
    code: "input",
    message: `${both.path}: The folder holds traces of several formats: invocations.csv ` +
      "(Azure Functions 2019), events.csv (events); give each a folder of its own.",
  });
});

Deno.test("the library knows a format by its registry line alone", () => {
  const modules = readModules(new URL("../..", import.meta.url).pathname);
  // Beside a format its folder has readers of single tables, which others may use.
  const formats = [
    ...["azure2019/azure2019.ts", "azure2021/azure2021.ts", "azure_llm/azure_llm.ts"],
    ...["faasrail/faasrail.ts", "huawei/huawei2023.ts", "huawei/huawei2025.ts"],
    ...["iluvatar/iluvatar.ts", "recognised/recognised.ts"],
  ];
  for (const format of formats.map((name) => `lib/trace/${name}`)) {
    const knowing = modules.filter(({ imports }) => imports.includes(format));
    assert.deepEqual(knowing.map(({ file }) => file), ["lib/trace/read_trace.ts"], format);
  }
});
