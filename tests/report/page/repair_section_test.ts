import assert from "node:assert/strict";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { renderRepairSection } from "../../../lib/report/page/experiment_sections.ts";
import { readExperimentFolder } from "../../../lib/store/read/experiment_folder.ts";
import { writeSweep } from "../../support/run_folder.ts";
import { temporaryFolder } from "../../support/script.ts";

Deno.test("repairs are told with their severity, and those of old manifests without", async () => {
  await using folder = await temporaryFolder();
  await writeSweep(folder.path, { sizes: [2], repetitions: 1, durationMs: 2_000 });
  const { runs: [{ path }] } = await readExperimentFolder(folder.path);
  const manifest = join(path, "manifest.json");
  const text = JSON.parse(await Deno.readTextFile(manifest));
  const repair = { repair: "function left out", count: 1, examples: ["durations.csv:3 o/a/f"] };
  text.trace = {
    name: "a trace",
    hash: "00",
    repairs: [{ defect: "new", severity: "loss", ...repair }, { defect: "old", ...repair }],
  };
  await Deno.writeTextFile(manifest, JSON.stringify(text));
  const { document } = parseHTML(
    renderRepairSection(await readExperimentFolder(folder.path)).text,
  ) as unknown as {
    document: { querySelectorAll(selector: string): Iterable<{ textContent: string }> };
  };
  const cells = Array.from(document.querySelectorAll("td"), (cell) => cell.textContent.trim());
  assert.deepEqual(cells, [
    ...["a trace", "loss", "new", "function left out", "1", "durations.csv:3 o/a/f"],
    ...["a trace", "–", "old", "function left out", "1", "durations.csv:3 o/a/f"],
  ]);
});
