import assert from "node:assert/strict";
import { RealClock } from "../../../lib/clock/clock.ts";
import { createProxy, type ProxiedInstance } from "../../../lib/platform/local/proxy.ts";
import type { PooledInstance, PooledRequest } from "../../../lib/platform/local/function_pool.ts";
import { Upstream } from "../../../lib/platform/local/upstream.ts";
import type { HeaderField } from "../../../lib/rpc/hpack/encoder.ts";
import { ERROR_CODE, FRAME } from "../../../lib/rpc/http2/protocol.ts";
import { Http2Server } from "../../../lib/rpc/http2/server.ts";
import type { RequestListener, ServerStream } from "../../../lib/rpc/http2/server_stream.ts";
import { REQUEST_FIELDS, ScriptedClient } from "../../support/scripted_client.ts";
import { data, headers, ping, reset, windowUpdate, within } from "../../support/scripted_peer.ts";

const clock = new RealClock();
const BODY = new TextEncoder().encode("hello");
const READY_UNIX_MS = 1_700_000_000_123.4567;

function fields(entries: Record<string, string>): HeaderField[] {
  return Object.entries(entries).map(([name, value]) => ({ name, value, indexing: "literal" }));
}

/** A request as it came to the instance. */
interface ForwardedRequest {
  readonly stream: ServerStream;
  readonly fields: Record<string, string>;
  readonly body: string;
  readonly aborted: Promise<void>;
}

/** A proxy in front of one instance, which does what a test tells it. */
class ProxyWithInstance implements AsyncDisposable {
  readonly answered: [string, number][] = [];
  completed = 0;
  /** Whether requests wait; what then serves each. */
  isFull = false;
  readonly waiting: (() => void)[] = [];
  cancelled = 0;
  readonly #requests: ForwardedRequest[] = [];
  #onRequest: () => void = () => {};
  readonly #instance = new Http2Server({
    clock,
    hostname: "127.0.0.1",
    port: 0,
    maxConcurrentStreams: 100,
    onRequest: (stream, { fields: { names, values } }) => this.#take(stream, names, values),
  });
  readonly #proxy: Http2Server;
  #upstream: Upstream | null = null;
  readonly #stop = new AbortController();

  private constructor() {
    let readyUnixMs: number | null = READY_UNIX_MS;
    const instance: PooledInstance<ProxiedInstance> = {
      name: "f-0",
      handle: { pid: null, connected: true, upstream: null!, stop() {} },
      takeReadyUnixMs() {
        const taken = readyUnixMs;
        readyUnixMs = null;
        return taken;
      },
    };
    Object.defineProperty(instance.handle, "upstream", { get: () => this.#upstream });
    const pool = {
      submit: (request: PooledRequest<ProxiedInstance>) => {
        if (!this.isFull) request.assign(instance);
        else this.waiting.push(() => request.assign(instance));
      },
      cancel: () => void this.cancelled++,
      complete: () => void this.completed++,
    };
    this.#proxy = new Http2Server({
      clock,
      hostname: "127.0.0.1",
      port: 0,
      maxConcurrentStreams: 100,
      onRequest: createProxy({
        poolOf: (authority) => authority === "f.localhost" ? pool : undefined,
        onAnswered: (authority, httpStatus) => this.answered.push([authority, httpStatus]),
      }),
    });
  }

  static async start(): Promise<ProxyWithInstance> {
    const proxy = new ProxyWithInstance();
    proxy.#upstream = await Upstream.connect(`127.0.0.1:${proxy.#instance.port}`, {
      clock,
      timeoutMs: 5000,
      signal: proxy.#stop.signal,
      onEnd() {},
    });
    return proxy;
  }

  get port(): number {
    return this.#proxy.port;
  }

  /** The next request that the instance has got as a whole; of `/chat`, with every part. */
  async request(): Promise<ForwardedRequest> {
    if (this.#requests.length === 0) {
      await within("a request", new Promise<void>((resolve) => this.#onRequest = resolve));
    }
    return this.#requests.shift()!;
  }

  /** The instance dies. */
  async killInstance(): Promise<void> {
    await this.#instance.close({ abort: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#instance.close({ abort: true });
    await this.#proxy.close({ abort: true });
  }

  #take(
    stream: ServerStream,
    names: readonly string[],
    values: readonly string[],
  ): RequestListener {
    let body = "";
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    return {
      onData: (bytes, start, end, endStream) => {
        body += new TextDecoder().decode(bytes.subarray(start, end));
        const seen = Object.fromEntries(names.map((name, i) => [name, values[i]]));
        if (!endStream && seen[":path"] !== "/chat") return;
        this.#requests.push({ stream, fields: seen, body, aborted });
        this.#onRequest();
      },
      onAborted: resolve,
    };
  }
}

