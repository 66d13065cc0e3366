import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { service as healthService } from "grpc-health-check";
import { readLines } from "../../../lib/platform/local/control.ts";
import { ExecutorClient, until } from "../executor_client.ts";

const MAIN = fileURLToPath(new URL("../../../workloads/trace_function/main.ts", import.meta.url));

/** A constant below any machine's: the tests ask for little work. */
const ITERATIONS_PER_MS = 100;

interface RunningFunction {
  readonly address: string;
  readonly child: Deno.ChildProcess;
}

async function withFunction(
  test: (running: RunningFunction) => Promise<void>,
  environment: Record<string, string> = {
    COLD_ITER_PER_1MS: String(ITERATIONS_PER_MS),
    WARM_ITER_PER_1MS: String(ITERATIONS_PER_MS),
  },
): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt"],
      ...["--allow-net=127.0.0.1", "--allow-read", "--allow-env", "--allow-sys=uid,gid", MAIN],
      ...["--host", "127.0.0.1", "--port", "0", "--name", "unit-00001", "--exit-with-stdin"],
    ],
    env: environment,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = readLines(child.stdout);
  try {
    const { value } = await lines.next();
    const ready = JSON.parse(value ?? "null");
    assert.equal(ready.ready, true);
    assert.equal(ready.name, "unit-00001");
    await test({ address: `127.0.0.1:${ready.port}`, child });
  } finally {
    await child.stdin.close().catch(() => {});
    await lines.next();
    await child.status;
  }
}

function functionTest(
  name: string,
  test: (client: ExecutorClient, running: RunningFunction) => Promise<void>,
): void {
  Deno.test(`trace function: ${name}`, () =>
    withFunction(async (running) => {
      const client = new ExecutorClient(running.address);
      try {
        await test(client, running);
      } finally {
        client.close();
      }
    }));
}

functionTest("replies with its name, its duration and the memory it touched", async (client) => {
  const { status, reply } = await client.execute(20, 10);
  assert.equal(status, grpc.status.OK);
  assert.equal(reply?.message, "unit-00001");
  assert.equal(reply?.memoryUsageInKb, 5 * 1024);
  assert.ok(reply!.durationInMicroSec > 0);
});

functionTest("refuses a runtime of 0", async (client) => {
  const { status, details } = await client.execute(0);
  assert.equal(status, grpc.status.INVALID_ARGUMENT);
  assert.match(details, /at least 1/);
});

functionTest("a cancelled call stops and makes room for the next", async (client) => {
  // Would take an hour of 100 units a millisecond, minutes on any machine.
  const endless = client.start(3_600_000);
  const first = await client.execute(1);
  assert.equal(first.status, grpc.status.OK, "shares the instance with the endless call");
  endless.cancel();
  assert.equal((await endless.result).status, grpc.status.CANCELLED);
  const passed = await client.execute(3_600_000, 1, 200);
  assert.equal(passed.status, grpc.status.DEADLINE_EXCEEDED);
  // All slots are free again: as many calls as there are slots find room.
  await until("the cancelled calls have ended", async () => {
    const calls = Array.from({ length: 64 }, () => client.execute(1));
    return (await Promise.all(calls)).every(({ status }) => status === grpc.status.OK);
  });
});

functionTest("too many calls at once are turned away", async (client) => {
  const calls = Array.from({ length: 65 }, () => client.start(3_600_000));
  const { status } = await Promise.race(calls.map(({ result }) => result));
  assert.equal(status, grpc.status.RESOURCE_EXHAUSTED);
  for (const call of calls) call.cancel();
  await Promise.all(calls.map(({ result }) => result));
});

functionTest("answers the standard health service", async (_, { address }) => {
  const Health = grpc.makeClientConstructor(healthService, "Health");
  const client = new Health(address, grpc.credentials.createInsecure());
  const response = await new Promise<{ status: string }>((resolve, reject) =>
    client.Check(
      { service: "faas.Executor" },
      (error: Error | null, value: { status: string }) => error ? reject(error) : resolve(value),
    )
  );
  assert.equal(response.status, "SERVING");
  client.close();
});

functionTest("answers server reflection", async (_, { address }) => {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  // ServerReflectionRequest { list_services = 7: "" } and the raw answer.
  const call = client.makeBidiStreamRequest(
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    (request: Buffer) => request,
    (response) => response.toString("latin1"),
  );
  const answer = new Promise<string>((resolve, reject) => {
    call.on("data", resolve);
    call.on("error", reject);
  });
  call.write(Buffer.from([0x3a, 0x00]));
  assert.match(await answer, /faas\.Executor/);
  call.end();
  await new Promise((resolve) => call.on("status", resolve));
  client.close();
});

functionTest("ends when its standard input closes, whatever it does", async (client, running) => {
  const endless = client.start(3_600_000);
  await client.execute(1);
  await running.child.stdin.close();
  const { code } = await running.child.status;
  assert.equal(code, 0);
  assert.equal((await endless.result).status, grpc.status.UNAVAILABLE);
});

functionTest("drains on SIGTERM", async (client, running) => {
  const call = client.start(2000);
  await client.execute(1);
  running.child.kill("SIGTERM");
  assert.equal((await call.result).status, grpc.status.OK);
  assert.equal((await running.child.status).code, 0);
});

Deno.test("trace function: finds its constants out where they are not given", async () => {
  await withFunction(async ({ address }) => {
    const client = new ExecutorClient(address);
    assert.equal((await client.execute(1)).status, grpc.status.OK);
    client.close();
  }, {});
});

Deno.test("trace function: a port in use ends it with a reason", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "-A", MAIN, "--host", "127.0.0.1"],
      ...["--port", String(listener.addr.port)],
    ],
    env: { COLD_ITER_PER_1MS: "100", NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).output();
  listener.close();
  assert.equal(code, 1);
  assert.match(new TextDecoder().decode(stderr), new RegExp(`:${listener.addr.port}`));
});
