import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { LoaderError } from "../../../lib/base/error.ts";
import type { ExperimentManifest, RunManifest } from "../../../lib/store/schema/manifest.ts";
import { createInvocationRow } from "../../../lib/model/record.ts";
import { INVOCATIONS, SCALES } from "../../../lib/store/schema/tables.ts";
import { ExperimentWriter } from "../../../lib/store/write/experiment_writer.ts";

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
  return {
    kind: "run",
    formatVersion: 1,
    experiment: "test",
    name,
    parameters: {},
    status,
    error: null,
    command: ["test"],
    options: { seed: 42 },
    seed: 42,
    scheduleHash: "0",
    trace: null,
    plan: {
      functions: 1,
      invocations: 1,
      durationMs: 1_000,
      meanRatePerS: 1,
      peakRatePerS: 1,
      expectedConcurrency: 0.01,
      meanRequestedRuntimeMs: 10,
    },
    phases: [{ fromMs: 0, phase: "measurement" }],
    platform: { name: "local", facts: {} },
    versions: {},
    machine: {},
    createdAt: "2026-01-01T00:00:00.000Z",
    runStartUnixMs: null,
    firstDispatchAfterMs: null,
    endedAt: null,
    outcomes: null,
    warmupCheck: null,
    verdict: null,
    notes: [],
    loaderPeakMemoryMib: null,
  };
}

