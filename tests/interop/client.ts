import assert from "node:assert/strict";
import { RealClock } from "../../lib/clock/clock.ts";
import { createCallColumns } from "../../lib/invoke/calls_in_flight.ts";
import type { CallColumns, Deployment, Transport } from "../../lib/model/platform.ts";
import type { Outcome } from "../../lib/model/record.ts";
import { functionSpec } from "../support/function_spec.ts";
import type { NamedTransport } from "./interop_test_case.ts";

/** A function to call: where it is and how it is spoken to. */
export type Target = Omit<Deployment, "spec">;

/** What a call came to. */
export interface EndedCall {
  readonly outcome: Outcome;
  readonly statusCode: number | null;
  readonly servedRuntimeUs: number;
  readonly servedMemoryKib: number;
  readonly instance: string | null;
}

/** What to call; the first target by default. */
export interface CallRequest {
  readonly target?: number;
  readonly runtimeMs?: number;
  readonly memoryMib?: number;
  readonly deadlineAfterMs?: number;
}

/** A call that is out. */
export interface OpenCall {
  readonly slot: number;
  readonly ended: Promise<EndedCall>;
}

/** No call is out for longer: one that got lost ends its test. */
const DEADLINE_MS = 30_000;

const SLOTS = 10_000;

/**
 * A client of a transport. Every call has a slot of its own, so that a call that
 * completes twice is seen; that and calls that never complete fail the test when
 * the client is disposed of.
 */
export class InteropClient implements AsyncDisposable {
  readonly clock: RealClock;
  readonly #calls: CallColumns;
  readonly #pending = new Map<number, (call: EndedCall) => void>();
  readonly #completedUnasked: number[] = [];
  #transport: Transport | undefined;
  #nextSlot = 0;

  private constructor(clock: RealClock) {
    this.clock = clock;
    this.#calls = createCallColumns(SLOTS);
  }

  /** Makes the transport, which connects. */
  static async connect(
    transport: NamedTransport,
    targets: readonly Target[],
    connectTimeoutMs = 10_000,
  ): Promise<InteropClient> {
    const clock = new RealClock();
    const client = new InteropClient(clock);
    const deployments = targets.map((target, i) => ({ ...target, spec: functionSpec(i) }));
    const factory = transport.create({
      clock,
      deployments,
      connectTimeoutMs,
      coldStartsMarked: false,
    });
    client.#transport = await factory(
      client.#calls,
      (slot, outcome, statusCode) => client.#complete(slot, outcome, statusCode),
    );
    return client;
  }

  /** Sends a call. */
  open(request: CallRequest = {}): OpenCall {
    const slot = this.#nextSlot++;
    assert.ok(slot < SLOTS, "a test makes fewer calls than that");
    const { target = 0, runtimeMs = 5, memoryMib = 7, deadlineAfterMs = DEADLINE_MS } = request;
    const calls = this.#calls;
    calls.functionIndex[slot] = target;
    calls.runtimeMs[slot] = runtimeMs;
    calls.memoryMib[slot] = memoryMib;
    calls.deadlineMs[slot] = this.clock.nowMs() + deadlineAfterMs;
    calls.setUpMs[slot] = calls.peerWaitMs[slot] = calls.boundWaitMs[slot] = NaN;
    calls.dispatchedMs[slot] = NaN;
    calls.servedRuntimeUs[slot] = NaN;
    calls.servedMemoryKib[slot] = NaN;
    calls.statusMessage[slot] = null;
    const ended = new Promise<EndedCall>((resolve) => this.#pending.set(slot, resolve));
    this.#transport!.invoke(slot);
    return { slot, ended };
  }

  /** Sends a call and waits until it ends. */
  call(request: CallRequest = {}): Promise<EndedCall> {
    return this.open(request).ended;
  }

  /** Sends calls, so many at once, until there is none left to send. */
  async callAll(requests: Iterable<CallRequest>, inFlight: number): Promise<EndedCall[]> {
    const ended: EndedCall[] = [];
    const left = requests[Symbol.iterator]();
    const worker = async () => {
      for (let next = left.next(); !next.done; next = left.next()) {
        ended.push(await this.call(next.value));
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    return ended;
  }

  /** What was said of a call that has ended otherwise than ok. */
  messageOf({ slot }: OpenCall): string | null {
    return this.#calls.statusMessage[slot];
  }

  /** Gives a call up. */
  cancel(call: OpenCall): void {
    this.#transport!.cancel(call.slot);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport!.close();
    await until("every call has completed", () => this.#pending.size === 0);
    assert.deepEqual(this.#completedUnasked, [], "slots of calls that completed more than once");
  }

  #complete(slot: number, outcome: Outcome, statusCode: number | null): void {
    const resolve = this.#pending.get(slot);
    if (resolve === undefined) {
      this.#completedUnasked.push(slot);
      return;
    }
    this.#pending.delete(slot);
    const { servedRuntimeUs, servedMemoryKib, instance } = this.#calls;
    resolve({
      outcome,
      statusCode,
      servedRuntimeUs: servedRuntimeUs[slot],
      servedMemoryKib: servedMemoryKib[slot],
      instance: instance[slot],
    });
  }
}

/** Longest wait for something that a server does beside its answers. */
const PATIENCE_MS = 20_000;

/**
 * Waits until the condition holds, asking again and again.
 *
 * @throws Error when it does not within 20 s
 */
export async function until(
  expectation: string,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const startMs = performance.now();
  while (!await condition()) {
    if (performance.now() - startMs > PATIENCE_MS) {
      throw new Error(`Expected within ${PATIENCE_MS / 1000} s that ${expectation}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
