import assert from "node:assert/strict";
import { getPriority } from "node:os";
import { raiseOwnPriority, setSessionNice } from "../../lib/base/process.ts";

/** The session's niceness as the system tells it; `null` where it knows none. */
function readSessionNice(): string | null {
  try {
    return Deno.readTextFileSync("/proc/self/autogroup").trim().split(" ").at(-1)!;
  } catch {
    return null;
  }
}

Deno.test("priority: raised where that is permitted, and given back as it was", () => {
  const before = [getPriority(), readSessionNice()];
  const priority = raiseOwnPriority();
  try {
    assert.equal(getPriority() < Number(before[0]), priority.isRaised);
  } finally {
    priority.restore();
  }
  assert.deepEqual([getPriority(), readSessionNice()], before);
});

Deno.test("priority: of a process that is not there nothing is set", () => {
  assert.equal(setSessionNice(2 ** 30, 0), null);
});