async function withFolder(body: (path: string) => void | Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "loader-result-" });
  try {
    await body(`${path}/experiment`);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** A disk without room for more than a few bytes while the file is there. */
function fillDisk(reserve: string): Disposable {
  const original = Deno.FsFile.prototype.writeSync;
  Deno.FsFile.prototype.writeSync = function (bytes) {
    if (!existsSync(reserve)) return original.call(this, bytes);
    original.call(this, bytes.subarray(0, 10));
    throw new Error("No space left on device");
  };
  return {
    [Symbol.dispose]() {
      Deno.FsFile.prototype.writeSync = original;
    },
  };
}

async function makeRun(
  folder: ExperimentWriter,
  name: string,
  status: RunManifest["status"],
): Promise<void> {
  await using run = folder.startRun(runManifest(name), []);
  run.sink(SCALES).write([8.12345, "f", null, 4]);
  run.update({ status });
}

Deno.test("ExperimentWriter: a new one, a run in it, rows as they come", async () => {
  await withFolder(async (path) => {
    const folder = ExperimentWriter.open(path, EXPERIMENT);
    await using run = folder.startRun(runManifest("a"), ["f"]);
    run.sink(SCALES).write([8.12345, "f", null, 4]);
    run.invocations.write({
      ...createInvocationRow(),
      index: 0,
      functionIndex: 0,
      scheduledMs: 0.5,
    });
    run.flush();
    await run.close();
    const invocations = Deno.readTextFileSync(`${path}/runs/a/invocations.csv`).split("\n");
    assert.equal(invocations[0], INVOCATIONS.columns.map(({ name }) => name).join(","));
    assert.deepEqual(invocations.slice(1), ["0,f,measurement,0.5,,,,,,,,,cancelled,,,,,", ""]);
    const lines = Deno.readTextFileSync(`${path}/runs/a/scales.csv`).split("\n");
    assert.equal(lines[0], SCALES.columns.map(({ name }) => name).join(","));
    assert.deepEqual(lines.slice(1), ["8.123,f,,4", ""]);
    const manifest = JSON.parse(Deno.readTextFileSync(`${path}/experiment.json`));
    assert.deepEqual(manifest.runs, ["runs/a"]);
  });
});

Deno.test("ExperimentWriter: one that broke off goes on where it was, and keeps what broke off", async () => {
  await withFolder(async (path) => {
    const first = ExperimentWriter.open(path, EXPERIMENT);
    await makeRun(first, "a", "finished");
    await makeRun(first, "b", "running");
    const again = ExperimentWriter.open(path, EXPERIMENT);
    assert.equal(again.completedRun("a")?.status, "finished");
    assert.equal(again.completedRun("b"), undefined);
    await makeRun(again, "b", "finished");
    assert.ok(Deno.statSync(`${path}/broken-off/b_1/scales.csv`).isFile);
    assert.deepEqual(again.manifest.runs, ["runs/a", "runs/b"]);
  });
});

Deno.test("ExperimentWriter: nothing is ever overwritten", async () => {
  await withFolder((path) => {
    const folder = ExperimentWriter.open(path, EXPERIMENT);
    folder.update({ status: "finished" });
    assert.throws(() => ExperimentWriter.open(path, EXPERIMENT), {
      code: "usage",
      message: /holds a finished test; name another with --output/,
    });
  });
  await withFolder((path) => {
    ExperimentWriter.open(path, EXPERIMENT);
    const other = { ...EXPERIMENT, options: { seed: 43 } };
    assert.throws(() => ExperimentWriter.open(path, other), { message: /with another seed/ });
    const another = { ...EXPERIMENT, experiment: "burst" };
    assert.throws(() => ExperimentWriter.open(path, another), { message: /another experiment/ });
  });
  await withFolder((path) => {
    Deno.mkdirSync(path);
    Deno.writeTextFileSync(`${path}/thesis.tex`, "");
    assert.throws(() => ExperimentWriter.open(path, EXPERIMENT), { message: /holds other files/ });
  });
  await withFolder((path) => {
    Deno.writeTextFileSync(path, "a file");
    assert.throws(() => ExperimentWriter.open(path, EXPERIMENT), { message: /not a folder/ });
  });
});

Deno.test("ExperimentWriter: what is there is checked as readers check it before anything is added", async () => {
  const broken: readonly [file: string, change: Record<string, unknown>, key: string][] = [
    ["experiment.json", { runs: ["../elsewhere"] }, "runs.0"],
    ["experiment.json", { options: null }, "options"],
    ["runs/a/manifest.json", { outcomes: { ok: "all" } }, "outcomes.ok"],
  ];
  for (const [file, change, key] of broken) {
    await withFolder(async (path) => {
      await makeRun(ExperimentWriter.open(path, EXPERIMENT), "a", "finished");
      const manifest = JSON.parse(Deno.readTextFileSync(`${path}/${file}`));
      Deno.writeTextFileSync(`${path}/${file}`, JSON.stringify({ ...manifest, ...change }));
      assert.throws(() => ExperimentWriter.open(path, EXPERIMENT).completedRun("a"), (error) => {
        assert.ok(error instanceof LoaderError && error.code === "input", String(error));
        assert.match(
          error.message,
          new RegExp(`${file}: .* but ${key} is wrong .* Move the folder`),
        );
        return true;
      });
    });
  }
});

Deno.test("ExperimentWriter: room for its last words goes back when it ends", async () => {
  await withFolder((path) => {
    const folder = ExperimentWriter.open(path, EXPERIMENT);
    assert.ok(Deno.statSync(`${path}/disk_reserve`).size >= 65_536);
    folder.update({ notes: ["on its way"] });
    assert.ok(Deno.statSync(`${path}/disk_reserve`).isFile);
    folder.update({ status: "finished" });
    assert.throws(() => Deno.statSync(`${path}/disk_reserve`), Deno.errors.NotFound);
  });
});

Deno.test("ExperimentWriter: on a full disk, the last words take the room kept for them", async () => {
  await withFolder(async (path) => {
    const folder = ExperimentWriter.open(path, EXPERIMENT);
    await using run = folder.startRun(runManifest("a"), []);
    using _ = fillDisk(`${path}/disk_reserve`);
    assert.throws(() => run.update({ notes: ["on its way"] }), { code: "result" });
    assert.throws(() => Deno.statSync(`${path}/runs/a/manifest.json.partial`));
    run.update({ status: "failed", error: "full" });
    folder.update({ status: "failed", error: "full" });
    for (const file of ["runs/a/manifest.json", "experiment.json"]) {
      const { status, error } = JSON.parse(Deno.readTextFileSync(`${path}/${file}`));
      assert.deepEqual([status, error], ["failed", "full"]);
    }
  });
});

Deno.test("experiment folder: a manifest that cannot be written is told in a sentence", () =>
  withFolder((path) => {
    const folder = ExperimentWriter.open(path, EXPERIMENT);
    Deno.removeSync(path, { recursive: true });
    assert.throws(
      () => folder.update({ status: "finished" }),
      (error) =>
        error instanceof LoaderError && error.code === "result" &&
        /experiment.json: The manifest cannot be written/.test(error.message),
    );
  }));
