import assert from "node:assert/strict";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { csv, temporaryFiles } from "../../support/trace_files.ts";

/** A row as FaaSRail writes it: a request in JSON, whose payload is JSON in a string. */
function row(average: number, bench: string, ...counts: readonly number[]): string {
  const request = { mean: average + 0.5, bench, payload: JSON.stringify({ N: 568, M: 568 }) };
  return `${average},"${JSON.stringify(request).replaceAll('"', '""')}",${counts.join(",")}`;
}

Deno.test("each column is one minute of the experiment, also where its name is a range", async () => {
  await using folder = await temporaryFiles({
    "azure_spec_15rps_5min.csv": csv(
      "avg,mapped_wreq,1-288,289-576,577-864,865-1152,1153-1440",
      row(1633, "video_processing-91bb6c6", 107, 119, 122, 119, 108),
      row(265, "matmul_fb-ada33fd5b30f0c", 44, 44, 45, 44, 45),
      row(263, "matmul_fb-ada33fd5b30f0c", 0, 0, 1, 0, 0),
      row(0, "matmul_fb-1163cbfef04474", 12, 13, 13, 12, 12),
    ),
  });
  const trace = await readTrace(folder.path);
  assert.deepEqual([trace.slotMs, trace.slots], [60_000, 5]);
  assert.deepEqual([...trace.functions[0].invocationsPerSlot.toArray()], [107, 119, 122, 119, 108]);
  assert.deepEqual(
    trace.functions.map(({ id, appId, runtimeMs }) => [id, appId, runtimeMs.mean]),
    [
      ["row1", "video_processing-91bb6c6", 1633],
      ["row2", "matmul_fb-ada33fd5b30f0c", 265],
      ["row3", "matmul_fb-ada33fd5b30f0c", 263],
      ["row4", "matmul_fb-1163cbfef04474", 0],
    ],
  );
  assert.deepEqual(trace.repairs.map(({ defect, count }) => [defect, count]), [
    ["average runtime of 0", 1],
  ]);
  assert.deepEqual(trace.notes, [
    "Each of the 5 minutes stands for 288 minutes of the original trace.",
  ]);
  assert.match(trace.assumptions!.join("\n"), /avg, the mean[^]*Memory is not in the data set/);
});

Deno.test("columns of single minutes from any first one, in a file of any name", async () => {
  await using folder = await temporaryFiles({
    "spec.txt": csv("avg,mapped_wreq,480,481", row(5, "pyaes", 1, 2)),
  });
  const trace = await readTrace(`${folder.path}/spec.txt`);
  assert.deepEqual([...trace.functions[0].invocationsPerSlot.toArray()], [1, 2]);
  assert.deepEqual(trace.notes, []);
});

Deno.test("wrong columns and cells are told with their place", async () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    [csv("avg,mapped_wreq"), /Expected a column for each minute, such as 1 or 1-288/],
    [csv("avg,mapped_wreq,1,total", row(5, "a", 1, 2)), /:1, column total: Expected the number of/],
    [csv("avg,mapped_wreq,2,1", row(5, "a", 1, 2)), /:1, column 1: The columns of minutes are not/],
    [csv("avg,mapped_wreq,1", "5,{},1"), /:2, column mapped_wreq: Expected a request in JSON/],
    [csv("avg,mapped_wreq,1", row(5, "a", 1.5)), /:2, column 1: Expected a whole number/],
    [csv("avg,mapped_wreq,1"), /no function after the header/],
  ];
  for (const [text, message] of wrong) {
    await using folder = await temporaryFiles({ "spec.csv": text });
    await assert.rejects(readTrace(folder.path), { code: "input", message });
  }
});
