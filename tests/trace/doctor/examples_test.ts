import assert from "node:assert/strict";
import { join } from "node:path";
import { createPlotter } from "../../../lib/report/plot/plotter.ts";
import { renderTracePage } from "../../../lib/report/trace/trace_page.ts";
import { diagnoseTrace } from "../../../lib/trace/doctor/diagnose_trace.ts";
import { listRemarks } from "../../../lib/trace/doctor/diagnosis_summary.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { PROJECT } from "../../support/script.ts";

const EXAMPLES = join(PROJECT, "tests/trace/examples");

/** An example of each format. */
const PATHS = [
  "azure2021",
  "azure_llm/2023",
  "azure_llm/2024",
  "faasrail",
  "huawei2023/private_dataset",
  "huawei2023/public_dataset",
  "huawei2025/quantiles/R2",
  "huawei2025/per_request/R2",
  "iluvatar",
];

for (const path of PATHS) {
  Deno.test(`the doctor has a page for the example ${path}`, async () => {
    const trace = await readTrace(join(EXAMPLES, path), { duplicates: "merge" });
    const diagnosis = diagnoseTrace(trace);
    const { totals, load, columns } = diagnosis;
    const sum = trace.functions.reduce(
      (sum, { invocationsPerSlot }) => sum + invocationsPerSlot.total,
      0,
    );
    assert.equal(totals.invocations, sum);
    for (const parts of [load.invocations, columns.invocations]) {
      assert.equal(parts.reduce((total, part) => total + part, 0), sum);
    }
    const page = renderTracePage(diagnosis, [], await createPlotter()).page;
    for (const svg of page.match(/<svg[\s\S]*?<\/svg>/g) ?? []) {
      assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
    }
    for (const { defect } of trace.repairs) {
      assert.ok(listRemarks(diagnosis).some((remark) => remark.defect === defect));
    }
  });
}
