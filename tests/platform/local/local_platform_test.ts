import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { LoaderError } from "../../../lib/base/error.ts";
import type { FunctionSpec, InstanceEvent, Platform } from "../../../lib/model/platform.ts";
import { PLATFORM_METRICS } from "../../../lib/store/schema/tables.ts";
import { readLines } from "../../../lib/platform/local/control.ts";
import type { LocalOptions } from "../../../lib/platform/local/local_options.ts";
import { createPlatform, type PlatformName } from "../../../lib/platform/registry.ts";
import { parsePrometheusText } from "../../../lib/scrape/prometheus_text.ts";
import { ExecutorClient, isAlive, until } from "../../workloads/executor_client.ts";
import { functionSpec } from "../../support/function_spec.ts";

/** Little work a millisecond: the tests ask what happens, not how fast. */
const CALIBRATION = { coldIterationsPerMs: 100, warmIterationsPerMs: 100 };

/** Runs until it is cancelled, killed or past its deadline. */
const ENDLESS_MS = 3_600_000;

interface Deployed {
  readonly platform: Platform;
  readonly clients: readonly ExecutorClient[];
  readonly address: string;
  readonly events: InstanceEvent[];
}

function createLocal(options: Partial<LocalOptions> = {}): Promise<Platform> {
  return createPlatform("local", {
    createTransport: () => () => Promise.reject(new Error("The tests bring their own client.")),
    calibration: CALIBRATION,
    ...options,
  });
}

Deno.test("local platform: a least scale is what its autoscaler keeps", async () => {
  await using platform = await createLocal({ minScale: 2, maxScale: 3 });
  const { autoscaling } = platform.describe() as { autoscaling: Record<string, unknown> };
  assert.deepEqual([autoscaling.minScale, autoscaling.maxScale], [2, 3]);
  await assert.rejects(createLocal({ minScale: 4, maxScale: 3 }), /minScale \(4\) is above/);
});

function platformTest(
  name: string,
  functions: readonly FunctionSpec[],
  options: Partial<LocalOptions>,
  test: (deployed: Deployed) => Promise<void>,
): void {
  Deno.test({
    name: `local platform: ${name}`,
    // pidusage keeps what it opened for a minute.
    sanitizeResources: false,
    async fn() {
      const platform = await createLocal(options);
      const events: InstanceEvent[] = [];
      platform.onInstanceEvent((event) => events.push(event));
      const deployments = await platform.deploy(functions, new AbortController().signal);
      const clients = deployments.map(({ address, authority }) =>
        new ExecutorClient(address, authority)
      );
      const gatewayPid = Number(platform.describe().gatewayPid);
      try {
        await test({ platform, clients, events, address: deployments[0].address });
      } finally {
        for (const client of clients) client.close();
        const pids = [gatewayPid, ...instancePids(platform)];
        await platform.teardown();
        await platform.teardown();
        assert.deepEqual(pids.filter(isAlive), [], "left behind by teardown");
      }
    },
  });
}

function instancePids(platform: Platform): number[] {
  return platform.describe().instancePids as number[];
}

platformTest("the first call is cold, told once; the next is warm", [functionSpec(0)], {}, async (
  { platform, clients: [client], events },
) => {
  const beforeUnixMs = platform.clock.originUnixMs + platform.clock.nowMs();
  const cold = await client.execute(5, 4);
  assert.equal(cold.status, grpc.status.OK);
  assert.match(cold.reply!.message, /^f-0-\d{5}$/);
  assert.ok(cold.reply!.durationInMicroSec > 0);
  assert.equal(cold.reply!.memoryUsageInKb, 2048);
  assert.ok(cold.readyUnixMs! > beforeUnixMs, "ready after the call was made");
  const warm = await client.execute(5);
  assert.equal(warm.reply!.message, cold.reply!.message);
  assert.equal(warm.readyUnixMs, null);
  assert.deepEqual(events.map(({ event, functionId }) => [event, functionId]), [
    ["created", "owner/app/f0"],
    ["ready", "owner/app/f0"],
  ]);
  assert.ok(events[0].timeMs < events[1].timeMs);
});

