import assert from "node:assert/strict";
import { createServer } from "node:net";
import { LiveServer } from "../../lib/live/live_server.ts";
import { LiveView } from "../../lib/live/live_view.ts";
import type { LiveMessage, LiveSample } from "../../lib/live/live_message.ts";
import { RunCounters } from "../../lib/live/run_counters.ts";
import { createInvocationRow, type Outcome } from "../../lib/model/record.ts";
import { parsePrometheusText } from "../../lib/scrape/prometheus_text.ts";
import { GENERATOR } from "../../lib/store/schema/tables.ts";

const EXPERIMENT = {
  name: "burst",
  question: "What does a burst do?",
  platform: "local",
  isVirtual: false,
};
const RUN = { name: "burst_0", functions: 3, invocations: 100, durationMs: 25_000 };
const RUN_END = { name: "burst_0", status: "finished", verdict: "VALID" } as const;

/** The message of a second in which invocations ended like this. */
function second(outcomes: Partial<Record<Outcome, number>>, timeMs = 1000): LiveMessage {
  const told: LiveMessage[] = [];
  const counters = new RunCounters((sample, totals) =>
    told.push({ kind: "second", sample, totals: structuredClone(totals) })
  );
  const row = createInvocationRow();
  for (const [outcome, count] of Object.entries(outcomes)) {
    for (let i = 0; i < count; i++) {
      const times = { scheduledMs: 10, dispatchedMs: 10.2, completedMs: 30 };
      counters.onInvocation(Object.assign(row, times, { outcome: outcome as Outcome }));
    }
  }
  const cells: Record<string, number | string | null> = {
    time_ms: timeMs,
    scheduled: 100,
    dispatched: 90,
    completed: 80,
    in_flight: 10,
    dispatch_lag_max_ms: 0.5,
    loop_delay_max_ms: null,
    cpu_percent: 12,
    phase: "measurement",
  };
  counters.onSecond(GENERATOR.columns.map(({ name }) => cells[name] ?? null));
  return told[0];
}

const SECOND = second({ ok: 40 });

/** What a server answers to such a head, as text. */
async function ask(port: number, head: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(`${head}\r\nConnection: close\r\n\r\n`));
  return await new Response(connection.readable).text();
}

/** The events of a stream, one after the other. */
async function* readEvents(port: number): AsyncGenerator<{ event: string; data: unknown }> {
  const response = await fetch(`http://127.0.0.1:${port}/events`);
  let text = "";
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    text += part;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const [, event, data] = /^event: (.+)\ndata: (.+)$/.exec(text.slice(0, end))!;
      text = text.slice(end + 2);
      yield { event, data: JSON.parse(data) };
    }
  }
}

async function withServer(test: (server: LiveServer) => Promise<void>): Promise<void> {
  const server = new LiveServer(0, EXPERIMENT);
  try {
    await test(server);
  } finally {
    await server.close();
  }
}

for (const host of ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example", ""]) {
  Deno.test(`who asks for the host "${host}" is refused, whatever he asks for`, async () => {
    await withServer(async ({ port }) => {
      for (const path of ["/", "/events", "/metrics"]) {
        const answer = await ask(port, `GET ${path} HTTP/1.1\r\nHost: ${host}`);
        assert.match(answer, /^HTTP\/1\.1 40[03] /);
        assert.doesNotMatch(answer, /burst|loader_/);
      }
    });
  });
}

for (const name of ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"]) {
  Deno.test(`a request to ${name} with the port is answered, and shared with no other site`, async () => {
    await withServer(async ({ port }) => {
      const head = `GET / HTTP/1.1\r\nHost: ${name}:${port}\r\nOrigin: http://evil.example`;
      const answer = await ask(port, head);
      assert.match(answer, /^HTTP\/1\.1 200 /);
      assert.doesNotMatch(answer, /access-control-allow/i);
      assert.match(answer, /cross-origin-resource-policy: same-origin/i);
      assert.match(answer, /frame-ancestors 'none'/);
    });
  });
}

for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"]) {
  Deno.test(`${method} is refused`, async () => {
    await withServer(async ({ port }) => {
      const answer = await ask(port, `${method} / HTTP/1.1\r\nHost: 127.0.0.1:${port}`);
      assert.match(answer, /^HTTP\/1\.1 405 /);
      assert.match(answer, /allow: GET/i);
    });
  });
}

