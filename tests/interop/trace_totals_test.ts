import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { LoaderError } from "../../lib/base/error.ts";
import { PROJECT, temporaryFolder } from "../support/script.ts";
import { countAll } from "../trace/fuzz/check_trace.ts";
import { FUZZED_FORMATS } from "../trace/fuzz/formats.ts";
import { readVariants, type Variant } from "../trace/fuzz/variants.ts";
import { peerTest } from "./interop_test_case.ts";
import { INSTALLED } from "./peer.ts";

/** Variants of each format, and which: others by FUZZ_ROUNDS and FUZZ_SEED. */
const ROUNDS = Number(Deno.env.get("FUZZ_ROUNDS") ?? 150);
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 8);

const PYTHON = join(INSTALLED, "data_frames/bin/python");

interface Accepted {
  readonly folder: string;
  readonly format: string;
  readonly variant: Variant;
}

async function keep(folder: string, { files }: Variant): Promise<void> {
  for (const [path, bytes] of files) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeFile(join(folder, path), bytes);
  }
}

/** What pandas and DuckDB count, for each. */
async function countByOthers(accepted: readonly Accepted[]): Promise<(number | null)[][]> {
  const process = new Deno.Command(PYTHON, {
    args: [join(PROJECT, "tests/interop/trace_totals.py")],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = accepted.map(({ folder, format }) => JSON.stringify({ folder, format }) + "\n");
  const writer = process.stdin.getWriter();
  const written = writer.write(new TextEncoder().encode(lines.join(""))).then(() => writer.close());
  const [{ success, stdout }] = await Promise.all([process.output(), written]);
  assert.ok(success);
  const totals = new TextDecoder().decode(stdout).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  assert.equal(totals.length, accepted.length);
  return totals;
}

peerTest("traces: what changed files are read as, pandas and DuckDB count too", {
  needs: [PYTHON],
}, async () => {
  await using folder = await temporaryFolder();
  const accepted: Accepted[] = [];
  for (const format of FUZZED_FORMATS) {
    const place = join(folder.path, "now");
    for await (const variant of readVariants(format, place, { seed: SEED, rounds: ROUNDS })) {
      const { outcome } = variant;
      if (outcome instanceof LoaderError) continue;
      if (outcome.repairs.some(({ severity }) => severity === "loss")) continue;
      const kept = join(folder.path, String(accepted.length));
      await keep(kept, variant);
      accepted.push({ folder: kept, format: format.name, variant });
    }
    await Deno.remove(place, { recursive: true });
  }
  const totals = await countByOthers(accepted);
  const judged = new Map<string, number>();
  for (const [i, { format, variant }] of accepted.entries()) {
    const { outcome } = variant;
    if (outcome instanceof LoaderError) continue;
    for (const total of totals[i]) {
      if (total === null) continue;
      judged.set(format, (judged.get(format) ?? 0) + 1);
      assert.equal(countAll(outcome), total, variant.describe());
    }
  }
  for (const { name } of FUZZED_FORMATS) {
    // The examples of Huawei have slots of which nothing is known, and so a loss.
    if (name === "Huawei 2023" || name.startsWith("Huawei 2025")) continue;
    assert.ok((judged.get(name) ?? 0) >= ROUNDS / 30, `${name}: ${judged.get(name)}`);
  }
});