platformTest(
  "a status of the function comes through, and one of the gateway for others",
  [functionSpec(0, { initialScale: 1 })],
  {},
  async ({ clients: [client], address }) => {
    const refused = await client.execute(0);
    assert.equal(refused.status, grpc.status.INVALID_ARGUMENT);
    assert.match(refused.details, /at least 1/);
    const stranger = new ExecutorClient(address, "nobody.localhost");
    const unknown = await stranger.execute(1);
    stranger.close();
    assert.equal(unknown.status, grpc.status.UNIMPLEMENTED);
    assert.match(unknown.details, /"nobody\.localhost"/);
    assert.equal(unknown.readyUnixMs, null);
  },
);

platformTest(
  "one request at a time in order of arrival; a cancelled one frees its instance or its place",
  [functionSpec(0, { initialScale: 1 })],
  { capacity: { instances: 1 } },
  async ({ clients: [client] }) => {
    const first = client.start(ENDLESS_MS);
    const ended: string[] = [];
    const follow = (name: string) => {
      const call = client.start(1);
      call.result.then(() => ended.push(name));
      return call;
    };
    const calls = ["b", "c", "d", "e"].map(follow);
    calls[1].cancel();
    assert.equal((await calls[1].result).status, grpc.status.CANCELLED);
    assert.deepEqual(ended, ["c"], "the endless call holds the only instance");
    first.cancel();
    assert.equal((await first.result).status, grpc.status.CANCELLED);
    await Promise.all(calls.map(({ result }) => result));
    assert.deepEqual(ended, ["c", "b", "d", "e"]);
  },
);

platformTest(
  "a request that waits too long for capacity gets RESOURCE_EXHAUSTED",
  [functionSpec(0, { initialScale: 1 }), functionSpec(1)],
  { capacity: { instances: 1 }, queueTimeoutMs: 100 },
  async ({ clients: [, client], platform }) => {
    const { status, details, readyUnixMs } = await client.execute(1);
    assert.equal(status, grpc.status.RESOURCE_EXHAUSTED);
    assert.match(details, /No instance of f-1 was free for 0\.1 s/);
    assert.equal(readyUnixMs, null);
    const response = await fetch(`http://127.0.0.1:${platform.describe().metricsPort}/metrics`);
    const samples = parsePrometheusText(await response.text());
    const of = (name: string) =>
      samples.find((sample) => sample.name === name && sample.labels.configuration_name === "f-1");
    assert.equal(of("autoscaler_pending_pods")?.value, 1);
    assert.deepEqual(of("activator_request_count"), {
      name: "activator_request_count",
      labels: {
        configuration_name: "f-1",
        namespace_name: "default",
        revision_name: "f-1-00001",
        service_name: "f-1",
        response_code: "503",
        response_code_class: "5xx",
      },
      value: 1,
    });
  },
);

platformTest(
  "an instance killed during a call fails it and is replaced",
  [functionSpec(0, { initialScale: 1 })],
  { capacity: { instances: 1 } },
  async ({ clients: [client], platform, events }) => {
    const call = client.start(ENDLESS_MS);
    const [pid] = instancePids(platform);
    await until("the instance works on the call", () => isBusy(platform));
    Deno.kill(pid, "SIGKILL");
    // HTTP 502 and a sentence, as Knative has it: the test of the proxy has its words.
    assert.notEqual((await call.result).status, grpc.status.OK);
    const next = await client.execute(1);
    assert.equal(next.status, grpc.status.OK);
    assert.equal(next.reply!.message, "f-0-00001");
    const gone = events.find(({ event }) => event === "gone");
    assert.match(gone!.detail!, /SIGKILL|connection/);
  },
);

/** Whether some request is in the gateway, by its reports. */
async function isBusy(platform: Platform): Promise<boolean> {
  const [scraper] = platform.scrapers();
  const [{ cells }] = await scraper.scrape(new AbortController().signal);
  const column = PLATFORM_METRICS.columns.findIndex(({ name }) => name === "activator_concurrency");
  return Number(cells[column - 1]) > 0;
}

