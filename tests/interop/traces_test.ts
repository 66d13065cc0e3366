/**
 * The spans of invocations as OpenTelemetry's own definitions read them: what Deno exports of a
 * real run, and of the trace function, whose trace it continues by itself.
 */
import * as grpc from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { join } from "node:path";
import { TRACED_CALLERS_ONLY } from "../../lib/platform/local/programs.ts";
import { ExecutorServer } from "../support/executor_server.ts";
import { PeerProcess } from "../support/peer_process.ts";
import { readRows, readRun } from "../support/run_files.ts";
import { PROJECT, Script, temporaryFolder } from "../support/script.ts";
import { peerTest } from "./interop_test_case.ts";
import { INSTALLED } from "./peer.ts";

const PYTHON = join(INSTALLED, "venv/bin/python");

type Value = {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
};

/** A span as OTLP's JSON has it. */
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly { readonly key: string; readonly value: Value }[];
  readonly events?: readonly { readonly name: string; readonly timeUnixNano: string }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

/** Kinds of spans in OTLP. */
const SERVER = 2;
const CLIENT = 3;

const ERROR = 2;

/** Who takes spans by OpenTelemetry's own definitions, and writes them into a file. */
async function startReceiver(file: string): Promise<PeerProcess> {
  const args = [join(PROJECT, "tests/peers/opentelemetry/receiver.py"), file];
  return await PeerProcess.start({ command: PYTHON, args });
}

async function readSpans(file: string): Promise<OtlpSpan[]> {
  return (await Deno.readTextFile(file)).trim().split("\n").map((line) => JSON.parse(line));
}

/** The trace function as a process; its spans are sent before it has ended. */
async function withFunction(
  env: Record<string, string>,
  use: (address: string) => Promise<void>,
): Promise<void> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-A", "workloads/trace_function/main.ts", "--host", "127.0.0.1"]
      .concat("--port", "0", "--name", "function-1", "--exit-with-stdin"),
    cwd: PROJECT,
    env: { ...env, COLD_ITER_PER_1MS: "100", WARM_ITER_PER_1MS: "100" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { port } = JSON.parse((await lines.read()).value!);
    await use(`127.0.0.1:${port}`);
  } finally {
    await process.stdin.close();
    await process.status;
    await lines.cancel();
  }
}

const attribute = ({ attributes }: OtlpSpan, key: string) => {
  const value = attributes?.find((one) => one.key === key)?.value;
  return value === undefined ? undefined : Object.values(value)[0];
};

/** Milliseconds since run start, of OTLP's nanoseconds. */
const sinceMs = (nanos: string, startUnixMs: number) => {
  const whole = BigInt(Math.floor(startUnixMs));
  return Number(BigInt(nanos) - whole * 1_000_000n) / 1e6 - (startUnixMs - Number(whole));
};

function assertNear(actual: number, expected: number, what: string): void {
  // Unix time in milliseconds has a grid of a quarter of a microsecond as a double.
  assert.ok(Math.abs(actual - expected) < 0.002, `${what}: ${actual} for ${expected}`);
}

const LOAD = "--rps 40 --duration 3s --slot 1s --burst 20 --runtime 1ms --seed 7 --trace-share 0.2";

