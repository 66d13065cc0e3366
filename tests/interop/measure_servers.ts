/**
 * What servers do about deadlines and resets, as a table for docs/method.md:
 *
 *     deno task measure:servers
 *
 * For each server that is installed (`deno task peers:install`): what it says when it
 * sees the deadline of a call first, and how many calls may be given up by a reset
 * before it ends the connection. Takes some ten seconds a server, on loopback.
 */
import { RealClock } from "../../lib/clock/clock.ts";
import { createCallColumns } from "../../lib/invoke/calls_in_flight.ts";
import type { EndedConnection } from "../../lib/model/platform.ts";
import { ByteWriter } from "../../lib/rpc/byte_writer.ts";
import { writeRequest } from "../../lib/rpc/executor/executor_messages.ts";
import { RequestHeaders } from "../../lib/rpc/grpc/request_headers.ts";
import { readGrpcFields } from "../../lib/rpc/grpc/reply_headers.ts";
import {
  type ConnectionRules,
  Http2ClientConnection,
} from "../../lib/rpc/http2/client_connection.ts";
import { errorName } from "../../lib/rpc/http2/protocol.ts";
import { createHttp2Transport } from "../../lib/rpc/transport/http2_transport.ts";
import { connectSocket } from "../../lib/rpc/socket.ts";
import { functionSpec } from "../support/function_spec.ts";
import { ENVOY } from "./envoy_peer.ts";
import { HAPROXY } from "./haproxy_peer.ts";
import { NGINX } from "./nginx_peer.ts";
import { GO, GRPC_JS, type Peer, PYTHON_GRPCIO } from "./peer.ts";

/** Servers, and how they tell their version. */
const SERVERS: readonly (readonly [Peer, string, readonly string[]])[] = [
  [GO, "grpc-go", ["go", "version", "-m", GO.needs[0]]],
  [PYTHON_GRPCIO, "grpcio", [PYTHON_GRPCIO.needs[0], "-c", "import grpc; print(grpc.__version__)"]],
  [GRPC_JS, "grpc-js on Node", ["node", "--version"]],
  [ENVOY, "Envoy", [ENVOY.needs[0], "--version"]],
  [NGINX, "nginx", [NGINX.needs[0], "-v"]],
  [HAPROXY, "HAProxy", [HAPROXY.needs[0], "-v"]],
];

const SLOTS = 4096;
/** Calls whose deadline the server alone knows, and how long it may take to tell. */
const DEADLINE_CALLS = 40;
const DEADLINE_MS = 50;
const PATIENCE_MS = 1000;
/** Nothing of our own ends a call or a connection. */
const RULES: ConnectionRules = {
  keepAliveMs: null,
  keepAliveTimeoutMs: 0,
  mostGivenUp: Infinity,
  leavesGivenUp: false,
};
/** Given up so often that every known budget is passed, and no more. */
const MOST_RESETS = 1500;
/** Calls given up at once, and how often: 500 a second, as calls that expire. */
const AT_ONCE = 5;
const EVERY_MS = 10;

/** A client of one server, which may give up any number of calls on a connection. */
class Client implements AsyncDisposable {
  readonly clock = new RealClock();
  readonly calls = createCallColumns(SLOTS);
  readonly connections: EndedConnection[] = [];
  readonly #ended = new Map<number, () => void>();
  readonly #transport;
  #slot = 0;

  private constructor(address: string) {
    const deployments = ["hang.test"].map((authority, i) => ({
      spec: functionSpec(i),
      address,
      authority,
    }));
    this.#transport = createHttp2Transport({
      clock: this.clock,
      deployments,
      coldStartsMarked: false,
      mostGivenUp: Infinity,
      maxConnections: 1,
    })(
      this.calls,
      (slot) => this.#ended.get(slot)?.(),
      (connection) => this.connections.push(connection),
    );
  }

  static async connect(address: string): Promise<Client> {
    const client = new Client(address);
    await client.#transport;
    return client;
  }

  /** Sends a call, and resolves when it is given up, or ended otherwise. */
  async call(deadlineMs: number): Promise<void> {
    const slot = this.#slot++;
    const { calls, clock } = this;
    calls.deadlineMs[slot] = clock.nowMs() + deadlineMs;
    calls.runtimeMs[slot] = calls.memoryMib[slot] = 1;
    calls.dispatchedMs[slot] = NaN;
    calls.statusMessage[slot] = null;
    const ended = new Promise<void>((resolve) => this.#ended.set(slot, resolve));
    const transport = await this.#transport;
    transport.invoke(slot);
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#transport).close();
  }
}