function proxyTest(
  name: string,
  test: (proxy: ProxyWithInstance, client: ScriptedClient) => Promise<void>,
): void {
  Deno.test(`proxy: ${name}`, async () => {
    await using proxy = await ProxyWithInstance.start();
    using client = await ScriptedClient.connect(proxy.port);
    await test(proxy, client);
  });
}

async function settle(client: ScriptedClient): Promise<void> {
  await client.write(ping(new Uint8Array(8)));
  await client.expect(FRAME.ping);
}

proxyTest("passes on what both sides say, known to it or not", async (proxy, client) => {
  const sent = {
    ...REQUEST_FIELDS,
    ":authority": "F.localhost:80",
    "grpc-timeout": "5S",
    authorization: "Bearer secret",
    "x-custom-bin": "AAEC",
  };
  for (const streamId of [1, 3]) {
    await client.write(
      headers(streamId, sent),
      data(streamId, BODY.subarray(0, 2)),
      data(streamId, BODY.subarray(2), true),
    );
    const { stream, fields: seen, body } = await proxy.request();
    assert.deepEqual(seen, sent);
    assert.equal(body, "hello");
    stream.sendHeaders(fields({ ":status": "200", "x-reply": "1" }), false);
    stream.sendData(BODY, 0, BODY.length, false);
    stream.sendHeaders(fields({ "grpc-status": "5", "x-trailer": "2" }), true);
    assert.deepEqual(await client.expectFields(streamId), {
      ":status": "200",
      "x-reply": "1",
      // The first reply of an instance alone.
      ...streamId === 1 ? { "x-instance-ready-unix-ms": READY_UNIX_MS.toFixed(3) } : {},
    });
    assert.deepEqual((await client.expect(FRAME.data)).payload, BODY);
    assert.deepEqual(await client.expectFields(streamId), { "grpc-status": "5", "x-trailer": "2" });
  }
  assert.equal(proxy.completed, 2);
  assert.deepEqual(proxy.answered, [["f.localhost", 200], ["f.localhost", 200]]);
});

proxyTest("passes a reply in one block on", async (proxy, client) => {
  await client.write(headers(1, REQUEST_FIELDS, true));
  const { stream } = await proxy.request();
  stream.sendHeaders(fields({ ":status": "200", "grpc-status": "3" }), true);
  assert.equal((await client.expectFields(1))["grpc-status"], "3");
  assert.equal(proxy.completed, 1);
});

proxyTest("a caller that gives up frees the instance", async (proxy, client) => {
  await client.write(headers(1, REQUEST_FIELDS, true));
  const { aborted } = await proxy.request();
  await client.write(reset(1, ERROR_CODE.cancel));
  await within("the instance is told", aborted);
  assert.equal(proxy.completed, 1);
  await client.write(headers(3, REQUEST_FIELDS), reset(3, ERROR_CODE.cancel));
  await settle(client);
  assert.equal(proxy.completed, 2, "before the request was whole");
  proxy.isFull = true;
  await client.write(headers(5, REQUEST_FIELDS), reset(5, ERROR_CODE.cancel));
  await settle(client);
  assert.equal(proxy.cancelled, 1, "before there was an instance");
  assert.deepEqual(proxy.answered, []);
});

proxyTest("an instance that gives up before it answers is a bad gateway", async (proxy, client) => {
  await client.write(headers(1, REQUEST_FIELDS, true));
  const { stream } = await proxy.request();
  stream.reset(ERROR_CODE.internalError);
  const reply = await client.expectFields(1);
  // What began and broke off is no refusal: Knative's queue-proxy says so in HTTP.
  assert.deepEqual(reply, { ":status": "502", "content-type": "text/plain; charset=utf-8" });
  const { payload } = await client.expect(FRAME.data);
  assert.equal(new TextDecoder().decode(payload), "The instance f-0 ended during the call.");
  assert.deepEqual(proxy.answered, [["f.localhost", 502]]);
  assert.equal(proxy.completed, 1);
});

proxyTest("an instance that gives up later resets the caller's stream", async (proxy, client) => {
  await client.write(headers(1, REQUEST_FIELDS, true));
  const { stream } = await proxy.request();
  stream.sendHeaders(fields({ ":status": "200" }), false);
  await client.expectFields(1);
  stream.reset(ERROR_CODE.enhanceYourCalm);
  assert.equal(await client.expectReset(1), ERROR_CODE.enhanceYourCalm);
  assert.equal(proxy.completed, 1);
});

proxyTest("an instance that dies ends its calls", async (proxy, client) => {
  await client.write(headers(1, REQUEST_FIELDS, true), headers(3, REQUEST_FIELDS, true));
  const { stream } = await proxy.request();
  await proxy.request();
  stream.sendHeaders(fields({ ":status": "200" }), false);
  await client.expectFields(1);
  await proxy.killInstance();
  assert.ok(await client.expectReset(1) !== ERROR_CODE.noError);
  assert.equal((await client.expectFields(3))[":status"], "502");
  assert.equal(proxy.completed, 2);
});