platformTest(
  "scales to zero without load and up again with it",
  [functionSpec(0, { initialScale: 1 })],
  {
    autoscaling: {
      stableWindowMs: 600,
      granularityMs: 100,
      tickMs: 100,
      scaleToZeroGraceMs: 100,
    },
    reportMs: 100,
  },
  async ({ clients: [client], platform, events }) => {
    await until("the instance is gone", () => events.some(({ event }) => event === "gone"));
    assert.deepEqual(instancePids(platform), []);
    assert.equal(events.at(-1)!.detail, null);
    const { reply } = await client.execute(1);
    assert.equal(reply!.message, "f-0-00001");
  },
);

platformTest(
  "metrics and processes are scraped",
  [functionSpec(0, { initialScale: 1 }), functionSpec(1)],
  {},
  async ({ clients: [client], platform }) => {
    await client.execute(1);
    const [metrics, autoscaler, processes] = platform.scrapers();
    assert.equal(autoscaler.name, "autoscaler");
    const { signal } = new AbortController();
    const [{ cells }, ...scales] = await metrics.scrape(signal);
    const cell = (name: string) =>
      cells[PLATFORM_METRICS.columns.findIndex((column) => column.name === name) - 1];
    assert.equal(cell("actual_instances"), 1);
    assert.equal(cell("pending_instances"), 0);
    assert.equal(cell("activator_requests"), 1);
    assert.equal(cell("scheduling_p50_ms"), null);
    assert.deepEqual(scales.map((row) => [row.cells[0], row.cells[2]]), [
      ["owner/app/f0", 1],
      ["owner/app/f1", 0],
    ]);
    const groups = await processes.scrape(signal);
    assert.deepEqual(groups.map((row) => row.cells.slice(0, 2)), [
      ["loader", 1],
      ["gateway", 1],
      ["instances", 1],
    ]);
    const text = await (await fetch(
      `http://127.0.0.1:${platform.describe().metricsPort}/metrics`,
    )).text();
    const names = new Set(parsePrometheusText(text).map(({ name }) => name));
    assert.deepEqual([...names].sort(), [
      "activator_request_concurrency",
      "activator_request_count",
      "autoscaler_actual_pods",
      "autoscaler_desired_pods",
      "autoscaler_excess_burst_capacity",
      "autoscaler_not_ready_pods",
      "autoscaler_panic_mode",
      "autoscaler_panic_request_concurrency",
      "autoscaler_pending_pods",
      "autoscaler_requested_pods",
      "autoscaler_stable_request_concurrency",
      "autoscaler_target_concurrency_per_pod",
    ]);
  },
);

platformTest(
  "when the gateway is killed the platform is lost and no instance stays",
  [functionSpec(0, { initialScale: 2 })],
  {},
  async ({ platform, events }) => {
    const pids = instancePids(platform);
    assert.equal(pids.length, 2);
    Deno.kill(Number(platform.describe().gatewayPid), "SIGKILL");
    await until("the platform is lost", () => platform.lost.aborted);
    assert.match(platform.lost.reason.message, /gateway .* ended: SIGKILL/);
    await until("the instances end", () => !pids.some(isAlive));
    assert.equal(events.filter(({ event }) => event === "gone").length, 2);
  },
);

Deno.test("local platform: when the loader is killed no process stays", async () => {
  const loader = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "-A"],
      fileURLToPath(new URL("./orphan_loader.ts", import.meta.url)),
    ],
    stdout: "piped",
  }).spawn();
  const lines = readLines(loader.stdout);
  const { gatewayPid, instancePids } = JSON.parse((await lines.next()).value ?? "null");
  const pids: number[] = [gatewayPid, ...instancePids];
  assert.ok(pids.length === 2 && pids.every(isAlive));
  loader.kill("SIGKILL");
  await loader.status;
  await lines.next();
  await until("gateway and instance end", () => !pids.some(isAlive));
});

