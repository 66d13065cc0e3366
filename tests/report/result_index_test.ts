import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LoaderError } from "../../lib/base/error.ts";
import { isResultFolder, renderResultIndex } from "../../lib/report/index/result_index.ts";
import { renderReport } from "../../lib/report/report.ts";
import { writeExperimentManifest, writeInterrupted, writeSweep } from "../support/run_folder.ts";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function listAll(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory
      ? listAll(path)
      : [`${path} ${Deno.statSync(path).size} ${Deno.statSync(path).mtime?.getTime()}`];
  }).sort();
}

Deno.test("an index lists whole, running and broken experiments, and touches nothing", async () => {
  await withFolder(async (folder) => {
    await writeSweep(join(folder, "whole & <done>"), {
      sizes: [3],
      repetitions: 1,
      durationMs: 10_000,
    });
    await renderReport(join(folder, "whole & <done>"));
    await writeInterrupted(join(folder, "stopped"));
    await Deno.mkdir(join(folder, "running"));
    await writeExperimentManifest(join(folder, "running"), {
      experiment: "trace-sweep",
      status: "running",
      question: "<b>Which?</b>",
      runs: [],
    });
    await Deno.mkdir(join(folder, "broken"));
    await Deno.writeTextFile(join(folder, "broken/experiment.json"), '{ "kind": "experi');
    await Deno.mkdir(join(folder, "foreign"));
    await Deno.writeTextFile(join(folder, "foreign/report.html"), "mine");
    await Deno.writeTextFile(join(folder, "trace_x.html"), "a page of the doctor");
    const before = listAll(folder);
    assert.ok(isResultFolder(folder));
    assert.ok(!isResultFolder(join(folder, "stopped")), "an experiment is none");
    assert.ok(!isResultFolder(join(folder, "foreign")) && !isResultFolder(join(folder, "none")));

    const index = await renderResultIndex(folder);
    assert.deepEqual(index, {
      html: join(folder, "index.html"),
      experiments: 3,
      broken: ["broken"],
    });
    const page = await Deno.readTextFile(index.html);
    assert.equal(page.match(/<article>/g)?.length, 3);
    assert.match(page, /<strong>broken<\/strong>: [^<]*experiment\.json: Expected/);
    assert.ok(!page.includes("foreign") && !page.includes("<b>Which"));
    const [picture = ""] = page.match(/(?<=<img\s+src=")[^"]+/g) ?? [];
    assert.match(picture, /^whole%20%26%20%3Cdone%3E\/figures\/slowdown_against_functions\.svg$/);
    assert.ok(Deno.statSync(join(folder, decodeURIComponent(picture))).isFile);
    assert.match(page, /running[\s\S]*no report yet/);
    assert.match(page, /class="verdict valid">VALID/);
    const after = listAll(folder).filter((line) => !line.startsWith(index.html));
    assert.deepEqual(after, before);

    await renderResultIndex(folder);
    assert.equal(await Deno.readTextFile(index.html), page, "the same folder, the same bytes");
  });
});

Deno.test("experiments are sorted by date, and a page of someone else is not replaced", async () => {
  await withFolder(async (folder) => {
    for (const [name, day] of [["a", "02"], ["b", "09"], ["c", "05"]]) {
      const path = join(folder, name);
      await Deno.mkdir(path);
      await writeExperimentManifest(path, { experiment: "trace-sweep", question: name, runs: [] });
      const file = join(path, "experiment.json");
      const manifest = JSON.parse(await Deno.readTextFile(file));
      manifest.createdAt = `2026-11-${day}T00:00:00.000Z`;
      await Deno.writeTextFile(file, JSON.stringify(manifest));
    }
    const { html } = await renderResultIndex(folder);
    const page = await Deno.readTextFile(html);
    assert.deepEqual([...page.matchAll(/<h3>(\w)<\/h3>/g)].map(([, name]) => name), [
      "b",
      "c",
      "a",
    ]);
    await Deno.writeTextFile(html, "mine");
    await assert.rejects(
      renderResultIndex(folder),
      (error: unknown) =>
        error instanceof LoaderError && error.code === "result" &&
        /index\.html/.test(error.message),
    );
    assert.equal(await Deno.readTextFile(html), "mine");
  });
});
