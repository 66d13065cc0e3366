import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import http2 from "node:http2";
import * as grpc from "@grpc/grpc-js";
import { RealClock } from "../../../lib/clock/clock.ts";
import { createCallColumns } from "../../../lib/invoke/calls_in_flight.ts";
import type { Deployment } from "../../../lib/model/platform.ts";
import type { Outcome } from "../../../lib/model/record.ts";
import { type ExecutorCall, serveExecutor } from "../../../lib/rpc/executor/executor_server.ts";
import { STATUS } from "../../../lib/rpc/grpc/status.ts";
import type { Http2Server } from "../../../lib/rpc/http2/server.ts";
import { createHttp2Transport } from "../../../lib/rpc/transport/http2_transport.ts";
import { functionSpec } from "../../support/function_spec.ts";
import { within } from "../../support/scripted_peer.ts";
import { ExecutorClient } from "../../workloads/executor_client.ts";

const clock = new RealClock();
const NAME = new TextEncoder().encode("echo");

function answer(call: ExecutorCall): void {
  call.answer(NAME, call.runtimeMs * 1000, call.memoryMib * 1024);
}

function serve(
  onCall: (call: ExecutorCall) => void = answer,
  maxConcurrentStreams = 100,
): Http2Server {
  return serveExecutor({ clock, hostname: "127.0.0.1", port: 0, maxConcurrentStreams, onCall });
}

/** A real client of grpc-js. */
function clientTest(
  name: string,
  onCall: (call: ExecutorCall) => void,
  test: (client: ExecutorClient) => Promise<void>,
): void {
  Deno.test(`executor server, grpc-js: ${name}`, async () => {
    const server = serve(onCall);
    const client = new ExecutorClient(`127.0.0.1:${server.port}`, "f.localhost");
    try {
      await test(client);
    } finally {
      client.close();
      await server.close({ abort: true });
    }
  });
}

clientTest("answers with what it was told", answer, async (client) => {
  const results = await Promise.all(
    Array.from({ length: 50 }, (_, i) => client.execute(1000 + i, 64)),
  );
  for (const [i, { status, reply }] of results.entries()) {
    assert.equal(status, grpc.status.OK);
    assert.deepEqual({ ...reply }, {
      message: "echo",
      durationInMicroSec: (1000 + i) * 1000,
      memoryUsageInKb: 65_536,
    });
  }
});

clientTest(
  "a status comes with its sentence",
  (call) => call.fail(STATUS.resourceExhausted, "Zu viele Aufrufe, ä: 100 %."),
  async (client) => {
    const { status, details } = await client.execute(1);
    assert.equal(status, grpc.status.RESOURCE_EXHAUSTED);
    assert.equal(details, "Zu viele Aufrufe, ä: 100 %.");
  },
);

const cancelled = Promise.withResolvers<void>();
const arrived = Promise.withResolvers<void>();
clientTest("a caller that gives up is told of", (call) => {
  call.onCancelled = cancelled.resolve;
  arrived.resolve();
}, async (client) => {
  const call = client.start(1);
  await arrived.promise;
  call.cancel();
  assert.equal((await call.result).status, grpc.status.CANCELLED);
  await within("the call is cancelled", cancelled.promise);
});

Deno.test("executor server, grpc-js: another method is UNIMPLEMENTED", async () => {
  const server = serve();
  const client = new grpc.Client(
    `127.0.0.1:${server.port}`,
    grpc.credentials.createInsecure(),
  );
  const error = await new Promise<grpc.ServiceError | null>((resolve) =>
    client.makeUnaryRequest(
      "/grpc.health.v1.Health/Check",
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes) => bytes,
      new Uint8Array(0),
      resolve,
    )
  );
  assert.equal(error?.code, grpc.status.UNIMPLEMENTED);
  client.close();
  await server.close({ abort: true });
});

Deno.test("executor server: our client, more calls than a connection takes", async () => {
  const server = serve(answer, 8);
  const slots = 40;
  const total = 2000;
  const calls = createCallColumns(slots);
  const outcomes = new Map<Outcome, number>();
  const done = Promise.withResolvers<void>();
  const deployments: Deployment[] = [0, 1].map((index) => ({
    spec: functionSpec(index),
    address: `127.0.0.1:${server.port}`,
    authority: `f-${index}.localhost`,
  }));
  let sent = 0;
  let ended = 0;
  const transport = await createHttp2Transport({ clock, deployments, coldStartsMarked: false })(
    calls,
    (slot, outcome) => {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      assert.equal(calls.servedRuntimeUs[slot], calls.runtimeMs[slot] * 1000);
      assert.equal(calls.servedMemoryKib[slot], calls.memoryMib[slot] * 1024);
      assert.equal(calls.instance[slot], "echo");
      if (sent < total) send(slot);
      else if (++ended === slots) done.resolve();
    },
  );
  const send = (slot: number) => {
    calls.functionIndex[slot] = sent % 2;
    calls.runtimeMs[slot] = 1 + sent;
    calls.memoryMib[slot] = sent++ % 100;
    calls.deadlineMs[slot] = clock.nowMs() + 60_000;
    calls.setUpMs[slot] = calls.peerWaitMs[slot] = calls.boundWaitMs[slot] = NaN;
    calls.dispatchedMs[slot] = NaN;
    transport.invoke(slot);
  };
  for (let slot = 0; slot < slots; slot++) send(slot);
  await done.promise;
  await transport.close();
  await server.close();
  assert.deepEqual([...outcomes], [["ok", total]]);
});

Deno.test("executor server: what is not gRPC is told so by HTTP", async () => {
  const server = serve();
  const session = http2.connect(`http://127.0.0.1:${server.port}`);
  const request = session.request({ ":method": "GET", ":path": "/" });
  const [headers] = await new Promise<[http2.IncomingHttpHeaders]>((resolve, reject) => {
    request.on("response", (...given) => resolve([given[0]]));
    request.on("error", reject);
    request.end();
  });
  assert.equal(headers[":status"], 415);
  await new Promise<void>((resolve) => session.close(resolve));
  await server.close({ abort: true });
});
