import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { LoaderError } from "../../../../lib/base/error.ts";
import { VirtualClock } from "../../../../lib/clock/virtual_clock.ts";
import { persist } from "../../../../lib/platform/knative/cluster/kube_access.ts";

const TICK_MS = 50;

const AWAY = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
const FORBIDDEN = Object.assign(new Error("HTTP-Code: 403"), {
  code: 403,
  body: JSON.stringify({ code: 403, message: "services is forbidden" }),
});

/** Does something that fails in these ways, one after the other, then succeeds. */
async function persistThrough(failures: readonly Error[], untilMs = 60_000) {
  const clock = new VirtualClock();
  const left = failures.values();
  let tries = 0;
  const outcome = persist({ clock }, () => {
    tries++;
    const failure = left.next().value;
    return failure === undefined ? Promise.resolve("done") : Promise.reject(failure);
  }, { doing: "deploy f-0", untilMs }).catch((error) => error);
  await clock.run((stop) => {
    // Time goes on while promises settle.
    const tick = () =>
      clock.at(clock.nowMs() + TICK_MS, async () => {
        await setImmediate();
        tick();
      });
    tick();
    outcome.then(stop);
  });
  return { outcome: await outcome, tries, tookMs: clock.nowMs() };
}

Deno.test("persist: an API server that is away is asked again until it answers, or time is up", async () => {
  const { outcome, tries } = await persistThrough([AWAY, AWAY, AWAY]);
  assert.equal(outcome, "done");
  assert.equal(tries, 4);
  const late = await persistThrough(Array(100).fill(AWAY), 20_000);
  assert.ok(late.outcome instanceof LoaderError);
  assert.match(late.outcome.message, /^Cannot deploy f-0: .*connection refused/);
  assert.ok(late.tookMs <= 20_000, `${late.tookMs}`);
});

Deno.test("persist: a refusal is final, but of a server that has just come back", async () => {
  const refused = await persistThrough([FORBIDDEN]);
  assert.match(String(refused.outcome), /forbidden/);
  assert.equal(refused.tries, 1);
  assert.equal((await persistThrough([AWAY, FORBIDDEN, FORBIDDEN])).outcome, "done");
  const stays = await persistThrough([AWAY, ...Array(100).fill(FORBIDDEN)]);
  assert.match(String(stays.outcome), /forbidden/);
  assert.ok(stays.tookMs < 15_000, `${stays.tookMs}`);
});
