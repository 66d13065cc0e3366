import assert from "node:assert/strict";
import { request as sendRequest } from "node:http";
import { join } from "node:path";
import { importRequests } from "../../lib/trace/import/import_requests.ts";
import { listSources } from "../../lib/trace/import/log_source.ts";
import { importTrace } from "../../lib/trace/import/import_trace.ts";
import { queryPrometheus } from "../../lib/trace/import/prometheus_query.ts";
import { readHttpText } from "../../lib/scrape/http_text.ts";
import { freePort, PeerProcess } from "../support/peer_process.ts";
import { PROJECT, temporaryFolder } from "../support/script.ts";
import { peerTest } from "./interop_test_case.ts";
import { LOG_WRITERS } from "./log_writers.ts";
import { INSTALLED } from "./peer.ts";

/** A request as the test knows it to have been. */
interface Sent {
  readonly route: string;
  readonly sentMs: number;
  readonly receivedMs: number;
}

/** How long the server behind holds a request of `/slow`: longer than clocks are apart. */
const HOLD_MS = 300;
/** By how much a server's instants may lie outside of the client's: the event loop's cached time. */
const SLACK_MS = 25;

function startUpstream(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/slow")) await new Promise((done) => setTimeout(done, HOLD_MS));
    return new Response("done\n", { status: pathname === "/missing" ? 404 : 200 });
  });
}

function send(port: number, route: string, path: string, method: string): Promise<Sent> {
  const sentMs = Date.now();
  return new Promise((resolve, reject) => {
    const request = sendRequest(
      { host: "127.0.0.1", port, path, method, agent: false },
      (reply) => {
        reply.resume();
        reply.on("end", () => resolve({ route, sentMs, receivedMs: Date.now() }));
      },
    );
    request.on("error", reject);
    request.end();
  });
}