peerTest(
  "traces: from a row to its trace, on both transports",
  { needs: [PYTHON] },
  async () => {
    await using folder = await temporaryFolder();
    const received = `${folder.path}/spans.jsonl`;
    const sampled: number[][] = [];
    const runs: string[] = [];
    {
      await using receiver = await startReceiver(received);
      using refusing = await ExecutorServer.listen((_, callback) =>
        callback({ code: grpc.status.RESOURCE_EXHAUSTED, details: "no room" })
      );
      const env = {
        OTEL_DENO: "true",
        // What OpenTelemetry has as the default, and Deno has not.
        OTEL_TRACES_SAMPLER: "parentbased_always_on",
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://${receiver.address}`,
      };
      await withFunction({ ...env, ...TRACED_CALLERS_ONLY }, async (address) => {
        for (const transport of ["http2", "grpc-js"]) {
          const output = `${folder.path}/${transport}`;
          const endpoints = `${address},${refusing.address}`;
          await using script = Script.start(
            "experiments/burst.ts",
            [
              ...LOAD.split(" "),
              ...["--platform", "endpoints", "--endpoints", endpoints],
              ...["--transport", transport, "--output", output],
            ],
            undefined,
            env,
          );
          const { status, stderr } = await script.result;
          assert.equal(status, 0, stderr);
          assert.doesNotMatch(stderr, /go nowhere/);
          runs.push(output);
        }
      });
    }
    const spans = await readSpans(received);
    for (const output of runs) {
      const { runStartUnixMs } = readRun(output, "burst");
      const rows = readRows(`${output}/runs/burst/invocations.csv`);
      const traced = rows.filter((row) => row.trace_id !== "");
      assert.ok(traced.length > 10 && traced.length < rows.length / 2);
      sampled.push(traced.map((row) => Number(row.index)).toSorted((a, b) => a - b));
      for (const row of traced) {
        const ofTrace = spans.filter(({ traceId }) => traceId === row.trace_id);
        const invoke = ofTrace.find(({ name }) => name === "invoke")!;
        assert.ok(invoke !== undefined, `the trace ${row.trace_id} is there`);
        assert.equal(invoke.kind, CLIENT);
        assert.equal(invoke.parentSpanId ?? "", "");
        const at = (nanos: string) => sinceMs(nanos, runStartUnixMs!);
        assertNear(at(invoke.startTimeUnixNano), Number(row.scheduled_ms), "scheduled");
        assert.deepEqual(
          ["faas.invoked_name", "loader.phase", "loader.outcome", "loader.run", "loader.index"]
            .map((key) => String(attribute(invoke, key))),
          [row.function_id, row.phase, row.outcome, "burst", row.index],
        );
        assert.equal(invoke.status?.code === ERROR, row.outcome !== "ok");
        if (row.outcome !== "ok") {
          assert.equal(invoke.status?.message, "no room");
          assert.ok(ofTrace.every(({ kind }) => kind === CLIENT));
          continue;
        }
        assertNear(at(invoke.endTimeUnixNano), Number(row.completed_ms), "completed");
        const dispatched = invoke.events!.find(({ name }) => name === "dispatched")!;
        assertNear(at(dispatched.timeUnixNano), Number(row.dispatched_ms), "dispatched");
        assert.equal(attribute(invoke, "faas.instance"), "function-1");
        const served = ofTrace.find(({ kind }) => kind === SERVER)!;
        assert.ok(served !== undefined, JSON.stringify(ofTrace));
        assert.equal(attribute(served, "url.path"), "/faas.Executor/Execute");
        // Deno makes a span of each request of node:http2, on which grpc-js stands.
        const between = ofTrace.filter((span) => span !== invoke && span !== served);
        assert.equal(between.length, output.endsWith("grpc-js") ? 1 : 0);
        assert.equal(served.parentSpanId, (between[0] ?? invoke).spanId);
        for (const span of between) assert.equal(span.parentSpanId, invoke.spanId);
      }
      const outcomes = new Set(traced.map((row) => row.outcome));
      assert.deepEqual(outcomes, new Set(["ok", "rejected"]));
    }
    // The same seed traces the same invocations; no two runs share a trace.
    assert.deepEqual(sampled[0], sampled[1]);
    const invokes = spans.filter(({ name }) => name === "invoke");
    assert.equal(new Set(invokes.map(({ traceId }) => traceId)).size, invokes.length);
    assert.equal(invokes.length, sampled[0].length + sampled[1].length);
    // The function has spans of calls that are traced, and of no others.
    const known = new Set(invokes.map(({ traceId }) => traceId));
    const strangers = spans.filter(({ kind, traceId }) => kind === SERVER && !known.has(traceId));
    assert.deepEqual(strangers, []);
  },
);
