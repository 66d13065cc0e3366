import assert from "node:assert/strict";
import { anySignal, neverAborted, untilAborted } from "../../lib/base/signal.ts";

Deno.test("anySignal: the first to abort decides, and none is no one", () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const signal = anySignal(first.signal, null, second.signal, undefined);
  assert.equal(signal.aborted, false);
  second.abort("second");
  first.abort("first");
  assert.equal(signal.reason, "second");
  assert.equal(anySignal(null).aborted, false);
  assert.equal(anySignal(neverAborted(), signal).reason, "second");
});

Deno.test("untilAborted: the signal's reason, at once where it has aborted already", async () => {
  const { promise } = Promise.withResolvers<never>();
  const stop = new AbortController();
  const waiting = untilAborted(stop.signal, promise);
  stop.abort("stopped");
  await assert.rejects(waiting, (reason) => reason === "stopped");
  await assert.rejects(untilAborted(stop.signal, promise), (reason) => reason === "stopped");
  await assert.rejects(untilAborted(neverAborted(), Promise.reject(new Error("own"))), /own/);
});
