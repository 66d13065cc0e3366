import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { PROJECT, runScript, temporaryFolder } from "../support/script.ts";

const SCRIPT = "scripts/trace_convert.ts";
const SAMPLE = "data/azure_2019_synthetic";

Deno.test("trace:convert: there and back, the files are the same to the byte", async () => {
  await using folder = await temporaryFolder();
  const [normal, azure] = ["normal", "azure"].map((name) => join(folder.path, name));
  const there = await runScript(SCRIPT, [SAMPLE, "--to", "normal", "--output", normal]);
  assert.equal(there.status, 0, there.stderr);
  assert.match(
    there.stdout,
    /^azure_2019_synthetic: 200 functions, 1440 slots of 60000 ms, 126404086 invocations\n/,
  );
  const back = await runScript(SCRIPT, [normal, "--to", "azure2019", "--output", azure]);
  assert.equal(back.status, 0, back.stderr);
  assert.match(back.stdout, /Converted from azure_2019_synthetic \(SHA-256 [0-9a-f]{64}\)\./);
  for (const name of ["durations.csv", "memory.csv"]) {
    assert.deepEqual(
      await Deno.readFile(join(azure, name)),
      await Deno.readFile(join(PROJECT, SAMPLE, name)),
    );
  }
  const packed = await Deno.readFile(join(PROJECT, SAMPLE, "invocations.csv.gz"));
  assert.equal(
    await Deno.readTextFile(join(azure, "invocations.csv")),
    new TextDecoder().decode(gunzipSync(packed)),
  );

  const again = await runScript(SCRIPT, [SAMPLE, "--output", normal]);
  assert.equal(again.status, 2);
  assert.equal(
    again.stderr.trim(),
    `Error: ${normal}: The folder is not empty; name another one with --output, or replace its ` +
      "files with --overwrite.",
  );
  const told = await runScript(SCRIPT, [SAMPLE, "--output", normal, "--overwrite", "--size", "3"]);
  assert.equal(told.status, 0, told.stderr);
  assert.match(told.stdout, /: 3 functions, /);
});
