import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import {
  FileReplacement,
  readTextIfPresent,
  replaceFile,
  statIfPresent,
  writePrivateFile,
} from "../../lib/base/file.ts";
import { temporaryFolder } from "../support/script.ts";

function modeOf(path: string): number {
  return Deno.lstatSync(path).mode! & 0o777;
}

Deno.test("writePrivateFile: its owner alone can read it, whatever was there before", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/kubeconfig`;
  writePrivateFile(path, "first\n");
  assert.equal(modeOf(path), 0o600);
  Deno.chmodSync(path, 0o666);
  writePrivateFile(path, "second\n");
  assert.equal(modeOf(path), 0o600);
  assert.equal(Deno.readTextFileSync(path), "second\n");
  const other = `${folder.path}/other`;
  Deno.writeTextFileSync(other, "kept", { mode: 0o644 });
  Deno.removeSync(path);
  Deno.symlinkSync(other, path);
  writePrivateFile(path, "third\n");
  assert.equal(Deno.readTextFileSync(other), "kept", "a link is replaced, not followed");
  assert.equal(modeOf(path), 0o600);
  assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(), [
    "kubeconfig",
    "other",
  ]);
  assert.throws(() => writePrivateFile(`${folder.path}/none/x`, ""), LoaderError);
});

Deno.test("replaceFile: whole or not at all, whatever a killed process has left", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/manifest.json`;
  Deno.writeTextFileSync(`${path}.partial`, "of a process that was killed");
  replaceFile(path, "first");
  replaceFile(path, new TextEncoder().encode("second"));
  assert.equal(Deno.readTextFileSync(path), "second");
  Deno.mkdirSync(`${folder.path}/taken/inside`, { recursive: true });
  assert.throws(() => replaceFile(`${folder.path}/taken`, "text"));
  {
    using file = new FileReplacement(path);
    file.write(new TextEncoder().encode("half"));
    assert.equal(Deno.readTextFileSync(path), "second");
  }
  assert.equal(Deno.readTextFileSync(path), "second");
  assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(), [
    "manifest.json",
    "taken",
  ]);
});

Deno.test("what is absent is null, and what cannot be read is an error", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/text`;
  assert.equal(statIfPresent(path), null);
  assert.equal(readTextIfPresent(path), null);
  Deno.writeTextFileSync(path, "x");
  assert.equal(statIfPresent(path)?.isFile, true);
  assert.equal(readTextIfPresent(path), "x");
  assert.equal(readTextIfPresent(`${path}/below`), null);
  assert.throws(() => readTextIfPresent(folder.path));
});
