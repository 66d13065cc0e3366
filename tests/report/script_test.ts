import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSweep } from "../support/run_folder.ts";
import { runScript } from "../support/script.ts";

const SCRIPT = "scripts/report.ts";

Deno.test("the script makes the report again and says where it is", async () => {
  const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
  try {
    await writeSweep(folder, { sizes: [2], repetitions: 1, durationMs: 2_000 });
    const { status, stdout } = await runScript(SCRIPT, [folder]);
    assert.equal(status, 0);
    assert.match(stdout, /report\.html and \d+ figures/);
    assert.ok((await stat(join(folder, "report.html"))).size > 0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("the script's errors are one sentence, and status 2 for the user's mistakes", async () => {
  const absent = await runScript(SCRIPT, ["/nonexistent/folder"]);
  assert.equal(absent.status, 2);
  assert.match(absent.stderr, /^Error: \/nonexistent\/folder\/experiment\.json: [^\n]+\n$/);
  const usage = await runScript(SCRIPT, []);
  assert.equal(usage.status, 2);
  assert.match(usage.stderr, /^Error: Expected the folder of one experiment\.[^\n]+\n$/);
});
