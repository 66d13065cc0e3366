import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSweep } from "../support/run_folder.ts";
import { createRasterizer } from "../../lib/report/plot/rasterizer.ts";
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

Deno.test("figures are made as PNG where it is asked for, and go with the next report", async () => {
  const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
  const listPictures = () =>
    [...Deno.readDirSync(join(folder, "figures"))].map(({ name }) => name)
      .filter((name) => name.endsWith(".png"));
  try {
    await writeSweep(folder, { sizes: [2], repetitions: 1, durationMs: 2_000 });
    const { status, stdout } = await runScript(SCRIPT, [folder, "--png", "--png-scale", "3"]);
    assert.equal(status, 0);
    assert.match(stdout, /as SVG and PNG/);
    const pictures = listPictures();
    assert.ok(pictures.length > 3);
    for (const name of pictures) {
      const bytes = await Deno.readFile(join(folder, "figures", name));
      assert.deepEqual([...bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
      const svg = await Deno.readTextFile(join(folder, "figures", name.replace(/png$/, "svg")));
      const width = Number(/width="(\d+)"/.exec(svg)![1]);
      assert.equal(new DataView(bytes.buffer).getUint32(16), 3 * width);
    }
    await runScript(SCRIPT, [folder]);
    assert.deepEqual(listPictures(), []);
  } finally {
    await rm(folder, { recursive: true });
  }
});

Deno.test("text of a picture is drawn: a word leaves ink that its absence does not", async () => {
  const rasterizer = await createRasterizer();
  const draw = (text: string) =>
    rasterizer.draw(
      '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30" viewBox="0 0 90 30">' +
        `<text x="5" y="20" font-family="system-ui, sans-serif">${text}</text></svg>`,
      2,
    );
  const empty = draw("");
  for (const text of ["p99", "∞", "÷", "−"]) assert.notDeepEqual(draw(text), empty, text);
});

Deno.test("the script's errors are one sentence, and status 2 for the user's mistakes", async () => {
  const absent = await runScript(SCRIPT, ["/nonexistent/folder"]);
  assert.equal(absent.status, 2);
  assert.match(absent.stderr, /^Error: \/nonexistent\/folder\/experiment\.json: [^\n]+\n$/);
  const usage = await runScript(SCRIPT, []);
  assert.equal(usage.status, 2);
  assert.match(usage.stderr, /^Error: Expected the folder of one experiment\.[^\n]+\n$/);
});
