import assert from "node:assert/strict";
import process from "node:process";
import type { InstanceEvent } from "../../lib/model/platform.ts";
import { openKubeAccess } from "../../lib/platform/knative/cluster/kube_access.ts";
import { type PodWatch, watchPods } from "../../lib/platform/knative/watch/pod_watch.ts";
import { ExecutorClient } from "../workloads/executor_client.ts";
import { LONGEST_MS, waitUntil } from "./condition.ts";
import { functionIdsOf, observeFunctions } from "./observed_functions.ts";

const GATEWAY = process.env.LOADER_GATEWAY;
const hasCluster = process.env.KUBECONFIG !== undefined && GATEWAY !== undefined;

const START = ["created", "scheduled", "prepared", "started", "ready"] as const;

Deno.test({
  name: "the watch: as many starts as pods, every step, its time beside Kubernetes' own",
  ignore: !hasCluster,
  async fn() {
    await using functions = await observeFunctions("test-watch");
    const { access, clock, labelSelector } = functions;
    const events: InstanceEvent[] = [];
    const watch = await watchPods({
      access,
      functionIds: functionIdsOf(["warm", "cold"]),
      labelSelector,
      onEvent: (event) => events.push(event),
    });
    try {
      const times = (step: InstanceEvent["event"]) =>
        new Map(
          events.filter(({ event }) => event === step).map((event) => [event.instance, event]),
        );
      // Of a function that is not ours, in the same namespace.
      await functions.deploy("foreign", 1);
      await functions.deploy("warm", 3);
      await functions.deploy("cold", 0);
      await waitUntil("three are ready", () => times("ready").size === 3);
      const warm = await functions.listPods();
      await waitUntil("cold can be called", () => isReady(functions, "cold"));

      const client = new ExecutorClient(GATEWAY!, `cold.test-watch.example.com`);
      const dispatchedMs = clock.nowMs();
      const { reply, status, details } = await client.execute(5, 1, LONGEST_MS);
      client.close();
      assert.equal(status, 0, details);
      const instance = reply!.message.match(/cold-\d{5}-deployment-[a-z0-9-]+/)?.[0] ?? "";
      assert.equal(watch.takeColdStart(instance, dispatchedMs), true, instance);
      assert.equal(watch.takeColdStart(instance, dispatchedMs), false, "only the first is");
      assert.equal(watch.takeColdStart("someone-else", dispatchedMs), null);
      await waitUntil("it is ready", () => times("ready").has(instance));

      await functions.remove();
      await waitUntil("all are gone", () => times("gone").size === times("created").size);

      // What Kubernetes tells of its own history: one event for every pod that was created.
      const { items } = await access.core.listNamespacedEvent({ namespace: access.namespace });
      const history = items.filter(({ reason }) => reason === "SuccessfulCreate")
        .flatMap(({ message }) => message?.match(/Created pod: ((?:warm|cold)-.+)$/)?.[1] ?? []);
      assert.deepEqual([...times("created").keys()].sort(), history.sort());
      assert.equal(
        events.length,
        new Set(events.map(({ instance, event }) => `${instance} ${event}`)).size,
        "every step is told once",
      );
      assert.ok(warm.some(({ metadata }) => metadata!.name!.startsWith("foreign-")));
      assert.ok(events.every(({ functionId }) => functionId !== "owner/app/foreign"));

      for (const instance of times("ready").keys()) {
        const steps = START.map((step) => times(step).get(instance));
        for (const [i, step] of steps.entries()) {
          assert.ok(step !== undefined, `${instance} was never told to be ${START[i]}`);
          // Both clocks are this machine's: whole seconds are rounded down, and news comes later.
          const behindMs = step.timeMs - step.platformMs!;
          assert.ok(behindMs > -1000 && behindMs < LONGEST_MS, `${START[i]} ${behindMs} ms behind`);
          assert.equal((step.platformMs! + clock.originUnixMs) % 1000 < 1e-3, true);
        }
        assert.ok(steps[0]!.timeMs <= steps[1]!.timeMs && steps[1]!.timeMs <= steps[3]!.timeMs);
      }
      assert.deepEqual(watch.notes(), []);
    } finally {
      await watch.close();
    }
  },
});

Deno.test({
  name: "the watch: scales of functions change with the PodAutoscaler",
  ignore: !hasCluster,
  async fn() {
    await using functions = await observeFunctions("test-watch-scales");
    const watch = await watchFunctions(functions, ["f"], () => {});
    try {
      const scraper = watch.createScaleScraper(1000)!;
      const scrape = async () =>
        (await scraper.scrape(new AbortController().signal)).map(({ cells }) => cells);
      await scrape();
      await functions.deploy("f", 2);
      const ready = JSON.stringify(["owner/app/f", 2, 2]);
      await waitUntil(
        "two are ready",
        async () => (await scrape()).some((cells) => JSON.stringify(cells) === ready),
      );
      // A scrape of another run begins with how things stand, not with what has changed.
      const again = await watch.createScaleScraper(1000)!.scrape(new AbortController().signal);
      assert.deepEqual(again.map(({ cells }) => cells), [["owner/app/f", 2, 2]]);
    } finally {
      await watch.close();
    }
  },
});

