import type { Clock } from "../../lib/clock/clock.ts";
import { neverAborted } from "../../lib/base/signal.ts";
import {
  dispatch,
  type DispatchOptions,
  type DispatchResult,
} from "../../lib/invoke/dispatcher.ts";
import { VERDICT_LIMITS } from "../../lib/invoke/verdict.ts";
import type { CallColumns } from "../../lib/model/platform.ts";
import type { Schedule } from "../../lib/model/schedule.ts";
import { functionKey } from "../../lib/model/trace.ts";
import { GENERATOR } from "../../lib/store/schema/tables.ts";
import { createFakeTransport, type FakeAnswer, type FakeLog } from "../support/fake_transport.ts";
import { InvocationMemorySink, MemorySink } from "../support/memory_sink.ts";

/** What came of a schedule that was dispatched to a fake transport. */
export interface FakeRun {
  readonly rows: MemorySink["rows"];
  readonly seconds: MemorySink["rows"];
  readonly log: FakeLog;
  readonly result: DispatchResult;
}

/** Dispatches a schedule to a transport whose answers a test decides. */
export async function runFake(
  clock: Clock,
  schedule: Schedule,
  answer: (calls: CallColumns, slot: number) => FakeAnswer,
  options: Partial<DispatchOptions> = {},
): Promise<FakeRun> {
  const { factory, log } = createFakeTransport(clock, answer);
  const invocations = new InvocationMemorySink(schedule.functions.map(functionKey));
  const generator = new MemorySink(GENERATOR);
  const result = await dispatch({
    clock,
    schedule,
    transport: factory,
    invocations,
    generator,
    maxInFlight: 1000,
    timeoutMs: 60_000,
    drainMs: 10_000,
    limits: VERDICT_LIMITS,
    readCpuMs: null,
    signal: neverAborted(),
    ...options,
  });
  return { rows: invocations.rows, seconds: generator.rows, log, result };
}