async function assertFails(
  deploying: Promise<unknown>,
  code: LoaderError["code"],
  sentence: RegExp,
): Promise<void> {
  await assert.rejects(deploying, (error) => {
    assert.ok(error instanceof LoaderError);
    assert.equal(error.code, code);
    assert.match(error.message, sentence);
    return true;
  });
}

for (
  const [option, flag] of [["gatewayPort", "--gateway-port"], ["metricsPort", "--metrics-port"]]
) {
  Deno.test(`local platform: a ${option} in use is the user's to change`, async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using platform = await createLocal({ [option]: listener.addr.port });
    await assertFails(
      platform.deploy([functionSpec(0)], new AbortController().signal),
      "usage",
      new RegExp(`port ${listener.addr.port} .* ${flag}`),
    );
    listener.close();
  });
}

for (const niceness of [0, 19]) {
  Deno.test(`local platform: an instance that cannot start fails the deployment, niceness ${niceness}`, async () => {
    await using platform = await createLocal({ instanceExecutable: "/no/such/deno", niceness });
    await assertFails(
      platform.deploy([functionSpec(0, { initialScale: 1 })], new AbortController().signal),
      "platform",
      /instance f-0-00000 could not be started: .*(\/no\/such\/deno|No such file)/,
    );
  });
}

Deno.test("local platform: an instance that takes too long to start fails the deployment", async () => {
  await using platform = await createLocal({ startTimeoutMs: 1 });
  await assertFails(
    platform.deploy([functionSpec(0, { initialScale: 1 })], new AbortController().signal),
    "platform",
    /f-0-00000 could not be started: It was not ready within 0\.001 s/,
  );
});

Deno.test("local platform: a gateway that cannot start fails the deployment", async () => {
  await using platform = await createLocal({ executable: "/no/such/deno" });
  await assertFails(
    platform.deploy([functionSpec(0)], new AbortController().signal),
    "platform",
    /gateway .* could not be started/,
  );
});

Deno.test("local platform: an aborted deployment leaves nothing", async () => {
  await using platform = await createLocal();
  const controller = new AbortController();
  const deploying = platform.deploy([functionSpec(0)], controller.signal);
  const pid = Number(platform.describe().gatewayPid);
  assert.ok(isAlive(pid));
  controller.abort(new LoaderError("interrupted", "Stopped."));
  await assertFails(deploying, "interrupted", /Stopped/);
  assert.ok(!isAlive(pid));
});

for (
  const [what, functions, sentence] of [
    ["two functions of one name", [functionSpec(0), functionSpec(0)], /Two functions .* "f-0"/],
    ["a name that is no DNS label", [functionSpec(0, { name: "F_0" })], /"F_0" is no DNS label/],
    [
      "an instance above the capacity",
      [functionSpec(0, { memoryRequestMib: 1e9 })],
      /f-0 needs 1000000064 MiB, above the capacity/,
    ],
    [
      "initial scales above the capacity",
      [functionSpec(0, { initialScale: 2 }), functionSpec(1, { initialScale: 2 })],
      /ask for 4 instances/,
    ],
  ] as const
) {
  Deno.test(`local platform: refuses ${what} before it starts anything`, async () => {
    await using platform = await createLocal({ capacity: { instances: 3 } });
    await assertFails(
      platform.deploy(functions, new AbortController().signal),
      "usage",
      sentence,
    );
    assert.equal(platform.describe().gatewayPid, null);
  });
}

Deno.test("local platform: options out of range are refused", async () => {
  await assertFails(createLocal({ gatewayPort: 70_000 }), "usage", /gatewayPort .* not 70000/);
  await assertFails(createLocal({ queueTimeoutMs: NaN }), "usage", /queueTimeoutMs .* not NaN/);
  await assertFails(
    createLocal({ autoscaling: { panicWindowPercentage: 0 } }),
    "usage",
    /panicWindowPercentage/,
  );
});

Deno.test("an unknown platform is refused with the names of those there are", async () => {
  await assertFails(
    // What a user may type.
    createPlatform("mainframe" as PlatformName, {} as LocalOptions),
    "usage",
    /no platform "mainframe"; choose one of: local/,
  );
});
