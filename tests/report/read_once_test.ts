import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { renderReport } from "../../lib/report/report.ts";
import { TWIN_FOLDER } from "../../lib/store/schema/manifest.ts";
import { writeDivergence } from "../../lib/store/write/manifest_file.ts";
import { writeBurst, writeExperimentManifest, writeSweep } from "../support/run_folder.ts";
import { temporaryFolder } from "../support/script.ts";
import { syntheticArrivals, writeSyntheticRun } from "../support/synthetic_run.ts";

/** Counts how often tables are opened, and takes each away when it is, from whoever reads it again. */
function readableOnce(): Disposable & { readonly opened: readonly string[] } {
  const original = Deno.openSync;
  const opened: string[] = [];
  Deno.openSync = (path, options) => {
    const file = original(path, options);
    if (String(path).endsWith(".csv") && options?.write !== true) {
      opened.push(String(path));
      Deno.removeSync(path);
    }
    return file;
  };
  return {
    opened,
    [Symbol.dispose]() {
      Deno.openSync = original;
    },
  };
}

/** A run with a policy, whose platform tells the steps of starts. */
async function writePolicy(folder: string): Promise<void> {
  const path = `${folder}/runs/policy`;
  await writeSyntheticRun(path, {
    experiment: "keep-alive",
    name: "policy",
    parameters: { policy: "fixed-10min" },
    seed: 3,
    durationMs: 20_000,
    phases: [{ fromMs: 0, phase: "measurement" }],
    arrivals: syntheticArrivals(3, 4, 20_000),
    cores: 2,
    capacity: 16,
  });
  const rows = Deno.readTextFileSync(`${path}/instances.csv`).trimEnd().split("\n");
  const [, functionId, instance] = rows[1].split(",");
  const scheduled = `${rows[1].split(",")[0]},${functionId},${instance},scheduled,,`;
  Deno.writeTextFileSync(`${path}/instances.csv`, [...rows, scheduled, ""].join("\n"));
  await writeExperimentManifest(folder, {
    experiment: "keep-alive",
    answer: {
      kind: "keep_alive",
      policyParameter: "policy",
      memoryParameter: "nodeMemoryMib",
      reference: "fixed-10min",
      bound: "oracle",
    },
    runs: ["runs/policy"],
  });
}

const EXPERIMENTS = {
  sweep: (folder: string) => writeSweep(folder, { sizes: [3, 5], durationMs: 10_000 }),
  burst: writeBurst,
  policy: writePolicy,
};

for (const [name, write] of Object.entries(EXPERIMENTS)) {
  Deno.test(`the report of a ${name} reads every table of every run and twin once`, async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    await write(path);
    const runs = [...Deno.readDirSync(`${path}/runs`)].map((run) => `${path}/runs/${run.name}`);
    cpSync(runs[0], `${path}/twin`, { recursive: true });
    Deno.renameSync(`${path}/twin`, `${runs[0]}/${TWIN_FOLDER}`);
    writeDivergence(runs[0], []);
    const { html } = await renderReport(path);
    const expected = Deno.readTextFileSync(html);
    using tables = readableOnce();
    await renderReport(path);
    assert.equal(Deno.readTextFileSync(html), expected);
    const opened = tables.opened.filter((file) => file.endsWith("/invocations.csv"));
    assert.equal(opened.length, runs.length + 1);
    assert.equal(new Set(tables.opened).size, tables.opened.length);
  });
}
