import * as grpc from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { RealClock } from "../../../lib/clock/clock.ts";
import { createCallColumns } from "../../../lib/invoke/calls_in_flight.ts";
import type { Deployment } from "../../../lib/model/platform.ts";
import type { Outcome } from "../../../lib/model/record.ts";
import { createGrpcJsTransport } from "../../../lib/rpc/grpc_js/grpc_js_transport.ts";
import { type ExecuteHandler, ExecutorServer } from "../../support/executor_server.ts";
import { functionSpec } from "../../support/function_spec.ts";
import { TLS_FILES } from "../../support/test_certificates.ts";

const SLOTS = 500;

function deploymentAt(
  address: string,
  name = "function-a",
  more: Partial<Deployment> = {},
): Deployment {
  const spec = functionSpec(0, { name });
  return { spec, address, authority: `${name}.test`, ...more };
}

interface Completion {
  readonly slot: number;
  readonly outcome: Outcome;
  readonly statusCode: number | null;
}

/** A client of one or more addresses, with its completions awaited by count. */
async function connect(
  addresses: readonly string[],
  connectTimeoutMs = 5000,
  more: Partial<Deployment> = {},
) {
  const clock = new RealClock();
  const calls = createCallColumns(SLOTS);
  const completions: Completion[] = [];
  let wanted = Infinity;
  let arrived = () => {};
  const transport = await createGrpcJsTransport({
    clock,
    deployments: addresses.map((address, i) => deploymentAt(address, `function-${i}`, more)),
    connectTimeoutMs,
    coldStartsMarked: true,
  })(calls, (slot, outcome, statusCode) => {
    completions.push({ slot, outcome, statusCode });
    if (completions.length >= wanted) arrived();
  });
  return {
    clock,
    calls,
    completions,
    transport,
    send(slot: number, { runtimeMs = 5, deadlineMs = 30_000, functionIndex = 0 } = {}) {
      calls.functionIndex[slot] = functionIndex;
      calls.runtimeMs[slot] = runtimeMs;
      calls.memoryMib[slot] = 7;
      calls.deadlineMs[slot] = clock.nowMs() + deadlineMs;
      calls.setUpMs[slot] = calls.peerWaitMs[slot] = calls.boundWaitMs[slot] = NaN;
      calls.dispatchedMs[slot] = NaN;
      calls.servedRuntimeUs[slot] = NaN;
      calls.coldStart[slot] = null;
      transport.invoke(slot);
    },
    completed(count: number): Promise<void> {
      wanted = count;
      if (completions.length >= count) return Promise.resolve();
      return new Promise((resolve) => arrived = resolve);
    },
  };
}

const echo: ExecuteHandler = (call, callback) =>
  callback(null, {
    message: `instance of ${call.getHost()}`,
    durationInMicroSec: call.request.runtimeInMilliSec * 1000,
    memoryUsageInKb: call.request.memoryInMebiBytes * 1024,
  });

Deno.test("grpc-js transport: request, authority and reply arrive whole", async () => {
  using server = await ExecutorServer.listen(echo);
  const client = await connect([server.address]);
  client.send(3);
  await client.completed(1);
  assert.deepEqual(client.completions, [{ slot: 3, outcome: "ok", statusCode: 0 }]);
  assert.equal(client.calls.servedRuntimeUs[3], 5000);
  assert.equal(client.calls.servedMemoryKib[3], 7 * 1024);
  assert.equal(client.calls.instance[3], "instance of function-0.test");
  assert.equal(client.calls.coldStart[3], false);
  assert.ok(client.calls.dispatchedMs[3] <= client.clock.nowMs());
  await client.transport.close();
});

Deno.test("grpc-js transport: an instance that became ready after the dispatch is cold", async () => {
  const ready: number[] = [];
  using server = await ExecutorServer.listen((call, callback) => {
    const metadata = new grpc.Metadata();
    metadata.set("x-instance-ready-unix-ms", String(ready[call.request.runtimeInMilliSec]));
    call.sendMetadata(metadata);
    callback(null, { message: "i" });
  });
  const client = await connect([server.address]);
  ready.push(client.clock.originUnixMs - 1000, client.clock.originUnixMs + 60_000);
  client.send(0, { runtimeMs: 0 });
  client.send(1, { runtimeMs: 1 });
  await client.completed(2);
  assert.deepEqual([client.calls.coldStart[0], client.calls.coldStart[1]], [false, true]);
  await client.transport.close();
});