Deno.test({
  name: "the watch: instances that are there before it keep Kubernetes' times",
  ignore: !hasCluster,
  async fn() {
    await using functions = await observeFunctions("test-watch-late");
    const { clock } = functions;
    await functions.deploy("f", 1);
    await waitUntil("it is ready", () => isReady(functions, "f"));
    const events: InstanceEvent[] = [];
    const watch = await watchFunctions(functions, ["f"], (event) => events.push(event));
    await watch.close();
    assert.deepEqual(events.map(({ event }) => event), [...START]);
    for (const { timeMs, platformMs } of events) {
      assert.ok(timeMs < clock.nowMs());
      assert.ok(Math.abs(timeMs - platformMs!) <= 1000);
    }
    assert.match(watch.notes().join(" "), /1 instances were there before/);
  },
});

Deno.test({
  name: "the watch: an API server that goes away and comes back leaves no start uncounted",
  ignore: !hasCluster,
  async fn() {
    await using functions = await observeFunctions("test-watch-away");
    const { access, clock } = functions;
    const relay = new Relay(new URL(access.server));
    const events: InstanceEvent[] = [];
    const file = await relayedKubeconfig(relay);
    const relayed = openKubeAccess({
      clock,
      namespace: access.namespace,
      kubeconfig: file,
    });
    const watch = await watchPods({
      access: relayed,
      functionIds: functionIdsOf(["f", "g"]),
      labelSelector: functions.labelSelector,
      onEvent: (event) => events.push(event),
    });
    try {
      await functions.deploy("f", 1);
      await waitUntil("f is ready", () => events.some(({ event }) => event === "ready"));
      await relay.cut();
      const cutMs = clock.nowMs();
      await functions.deploy("g", 2);
      await waitUntil("g is ready", () => isReady(functions, "g"));
      assert.ok(events.every(({ functionId }) => functionId !== "owner/app/g"));
      const restoredMs = clock.nowMs();
      relay.restore();
      await waitUntil("g was seen", () => {
        return events.filter(({ functionId, event }) =>
          functionId === "owner/app/g" && event === "ready"
        ).length === 2;
      });
      for (const { functionId, event, timeMs } of events) {
        if (functionId !== "owner/app/g" || event !== "ready") continue;
        // Kubernetes' own second, not that of the news.
        assert.ok(timeMs > cutMs - 1000 && timeMs < restoredMs, `${timeMs} of ${restoredMs}`);
      }
      assert.match(watch.notes().join(" "), /interrupted 1 times.*2 instances were there before/);
    } finally {
      await watch.close();
      await relay.cut();
      await Deno.remove(file);
    }
  },
});

type Functions = Awaited<ReturnType<typeof observeFunctions>>;

function watchFunctions(
  { access, labelSelector }: Functions,
  names: readonly string[],
  onEvent: (event: InstanceEvent) => void,
): Promise<PodWatch> {
  return watchPods({ access, labelSelector, functionIds: functionIdsOf(names), onEvent });
}

async function isReady({ access }: Functions, name: string): Promise<boolean> {
  const service = await access.custom.getNamespacedCustomObject({
    group: "serving.knative.dev",
    version: "v1",
    plural: "services",
    namespace: access.namespace,
    name,
  }) as {
    readonly status?: {
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  };
  return service.status?.conditions?.some(({ type, status }) =>
    type === "Ready" && status === "True"
  ) ?? false;
}

/** Passes bytes to the API server and back; cut, it is as if that were stopped. */
class Relay {
  readonly #target: URL;
  #listener: Deno.TcpListener;
  readonly port: number;
  readonly #connections = new Set<Deno.Conn>();

  constructor(target: URL) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#serve(this.#listener);
  }

  restore(): void {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: this.port });
    this.#serve(this.#listener);
  }

  async cut(): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
    await Promise.resolve();
  }

  async #serve(listener: Deno.TcpListener): Promise<void> {
    try {
      for await (const inbound of listener) {
        const outbound = await Deno.connect({
          hostname: this.#target.hostname,
          port: Number(this.#target.port),
        });
        this.#connections.add(inbound).add(outbound);
        const pass = (from: Deno.Conn, to: Deno.Conn) =>
          from.readable.pipeTo(to.writable).catch(() => {
            close(from);
            close(to);
          });
        pass(inbound, outbound);
        pass(outbound, inbound);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // The stream has closed it.
  }
}

/** The configuration in force, with the relay's address for the server's. */
async function relayedKubeconfig(relay: Relay): Promise<string> {
  const text = await Deno.readTextFile(process.env.KUBECONFIG!);
  const file = await Deno.makeTempFile({ suffix: ".kubeconfig" });
  await Deno.writeTextFile(
    file,
    text.replace(
      /(["']?server["']?:\s*["']?)(https:\/\/[^"'\s,}]+)/,
      (_, key) => `${key}https://127.0.0.1:${relay.port}`,
    ),
  );
  return file;
}
