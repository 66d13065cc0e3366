import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSweep } from "../support/run_folder.ts";

const SCRIPT = new URL("../../scripts/report.ts", import.meta.url).pathname;

async function runScript(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", SCRIPT, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("the script makes the report again and says where it is", async () => {
  const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
  try {
    await writeSweep(folder, { sizes: [2], repetitions: 1, durationMs: 2_000 });
    const { code, out } = await runScript(folder);
    assert.equal(code, 0);
    assert.match(out, /report\.html and \d+ figures/);
    assert.ok((await stat(join(folder, "report.html"))).size > 0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("the script's errors are one sentence, and status 2 for the user's mistakes", async () => {
  const absent = await runScript("/nonexistent/folder");
  assert.equal(absent.code, 2);
  assert.match(absent.err, /^Error: \/nonexistent\/folder\/experiment\.json: [^\n]+\n$/);
  const usage = await runScript();
  assert.equal(usage.code, 2);
  assert.match(usage.err, /^Error: Expected the folder of one experiment\.[^\n]+\n$/);
});
