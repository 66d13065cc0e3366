import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import { temporaryFolder } from "../support/script.ts";
import { countAll, sumAll } from "./fuzz/check_trace.ts";
import { FUZZED_FORMATS, type FuzzedFormat, UNREADABLE } from "./fuzz/formats.ts";
import { readVariants, type Variant } from "./fuzz/variants.ts";

/** Variants of each format, and which: others by FUZZ_ROUNDS and FUZZ_SEED. */
const ROUNDS = Number(Deno.env.get("FUZZ_ROUNDS") ?? 200);
const SEED = Number(Deno.env.get("FUZZ_SEED") ?? 7);

/**
 * Compares what a variant was read as with what a reader says that knows nothing of
 * the format's oddities. False where that one cannot tell.
 */
async function judge(
  format: FuzzedFormat,
  { files, outcome, describe }: Variant,
): Promise<boolean> {
  if (outcome instanceof LoaderError) return false;
  const plain = await format.countPlainly(files);
  if (plain === null) return false;
  const isWhole = !outcome.repairs.some(({ severity }) => severity === "loss");
  const all = countAll(outcome);
  // What cannot be unpacked has no count, and is told to be missing.
  const isRight = isWhole ? all === plain : all <= plain || plain === UNREADABLE;
  assert.ok(isRight, `${all} for ${plain}: ${describe()}`);
  if (outcome.repairs.some(({ repair }) => !repair.startsWith("kept"))) return true;
  const sums = sumAll(outcome);
  for (const [figure, sum] of Object.entries(format.sumPlainly?.(files) ?? {})) {
    const found = sums[figure as keyof typeof sums];
    // Runtimes are kept in 32 bits.
    const isEqual = sum === undefined || Math.abs(found - sum) <= 1e-5 * Math.abs(sum);
    assert.ok(isEqual, `${figure} ${found} for ${sum}: ${describe()}`);
  }
  return true;
}

for (const format of FUZZED_FORMATS) {
  Deno.test(`changed files are read as they stand or refused: ${format.name}`, async () => {
    await using folder = await temporaryFolder();
    const rounds = ROUNDS * (format.share ?? 1);
    let [accepted, judged] = [0, 0];
    for await (const variant of readVariants(format, folder.path, { seed: SEED, rounds })) {
      if (!(variant.outcome instanceof LoaderError)) accepted++;
      if (await judge(format, variant)) judged++;
    }
    // Otherwise it would say nothing.
    const share = (count: number) => count / rounds;
    assert.ok(
      share(accepted) > 0.05 && share(accepted) < 0.95 && share(judged) > 0.05,
      `${accepted} accepted and ${judged} judged of ${rounds}`,
    );
  });
}
