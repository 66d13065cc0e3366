import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import type { ExperimentManifest, RunManifest } from "../../lib/model/manifest.ts";
import { GENERATOR } from "../../lib/model/table.ts";
import { ExperimentFolder } from "../../lib/result/experiment_folder.ts";

const EXPERIMENT: ExperimentManifest = {
  kind: "experiment",
  formatVersion: 1,
  experiment: "test",
  question: "Does it hold?",
  platform: "local",
  status: "running",
  error: null,
  command: ["test"],
  options: { seed: 42 },
  createdAt: "2026-01-01T00:00:00.000Z",
  endedAt: null,
  runs: [],
  notes: [],
};

function runManifest(name: string, status: RunManifest["status"] = "running"): RunManifest {
  return { kind: "run", name, status, notes: [] } as unknown as RunManifest;
}

async function withFolder(body: (path: string) => void): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "loader-result-" });
  try {
    body(`${path}/experiment`);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

function makeRun(folder: ExperimentFolder, name: string, status: RunManifest["status"]): void {
  using run = folder.startRun(runManifest(name));
  run.sink(GENERATOR).write([1, 2, 3, 4, 5, 6, 7, null, null, 8.12345]);
  run.update({ status });
}

Deno.test("ExperimentFolder: a new one, a run in it, rows as they come", async () => {
  await withFolder((path) => {
    const folder = ExperimentFolder.open(path, EXPERIMENT);
    using run = folder.startRun(runManifest("a"));
    run.sink(GENERATOR).write([1, 2, 3, 4, 5, 6, 7, null, null, 8.12345]);
    run.flush();
    const lines = Deno.readTextFileSync(`${path}/runs/a/generator.csv`).split("\n");
    assert.equal(lines[0], GENERATOR.columns.map(({ name }) => name).join(","));
    assert.deepEqual(lines.slice(1), ["1,2,3,4,5,6,7,,,8.123", ""]);
    const manifest = JSON.parse(Deno.readTextFileSync(`${path}/experiment.json`));
    assert.deepEqual(manifest.runs, ["runs/a"]);
  });
});

Deno.test("ExperimentFolder: one that broke off goes on where it was, and keeps what broke off", async () => {
  await withFolder((path) => {
    const first = ExperimentFolder.open(path, EXPERIMENT);
    makeRun(first, "a", "finished");
    makeRun(first, "b", "running");
    const again = ExperimentFolder.open(path, EXPERIMENT);
    assert.equal(again.completedRun("a")?.status, "finished");
    assert.equal(again.completedRun("b"), undefined);
    makeRun(again, "b", "finished");
    assert.ok(Deno.statSync(`${path}/broken-off/b_1/generator.csv`).isFile);
    assert.deepEqual(again.manifest.runs, ["runs/a", "runs/b"]);
  });
});

Deno.test("ExperimentFolder: nothing is ever overwritten", async () => {
  await withFolder((path) => {
    const folder = ExperimentFolder.open(path, EXPERIMENT);
    folder.update({ status: "finished" });
    assert.throws(() => ExperimentFolder.open(path, EXPERIMENT), {
      code: "usage",
      message: /holds a finished test; name another with --output/,
    });
  });
  await withFolder((path) => {
    ExperimentFolder.open(path, EXPERIMENT);
    const other = { ...EXPERIMENT, options: { seed: 43 } };
    assert.throws(() => ExperimentFolder.open(path, other), { message: /with another seed/ });
    const another = { ...EXPERIMENT, experiment: "burst" };
    assert.throws(() => ExperimentFolder.open(path, another), { message: /another experiment/ });
  });
  await withFolder((path) => {
    Deno.mkdirSync(path);
    Deno.writeTextFileSync(`${path}/thesis.tex`, "");
    assert.throws(() => ExperimentFolder.open(path, EXPERIMENT), { message: /holds other files/ });
  });
  await withFolder((path) => {
    Deno.writeTextFileSync(path, "a file");
    assert.throws(() => ExperimentFolder.open(path, EXPERIMENT), { message: /not a folder/ });
  });
});

Deno.test("experiment folder: a manifest that cannot be written is told in a sentence", () =>
  withFolder((path) => {
    const folder = ExperimentFolder.open(path, EXPERIMENT);
    Deno.removeSync(path, { recursive: true });
    assert.throws(
      () => folder.update({ status: "finished" }),
      (error) =>
        error instanceof LoaderError && error.code === "result" &&
        /experiment.json: The manifest cannot be written/.test(error.message),
    );
  }));
