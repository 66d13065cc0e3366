/**
 * What servers do about deadlines and resets, as a table for docs/method.md:
 *
 *     deno task measure:servers
 *
 * For each server that is installed (`deno task peers:install`): what it says when it
 * sees the deadline of a call first, and how many calls may be given up by a reset
 * before it ends the connection; then what nginx with several servers behind it does when
 * calls expire. Takes some ten seconds a server, on loopback, and most of a minute where a
 * server says nothing.
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
import { type ByteStream, connectSocket } from "../../lib/rpc/socket.ts";
import { functionSpec } from "../support/function_spec.ts";
import { ENVOY } from "./envoy_peer.ts";
import { HAPROXY } from "./haproxy_peer.ts";
import { NET_HTTP, startNetHttp } from "./net_http_peer.ts";
import { NGHTTPD, startNghttpd } from "./nghttpd_peer.ts";
import { NGINX, startNginx } from "./nginx_peer.ts";
import { GO, GRPC_JS, type Peer, PYTHON_GRPCIO } from "./peer.ts";

/** A server, and how it is measured. */
interface Measured {
  readonly name: string;
  /** What is special about it, where one server has several rows. */
  readonly variant?: string;
  readonly peer: Pick<Peer, "needs" | "start">;
  /** The command that tells its version. */
  readonly version: readonly string[];
  /** Its function whose calls hang; by default `hang`. */
  readonly authority?: string;
}

/** Its window lets no request come to its end, so that it has none to answer. */
const NGHTTPD_PEER = {
  needs: [NGHTTPD],
  start: () => startNghttpd({ flags: ["--window-bits=0"] }),
};

const NET_HTTP_PEER = { needs: [NET_HTTP], start: startNetHttp };

const SERVERS: readonly Measured[] = [
  { name: "grpc-go", peer: GO, version: ["go", "version", "-m", GO.needs[0]] },
  {
    name: "grpcio",
    peer: PYTHON_GRPCIO,
    version: [PYTHON_GRPCIO.needs[0], "-c", "import grpc; print(grpc.__version__)"],
  },
  { name: "grpc-js on Node", peer: GRPC_JS, version: ["node", "--version"] },
  {
    name: "Go net/http",
    variant: "handlers that stop",
    peer: NET_HTTP_PEER,
    version: ["go", "version", NET_HTTP],
  },
  {
    name: "Go net/http",
    variant: "that go on",
    peer: NET_HTTP_PEER,
    version: ["go", "version", NET_HTTP],
    authority: "work.test",
  },
  { name: "nghttpd", peer: NGHTTPD_PEER, version: [NGHTTPD, "--version"] },
  { name: "Envoy", peer: ENVOY, version: [ENVOY.needs[0], "--version"] },
  { name: "nginx", peer: NGINX, version: [NGINX.needs[0], "-v"] },
  { name: "HAProxy", peer: HAPROXY, version: [HAPROXY.needs[0], "-v"] },
];

const HANG = "hang.test";
const ECHO = "echo.test";
const WELL = "grpc-status 0";

const SLOTS = 4096;
/** Calls whose deadline the server alone knows, and how long it may take to tell. */
const DEADLINE_CALLS = 40;
const DEADLINE_MS = 50;
const PATIENCE_MS = 1000;
/** How often it is asked whether a proxy takes calls again, and for how long. */
const ASK_EVERY_MS = 100;
const LONGEST_OUTAGE_MS = 30_000;
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

  private constructor(address: string, authority: string) {
    this.#transport = createHttp2Transport({
      clock: this.clock,
      deployments: [{ spec: functionSpec(0), address, authority }],
      coldStartsMarked: false,
      mostGivenUp: Infinity,
      maxConnections: 1,
    })(
      this.calls,
      (slot) => this.#ended.get(slot)?.(),
      (connection) => this.connections.push(connection),
    );
  }

  static async connect(address: string, authority: string): Promise<Client> {
    const client = new Client(address, authority);
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

/** A connection on which nobody but the peer ends a call. */
class Asker implements Disposable {
  readonly #http2: Http2ClientConnection;
  readonly #headers: RequestHeaders;
  readonly #authorities: readonly string[];
  readonly #ready = Promise.withResolvers<void>();

  private constructor(socket: ByteStream, authorities: readonly string[]) {
    this.#http2 = new Http2ClientConnection(socket, new RealClock(), RULES, {
      onReady: this.#ready.resolve,
      onRoom() {},
      onGoingAway() {},
      onEnd() {},
    });
    this.#authorities = authorities;
    this.#headers = new RequestHeaders(
      this.#http2.encoder,
      authorities.map((authority) => ({ scheme: "http", authority, metadata: {} })),
    );
  }

  static async connect(address: string, ...authorities: readonly string[]): Promise<Asker> {
    const never = new AbortController().signal;
    const socket = await connectSocket({ address, tls: undefined }, new RealClock(), 5000, never);
    const asker = new Asker(socket, authorities);
    await asker.#ready.promise;
    return asker;
  }

  /** What the peer says of a call that has this long. */
  async ask(authority: string, deadlineMs: number): Promise<string> {
    const body = new ByteWriter(64);
    writeRequest(body, 1, 1);
    const answer = Promise.withResolvers<string>();
    const timer = setTimeout(() => answer.resolve("nothing"), deadlineMs + PATIENCE_MS);
    const index = this.#authorities.indexOf(authority);
    this.#http2.request(this.#headers.encode(index, deadlineMs), body, {
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
    return words;
  }

  [Symbol.dispose](): void {
    this.#http2.close();
  }
}

