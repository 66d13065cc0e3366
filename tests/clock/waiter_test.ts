import assert from "node:assert/strict";
import { AlarmGroup, BlockingAlarm } from "../../lib/clock/blocking_alarm.ts";
import { RealClock } from "../../lib/clock/clock.ts";
import { findLoopDescriptor } from "../../lib/clock/loop_descriptor.ts";
import { SliceWaiter, type Waiter, waiterOfThread } from "../../lib/clock/waiter.ts";

const IS_LINUX = Deno.build.os === "linux";

const WAITERS: readonly (readonly [string, () => Waiter])[] = [
  ["the best", waiterOfThread],
  ["slices", () => new SliceWaiter("for a test")],
];

/** Runs while an alarm is always so near that the thread is blocked whenever nothing happens. */
async function whileBlocked(waiter: () => Waiter, body: () => Promise<void>): Promise<number> {
  const clock = new RealClock(waiter);
  let rang = 0;
  await clock.run((stop) => {
    const alarm = clock.alarm(() => {
      rang++;
      alarm.set(clock.nowMs() + 2.5);
    });
    alarm.set(clock.nowMs());
    body().finally(() => {
      alarm.clear();
      stop();
    });
  });
  return rang;
}

/** What a thread hears of in different ways: each must come to its end. */
const EVENTS: Readonly<Record<string, () => Promise<void>>> = {
  "timers of the runtime": () => new Promise((resolve) => setTimeout(resolve, 30)),

  async "sockets"() {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const [accepted, connection] = await Promise.all([
      listener.accept(),
      Deno.connect({ hostname: "127.0.0.1", port }),
    ]);
    for (let i = 0; i < 20; i++) {
      await connection.write(Uint8Array.of(i));
      const received = new Uint8Array(1);
      await accepted.read(received);
      assert.equal(received[0], i);
    }
    for (const one of [accepted, connection, listener]) one.close();
  },

  async "a server and a client of HTTP"() {
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response("served"),
    );
    assert.equal(await (await fetch(`http://127.0.0.1:${server.addr.port}/`)).text(), "served");
    await server.shutdown();
  },

  async "threads"() {
    const code = "onmessage = ({ data }) => postMessage(data + 1);";
    const url = URL.createObjectURL(new Blob([code]));
    const worker = new Worker(url, { type: "module" });
    for (let i = 0; i < 5; i++) {
      const answer = await new Promise((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.postMessage(i);
      });
      assert.equal(answer, i + 1);
    }
    worker.terminate();
    URL.revokeObjectURL(url);
  },

  async "files and processes"() {
    const path = await Deno.makeTempFile();
    await Deno.writeTextFile(path, "written");
    assert.equal(await Deno.readTextFile(path), "written");
    await Deno.remove(path);
    const { code } = await new Deno.Command(Deno.execPath(), { args: ["--version"] }).output();
    assert.equal(code, 0);
  },

  async "signals"() {
    if (Deno.build.os === "windows") return;
    const { promise, resolve } = Promise.withResolvers<void>();
    Deno.addSignalListener("SIGUSR1", resolve);
    Deno.kill(Deno.pid, "SIGUSR1");
    await promise;
    Deno.removeSignalListener("SIGUSR1", resolve);
  },
};

for (const [name, waiter] of WAITERS) {
  for (const [what, body] of Object.entries(EVENTS)) {
    Deno.test(`waiting, ${name}: ${what} are heard meanwhile`, async () => {
      await whileBlocked(waiter, body);
    });
  }
}

Deno.test({
  name: "waiting in the kernel: a reply ends it at once",
  ignore: !IS_LINUX,
  async fn() {
    assert.equal(waiterOfThread().note, null);
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const [accepted, connection] = await Promise.all([
      listener.accept(),
      Deno.connect({ hostname: "127.0.0.1", port }),
    ]);
    let endedEarly = 0;
    for (let i = 0; i < 3; i++) {
      const reading = accepted.read(new Uint8Array(1));
      await connection.write(Uint8Array.of(1));
      const startMs = performance.now();
      waiterOfThread().wait(900);
      if (performance.now() - startMs < 900) endedEarly++;
      await reading;
    }
    for (const one of [accepted, connection, listener]) one.close();
    // Once a machine may stand still for as long.
    assert.ok(endedEarly > 0);
  },
});

