import assert from "node:assert/strict";
import { renderProgressLine } from "../../lib/cli/progress_text.ts";
import { OUTCOMES } from "../../lib/model/record.ts";

const NO_OUTCOMES = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<
  typeof OUTCOMES[number],
  number
>;

function render(room: number, timeMs = 15_000, hasColor = false): string {
  return renderProgressLine(
    {
      name: "burst (2 of 5)",
      durationMs: 60_000,
      invocations: 6000,
      progress: { timeMs, handled: 1500, inFlight: 12, outcomes: { ...NO_OUTCOMES, failed: 3 } },
      leftMs: 60_000 - timeMs,
      leftInAllMs: 240_000,
    },
    room,
    { hasColor },
  );
}

Deno.test("a line has the bar, the time left and the counts", () => {
  assert.equal(
    render(130),
    `burst (2 of 5)  ${"━".repeat(8)}${"─".repeat(22)}   25 %  45 s left, 4 min 0 s in all  ` +
      "1,500 of 6,000  3 failed  12 in flight",
  );
});

Deno.test("a line is never longer than its room, and keeps the time left as long as it can", () => {
  for (let room = 1; room <= 150; room++) {
    const line = render(room);
    assert.ok(line.length <= room, `${line.length} in ${room}`);
    if (room >= 60) assert.match(line, /━.* 25 % .*45 s left/, String(room));
    if (room >= 24) assert.match(line, /^burst \(2 of 5\) {2,}25 %|^burst \(2 of 5\) +[━─]/);
  }
});

Deno.test("colors take no room", () => {
  // deno-lint-ignore no-control-regex -- colors are control characters
  const plain = render(100, 15_000, true).replaceAll(/\x1b\[\d+m/g, "");
  assert.equal(plain, render(100));
});

Deno.test("after the last dispatch it tells what it waits for", () => {
  assert.match(render(120, 61_000), /━{30} {2}100 % {2}waiting for 12 in flight {2}1,500/);
});