proxyTest("both sides may speak in turn", async (proxy, client) => {
  await client.write(headers(1, { ...REQUEST_FIELDS, ":path": "/chat" }), data(1, BODY));
  const { stream, body } = await proxy.request();
  assert.equal(body, "hello");
  stream.sendHeaders(fields({ ":status": "200" }), false);
  stream.sendData(BODY, 0, BODY.length, false);
  await client.expectFields(1);
  await client.expect(FRAME.data);
  await client.write(data(1, BODY, true));
  assert.equal((await proxy.request()).body, "hellohello");
  stream.sendHeaders(fields({ "grpc-status": "0" }), true);
  assert.deepEqual(await client.expectFields(1), { "grpc-status": "0" });
  assert.equal(proxy.completed, 1);
});

proxyTest("a reply may end before its request", async (proxy, client) => {
  await client.write(headers(1, { ...REQUEST_FIELDS, ":path": "/chat" }), data(1, BODY));
  const { stream } = await proxy.request();
  stream.sendHeaders(fields({ ":status": "200", "grpc-status": "9" }), true);
  assert.equal((await client.expectFields(1))["grpc-status"], "9");
  assert.equal(await client.expectReset(1), ERROR_CODE.noError);
  await client.write(data(1, BODY, true));
  await settle(client);
  assert.equal(proxy.completed, 1);
});

proxyTest("what comes before there is an instance waits", async (proxy, client) => {
  proxy.isFull = true;
  await client.write(headers(1, REQUEST_FIELDS), data(1, BODY), data(1, BODY, true));
  await settle(client);
  proxy.waiting[0]();
  const { stream, body } = await proxy.request();
  assert.equal(body, "hellohello");
  stream.sendHeaders(fields({ ":status": "200", "grpc-status": "0" }), true);
  assert.equal((await client.expectFields(1))["grpc-status"], "0");
});

proxyTest("a long request and a long reply are paced by their takers", async (proxy, client) => {
  const part = new Uint8Array(16_000).fill(0x61);
  await client.write(headers(1, REQUEST_FIELDS));
  for (let i = 0; i < 200; i++) await client.write(data(1, part, i === 199));
  const { stream, body } = await proxy.request();
  assert.equal(body.length, 200 * part.length);
  const reply = new TextEncoder().encode(body);
  stream.sendHeaders(fields({ ":status": "200" }), false);
  stream.sendData(reply, 0, reply.length, false);
  stream.sendHeaders(fields({ "grpc-status": "0" }), true);
  await client.expectFields(1);
  let received = 0;
  while (received < reply.length) {
    const { length } = (await client.expect(FRAME.data)).payload;
    received += length;
    await client.write(windowUpdate(0, length), windowUpdate(1, length));
  }
  assert.deepEqual(await client.expectFields(1), { "grpc-status": "0" });
});

proxyTest("a caller may give up a reply that waits for it", async (proxy, client) => {
  await client.write(headers(1, REQUEST_FIELDS, true));
  const { stream } = await proxy.request();
  const reply = new Uint8Array(100_000);
  stream.sendHeaders(fields({ ":status": "200" }), false);
  stream.sendData(reply, 0, reply.length, false);
  stream.sendHeaders(fields({ "grpc-status": "0" }), true);
  await client.expectFields(1);
  while (proxy.completed === 0) await client.expect(FRAME.data);
  await client.write(reset(1, ERROR_CODE.cancel), headers(3, REQUEST_FIELDS, true));
  const next = await proxy.request();
  next.stream.sendHeaders(fields({ ":status": "200", "grpc-status": "0" }), true);
  for (;;) {
    const seen = await client.expectAny();
    if (seen.type === FRAME.headers && seen.streamId === 3) break;
  }
  assert.equal(proxy.completed, 2);
});

proxyTest("a request without bound is RESOURCE_EXHAUSTED", async (proxy, client) => {
  proxy.isFull = true;
  await client.write(headers(1, REQUEST_FIELDS));
  const part = new Uint8Array(16_384);
  for (let i = 0; i <= 256; i++) await client.write(data(1, part));
  assert.equal((await client.expectFields(1))["grpc-status"], "8");
  assert.equal(await client.expectReset(1), ERROR_CODE.noError);
  assert.deepEqual(proxy.answered, [["f.localhost", 503]]);
});

proxyTest("an authority that nobody serves is UNIMPLEMENTED", async (proxy, client) => {
  await client.write(headers(1, { ...REQUEST_FIELDS, ":authority": "nobody" }, true));
  const reply = await client.expectFields(1);
  assert.equal(reply["grpc-status"], "12");
  assert.equal(reply["grpc-message"], 'No function is deployed at "nobody".');
  assert.deepEqual(proxy.answered, [["nobody", 404]]);
});