Deno.test("waiting: an alarm never blocks the thread for longer than another allows", async () => {
  // Time passes while the thread is blocked alone.
  let nowMs = 0;
  const group = new AlarmGroup(() => nowMs);
  const waiter: Waiter = { note: null, wait: (durationMs) => void (nowMs += durationMs) };
  const rangAt: (readonly [dueMs: number, nowMs: number])[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const dueMs of [2.9, 1.1, 2, 0.4]) {
    const alarm = new BlockingAlarm(group, waiter, () => {
      rangAt.push([dueMs, nowMs]);
      if (rangAt.length === 4) resolve();
    });
    alarm.set(dueMs);
  }
  await promise;
  assert.deepEqual(rangAt.map(([dueMs]) => dueMs), [0.4, 1.1, 2, 2.9]);
  for (const [dueMs, ms] of rangAt) assert.ok(Math.abs(ms - dueMs) < 1e-9, `${dueMs} at ${ms}`);
});

Deno.test({
  name: "the event loop's descriptor is found, whatever other threads open meanwhile",
  ignore: !IS_LINUX,
  async fn() {
    const found = findLoopDescriptor();
    assert.ok(found !== null);
    const code = "setInterval(() => Deno.listen({ port: 0 }).close(), 0); postMessage(0);";
    const url = URL.createObjectURL(new Blob([code]));
    const worker = new Worker(url, { type: "module" });
    await new Promise((resolve) => worker.onmessage = resolve);
    // Another thread's is never taken for ours; that none is found is no fault.
    for (let i = 0; i < 10; i++) assert.ok([found, null].includes(findLoopDescriptor()));
    worker.terminate();
    URL.revokeObjectURL(url);
  },
});

/** Runs a program of a few lines with the flags; returns what it printed. */
async function runLines(
  flags: readonly string[],
  lines: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<{ readonly pid: number; readonly text: string }> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(path, lines);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "--no-config", ...flags, path, ...args],
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { stdout, stderr } = await child.output();
  await Deno.remove(path);
  return {
    pid: child.pid,
    text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr),
  };
}

const CLOCK = new URL("../../lib/clock/clock.ts", import.meta.url);
const RESTART = new URL("../../lib/cli/restart.ts", import.meta.url);

Deno.test("waiting without a permission: in slices, with the reason in a sentence", async () => {
  const lines = `
    import { RealClock } from "${CLOCK}";
    const clock = new RealClock();
    await clock.run((stop) => clock.alarm(stop).set(5));
    console.log(clock.waitingNote);`;
  const why = IS_LINUX ? /slices of 0.5 ms, .*without --allow-ffi/ : /made for Linux alone/;
  assert.match((await runLines([], lines)).text, why);
  if (!IS_LINUX) return;
  assert.match((await runLines(["--allow-ffi"], lines)).text, /descriptor was not found/);
  assert.match((await runLines(["--allow-all"], lines)).text, /^null/);
  const punctual = { DENO_TOKIO_EVENT_INTERVAL: "1" };
  assert.match((await runLines(["--allow-env"], lines, punctual)).text, /slices of 0.1 ms/);
});

Deno.test({
  name: "a program begins anew where its event loop looks too seldom, once, as the same process",
  ignore: !IS_LINUX,
  async fn() {
    const lines = `
      import { restartForEachTurn } from "${RESTART}";
      import { eventIntervalTurns } from "${CLOCK.href.replace("clock.ts", "event_interval.ts")}";
      restartForEachTurn();
      console.log(JSON.stringify([
        Deno.pid, Deno.args, eventIntervalTurns(), Deno.env.get("KEPT"),
        Deno.env.has("DENO_TOKIO_EVENT_INTERVAL"),
      ]));`;
    const args = ["", "a b", "ü\\n"];
    for (const set of [{}, { DENO_TOKIO_EVENT_INTERVAL: "1" }]) {
      const env = { KEPT: "x=y", ...set } as Record<string, string>;
      const { pid, text } = await runLines(["--allow-all"], lines, env, args);
      assert.deepEqual(JSON.parse(text), [pid, args, 1, "x=y", false], text);
    }
    const { text } = await runLines(["--allow-env"], lines, { KEPT: "x" }, args);
    assert.equal(JSON.parse(text)[2], 61);
  },
});
