import assert from "node:assert/strict";
import type { TlsSettings } from "../../lib/model/platform.ts";
import { endingOf } from "../../lib/rpc/call_ending.ts";
import { Certificates } from "./certificates.ts";
import { type CallRequest, InteropClient, type Target, until } from "./client.ts";
import { ENVOY } from "./envoy_peer.ts";
import { interopTest, type NamedTransport } from "./interop_test_case.ts";
import { GO, GRPC_JS, type Peer, PYTHON_GRPCIO } from "./peer.ts";

/** A transport, and a peer that listens, of which any function may be called. */
interface Conversation {
  readonly transport: NamedTransport;
  readonly peer: Peer;
  /** The function of that name at the peer. */
  target(name: string, metadata?: Readonly<Record<string, string>>): Target;
}

function connect(
  conversation: Conversation,
  ...functions: readonly string[]
): Promise<InteropClient> {
  const targets = functions.map((name) => conversation.target(name));
  return InteropClient.connect(conversation.transport, targets);
}

/** Every way of calling that a well-behaved server answers; all run against each of them. */
const CALLS: Readonly<Record<string, (conversation: Conversation) => Promise<void>>> = {
  async "1000 calls to 20 functions, 50 at once, are answered each with its own figures"(
    conversation,
  ) {
    const functions = Array.from({ length: 20 }, (_, i) => `echo-${i}`);
    await using client = await connect(conversation, ...functions);
    const requests = Array.from({ length: 1000 }, (_, i): Required<CallRequest> => ({
      target: i % functions.length,
      runtimeMs: 1 + i,
      memoryMib: 10_000 - i,
      deadlineAfterMs: 30_000,
    }));
    const expected = requests.map(({ runtimeMs, memoryMib }) => ({
      outcome: "ok",
      statusCode: 0,
      servedRuntimeUs: runtimeMs * 1000,
      servedMemoryKib: memoryMib * 1024,
      instance: conversation.peer.instance,
    }));
    const ended = await client.callAll(requests, 50);
    ended.sort((a, b) => a.servedRuntimeUs - b.servedRuntimeUs);
    assert.deepEqual(ended, expected);
  },

  async "a reply that takes its time"(conversation) {
    await using client = await connect(conversation, "sleep");
    const startMs = client.clock.nowMs();
    const { outcome, servedRuntimeUs } = await client.call({ runtimeMs: 80 });
    assert.deepEqual([outcome, servedRuntimeUs], ["ok", 80_000]);
    // Timers of servers may be rounded down by a millisecond.
    assert.ok(client.clock.nowMs() - startMs >= 79);
  },

  async "every status has its code and outcome"(conversation) {
    const codes = Array.from({ length: 16 }, (_, i) => i + 1);
    await using client = await connect(conversation, ...codes.map((code) => `status-${code}`));
    const ended = await Promise.all(codes.map((_, target) => client.call({ target })));
    assert.deepEqual(
      ended.map(({ outcome, statusCode, instance }) => ({ outcome, statusCode, instance })),
      codes.map((code) => ({
        outcome: endingOf("status", code, 0, Infinity).outcome,
        statusCode: code,
        instance: null,
      })),
    );
  },

  async "large replies pass the windows of stream and connection"(conversation) {
    const bytes = 2 ** 20;
    await using client = await connect(conversation, `large-${bytes}`);
    const ended = await client.callAll(Array.from({ length: 20 }, () => ({})), 5);
    assert.equal(ended.length, 20);
    for (const { outcome, instance } of ended) {
      assert.equal(outcome, "ok");
      assert.equal(instance?.length, bytes);
      assert.match(instance, /^x+$/);
    }
  },

  async "metadata of the function goes with its calls"({ transport, target }) {
    await using client = await InteropClient.connect(transport, [
      target("metadata-a", { "x-test": "first value" }),
      target("metadata-b", { "x-test": "second; value=2" }),
    ]);
    const ended = await Promise.all([0, 1, 0].map((i) => client.call({ target: i })));
    assert.deepEqual(
      ended.map(({ instance }) => instance),
      ["first value", "second; value=2", "first value"],
    );
  },

  async "a deadline that passes is a time-out, and the server is told"(conversation) {
    await using client = await connect(conversation, "hang", "cancelled", "hanging");
    // grpc-go resets the stream at its own reading of the deadline, which in some
    // of so many calls is before the client's timer fires: that is no failure.
    const requests = Array.from({ length: 200 }, (_, i) => ({ deadlineAfterMs: 50 + i % 17 }));
    const ended = await client.callAll(requests, 20);
    assert.deepEqual(new Set(ended.map(({ outcome }) => outcome)), new Set(["timed_out"]));
    // Envoy makes an UNAVAILABLE of that reset; what a peer says stands beside the outcome.
    const statuses = new Set(ended.map(({ statusCode }) => statusCode));
    if (conversation.peer === ENVOY) statuses.delete(14);
    assert.deepEqual(statuses, new Set([4]));
    await untilHanging(client, 2, 0);
    assert.ok((await client.call({ target: 1 })).servedRuntimeUs > 0, "calls had arrived");
  },

  async "a cancelled call ends as cancelled, and the server is told"(conversation) {
    await using client = await connect(conversation, "hang", "cancelled", "hanging");
    const before = (await client.call({ target: 1 })).servedRuntimeUs;
    const calls = Array.from({ length: 10 }, () => client.open());
    await untilHanging(client, 2, calls.length);
    for (const call of calls) client.cancel(call);
    for (const { outcome } of await Promise.all(calls.map((call) => call.ended))) {
      assert.equal(outcome, "cancelled");
    }
    await untilHanging(client, 2, 0);
    assert.equal((await client.call({ target: 1 })).servedRuntimeUs, before + calls.length);
  },

  async "closing the transport cancels what is out, and the server is told"(conversation) {
    const client = await connect(conversation, "hang", "hanging");
    const call = client.open();
    await untilHanging(client, 1, 1);
    await client[Symbol.asyncDispose]();
    assert.equal((await call.ended).outcome, "cancelled");
    await using another = await connect(conversation, "hanging");
    await untilHanging(another, 0, 0);
  },
};

async function untilHanging(client: InteropClient, target: number, count: number): Promise<void> {
  await until(`${count} calls hang`, async () => {
    return (await client.call({ target })).servedRuntimeUs === count;
  });
}

async function converse(
  t: Deno.TestContext,
  transport: NamedTransport,
  peer: Peer,
  address: string,
  tls?: TlsSettings,
): Promise<void> {
  const target = (name: string, metadata?: Readonly<Record<string, string>>) => ({
    address,
    authority: `${name}.test`,
    ...tls === undefined ? {} : { tls },
    ...metadata === undefined ? {} : { metadata },
  });
  for (const [name, body] of Object.entries(CALLS)) {
    await t.step(name, () => body({ transport, peer, target }));
  }
}

for (const peer of [GO, PYTHON_GRPCIO, GRPC_JS, ENVOY]) {
  interopTest(`${peer.name}, h2c`, peer, async (transport, t) => {
    await using server = await peer.start();
    await converse(t, transport, peer, server.address);
  });

  interopTest(
    `${peer.name}, TLS`,
    { needs: [...peer.needs, ...GO.needs] },
    async (transport, t) => {
      await using certificates = await Certificates.make();
      await using server = await peer.start({ certificates: certificates.folder });
      await converse(t, transport, peer, server.address, certificates.trusting);
    },
  );
}