/** What the peer says of calls whose deadline it alone knows, the most frequent first. */
async function measureDeadline(address: string, authority: string): Promise<string> {
  using asker = await Asker.connect(address, authority);
  const said: string[] = [];
  while (said.length < DEADLINE_CALLS) said.push(await asker.ask(authority, DEADLINE_MS));
  return countEach(said).map(([words]) => words).join("; ");
}

/** Each of the words with how often they were said, the most frequent first. */
function countEach(said: readonly string[]): [string, number][] {
  const counts = Map.groupBy(said, (words) => words).entries();
  return [...counts.map(([words, all]): [string, number] => [words, all.length])]
    .sort((a, b) => b[1] - a[1]);
}

/**
 * What a proxy says of calls that expire until it refuses one that has time; what it
 * says of such calls from then on, and for how long.
 */
async function measureOutage(address: string): Promise<string> {
  using asker = await Asker.connect(address, HANG, ECHO);
  const clock = new RealClock();
  const expired: string[] = [];
  const refused: string[] = [];
  let refusedMs = NaN;
  while (true) {
    const words = await asker.ask(ECHO, PATIENCE_MS);
    if (words !== WELL) {
      if (refused.length === 0) refusedMs = clock.nowMs();
      refused.push(words);
    } else if (refused.length > 0 || expired.length === DEADLINE_CALLS) break;
    if (refused.length === 0) expired.push(await asker.ask(HANG, DEADLINE_MS));
    else if (clock.nowMs() - refusedMs > LONGEST_OUTAGE_MS) break;
    else await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  const inWords = (said: readonly string[]) =>
    countEach(said).map(([words, count]) => `${count} × ${words}`).join(", ");
  const seconds = ((clock.nowMs() - refusedMs) / 1000).toFixed(1);
  return `after ${inWords(expired)} for calls that expired, ` +
    (refused.length === 0
      ? "none is refused"
      : `${inWords(refused)} for all others in ${seconds} s`);
}

/** At which reset the peer ends the connection, and how. */
async function measureResets(address: string, authority: string): Promise<string> {
  await using client = await Client.connect(address, authority);
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

function isInstalled({ needs }: Pick<Peer, "needs">): boolean {
  try {
    return needs.every((path) => Deno.statSync(path).isFile);
  } catch {
    return false;
  }
}

if (import.meta.main) {
  console.log("| server | says at a deadline that it sees first | ends the connection at reset |");
  console.log("| --- | --- | --- |");
  for (const { name, variant, peer, version, authority = HANG } of SERVERS) {
    if (!isInstalled(peer)) {
      console.error(`${name} is not installed, and left out.`);
      continue;
    }
    const title = [`${name} ${await readVersion(version)}`, variant ?? []].flat().join(", ");
    await using server = await peer.start();
    const deadline = await measureDeadline(server.address, authority);
    const resets = await measureResets(server.address, authority);
    console.log(`| ${title} | ${deadline} | ${resets} |`);
  }
  if (isInstalled(NGINX)) {
    await using server = await startNginx({ upstreams: 2 });
    console.log(`\nnginx with two servers behind it: ${await measureOutage(server.address)}.`);
  }
}
