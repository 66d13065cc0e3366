import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { TraceFolder } from "../../lib/trace/trace_folder.ts";
import { temporaryFiles } from "../support/trace_files.ts";

/** What is to be seen of a file is shorter than it. */
const LONG = `a,b\n${"1,2\n".repeat(40_000)}`;

Deno.test("the beginning of a file is text, packed or not, in one run of gzip or several", async () => {
  await using files = await temporaryFiles({ "plain.csv": LONG, "packed.csv.gz": LONG });
  const members = ["a,b\n", "1,2\n"].map((text) => gzipSync(text));
  await Deno.writeFile(join(files.path, "members.csv.gz"), new Uint8Array(Buffer.concat(members)));
  const folder = await TraceFolder.list(files.path);
  for (const name of ["plain.csv", "packed.csv.gz"]) {
    const head = await folder.head(name);
    assert.equal(head.length, 65_536, name);
    assert.ok(LONG.startsWith(head), name);
  }
  assert.equal(await folder.head("members.csv.gz"), "a,b\n1,2\n");
});

Deno.test("the beginning of what is no text is empty; a file that goes is told", async () => {
  await using files = await temporaryFiles({ "empty": "", "gone": "x" });
  await Deno.writeFile(join(files.path, "a.parquet"), new TextEncoder().encode("PAR1\0\0"));
  const folder = await TraceFolder.list(files.path);
  assert.equal(await folder.head("empty"), "");
  assert.equal(await folder.head("a.parquet"), "");
  await Deno.remove(join(files.path, "gone"));
  await assert.rejects(folder.head("gone"), { code: "input", message: /gone: The file cannot be/ });
});

Deno.test("a file that is named is a folder of that file alone", async () => {
  await using files = await temporaryFiles({ "a.csv": "1", "b.csv": "2" });
  const alone = await TraceFolder.list(join(files.path, "a.csv"));
  assert.deepEqual([...alone.files], ["a.csv"]);
  assert.equal(alone.findFile("a.csv"), join(files.path, "a.csv"));
  assert.equal(alone.findFile("b.csv"), null);
  assert.equal(await alone.head("a.csv"), "1");
});
