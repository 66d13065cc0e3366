import assert from "node:assert/strict";
import { Call } from "../../../workloads/trace_function/call.ts";
import { CallTable, MAX_CALLS } from "../../../workloads/trace_function/call_table.ts";
import { calibrateQuickly } from "../../../workloads/trace_function/calibration.ts";
import { parseFunctionServerOptions } from "../../../workloads/trace_function/options.ts";
import { spinUnits } from "../../../workloads/trace_function/spin.ts";
import { BlockPool, TouchedMemory } from "../../../workloads/trace_function/touched_memory.ts";

Deno.test("a unit of work is 100 square roots, each from the one before", () => {
  let chain = 7;
  for (let root = 0; root < 300; root++) chain = Math.sqrt(chain + 1.5);
  assert.equal(spinUnits(3, 7), chain);
  assert.equal(spinUnits(0, 7), 7);
});

Deno.test("memory is touched to the last byte and given back", () => {
  const memory = new TouchedMemory(66.5 * 1024 * 1024, new BlockPool());
  let turns = 1;
  while (!memory.touchMore()) turns++;
  assert.equal(memory.touchedKib, 66.5 * 1024);
  assert.ok(turns >= 67, "in turns, so that a call can be cancelled meanwhile");
  memory.free();
  assert.ok(memory.touchMore());
});

Deno.test("memory stays with the instance: a call takes what an earlier one gave back", () => {
  const pool = new BlockPool();
  const first = pool.take(3000);
  pool.giveBack(first);
  assert.equal(pool.take(2000), first);
  pool.giveBack(first);
  const larger = pool.take(5000);
  assert.equal(larger.byteLength, 5000);
  assert.equal(first.byteLength, 0, "the smaller one made room");
  const beside = pool.take(10);
  assert.notEqual(beside, larger, "a block in use is not given twice");
});

Deno.test("half of the requested memory is held, then the work is done", () => {
  const calibration = { coldIterationsPerMs: 1000, warmIterationsPerMs: 1000 };
  const call = new Call(5, 3, calibration, new BlockPool());
  let turns = 1;
  while (!call.workOneTurn()) turns++;
  assert.equal(call.memoryKib, 1.5 * 1024);
  assert.ok(turns > 2, `${turns} turns`);
  call.free();
});

Deno.test("the work is fixed: runs from a second on use the warm constant", () => {
  const turnsOf = (runtimeMs: number) => {
    const calibration = { coldIterationsPerMs: 64, warmIterationsPerMs: 1 };
    const call = new Call(runtimeMs, 0, calibration, new BlockPool());
    let turns = 1;
    while (!call.workOneTurn()) turns++;
    return turns;
  };
  // 999 ms are 999 × 64 units in turns of 64; 1000 ms are 1000 units.
  assert.ok(turnsOf(999) > 900);
  assert.ok(turnsOf(1000) < 50);
});

Deno.test("both constants are found", () => {
  const { coldIterationsPerMs, warmIterationsPerMs } = calibrateQuickly();
  assert.ok(coldIterationsPerMs >= 1);
  assert.ok(warmIterationsPerMs >= 1);
});

Deno.test("a cancelled slot is free of it with its next call", () => {
  const table = new CallTable();
  const slot = MAX_CALLS - 1;
  assert.equal(table.callNumber(slot), 0);
  table.add(slot, 20, 4_000_000_000);
  assert.equal(table.additions(), 1);
  assert.equal(table.callNumber(slot), 1);
  assert.equal(table.runtimeMs(slot), 20);
  assert.equal(table.memoryMib(slot), 4_000_000_000);
  assert.ok(!table.isCancelled(slot));
  table.cancel(slot);
  assert.ok(table.isCancelled(slot));
  table.add(slot, 30, 1);
  assert.ok(!table.isCancelled(slot));
  assert.equal(new CallTable(table.memory).runtimeMs(slot), 30);
});

Deno.test("options come from the command line, then from the environment", () => {
  const environment: Record<string, string> = { PORT: "8080", COLD_ITER_PER_1MS: "120" };
  const read = (args: string[]) => parseFunctionServerOptions(args, (name) => environment[name]);
  assert.deepEqual(read(["--name", "n"]), {
    host: "0.0.0.0",
    port: 8080,
    name: "n",
    exitWithStdin: false,
    calibration: { coldIterationsPerMs: 120, warmIterationsPerMs: 120 },
  });
  assert.throws(() => read(["--port", "70000"]), /--port must be .* not "70000"/);
  assert.throws(() => read(["--unknown"]), /--unknown/);
  environment.COLD_ITER_PER_1MS = "fast";
  assert.throws(() => read([]), /COLD_ITER_PER_1MS .* not "fast"/);
});