Deno.test("grpc-js transport: each status has its outcome", async () => {
  using server = await ExecutorServer.listen((call, callback) => {
    const code = call.request.runtimeInMilliSec;
    if (code === 0) return echo(call, callback);
    callback({ code, details: "as asked" });
  });
  const client = await connect([server.address]);
  for (let code = 0; code <= 16; code++) client.send(code, { runtimeMs: code });
  await client.completed(17);
  const expected: Record<number, Outcome> = {
    0: "ok",
    // Said by the server, not wished by the user.
    1: "failed",
    4: "timed_out",
    8: "rejected",
    14: "rejected",
  };
  for (const { slot, outcome, statusCode } of client.completions) {
    assert.equal(statusCode, slot);
    assert.equal(outcome, expected[slot] ?? "failed");
  }
  await client.transport.close();
});

Deno.test("grpc-js transport: a deadline that passes is a time-out, and the server is told", async () => {
  const { promise: told, resolve } = Promise.withResolvers<void>();
  using server = await ExecutorServer.listen((call) => call.on("cancelled", () => resolve()));
  const client = await connect([server.address]);
  client.send(0, { deadlineMs: 60 });
  await client.completed(1);
  assert.deepEqual(client.completions, [{ slot: 0, outcome: "timed_out", statusCode: 4 }]);
  await told;
  await client.transport.close();
});

Deno.test("grpc-js transport: a cancelled call completes as cancelled, and the server is told", async () => {
  const { promise: told, resolve } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  using server = await ExecutorServer.listen((call) => {
    call.on("cancelled", () => resolve());
    arrive();
  });
  const client = await connect([server.address]);
  client.send(0);
  await arrived;
  client.transport.cancel(0);
  await client.completed(1);
  assert.deepEqual(client.completions, [{ slot: 0, outcome: "cancelled", statusCode: 1 }]);
  await told;
  await client.transport.close();
});

Deno.test("grpc-js transport: more calls at once than one connection carries, all dispatched at once", async () => {
  const waiting: (() => void)[] = [];
  let most = 0;
  using server = await ExecutorServer.listen((call, callback) => {
    waiting.push(() => echo(call, callback));
    most = Math.max(most, waiting.length);
    // Nobody is answered until all have arrived: a call that waits for a stream would hang.
    if (waiting.length === SLOTS) waiting.forEach((answer) => answer());
  });
  const client = await connect([server.address]);
  for (let slot = 0; slot < SLOTS; slot++) client.send(slot);
  await client.completed(SLOTS);
  assert.equal(most, SLOTS);
  assert.ok(client.completions.every(({ outcome }) => outcome === "ok"));
  await client.transport.close();
});

Deno.test("grpc-js transport: several addresses, each call to its own", async () => {
  using a = await ExecutorServer.listen((_call, callback) => callback(null, { message: "a" }));
  using b = await ExecutorServer.listen((_call, callback) => callback(null, { message: "b" }));
  const client = await connect([a.address, b.address]);
  client.send(0, { functionIndex: 0 });
  client.send(1, { functionIndex: 1 });
  await client.completed(2);
  assert.deepEqual([client.calls.instance[0], client.calls.instance[1]], ["a", "b"]);
  await client.transport.close();
});

Deno.test("grpc-js transport: nobody at the address is told in a sentence", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assert.rejects(connect([`127.0.0.1:${port}`], 300), {
    code: "platform",
    message: new RegExp(`No connection to 127.0.0.1:${port} within 0.3 s`),
  });
});

Deno.test("grpc-js transport: without a server calls fail to connect, and with it back they go on", async () => {
  const server = await ExecutorServer.listen(echo);
  const client = await connect([server.address], 3000);
  client.send(0);
  await client.completed(1);
  server[Symbol.dispose]();
  // The client may learn of it only with this call, which then fails on the way.
  client.send(1);
  await client.completed(2);
  assert.notEqual(client.completions[1].outcome, "ok");
  client.send(2);
  await client.completed(3);
  assert.equal(client.completions[2].outcome, "connect_failed");
  assert.ok(Number.isNaN(client.calls.dispatchedMs[2]));
  // Its own deadline ends the wait, too, and what it waited is the peer's.
  client.send(3, { deadlineMs: 50 });
  const sentMs = client.clock.nowMs();
  await client.completed(4);
  assert.deepEqual(client.completions[3], { slot: 3, outcome: "connect_failed", statusCode: null });
  const { peerWaitMs, setUpMs, dispatchedMs } = client.calls;
  const waitedMs = client.clock.nowMs() - sentMs;
  assert.ok(peerWaitMs[3] >= 49 && peerWaitMs[3] <= waitedMs, String(peerWaitMs[3]));
  client.send(4);
  const againMs = client.clock.nowMs();
  using _again = await ExecutorServer.listen(echo, server.port);
  await client.completed(5);
  assert.equal(client.completions[4].outcome, "ok");
  const partsMs = (setUpMs[4] || 0) + (peerWaitMs[4] || 0);
  assert.ok(partsMs > 0 && partsMs <= dispatchedMs[4] - againMs + 0.001, String(partsMs));
  await client.transport.close();
});

