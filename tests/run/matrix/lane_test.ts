import assert from "node:assert/strict";
import type { ExperimentPlan, PlannedRun } from "../../../lib/run/experiment.ts";
import { cutLanes, takeTurns } from "../../../lib/run/matrix/lane.ts";
import type { MatrixCell } from "../../../lib/run/matrix/matrix_cell.ts";

function planOf(
  names: readonly string[],
  overloadTolerance: number,
  parametersOf: (name: string) => Record<string, number> = () => ({}),
): ExperimentPlan {
  const runs = names.map((name) => ({ name, parameters: parametersOf(name) }) as PlannedRun);
  return { runs, overloadTolerance };
}

const cellOf = (label: string): MatrixCell<null> => ({
  label,
  parameters: label === "" ? {} : { policy: label },
  options: null,
});

const namesOf = (lanes: readonly { readonly runs: Iterable<unknown> }[]) =>
  lanes.map(({ runs }) => [...runs as Iterable<PlannedRun>].map(({ name }) => name));

const repetitionOf = (name: string) => ({ repetition: Number(name.at(-1)) });

Deno.test("lanes: runs that build on one another are a lane a repetition", () => {
  const names = ["10-0", "10-1", "20-0", "20-1"];
  const lanes = cutLanes(cellOf(""), planOf(names, 1, repetitionOf), false);
  assert.deepEqual(namesOf(lanes), [["10-0", "20-0"], ["10-1", "20-1"]]);
  // Several loaders must go through them in one order.
  assert.deepEqual(namesOf(cutLanes(cellOf(""), planOf(names, 1, repetitionOf), true)), [names]);
});

Deno.test("lanes: runs that do not are one each, with those that share their deployment", () => {
  const plan = planOf(["a", "b", "c"], Infinity);
  assert.deepEqual(namesOf(cutLanes(cellOf(""), plan, false)), [["a"], ["b"], ["c"]]);
  const shared = [...plan.runs].map((run) => (
    { ...run, deployment: run.name === "c" ? undefined : "one" }
  ));
  const cell = cellOf("oracle");
  const [first, second] = cutLanes(cell, { ...plan, runs: shared }, false);
  const [a, b] = [...first.runs];
  assert.deepEqual([a.name, b.name], ["oracle_a", "oracle_b"]);
  assert.deepEqual([a.deployment, b.deployment], ["oracle one", "oracle one"]);
  assert.deepEqual(a.parameters, { policy: "oracle" });
  assert.deepEqual(namesOf([second]), [["oracle_c"]]);
});

Deno.test("turns: round by round, each cell once, in an order that is drawn for each turn", () => {
  const cells = ["a", "b", "c"];
  // A generator hands out the next turn once the last one was played.
  const turns = (seed: number) => {
    const lanes = [0, 1].flatMap((round) =>
      cells.map((label) => ({ cell: { label }, round, left: 4, isOver: false }))
    );
    const played: string[] = [];
    for (const lane of takeTurns(lanes, seed)) {
      lane.isOver = --lane.left === 0;
      played.push(`${lane.round}${lane.cell.label}`);
    }
    return played;
  };
  const played = turns(1);
  assert.equal(played.length, 24);
  assert.deepEqual(played.slice(0, 12).map(([round]) => round), Array(12).fill("0"));
  const orders = [];
  for (let turn = 0; turn < 8; turn++) {
    const turnOf = played.slice(3 * turn, 3 * turn + 3).map(([, label]) => label);
    assert.deepEqual(turnOf.toSorted(), cells, "each cell once");
    orders.push(turnOf.join(""));
  }
  assert.ok(new Set(orders).size > 1, "not the same order each time");
  assert.deepEqual(turns(1), played, "the same seed, the same order");
  assert.notDeepEqual(turns(2), played);
});

Deno.test("turns: what is over has none", () => {
  const lanes = ["a", "b"].map((label) => ({ cell: { label }, round: 0, isOver: label === "a" }));
  const played: string[] = [];
  for (const lane of takeTurns(lanes, 1)) {
    lane.isOver = true;
    played.push(lane.cell.label);
  }
  assert.deepEqual(played, ["b"]);
});