async function sendAll(port: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (let i = 0; i < 60; i++) {
    sent.push(await send(port, "/api/users/{id}", `/api/users/${i}?page=${i}`, "GET"));
    if (i % 2 === 0) sent.push(await send(port, "/api/carts", "/api/carts", "POST"));
    if (i % 3 === 0) sent.push(await send(port, "/missing", "/missing", "GET"));
    if (i % 5 === 0) {
      sent.push(await send(port, 'quote "{id}"', `/q/%22quote%22?a="b"`, "GET"));
    }
  }
  sent.push(
    ...await Promise.all(
      Array.from({ length: 4 }, () => send(port, "/slow", "/slow", "GET")),
    ),
  );
  return sent;
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

for (const writer of LOG_WRITERS) {
  peerTest(`${writer.name}: its logs tell what was sent, and when`, writer, async (t) => {
    await using folder = await temporaryFolder();
    await Deno.chmod(folder.path, 0o777);
    await using upstream = startUpstream();
    let sent: readonly Sent[];
    {
      // Ended before its logs are read, so that all of them are written.
      await using server = await writer.start(folder.path, upstream.addr.port);
      sent = await sendAll(server.port);
    }
    for (const { file, logFormat, resolutionMs, tellsDuration } of writer.logs) {
      await t.step(file, async () => {
        const sources = await listSources([join(folder.path, file)]);
        const { tally, columns, notes } = await importRequests(sources, { logFormat });
        const routes = sent.map(({ route }) =>
          route.startsWith("quote") ? "/q/%22quote%22" : route
        );
        assert.deepEqual([tally.rows, tally.taken, tally.bad], [sent.length, sent.length, 0]);
        assert.deepEqual(
          Object.fromEntries(columns.counts.toSorted()),
          countBy(routes),
          `${notes}`,
        );
        for (const { name, arrivalMs, runtimeMs } of columns.list(resolutionMs === 1000)) {
          const own = sent.filter((_, i) => routes[i] === name);
          const [firstMs, lastMs] = [own[0].sentMs, own[own.length - 1].receivedMs];
          const coarseMs = resolutionMs + SLACK_MS;
          assert.ok(arrivalMs[0] >= firstMs - coarseMs, `${name}: ${arrivalMs[0] - firstMs}`);
          assert.ok(
            arrivalMs.at(-1)! <= lastMs + coarseMs,
            `${name}: ${arrivalMs.at(-1)! - lastMs}`,
          );
          assert.equal(runtimeMs !== null, tellsDuration);
          if (name !== "/slow" || runtimeMs === null) continue;
          assert.ok(runtimeMs.every((timeMs) => timeMs >= HOLD_MS - SLACK_MS), runtimeMs.join());
          if (resolutionMs === 1000) continue;
          // Were the stamp's end taken for the start, it would end after its answer had come.
          assert.ok(arrivalMs.every((timeMs, i) => timeMs + runtimeMs[i] <= lastMs + SLACK_MS));
          assert.ok(arrivalMs.every((timeMs) => timeMs >= firstMs - SLACK_MS));
        }
        const { tally: found } = await importRequests(sources, { logFormat, statuses: ["2xx"] });
        assert.equal(found.taken, sent.length - 20);
      });
    }
  });
}

const PACKAGES = join(INSTALLED, "opentelemetry/node_modules");

peerTest("OpenTelemetry: its SDK's spans tell what was served", {
  needs: [join(PACKAGES, "@opentelemetry/api/package.json")],
}, async () => {
  await using folder = await temporaryFolder();
  const startMs = Date.UTC(2026, 10, 27, 8);
  const spans = Array.from({ length: 1234 }, (_, i) => ({
    service: i % 3 === 0 ? "cart" : "shop",
    route: i % 2 === 0 ? "/a/{id}" : "/b",
    kind: i % 7 === 0 ? "CLIENT" : "SERVER",
    startMs: startMs + i * 40 + 0.125,
    endMs: startMs + i * 40 + i + 0.375,
  }));
  const child = new Deno.Command("node", {
    args: [join(PROJECT, "tests/peers/opentelemetry/spans.mjs"), PACKAGES],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(spans)));
  await writer.close();
  const { code, stdout } = await child.output();
  assert.equal(code, 0);
  const file = join(folder.path, "spans.jsonl");
  await Deno.writeFile(file, stdout);
  const { tally, columns } = await importRequests(await listSources([file]));
  const servers = spans.filter(({ kind }) => kind === "SERVER");
  assert.deepEqual([tally.rows, tally.taken], [spans.length, servers.length]);
  const nameOf = ({ service, route }: typeof spans[number]) => `${service} ${route}`;
  assert.deepEqual(Object.fromEntries(columns.counts.toSorted()), countBy(servers.map(nameOf)));
  for (const { name, arrivalMs, runtimeMs } of columns.list(false)) {
    const own = servers.filter((span) => nameOf(span) === name);
    assert.deepEqual(arrivalMs, Float64Array.from(own, (span) => span.startMs));
    assert.deepEqual(runtimeMs, Float32Array.from(own, (span) => span.endMs - span.startMs));
  }
});

const PROMETHEUS = join(INSTALLED, "bin/prometheus");
const PROMTOOL = join(INSTALLED, "bin/promtool");
const METRIC = "http_server_request_duration_seconds";

/** A process that serves requests, as its counters told every 15 seconds. */
interface Life {
  readonly instance: string;
  readonly route: string;
  /** Samples from this one on, up to the last. */
  readonly from: number;
  readonly to: number;
  /** Requests before it was first asked. */
  readonly before: number;
}

const STEP_S = 15;
const SAMPLES = 24 * 240;

/** Requests that come between two samples. */
function requestsAt(life: Life, sample: number): number {
  return sample % (life.route === "/a" ? 3 : 7) + (sample % 1000 === 999 ? 50 : 0);
}

/** Of 10 requests 6 take up to 10 ms, 3 up to 100, one more; 30 ms on average. */
const BOUNDS = [["0.01", 0.6], ["0.1", 0.9], ["+Inf", 1]] as const;

/** The history of some processes in the text format of OpenMetrics. */
function openMetrics(startS: number, lives: readonly Life[]): string {
  const lines = [`# TYPE ${METRIC} histogram`];
  for (const { instance, route, ...life } of lives) {
    let count = life.before;
    for (let sample = life.from; sample <= life.to; sample++) {
      if (sample > life.from) count += requestsAt({ instance, route, ...life }, sample);
      const timeS = startS + sample * STEP_S;
      const labels = `http_route="${route}",instance="${instance}",job="shop"`;
      for (const [le, share] of BOUNDS) {
        const below = Math.round(count * share);
        lines.push(`${METRIC}_bucket{${labels},le="${le}"} ${below} ${timeS}`);
      }
      lines.push(`${METRIC}_count{${labels}} ${count} ${timeS}`);
      lines.push(`${METRIC}_sum{${labels}} ${count * 0.03} ${timeS}`);
    }
  }
  return [...lines, "# EOF", ""].join("\n");
}

peerTest(
  "Prometheus: a day of counters is its requests",
  { needs: [PROMETHEUS, PROMTOOL] },
  async () => {
    await using folder = await temporaryFolder();
    const startS = Math.floor(Date.now() / 86_400_000 - 2) * 86_400;
    const lives: readonly Life[] = [
      { instance: "a", route: "/a", from: 0, to: SAMPLES, before: 1000 },
      // It is there from 06:00 on, has begun by then, and ends at 18:00.
      { instance: "b", route: "/b", from: 1440, to: 4320, before: 2 },
      // It starts again after an hour without a sample.
      { instance: "c", route: "/a", from: 0, to: 2000, before: 5 },
      { instance: "c", route: "/a", from: 2240, to: SAMPLES, before: 1 },
    ];
    const text = join(folder.path, "history.txt");
    await Deno.writeTextFile(text, openMetrics(startS, lives));
    const data = join(folder.path, "data");
    const { code, stderr } = await new Deno.Command(PROMTOOL, {
      args: ["tsdb", "create-blocks-from", "openmetrics", text, data],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    await Deno.writeTextFile(join(folder.path, "prometheus.yml"), "{}");
    const port = freePort();
    await using server = await PeerProcess.start({
      command: PROMETHEUS,
      args: [
        `--config.file=${folder.path}/prometheus.yml`,
        `--storage.tsdb.path=${data}`,
        "--storage.tsdb.retention.time=30d",
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=error",
      ],
      port,
    });
    const url = `http://${server.address}`;
    const ready = async () => (await readHttpText(`${url}/-/ready`)).status === 200;
    for (let tries = 0; !await ready(); tries++) {
      assert.ok(tries < 200, "Prometheus does not get ready");
      await new Promise((done) => setTimeout(done, 50));
    }
    const query = {
      url,
      metric: METRIC,
      matchers: 'job="shop"',
      fromMs: startS * 1000,
      toMs: (startS + SAMPLES * STEP_S) * 1000,
      stepMs: 60_000,
    };
    const answers = await queryPrometheus(query, async (url) => (await readHttpText(url)).text);
    const trace = await importTrace([], { prometheus: { stepMs: 60_000 } }, answers);
    assert.deepEqual([trace.startMs, trace.slots], [startS * 1000, 1440]);
    const total = (route: string) =>
      lives.filter((life) => life.route === route).reduce((sum, life) => {
        let requests = life.from === 0 ? 0 : life.before;
        for (let sample = life.from + 1; sample <= life.to; sample++) {
          requests += requestsAt(life, sample);
        }
        return sum + requests;
      }, 0);
    assert.deepEqual(
      trace.functions.map(({ name, invocations }) => [name, invocations]),
      [["/a", total("/a")], ["/b", total("/b")]],
    );
    const [a] = trace.functions;
    // A quiet minute, in which both processes of /a are there, sample by sample.
    const minute = 10;
    const expected = [1, 2, 3, 4].reduce(
      (sum, i) => sum + 2 * requestsAt(lives[0], minute * 4 + i),
      0,
    );
    assert.equal(a.counts.sum(minute, minute + 1), expected);
    assert.ok(Math.abs(a.runtimeMs!.mean - 30) < 0.1, String(a.runtimeMs!.mean));
    const [, , , median, , ninetyNine] = a.runtimeMs!.values;
    assert.ok(Math.abs(median - 10 * 5 / 6) < 0.1, String(median));
    assert.equal(ninetyNine, 100);
    // Pieces of another size, and the same answer.
    const small = await queryPrometheus(
      { ...query, stepMs: 30_000 },
      async (url) => (await readHttpText(url)).text,
    );
    const finer = await importTrace([], { prometheus: { stepMs: 30_000 } }, small);
    assert.deepEqual(
      finer.functions.map(({ invocations }) => invocations),
      trace.functions.map(({ invocations }) => invocations),
    );
  },
);