Deno.test("grpc-js transport: closing completes what is out", async () => {
  using server = await ExecutorServer.listen(() => {});
  const client = await connect([server.address]);
  client.send(0);
  await client.transport.close();
  await client.completed(1);
  assert.equal(client.completions[0].outcome, "cancelled");
});

const CA = Deno.readTextFileSync(TLS_FILES.ca);
const OWN_CERTIFICATE = {
  chain: Deno.readTextFileSync(TLS_FILES.clientCertificate),
  key: Deno.readTextFileSync(TLS_FILES.clientKey),
};

Deno.test("grpc-js transport: TLS with an authority of one's own, each call with its own :authority", async () => {
  using server = await ExecutorServer.listen(echo, 0, { tls: "server" });
  for (const address of [server.address, `localhost:${server.port}`]) {
    const client = await connect([address], 5000, {
      tls: { caCertificates: [CA], certificate: null },
    });
    client.send(0);
    await client.completed(1);
    assert.deepEqual(client.completions, [{ slot: 0, outcome: "ok", statusCode: 0 }]);
    assert.equal(client.calls.instance[0], "instance of function-0.test");
    await client.transport.close();
  }
});

Deno.test("grpc-js transport: an authority that is not trusted is no connection", async () => {
  using server = await ExecutorServer.listen(echo, 0, { tls: "server" });
  const tls = { caCertificates: [], certificate: null };
  await assert.rejects(connect([server.address], 300, { tls }), {
    code: "platform",
    message: /No connection to/,
  });
});

Deno.test("grpc-js transport: a certificate for another host is no connection", async () => {
  using server = await ExecutorServer.listen(echo, 0, { tls: "stranger" });
  const tls = { caCertificates: [CA], certificate: null };
  for (const address of [server.address, `localhost:${server.port}`]) {
    await assert.rejects(connect([address], 500, { tls }), { code: "platform" });
  }
});

Deno.test("grpc-js transport: a certificate of one's own where the server wants one", async () => {
  using server = await ExecutorServer.listen(echo, 0, { tls: "mutual" });
  const client = await connect([server.address], 5000, {
    tls: { caCertificates: [CA], certificate: OWN_CERTIFICATE },
  });
  client.send(0);
  await client.completed(1);
  assert.equal(client.completions[0].outcome, "ok");
  await client.transport.close();
});

Deno.test("grpc-js transport: a traceparent goes with the call that has one, and with no other", async () => {
  const seen: unknown[] = [];
  using server = await ExecutorServer.listen((call, callback) => {
    seen.push([...call.metadata.get("traceparent"), ...call.metadata.get("x-tenant")]);
    echo(call, callback);
  });
  const client = await connect([server.address], 5000, { metadata: { "x-tenant": "a b" } });
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  for (const [slot, value] of [null, traceparent, null].entries()) {
    client.calls.traceparent[slot] = value;
    client.send(slot);
    await client.completed(slot + 1);
  }
  assert.deepEqual(seen, [["a b"], [traceparent, "a b"], ["a b"]]);
  await client.transport.close();
});

Deno.test("grpc-js transport: metadata goes with every call, bytes as bytes", async () => {
  const seen: unknown[] = [];
  using server = await ExecutorServer.listen((call, callback) => {
    seen.push([call.metadata.get("x-tenant"), call.metadata.get("x-key-bin")]);
    echo(call, callback);
  });
  const client = await connect([server.address], 5000, {
    metadata: { "x-tenant": "a b", "x-key-bin": "AP8" },
  });
  client.send(0);
  client.send(1);
  await client.completed(2);
  const expected = [["a b"], [Buffer.from([0, 255])]];
  assert.deepEqual(seen, [expected, expected]);
  await client.transport.close();
});