/** What the peer says of calls whose deadline it alone knows, the most frequent first. */
async function measureDeadline(address: string): Promise<string> {
  const clock = new RealClock();
  const never = new AbortController().signal;
  const socket = await connectSocket({ address, tls: undefined }, clock, 5000, never);
  const ready = Promise.withResolvers<void>();
  const http2 = new Http2ClientConnection(socket, clock, RULES, {
    onReady: ready.resolve,
    onRoom() {},
    onGoingAway() {},
    onEnd() {},
  });
  await ready.promise;
  const headers = new RequestHeaders(http2.encoder, [
    { scheme: "http", authority: "hang.test", metadata: {} },
  ]);
  const said = new Map<string, number>();
  for (let i = 0; i < DEADLINE_CALLS; i++) {
    const body = new ByteWriter(64);
    writeRequest(body, 1, 1);
    const answer = Promise.withResolvers<string>();
    const timer = setTimeout(() => answer.resolve("nothing"), DEADLINE_MS + PATIENCE_MS);
    http2.request(headers.encode(0, DEADLINE_MS), body, {
      onDispatched() {},
      onHeaders(block) {
        const { statusCode, statusMessage, httpStatus } = readGrpcFields(block);
        if (statusCode !== null) {
          answer.resolve(`grpc-status ${statusCode} ${statusMessage ?? ""}`.trimEnd());
        } else if (httpStatus !== 200) answer.resolve(`HTTP ${httpStatus}`);
      },
      onData() {},
      onAborted: (reason, code) =>
        answer.resolve(reason === "reset" ? `RST_STREAM ${errorName(code)}` : reason),
    });
    const words = await answer.promise;
    clearTimeout(timer);
    said.set(words, (said.get(words) ?? 0) + 1);
  }
  http2.close();
  return [...said].sort((a, b) => b[1] - a[1]).map(([words]) => words).join("; ");
}

/** At which reset the peer ends the connection, and how. */
async function measureResets(address: string): Promise<string> {
  await using client = await Client.connect(address);
  const given: Promise<void>[] = [];
  while (given.length < MOST_RESETS && client.connections.length === 0) {
    for (let i = 0; i < AT_ONCE; i++) given.push(client.call(EVERY_MS));
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  await Promise.all(given);
  const [ended] = client.connections;
  if (ended === undefined) return `more than ${given.length}`;
  const words = [ended.code, ended.detail].filter((part) => part !== null).join(" ");
  return `${ended.resetsSent}: ${words}`;
}

async function readVersion([command, ...args]: readonly string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return text.match(/google\.golang\.org\/grpc\tv([\d.]+)/)?.[1] ??
    text.match(/\d+\.\d+(\.\d+)?/)?.[0] ?? "?";
}

function isInstalled({ needs }: Peer): boolean {
  try {
    return needs.every((path) => Deno.statSync(path).isFile);
  } catch {
    return false;
  }
}

if (import.meta.main) {
  console.log("| server | says at a deadline that it sees first | ends the connection at reset |");
  console.log("| --- | --- | --- |");
  for (const [peer, name, version] of SERVERS) {
    if (!isInstalled(peer)) {
      console.error(`${name} is not installed, and left out.`);
      continue;
    }
    await using server = await peer.start();
    const deadline = await measureDeadline(server.address);
    const resets = await measureResets(server.address);
    console.log(`| ${name} ${await readVersion(version)} | ${deadline} | ${resets} |`);
  }
}
