import assert from "node:assert/strict";
import type { Outcome } from "../../lib/model/record.ts";
import { type CallRequest, type EndedCall, InteropClient, until } from "./client.ts";
import { ENVOY, startEnvoy } from "./envoy_peer.ts";
import { interopTest, LASTING_TRANSPORTS } from "./interop_test_case.ts";
import { GO, GRPC_JS, PYTHON_GRPCIO } from "./peer.ts";

/** How a call may end whose connection is lost. */
const LOST: readonly Outcome[] = ["rejected", "failed", "connect_failed"];

function targetsAt(address: string, ...functions: readonly string[]) {
  return functions.map((name) => ({ address, authority: `${name}.test` }));
}

/** How many calls ended in each way. */
function countOutcomes(ended: readonly EndedCall[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of ended) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

async function hangUntilArrived(
  client: InteropClient,
  count: number,
): Promise<Promise<EndedCall[]>[]> {
  const ended = Promise.all(Array.from({ length: count }, () => client.call()));
  await until(`${count} calls hang`, async () => {
    return (await client.call({ target: 1 })).servedRuntimeUs === count;
  });
  // In an array, lest the promise be awaited here.
  return [ended];
}

for (const peer of [GO, PYTHON_GRPCIO, GRPC_JS]) {
  interopTest(`${peer.name}: more calls than streams are allowed`, peer, async (transport) => {
    await using server = await peer.start({ maxStreams: 5 });
    await using client = await InteropClient.connect(
      transport,
      targetsAt(server.address, "sleep"),
    );
    const atOnce = await Promise.all(
      Array.from({ length: 100 }, () => client.call({ runtimeMs: 20 })),
    );
    const load = Array.from({ length: 1000 }, () => ({ runtimeMs: 2 }));
    const ended = [...atOnce, ...await client.callAll(load, 100)];
    const refused = ended.filter(({ statusCode }) => statusCode === 14).length;
    assert.ok(refused === 0 || peer.countsEndedStreams && refused < ended.length);
    assert.deepEqual(countOutcomes(ended), {
      ok: ended.length - refused,
      ...refused === 0 ? {} : { rejected: refused },
    });
  });

  interopTest(`${peer.name}: connections that grow old under load lose no call`, peer, async (
    transport,
  ) => {
    await using server = await peer.start({ maxConnectionAgeMs: 300 });
    await using client = await InteropClient.connect(
      transport,
      targetsAt(server.address, "sleep", "connections"),
    );
    const endMs = client.clock.nowMs() + 3000;
    function* load(): Iterable<CallRequest> {
      while (client.clock.nowMs() < endMs) yield { runtimeMs: 10 };
    }
    const ended = await client.callAll(load(), 20);
    assert.deepEqual(countOutcomes(ended), { ok: ended.length });
    assert.ok(ended.length >= 20);
    if (peer !== GO) return;
    const connections = (await client.call({ target: 1 })).servedRuntimeUs;
    assert.ok(connections >= 4, `the server has closed connections: it accepted ${connections}`);
  });
}

for (const peer of [GO, PYTHON_GRPCIO, GRPC_JS, ENVOY]) {
  interopTest(`${peer.name}: killed in mid-flight and back again`, peer, async (transport) => {
    await using server = await peer.start();
    await using client = await InteropClient.connect(
      transport,
      targetsAt(server.address, "hang", "hanging", "echo"),
    );
    const [hung] = await hangUntilArrived(client, 50);
    await server.kill();
    for (const { outcome } of await hung) assert.ok(LOST.includes(outcome), outcome);

    await using _again = await peer.start({ port: server.port });
    const ended = await client.callAll(Array.from({ length: 50 }, () => ({ target: 2 })), 10);
    assert.deepEqual(countOutcomes(ended), { ok: 50 });
  }, LASTING_TRANSPORTS);
}

interopTest("envoy: the server behind it is killed in mid-flight", ENVOY, async (transport) => {
  await using envoy = await startEnvoy();
  await using client = await InteropClient.connect(
    transport,
    targetsAt(envoy.address, "hang", "hanging"),
  );
  const [hung] = await hangUntilArrived(client, 20);
  await envoy.upstream.kill();
  for (const { outcome, statusCode } of await hung) {
    assert.deepEqual({ outcome, statusCode }, { outcome: "rejected", statusCode: 14 });
  }
});
