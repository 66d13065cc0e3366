import assert from "node:assert/strict";
import type { StoredRun } from "../../lib/store/read/experiment_folder.ts";
import { createPlotter } from "../../lib/report/plot/plotter.ts";
import {
  collectCertificates,
  renderSampleFigures,
  renderSampleSection,
} from "../../lib/report/run/sample_section.ts";
import { readTraceSamples } from "../../lib/trace/read_trace.ts";

Deno.test("samples: each certificate once, its figures drawn; none, no section", async () => {
  const samples = await readTraceSamples("data/azure_2019_synthetic", [20, 10]);
  const runs = [...samples, samples[0]].map((trace) =>
    ({ manifest: { trace } }) as unknown as Pick<StoredRun, "manifest">
  );
  const certificates = collectCertificates(runs);
  assert.deepEqual(certificates.map(({ size }) => size), [10, 20]);
  const figures = renderSampleFigures(certificates, await createPlotter());
  assert.deepEqual(figures.map(({ name }) => name), [
    "sample_invocations",
    "sample_runtime",
    "sample_memory",
  ]);
  assert.match(
    figures[0].caption,
    /^The 20 functions of the sample are \d.* × as far from the 200 /,
  );
  const { text } = renderSampleSection(certificates, figures);
  assert.match(text, /azure_2019_synthetic \(200\)/);
  assert.equal(text.match(/<figure /g)?.length, 3);
  const plain = [{ manifest: { trace: null } }] as unknown as Pick<StoredRun, "manifest">[];
  assert.equal(renderSampleSection(collectCertificates(plain), []).text, "");
});
