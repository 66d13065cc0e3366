import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeInvitroTables } from "../../lib/run/invitro_tables.ts";
import { writeSweep } from "../support/run_folder.ts";

Deno.test("every run gets In-Vitro's tables, and a second call replaces them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
  try {
    await writeSweep(folder, { sizes: [2, 3], repetitions: 1, durationMs: 3_000 });
    await writeInvitroTables(folder);
    await writeInvitroTables(folder);
    for (const name of ["functions-2_repetition-0", "functions-3_repetition-0"]) {
      const run = join(folder, "runs", name);
      const names = (await readdir(run)).filter((file) => file.startsWith("compat_")).sort();
      // Of scales the run tells nothing.
      assert.deepEqual(names, ["compat_invocations.csv", "compat_minutes.csv"]);
      const lines = async (file: string) =>
        (await readFile(join(run, file), "utf8")).trimEnd().split("\n");
      const own = await lines("invocations.csv");
      const compat = await lines("compat_invocations.csv");
      assert.equal(compat.length, own.length);
      // Phase, rate and the instant in whole microseconds since 1970.
      assert.match(compat[1], /^1,[\d.]+,17357870\d{8},/);
      assert.ok(!compat.some((line) => line.includes("-99")));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
