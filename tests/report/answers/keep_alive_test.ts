import assert from "node:assert/strict";
import {
  chooseReference,
  coldShareOf,
  type KeepAliveRun,
  relativeWaste,
} from "../../../lib/report/answers/keep_alive_run.ts";
import {
  describeKeepAlive,
  renderKeepAliveTable,
} from "../../../lib/report/answers/keep_alive_answer.ts";

/** Of 1000 invocations, with so much memory-time idle. */
function run(policy: string, cold: number, idleMibS: number | null): KeepAliveRun {
  return {
    policy,
    nodeMemoryMib: null,
    isValid: true,
    notOkShare: 0,
    invocations: 1000,
    cold,
    coldShareOfFunctions: Float64Array.of(0, cold / 1000, 1),
    memoryTime: idleMibS === null ? null : { startingMibS: 0, idleMibS, servingMibS: 7200 },
  };
}

const PARTS = { reference: "fixed-10min", bound: "oracle" };

const KNATIVE = run("knative", 600, 400);
const FIXED = run("fixed-10min", 120, 1000);
const GREEDY = run("greedy-dual", 5, 2000);
const ORACLE = run("oracle", 0, 1);

Deno.test("keep-alive table: a third quartile needs forty functions", () => {
  const cellOf = (functions: number) => {
    const shares = Float64Array.from({ length: functions }, (_, i) => (i + 1) / 100);
    const { text } = renderKeepAliveTable([{ ...FIXED, coldShareOfFunctions: shares }], PARTS);
    return text.match(/<td class="number">[^<]*<\/td>/g)![4];
  };
  assert.equal(cellOf(39), '<td class="number">–</td>');
  assert.equal(cellOf(40), '<td class="number">30</td>');
});

Deno.test("keep-alive answer: names what is better for no more", () => {
  const hybrid = run("hybrid-histogram", 30, 900);
  assert.equal(
    describeKeepAlive([KNATIVE, FIXED, hybrid, GREEDY, ORACLE], PARTS),
    "hybrid-histogram has fewer cold invocations than fixed-10min, 3 % instead of 12 %, for 90 % " +
      "of its wasted memory-time; greedy-dual has the fewest, 0.5 %, for 200 % of its wasted " +
      "memory-time; who knew the future would have 0 %, for 0.1 % of its wasted memory-time.",
  );
});

Deno.test("keep-alive answer: names the best bargain where nothing is better for no more", () => {
  const hybrid = run("hybrid-histogram", 30, 1100);
  const longer = run("fixed-20min", 60, 1200);
  assert.equal(
    describeKeepAlive([KNATIVE, FIXED, longer, hybrid, GREEDY], PARTS),
    "No policy has fewer cold invocations than fixed-10min (12 %) without wasting more " +
      "memory-time; hybrid-histogram avoids the most for what it adds: 3 %, for 110 % of its " +
      "wasted memory-time; greedy-dual has the fewest, 0.5 %, for 200 % of its wasted memory-time.",
  );
});

Deno.test("keep-alive answer: compares with the first where 10 minutes fixed are not there", () => {
  assert.match(
    describeKeepAlive([KNATIVE, GREEDY], PARTS),
    /; greedy-dual has the fewest, 0\.5 %, for 500 %/,
  );
});

Deno.test("keep-alive answer: of a lone policy only its figures are told", () => {
  assert.equal(
    describeKeepAlive([GREEDY], PARTS),
    "greedy-dual has 0.5 % cold invocations and wastes 0.556 MiB·h.",
  );
  assert.equal(
    describeKeepAlive([ORACLE, GREEDY], PARTS),
    "greedy-dual has 0.5 % cold invocations and wastes 0.556 MiB·h; who knew the future would " +
      "have 0 %, for 0.05 % of its wasted memory-time.",
  );
  assert.equal(
    describeKeepAlive([run("greedy-dual", 5, null)], PARTS),
    "greedy-dual has 0.5 % cold invocations.",
  );
});

/** As `of`, but so many of its calls were refused, and not the cold ones counted. */
function failing(of: KeepAliveRun, notOkShare: number): KeepAliveRun {
  return { ...of, isValid: false, notOkShare };
}

Deno.test("keep-alive answer: who refuses what would be cold is not compared", () => {
  const hybrid = run("hybrid-histogram", 30, 900);
  const refusing = failing(GREEDY, 0.124);
  assert.equal(
    describeKeepAlive([KNATIVE, FIXED, hybrid, refusing], PARTS),
    "hybrid-histogram has fewer cold invocations than fixed-10min, 3 % instead of 12 %, for 90 % " +
      "of its wasted memory-time; greedy-dual failed 12.4 %, not compared.",
  );
  // The usual reference is none, where it failed.
  const others = [failing(FIXED, 0.5), hybrid, GREEDY];
  assert.equal(chooseReference(others, PARTS), hybrid);
  assert.match(
    describeKeepAlive(others, PARTS),
    /than hybrid-histogram .*; fixed-10min failed 50 %, not/,
  );
  assert.equal(
    describeKeepAlive([refusing, failing(FIXED, 0)], PARTS),
    "No policy can be compared; greedy-dual failed 12.4 %, not compared; fixed-10min has no " +
      "valid run, not compared.",
  );
});

Deno.test("keep-alive answer: the table says what part was not ok", () => {
  const { text } = renderKeepAliveTable([FIXED, failing(GREEDY, 0.124)], PARTS);
  assert.match(text, /not ok/);
  assert.match(text, />12\.4</);
});

Deno.test("keep-alive answer: what is not known is neither better nor worse", () => {
  const unknown = run("little-prewarm", 200, null);
  assert.ok(Number.isNaN(relativeWaste(unknown, FIXED)));
  assert.equal(coldShareOf(unknown), 0.2);
  assert.match(describeKeepAlive([FIXED, unknown], PARTS), /^No policy has fewer/);
  assert.match(renderKeepAliveTable([FIXED, unknown], PARTS).text, /–/);
});
