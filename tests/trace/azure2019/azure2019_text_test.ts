import assert from "node:assert/strict";
import { Rng } from "../../../lib/base/rng.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { formatAzure2019 } from "../../../lib/trace/azure2019/azure2019_text.ts";
import { synthesizeFunctions } from "../../../lib/trace/synthesize/demonstration.ts";
import { nameFiles, profileOf, temporaryFiles } from "../../support/trace_files.ts";
import { SlotCounts } from "../../../lib/model/slot_counts.ts";

Deno.test("formatAzure2019: what is written is read again", async () => {
  const rng = Rng.fromSeed(42, "test");
  const functions = [
    ...synthesizeFunctions(rng, { functions: 40, minutes: 30 }),
    profileOf({
      invocationsPerSlot: SlotCounts.from(new Uint32Array(30).fill(4294967295)),
      runtimeMs: {
        quantiles: [0, 0.01, 0.25, 0.5, 0.75, 0.99, 1],
        values: [0.1, 1 / 3, 1, 2, 1e6, 1e7, 1e21],
        mean: 1e-7,
      },
      memoryMib: {
        quantiles: [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1],
        values: [1, 2, 3, 4, 5, 6, 7, 8],
        mean: 4.5,
      },
    }),
  ];
  const text = formatAzure2019(functions);
  await using folder = await temporaryFiles(nameFiles({
    invocations: [...text.invocations].join(""),
    durations: [...text.durations].join(""),
    memory: [...text.memory].join(""),
  }));
  const trace = await readTrace(folder.path, { defects: "refuse" });
  assert.deepEqual(trace.functions, functions);
  assert.equal(trace.slots, 30);
});
