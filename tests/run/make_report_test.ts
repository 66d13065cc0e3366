import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import { makeReport } from "../../lib/run/make_report.ts";
import { writeSweep } from "../support/run_folder.ts";
import { Script, temporaryFolder } from "../support/script.ts";

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

Deno.test("makeReport: a report, and what the experiment came to, from a thread of its own", async () => {
  await using folder = await temporaryFolder();
  await writeSweep(folder.path, { sizes: [3], repetitions: 1, durationMs: 4_000 });
  const { html, figures, verdict, runs } = await makeReport({ folder: folder.path, compat: true });
  assert.ok(exists(html) && figures.every(exists));
  assert.equal(verdict.word, "VALID");
  assert.equal(runs[0].summary.outcomes.ok, runs[0].summary.invocations);
  assert.ok(exists(`${folder.path}/runs/functions-3_repetition-0/compat_minutes.csv`));
});

Deno.test("makeReport: what is wrong is told as renderReport tells it", async () => {
  await using folder = await temporaryFolder();
  await assert.rejects(
    makeReport({ folder: folder.path, compat: false }),
    (error) => error instanceof LoaderError && error.code === "input" && error.exitStatus === 2,
  );
});

Deno.test("makeReport: is given up in the middle of its work, and leaves no page", async () => {
  await using folder = await temporaryFolder();
  await writeSweep(folder.path, { sizes: [3], repetitions: 1, durationMs: 4_000 });
  const table = `${folder.path}/runs/functions-3_repetition-0/invocations.csv`;
  const lines = (await Deno.readTextFile(table)).trimEnd().split("\n");
  const block = lines.slice(1).join("\n") + "\n";
  // Some seconds of reading, sorting and drawing.
  await Deno.writeTextFile(table, block.repeat(Math.ceil(400_000 / lines.length)), {
    append: true,
  });
  const stop = new AbortController();
  const reason = new LoaderError("interrupted", "Stopped by the user.");
  setTimeout(() => stop.abort(reason), 500);
  await assert.rejects(makeReport({ folder: folder.path, compat: false }, stop.signal), reason);
  assert.ok(!exists(`${folder.path}/report.html`));
  await assert.rejects(makeReport({ folder: folder.path, compat: false }, stop.signal), reason);
});

Deno.test({
  name: "report: Ctrl-C ends it with 130 while it reads",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using folder = await temporaryFolder();
    const pipe = `${folder.path}/experiment.json`;
    const made = await new Deno.Command("mkfifo", { args: [pipe] }).output();
    assert.ok(made.success);
    await using script = Script.start("scripts/report.ts", [folder.path], ["-P=files"]);
    // Opens when the script reads, which then waits for what never comes.
    using _file = await Deno.open(pipe, { write: true });
    script.kill("SIGINT");
    const { status, stderr } = await script.result;
    assert.equal(status, 130, stderr);
    assert.match(stderr, /Stopped by the user/);
  },
});