for (
  const path of [
    "/../deno.json",
    "/%2e%2e/deno.json",
    "//etc/passwd",
    "/page/../../deno.json",
    "/x",
  ]
) {
  Deno.test(`there is nothing at ${path}`, async () => {
    await withServer(async ({ port }) => {
      const answer = await ask(port, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}`);
      assert.match(answer, /^HTTP\/1\.1 404 /);
    });
  });
}

Deno.test("the page brings all that it needs", async () => {
  await withServer(async ({ port }) => {
    const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    const files = [...page.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, path]) => path);
    assert.ok(files.length >= 4);
    for (const path of files) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      assert.equal(response.status, 200);
      assert.doesNotMatch(await response.text(), /(?:src=|url\(|fetch\(|import\s*\()["']?https?:/);
    }
  });
});

Deno.test("who comes late is told the past, then what happens", async () => {
  await withServer(async (server) => {
    server.take({ kind: "run", run: RUN });
    server.take(second({ ok: 40, failed: 1 }));
    server.take(second({ ok: 50, failed: 1 }, 2000));
    const events = readEvents(server.port);
    const first = (await events.next()).value!;
    assert.equal(first.event, "state");
    const state = first.data as { run: unknown; samples: LiveSample[]; end: null };
    assert.deepEqual(state.run, RUN);
    assert.deepEqual(state.samples.map(({ timeMs }) => timeMs), [1000, 2000]);
    assert.equal(state.samples[0].notOk, 1);
    assert.equal(state.end, null);
    server.take({ kind: "runEnd", run: RUN_END });
    assert.deepEqual((await events.next()).value, {
      event: "runEnd",
      data: { kind: "runEnd", run: RUN_END },
    });
    server.end({ kind: "end", end: { status: "finished", report: "r.html" } }, "<p>the report");
    const last = (await events.next()).value!;
    assert.equal(last.event, "end");
    assert.equal((last.data as { reportHtml: string }).reportHtml, "<p>the report");
    await server.close();
    assert.equal((await events.next()).done, true);
  });
});

Deno.test("a reader who does not read is dropped, and others are told everything", async () => {
  await withServer(async (server) => {
    using slow = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    const head = `GET /events HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`;
    await slow.write(new TextEncoder().encode(head));
    await slow.read(new Uint8Array(10));
    const events = readEvents(server.port);
    await events.next();
    assert.equal(server.readers, 2);
    const progress = "x".repeat(100_000);
    let told = 0;
    while (server.readers > 1) {
      assert.ok(told < 10_000, "the slow reader is still there");
      server.take({ kind: "deploying", progress });
      told++;
      assert.equal((await events.next()).value!.event, "deploying");
    }
    server.take({ kind: "stopping" });
    assert.equal((await events.next()).value!.event, "stopping");
    await events.return(undefined);
  });
});

Deno.test("a reader who goes away is forgotten", async () => {
  await withServer(async (server) => {
    const events = readEvents(server.port);
    await events.next();
    const others = readEvents(server.port);
    await others.next();
    await events.return(undefined);
    while (server.readers > 1) {
      server.take({ kind: "stopping" });
      await others.next();
    }
    await others.return(undefined);
  });
});

Deno.test("no more readers are taken than there may be", async () => {
  await withServer(async ({ port }) => {
    const readers = Array.from({ length: 16 }, () => readEvents(port));
    await Promise.all(readers.map((events) => events.next()));
    const response = await fetch(`http://127.0.0.1:${port}/events`);
    assert.equal(response.status, 503);
    await response.text();
    await Promise.all(readers.map((events) => events.return(undefined)));
  });
});

async function readMetrics(port: number): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.match(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  return new Map(
    parsePrometheusText(await response.text()).map(({ name, labels, value }) => [
      name + Object.entries(labels).map(([key, label]) => `{${key}=${label}}`).join(""),
      value,
    ]),
  );
}

Deno.test("what Prometheus reads goes on from run to run", async () => {
  await withServer(async (server) => {
    assert.equal((await readMetrics(server.port)).get("loader_invocations_total{outcome=ok}"), 0);
    for (const ok of [40, 60]) {
      server.take({ kind: "run", run: RUN });
      server.take(second({ ok, failed: 2 }));
      server.take({ kind: "runEnd", run: RUN_END });
    }
    const metrics = await readMetrics(server.port);
    assert.equal(metrics.get("loader_invocations_total{outcome=ok}"), 100);
    assert.equal(metrics.get("loader_invocations_total{outcome=failed}"), 4);
    assert.equal(metrics.get("loader_scheduled_total"), 200);
    assert.equal(metrics.get("loader_dispatched_total"), 180);
    assert.equal(metrics.get("loader_cpu_ratio"), 0.12);
    assert.equal(metrics.get("loader_phase{phase=ended}"), 1);
    assert.equal(metrics.get("loader_phase{phase=measurement}"), 0);
    assert.equal(metrics.get("loader_run_info{experiment=burst}{run=burst_0}"), 1);
    assert.equal(metrics.get("loader_response_seconds_count"), 100);
    assert.equal(metrics.get("loader_response_seconds_bucket{le=0.01}"), 0);
    assert.equal(metrics.get("loader_response_seconds_bucket{le=0.025}"), 100);
    assert.equal(metrics.get("loader_response_seconds_bucket{le=+Inf}"), 100);
    assert.ok(Math.abs(metrics.get("loader_response_seconds_sum")! - 2) < 1e-9);
    assert.equal(metrics.get("loader_dispatch_lag_seconds_bucket{le=0.00025}"), 104);
    // No platform has told of an instance.
    assert.equal(metrics.has("loader_instances_ready"), false);
  });
});

Deno.test("a port in use is one sentence, which says what to do", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    await assert.rejects(LiveView.open(port, EXPERIMENT), {
      name: "LoaderError",
      code: "usage",
      message: `--live: the port ${port} of 127.0.0.1 is in use; give another, or none for any ` +
        "that is free.",
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

Deno.test("a view ends at once where nobody reads, and readers have the report first", async () => {
  await (await LiveView.open(0, EXPERIMENT)).close({ status: "failed", report: null });
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/report.html`, "<p>told");
    const view = await LiveView.open(0, EXPERIMENT);
    const events = readEvents(Number(new URL(view.url).port));
    await events.next();
    const closing = view.close({ status: "interrupted", report: `${folder}/report.html` });
    const { value } = await events.next();
    assert.equal((value!.data as { reportHtml: string }).reportHtml, "<p>told");
    assert.equal((await events.next()).done, true);
    await closing;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a page that is open for long has no more to keep than the server", async () => {
  await withServer(async (server) => {
    server.take({ kind: "run", run: RUN });
    for (let i = 0; i < 1799; i++) server.take(SECOND);
    const events = readEvents(server.port);
    await events.next();
    server.take(SECOND);
    assert.equal((await events.next()).value!.event, "second");
    server.take(SECOND);
    const { event, data } = (await events.next()).value!;
    assert.equal(event, "state");
    assert.equal((data as { samples: unknown[] }).samples.length, 901);
    await events.return(undefined);
  });
});
