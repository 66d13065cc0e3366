import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import { writePrivateFile } from "../../lib/base/private_file.ts";
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
