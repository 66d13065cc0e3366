import assert from "node:assert/strict";
import { createCallColumns } from "../../lib/invoke/calls_in_flight.ts";
import type {
  CallColumns,
  Deployment,
  EndedConnection,
  Transport,
} from "../../lib/model/platform.ts";
import type { Outcome } from "../../lib/model/record.ts";
import {
  createHttp2Transport,
  type Http2TransportOptions,
} from "../../lib/rpc/transport/http2_transport.ts";
import { functionSpec } from "../support/function_spec.ts";
import { ManualClock } from "./manual_clock.ts";
import { type PeerConnection, reply, ScriptedPeer, within } from "../support/scripted_peer.ts";

const SLOTS = 256;

/** How a call ended. */
export interface Ending {
  readonly outcome: Outcome;
  readonly statusCode: number | null;
}

/** How a {@linkcode TestClient} calls; the addresses by default are those of one function each. */
export interface TestClientOptions
  extends Partial<Omit<Http2TransportOptions, "clock" | "deployments">> {
  readonly more?: Partial<Deployment>;
}

/** A client of the HTTP/2 transport that sees to it that every call ends once. */
export class TestClient implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly calls: CallColumns = createCallColumns(SLOTS);
  /** What is told of the end of calls, in order. */
  readonly endings: ({ slot: number } & Ending)[] = [];
  /** What is told of connections that are over, in order. */
  readonly connections: EndedConnection[] = [];
  readonly #waiting = new Map<number, (ending: Ending) => void>();
  readonly #sent = new Set<number>();
  #transport!: Transport;

  static async connect(
    addresses: readonly string[],
    options: TestClientOptions = {},
  ): Promise<TestClient> {
    const client = new TestClient();
    await client.connect(addresses, options);
    return client;
  }

  /** Makes the transport, which connects; the deadlines are those of its own clock. */
  async connect(
    addresses: readonly string[],
    { more, ...options }: TestClientOptions = {},
  ): Promise<void> {
    const deployments = addresses.map((address, i) => ({
      spec: functionSpec(i),
      address,
      authority: `function-${i}.test`,
      ...more,
    }));
    const factory = createHttp2Transport({
      clock: this.clock,
      deployments,
      coldStartsMarked: false,
      ...options,
    });
    this.#transport = await factory(
      this.calls,
      (slot, outcome, statusCode) => {
        this.endings.push({ slot, outcome, statusCode });
        this.#waiting.get(slot)?.({ outcome, statusCode });
      },
      (connection) => this.connections.push(connection),
    );
  }

  /** Sends the call in a slot; each slot carries one. */
  send(slot: number, { functionIndex = 0, runtimeMs = 5, deadlineMs = 30_000 } = {}): void {
    const { calls } = this;
    assert.ok(!this.#sent.has(slot), "a slot carries one call");
    this.#sent.add(slot);
    calls.functionIndex[slot] = functionIndex;
    calls.runtimeMs[slot] = runtimeMs;
    calls.memoryMib[slot] = 7;
    calls.deadlineMs[slot] = this.clock.nowMs() + deadlineMs;
    calls.setUpMs[slot] = calls.peerWaitMs[slot] = calls.boundWaitMs[slot] = NaN;
    calls.dispatchedMs[slot] = calls.completedMs[slot] = calls.servedRuntimeUs[slot] = NaN;
    calls.instance[slot] = calls.coldStart[slot] = calls.statusMessage[slot] = null;
    this.#transport.invoke(slot);
  }

  /** Lets a slot whose call has ended, and once, carry another. */
  reuse(slot: number): void {
    const ended = this.endings.filter((ending) => ending.slot === slot);
    assert.equal(ended.length, 1);
    this.endings.splice(this.endings.indexOf(ended[0]), 1);
    this.#sent.delete(slot);
  }

  /** How the call in the slot ends. */
  ended(slot: number): Promise<Ending> {
    const known = this.endings.find((ending) => ending.slot === slot);
    if (known !== undefined) {
      return Promise.resolve({ outcome: known.outcome, statusCode: known.statusCode });
    }
    return within(
      `call ${slot} ends`,
      new Promise((resolve) => this.#waiting.set(slot, resolve)),
    );
  }

  /** Waits until the call in the slot has ended so, and was sent or not. */
  async expectEnd(
    slot: number,
    outcome: Outcome,
    statusCode: number | null,
    wasDispatched = true,
  ): Promise<void> {
    assert.deepEqual(await this.ended(slot), { outcome, statusCode });
    assert.equal(!Number.isNaN(this.calls.dispatchedMs[slot]), wasDispatched, "was dispatched");
    const { dispatchedMs, completedMs } = this.calls;
    assert.ok(completedMs[slot] <= this.clock.nowMs(), "completed in the past");
    if (wasDispatched) assert.ok(dispatchedMs[slot] <= completedMs[slot], "dispatched before");
  }

  /** What the call waited for before its dispatch, in ms; what is left out: not for that. */
  expectWaits(
    slot: number,
    { setUpMs = NaN, peerWaitMs = NaN, boundWaitMs = NaN }: Partial<
      Record<"setUpMs" | "peerWaitMs" | "boundWaitMs", number>
    >,
  ): void {
    const { calls } = this;
    assert.deepEqual(
      [calls.setUpMs[slot], calls.peerWaitMs[slot], calls.boundWaitMs[slot]],
      [setUpMs, peerWaitMs, boundWaitMs],
      "set-up, peer, own bound",
    );
  }

  cancel(slot: number): void {
    this.#transport.cancel(slot);
  }

  close(): Promise<void> {
    return within("the transport closes", this.#transport.close());
  }

  /** Closes, and looks whether every call has ended, and once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    for (const slot of this.#sent) await this.ended(slot);
    const slots = this.endings.map(({ slot }) => slot).sort((a, b) => a - b);
    assert.deepEqual(slots, [...this.#sent].sort((a, b) => a - b), "every call ends once");
  }
}

/** A client that is connected to a peer of which the test decides every byte. */
export class Session implements AsyncDisposable {
  private constructor(
    readonly server: ScriptedPeer,
    readonly client: TestClient,
    readonly peer: PeerConnection,
  ) {}

  /** Connects; the peer's SETTINGS have these pairs. */
  static async start(
    pairs: readonly (readonly [number, number])[] = [],
    options: TestClientOptions = {},
  ): Promise<Session> {
    const server = ScriptedPeer.listen();
    const [client, peer] = await Promise.all([
      TestClient.connect([server.address], options),
      server.acceptHttp2(...pairs),
    ]);
    return new Session(server, client, peer);
  }

  /** Sends the call in a slot; its stream. */
  async call(slot: number): Promise<number> {
    this.client.send(slot);
    return await this.peer.expectCall();
  }

  /** A call in this slot is answered: on this connection, or on another. */
  async expectUsable(slot: number, peer: PeerConnection = this.peer): Promise<void> {
    this.client.send(slot);
    const streamId = await peer.expectCall();
    await peer.write(reply(streamId, `instance-${slot}`));
    await this.client.expectEnd(slot, "ok", 0);
    assert.equal(this.client.calls.instance[slot], `instance-${slot}`);
  }

  /** A call in this slot goes to a new connection. */
  async expectReplaced(slot: number): Promise<void> {
    await this.expectUsable(slot, await this.server.acceptHttp2());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.client[Symbol.asyncDispose]();
    } finally {
      this.server[Symbol.dispose]();
    }
  }
}
