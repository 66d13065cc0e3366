import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { basename } from "node:path";
import { readExperimentFolder } from "../../lib/store/read/experiment_folder.ts";
import { findNameMistake } from "../../lib/base/file.ts";
import { LoaderError } from "../../lib/base/error.ts";
import { renderReport } from "../../lib/report/report.ts";
import { mergeShards } from "../../lib/merge/merge.ts";
import { temporaryFolder } from "../support/script.ts";
import { sweepInShards } from "../support/shard_run.ts";

const RUN = "functions-6_repetition-0";
const START = ["--start-at", "2030-01-01T00:00:00Z"];

const kept = await temporaryFolder();
Deno.test.afterAll(async () => await kept[Symbol.asyncDispose]());

let made: Promise<string[]> | undefined;

/** The folders of two loaders as they made them. */
function original(): Promise<string[]> {
  return made ??= sweepInShards(kept.path, 2, ...START);
}

/** Two loaders' folders, of which the second was tampered with, and where nothing must appear. */
async function tampered(
  change: (run: string, experiment: string, outside: string) => void,
  check: (parts: readonly string[], root: string, outside: string) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder();
  const outside = `${folder.path}/outside`;
  Deno.mkdirSync(outside);
  Deno.writeTextFileSync(`${outside}/secret`, "a secret\n");
  const root = `${folder.path}/results`;
  Deno.mkdirSync(root);
  const parts = (await original()).map((part) => `${root}/${basename(part)}`);
  for (const [i, part] of (await original()).entries()) cpSync(part, parts[i], { recursive: true });
  for (const part of parts) change(`${part}/runs/${RUN}`, part, outside);
  await check(parts, root, outside);
  assert.deepEqual([...Deno.readDirSync(outside)].map(({ name }) => name), ["secret"]);
  assert.equal(Deno.readTextFileSync(`${outside}/secret`), "a secret\n");
}

function edit(file: string, change: (manifest: Record<string, unknown>) => void): void {
  const manifest = JSON.parse(Deno.readTextFileSync(file));
  change(manifest);
  Deno.writeTextFileSync(file, JSON.stringify(manifest));
}

function isRefusal(error: unknown): boolean {
  return error instanceof LoaderError && ["input", "result"].includes(error.code);
}

async function assertRefused(parts: readonly string[], root: string): Promise<void> {
  await assert.rejects(mergeShards(parts, { output: `${root}/merged` }), isRefusal);
  await assert.rejects(renderReport(parts[0]), isRefusal);
  assert.equal([...Deno.readDirSync(root)].length, 2, "nothing was left behind");
}

for (
  const name of ["../../../outside/run", "/tmp/loader-outside", "a/b", "..", "", ".hidden", "a\0b"]
) {
  Deno.test(`merge and report: a run named ${JSON.stringify(name)} is refused`, async () => {
    await tampered(
      (run) => edit(`${run}/manifest.json`, (manifest) => manifest.name = name),
      assertRefused,
    );
  });
}

Deno.test("merge and report: a list of runs that leads out of the folder is refused", async () => {
  for (const path of ["../outside", "/etc", "runs/../../outside", "runs", "outside/x"]) {
    await tampered(
      (_run, part) =>
        edit(`${part}/experiment.json`, (manifest) => manifest.runs = [path, `runs/${RUN}`]),
      assertRefused,
    );
  }
});

Deno.test("merge: a loader's number that is none is refused", async () => {
  for (const index of [0, -1, 1.5, 1e300, "../../outside"]) {
    await tampered(
      (run) =>
        edit(`${run}/manifest.json`, (manifest) => {
          (manifest.shard as Record<string, unknown>).index = index;
        }),
      async (parts, root) => {
        await assert.rejects(mergeShards(parts, { output: `${root}/merged` }), isRefusal);
      },
    );
  }
});

Deno.test("merge and report: links out of the folder are refused, those inside are not", async () => {
  const links: ((run: string, part: string, outside: string) => void)[] = [
    (run, _part, outside) => {
      Deno.removeSync(`${run}/generator.csv`);
      Deno.symlinkSync(`${outside}/secret`, `${run}/generator.csv`);
    },
    (_run, part, outside) => Deno.symlinkSync(outside, `${part}/runs/linked`),
    (run, _part, outside) => Deno.symlinkSync(`${outside}/new`, `${run}/cold_start_parts.csv.new`),
    (_run, part, outside) => {
      Deno.removeSync(`${part}/figures`, { recursive: true });
      Deno.symlinkSync(outside, `${part}/figures`);
    },
    (_run, part, outside) => Deno.symlinkSync(`${outside}/page`, `${part}/report.html.new`),
  ];
  for (const link of links) {
    await tampered((run, part, outside) => {
      Deno.mkdirSync(`${part}/figures`, { recursive: true });
      link(run, part, outside);
    }, assertRefused);
  }
  await tampered((run) => {
    Deno.renameSync(`${run}/scales.csv`, `${run}/scales_kept.csv`);
    Deno.symlinkSync("scales_kept.csv", `${run}/scales.csv`);
  }, async ([part]) => {
    assert.equal((await readExperimentFolder(part)).runs.length, 1);
  });
});

Deno.test("merge and report: what an earlier version wrote of a URL's user is in no new file", async () => {
  const secret = "s3cr3t-in-url";
  await tampered((run, part) => {
    for (const file of [`${run}/manifest.json`, `${part}/experiment.json`]) {
      edit(file, (manifest) => {
        manifest.command = ["x", "--prometheus", `http://me:${secret}@host:9090`];
        manifest.notes = [`No answer from http://me:${secret}@host:9090.`];
      });
    }
  }, async (parts, root) => {
    const merged = await mergeShards(parts, { output: `${root}/merged` });
    const { html } = await renderReport(merged);
    const files = [
      html,
      ...["experiment.json", `runs/${RUN}/manifest.json`, `runs/${RUN}/loaders/1/manifest.json`]
        .map((file) => `${merged}/${file}`),
    ];
    for (const file of files) {
      const text = Deno.readTextFileSync(file);
      assert.ok(!text.includes(secret), file);
      assert.ok(text.includes("http://***@host:9090"), file);
    }
  });
});

Deno.test("findNameMistake: names of runs as experiments give them are plain", () => {
  for (const name of ["rate-0.5", "functions-6_repetition-0", "größe 5", "a=1,b=2", "1"]) {
    assert.equal(findNameMistake(name), null, name);
  }
});
