import assert from "node:assert/strict";
import { deriveClockwork, derivePhase } from "../../../lib/analyze/twin/clockwork.ts";
import { AUTOSCALER } from "../../../lib/store/schema/tables.ts";
import { StoredTables } from "../../../lib/store/read/stored_table.ts";
import { temporaryFolder } from "../../support/script.ts";

/** The steps that a table has; its other columns are empty. */
async function clockworkOf(steps: readonly [autoscalerMs: number, id: string, step: string][]) {
  await using folder = await temporaryFolder();
  const empty = ",".repeat(AUTOSCALER.columns.length - 4);
  const lines = steps.map(([ms, id, step]) => `${ms - 700},${ms},${id},${step}${empty}`);
  const header = AUTOSCALER.columns.map(({ name }) => name).join(",");
  Deno.writeTextFileSync(`${folder.path}/autoscaler.csv`, [header, ...lines, ""].join("\n"));
  return deriveClockwork(new StoredTables(folder.path).get(AUTOSCALER));
}

Deno.test("clockwork: reports and what was decided when it was due, on the autoscaler's clock", async () => {
  const clockwork = await clockworkOf([
    [1125, "o/a/f", "report"],
    [2250, "o/a/f", "tick"],
    [2300, "o/a/g", "poke"],
    [3120.5, "o/a/f", "report"],
    [3990, "o/a/g", "tick"],
    [4244, "o/a/f", "tick"],
  ]);
  assert.deepEqual(clockwork, {
    atRunStartMs: 700,
    reportsMs: [1125, 3120.5],
    ticksMs: new Map([["o/a/f", [2250, 4244]], ["o/a/g", [3990]]]),
  });
});

Deno.test("clockwork: the phase is that of the step that is the least late", () => {
  assert.equal(derivePhase([2250, 4244, 6245], 2000), 244);
  assert.equal(derivePhase([1990, 4003], 2000), 1990);
  assert.equal(derivePhase([2003, 3990], 2000), 1990);
  assert.equal(derivePhase([4000], 2000), 2000);
});

Deno.test("clockwork: unknown without a decision that was due", async () => {
  assert.equal(await clockworkOf([[1125, "o/a/f", "report"], [1300, "o/a/f", "poke"]]), null);
});
