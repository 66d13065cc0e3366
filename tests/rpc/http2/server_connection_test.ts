import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { RealClock } from "../../../lib/clock/clock.ts";
import { VirtualClock } from "../../../lib/clock/virtual_clock.ts";
import type { HeaderField } from "../../../lib/rpc/hpack/encoder.ts";
import type { ByteStream } from "../../../lib/rpc/socket.ts";
import {
  CONNECTION_PREFACE,
  ERROR_CODE,
  FLAG,
  FRAME,
  SETTING,
} from "../../../lib/rpc/http2/protocol.ts";
import { Http2Server } from "../../../lib/rpc/http2/server.ts";
import { Http2ServerConnection } from "../../../lib/rpc/http2/server_connection.ts";
import type { RequestListener, ServerStream } from "../../../lib/rpc/http2/server_stream.ts";
import { REQUEST_FIELDS, ScriptedClient } from "../../support/scripted_client.ts";
import {
  concat,
  data,
  fieldBlock,
  frame,
  headers,
  ping,
  reset,
  settings,
  uint32,
  windowUpdate,
  within,
} from "../../support/scripted_peer.ts";

const NOTHING = new Uint8Array(0);
const BODY = new TextEncoder().encode("hello");

const OK: readonly HeaderField[] = [{ name: ":status", value: "200", indexing: "index" }];
const END: readonly HeaderField[] = [{ name: "grpc-status", value: "0", indexing: "index" }];

/** A request as the server saw it. */
class SeenRequest implements RequestListener {
  readonly stream: ServerStream;
  readonly path: string;
  body = "";
  readonly aborted = Promise.withResolvers<void>();
  readonly #onWhole: (request: SeenRequest) => void;

  constructor(stream: ServerStream, path: string, onWhole: (request: SeenRequest) => void) {
    this.stream = stream;
    this.path = path;
    this.#onWhole = onWhole;
  }

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.body += new TextDecoder().decode(bytes.subarray(start, end));
    if (endStream) this.#onWhole(this);
  }

  onAborted(): void {
    this.aborted.resolve();
  }

  /** Fields, the body of the request, and trailers. */
  echo(): void {
    const bytes = new TextEncoder().encode(this.body);
    this.stream.sendHeaders(OK, false);
    this.stream.sendData(bytes, 0, bytes.length, false);
    this.stream.sendHeaders(END, true);
  }
}

/** A server that echoes, but for requests of `/wait`; what it saw is kept. */
class EchoServer implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  readonly server: Http2Server;

  constructor({ maxConcurrentStreams = 100, clock = new RealClock() as RealClock | VirtualClock }) {
    this.server = new Http2Server({
      clock,
      hostname: "127.0.0.1",
      port: 0,
      maxConcurrentStreams,
      onRequest: (stream, { path }) => {
        const request = new SeenRequest(stream, path, () => {
          if (path !== "/wait") request.echo();
        });
        this.requests.push(request);
        return request;
      },
    });
  }

  get port(): number {
    return this.server.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close({ abort: true });
  }
}

function serverTest(
  name: string,
  test: (server: EchoServer, client: ScriptedClient) => Promise<void>,
  options: ConstructorParameters<typeof EchoServer>[0] = {},
  pairs: readonly (readonly [number, number])[] = [],
): void {
  Deno.test(`HTTP/2 server: ${name}`, async () => {
    await using server = new EchoServer(options);
    using client = await ScriptedClient.connect(server.port, ...pairs);
    await test(server, client);
  });
}

function request(streamId: number, endStream = true, path = "/"): Uint8Array {
  return headers(streamId, { ...REQUEST_FIELDS, ":path": path }, endStream);
}

/** Reads an echo of `body`, which comes in one frame. */
async function expectEcho(client: ScriptedClient, streamId: number, body: Uint8Array) {
  assert.equal((await client.expectFields(streamId))[":status"], "200");
  assert.deepEqual((await client.expect(FRAME.data)).payload, body);
  assert.deepEqual(await client.expectFields(streamId), { "grpc-status": "0" });
}

/** Resolves when the server has read everything that was written. */
async function settle(client: ScriptedClient): Promise<void> {
  await client.write(ping(new Uint8Array(8)));
  await client.expect(FRAME.ping);
}

serverTest("says its settings first, and acknowledges those of the client", async (_, client) => {
  const first = await client.expect(FRAME.settings);
  assert.equal(first.flags, 0);
  const view = new DataView(first.payload.buffer);
  assert.equal(view.getUint16(0), SETTING.maxConcurrentStreams);
  assert.equal(view.getUint32(2), 7);
  const second = await client.expect(FRAME.settings);
  assert.equal(second.flags, FLAG.ack);
}, { maxConcurrentStreams: 7 });

serverTest("takes a request in parts and padded, and answers", async (server, client) => {
  const block = fieldBlock(REQUEST_FIELDS);
  await client.write(
    frame(
      FRAME.headers,
      FLAG.padded | FLAG.priority,
      1,
      concat(Uint8Array.of(2), new Uint8Array(5), block.subarray(0, 9), new Uint8Array(2)),
    ),
    frame(FRAME.continuation, 0, 1, block.subarray(9, 20)),
    frame(FRAME.continuation, FLAG.endHeaders, 1, block.subarray(20)),
    data(1, BODY.subarray(0, 2)),
    frame(
      FRAME.data,
      FLAG.padded,
      1,
      concat(Uint8Array.of(3), BODY.subarray(2), new Uint8Array(3)),
    ),
    headers(1, { "x-checksum": "1" }, true),
  );
  await expectEcho(client, 1, BODY);
  assert.equal(server.requests[0].path, REQUEST_FIELDS[":path"]);
});

Deno.test("HTTP/2 server: takes a byte at a time", async () => {
  await using server = new EchoServer({});
  using client = await ScriptedClient.connectSilently(server.port);
  const said = concat(CONNECTION_PREFACE, settings(), request(1, false), data(1, BODY, true));
  for (const byte of said) await client.write(Uint8Array.of(byte));
  await expectEcho(client, 1, BODY);
});

serverTest(
  "sends no more than the windows allow, trailers last",
  async (server, client) => {
    await client.write(request(1, false), data(1, BODY, true));
    assert.equal((await client.expectFields(1))[":status"], "200");
    await settle(client);
    await client.write(windowUpdate(1, 2));
    assert.deepEqual((await client.expect(FRAME.data)).payload, BODY.subarray(0, 2));
    await client.write(settings([SETTING.initialWindowSize, 1]));
    assert.deepEqual((await client.expect(FRAME.data)).payload, BODY.subarray(2, 3));
    await client.write(windowUpdate(1, 100));
    assert.deepEqual((await client.expect(FRAME.data)).payload, BODY.subarray(3));
    assert.deepEqual(await client.expectFields(1), { "grpc-status": "0" });
    assert.equal(server.requests.length, 1);
  },
  {},
  [[SETTING.initialWindowSize, 0]],
);

serverTest("gives back the windows that a long body used", async (server, client) => {
  await client.write(request(1, false, "/wait"));
  const part = new Uint8Array(16_384).fill(0x61);
  // More than the connection's default window, and than a stream's here.
  for (let i = 0; i < 96; i++) await client.write(data(1, part));
  const update = await client.expect(FRAME.windowUpdate);
  assert.equal(update.streamId, 0, "the connection's first");
  const { streamId, payload } = await client.expect(FRAME.windowUpdate);
  assert.equal(streamId, 1);
  assert.ok(new DataView(payload.buffer).getUint32(0) > 1 << 19);
  await client.write(data(1, NOTHING, true));
  await settle(client);
  assert.equal(server.requests[0].body.length, 96 * part.length);
});

serverTest("refuses streams above the limit, and takes others later", async (server, client) => {
  await client.write(request(1, true, "/wait"), request(3), request(5));
  assert.equal(await client.expectReset(3), ERROR_CODE.refusedStream);
  assert.equal(await client.expectReset(5), ERROR_CODE.refusedStream);
  server.requests[0].echo();
  await client.expectFields(1);
  await client.expect(FRAME.data);
  await client.expectFields(1);
  await client.write(request(7, false), data(7, BODY, true));
  await expectEcho(client, 7, BODY);
}, { maxConcurrentStreams: 1 });

serverTest("tells who answers that the caller gave up", async (server, client) => {
  await client.write(request(1, true, "/wait"), reset(1, ERROR_CODE.cancel));
  await settle(client);
  await within("the request is aborted", server.requests[0].aborted.promise);
  server.requests[0].echo();
  await settle(client);
});

serverTest("answers before the request has ended", async (server, client) => {
  await client.write(request(1, false, "/wait"));
  await settle(client);
  server.requests[0].echo();
  await client.expectFields(1);
  await client.expect(FRAME.data);
  await client.expectFields(1);
  assert.equal(await client.expectReset(1), ERROR_CODE.noError);
  await client.write(data(1, BODY, true));
  await settle(client);
});

serverTest("goes away when the last reply is out", async (server, client) => {
  await client.write(request(1, true, "/wait"));
  await settle(client);
  const closed = server.server.close();
  assert.deepEqual(await client.expectGoaway(), { lastStreamId: 1, errorCode: 0 });
  await client.write(request(3));
  await settle(client);
  assert.equal(server.requests.length, 1, "not looked at");
  server.requests[0].echo();
  await client.expectFields(1);
  await client.expect(FRAME.data);
  await client.expectFields(1);
  await client.closeWrite();
  await client.expectEnd();
  await within("the server is closed", closed);
});

serverTest("answers a client that has said its last", async (server, client) => {
  await client.write(request(1, true, "/wait"));
  await client.closeWrite();
  await client.expect(FRAME.ping);
  server.requests[0].echo();
  await client.expectFields(1);
  await client.expectEnd();
});

Deno.test("HTTP/2 server: notices that a client is gone while replies are due", async () => {
  await using server = new EchoServer({});
  const client = await ScriptedClient.connect(server.port);
  await client.write(request(1, true, "/wait"));
  await settle(client);
  client[Symbol.dispose]();
  await within("the request is aborted", server.requests[0].aborted.promise);
});

/** What ends the connection, by the error code of GOAWAY; stream 1 is open. */
const VIOLATIONS: readonly [string, keyof typeof ERROR_CODE, Uint8Array][] = [
  ["HEADERS on stream 0", "protocolError", request(0)],
  ["HEADERS on an even stream", "protocolError", request(2)],
  ["DATA on stream 0", "protocolError", data(0, NOTHING)],
  ["DATA on an idle stream", "protocolError", data(5, NOTHING)],
  ["RST_STREAM on an idle stream", "protocolError", reset(5, 0)],
  ["RST_STREAM of 3 octets", "frameSizeError", frame(FRAME.rstStream, 0, 1, new Uint8Array(3))],
  ["WINDOW_UPDATE on an idle stream", "protocolError", windowUpdate(5, 1)],
  ["WINDOW_UPDATE of 0", "protocolError", windowUpdate(0, 0)],
  ["WINDOW_UPDATE of 3 octets", "frameSizeError", frame(FRAME.windowUpdate, 0, 0, BODY)],
  ["a window above the largest", "flowControlError", windowUpdate(0, 0x7fffffff)],
  ["PUSH_PROMISE", "protocolError", frame(FRAME.pushPromise, FLAG.endHeaders, 1, uint32(2))],
  ["PRIORITY on stream 0", "protocolError", frame(FRAME.priority, 0, 0, new Uint8Array(5))],
  ["PING on a stream", "protocolError", frame(FRAME.ping, 0, 1, new Uint8Array(8))],
  ["PING of 7 octets", "frameSizeError", frame(FRAME.ping, 0, 0, new Uint8Array(7))],
  ["GOAWAY on a stream", "protocolError", frame(FRAME.goaway, 0, 1, new Uint8Array(8))],
  ["SETTINGS on a stream", "protocolError", frame(FRAME.settings, 0, 1)],
  ["SETTINGS of 5 octets", "frameSizeError", frame(FRAME.settings, 0, 0, new Uint8Array(5))],
  ["ENABLE_PUSH of 2", "protocolError", settings([SETTING.enablePush, 2])],
  ["MAX_FRAME_SIZE of 1", "protocolError", settings([SETTING.maxFrameSize, 1])],
  ["INITIAL_WINDOW_SIZE", "flowControlError", settings([SETTING.initialWindowSize, 2 ** 31])],
  ["CONTINUATION of nothing", "protocolError", frame(FRAME.continuation, 4, 3)],
  [
    "a frame within a block",
    "protocolError",
    concat(frame(FRAME.headers, 0, 3, fieldBlock(REQUEST_FIELDS)), ping(new Uint8Array(8))),
  ],
  [
    "a block without end",
    "enhanceYourCalm",
    concat(
      frame(FRAME.headers, 0, 3),
      ...Array.from({ length: 65 }, () => frame(FRAME.continuation, 0, 3)),
    ),
  ],
  ["an index of no table", "compressionError", frame(FRAME.headers, 4, 3, Uint8Array.of(0xff, 0))],
  ["a frame that is too large", "frameSizeError", data(1, new Uint8Array(16_385))],
];

for (const [what, errorCode, bytes] of VIOLATIONS) {
  serverTest(`${what} ends the connection, with ${errorCode}`, async (server, client) => {
    await client.write(request(1, true, "/wait"));
    await settle(client);
    await client.write(bytes);
    const goaway = await client.expectGoaway();
    assert.equal(goaway.errorCode, ERROR_CODE[errorCode]);
    await within("the request is aborted", server.requests[0].aborted.promise);
    await client.expectEnd();
  });
}

/** What ends one stream, by the error code of RST_STREAM; stream 1 is open, and goes on. */
const STREAM_ERRORS: readonly [string, keyof typeof ERROR_CODE, Uint8Array][] = [
  ["no path", "protocolError", headers(3, { ":method": "POST", ":scheme": "http" }, true)],
  ["an empty path", "protocolError", headers(3, { ...REQUEST_FIELDS, ":path": "" }, true)],
  ["a field in upper case", "protocolError", headers(3, { ...REQUEST_FIELDS, "X-A": "1" }, true)],
  [
    "a field of HTTP/1",
    "protocolError",
    headers(3, { ...REQUEST_FIELDS, connection: "close" }, true),
  ],
  ["te other than trailers", "protocolError", headers(3, { ...REQUEST_FIELDS, te: "gzip" }, true)],
  [
    "a pseudo-header field after others",
    "protocolError",
    headers(3, [["x", "1"], ...Object.entries(REQUEST_FIELDS)], true),
  ],
  [
    "a pseudo-header field twice",
    "protocolError",
    headers(3, [[":path", "/"], ...Object.entries(REQUEST_FIELDS)], true),
  ],
  [
    "less than content-length",
    "protocolError",
    concat(headers(3, { ...REQUEST_FIELDS, "content-length": "6" }), data(3, BODY, true)),
  ],
  [
    "more than content-length",
    "protocolError",
    concat(headers(3, { ...REQUEST_FIELDS, "content-length": "4" }), data(3, BODY)),
  ],
  ["DATA after the end", "streamClosed", concat(request(3, true, "/wait"), data(3, BODY))],
  ["HEADERS after the end", "streamClosed", concat(request(3, true, "/wait"), request(3))],
  ["a second HEADERS without end", "protocolError", concat(request(3, false), request(3, false))],
  [
    "trailers with a pseudo-header field",
    "protocolError",
    concat(request(3, false), headers(3, { ":path": "/" }, true)),
  ],
  [
    "trailers with a field in upper case",
    "protocolError",
    concat(request(3, false), headers(3, { "X-A": "1" }, true)),
  ],
  [
    "trailers with a field of HTTP/1",
    "protocolError",
    concat(request(3, false), headers(3, { connection: "close" }, true)),
  ],
  [
    "PRIORITY of 4 octets",
    "frameSizeError",
    concat(request(3, true, "/wait"), frame(FRAME.priority, 0, 3, new Uint8Array(4))),
  ],
  ["WINDOW_UPDATE of 0", "protocolError", concat(request(3, true, "/wait"), windowUpdate(3, 0))],
  [
    "a window above the largest",
    "flowControlError",
    concat(request(3, true, "/wait"), windowUpdate(3, 0x7fffffff)),
  ],
];

for (const [what, errorCode, bytes] of STREAM_ERRORS) {
  serverTest(`${what} ends the stream alone, with ${errorCode}`, async (_, client) => {
    await client.write(request(1, false), bytes);
    assert.equal(await client.expectReset(3), ERROR_CODE[errorCode]);
    await client.write(data(1, BODY, true));
    await expectEcho(client, 1, BODY);
  });
}

serverTest("answers 431 to header fields that are too large", async (_, client) => {
  await client.write(
    headers(1, { ...REQUEST_FIELDS, a: "x".repeat(15_000) }, true),
  );
  assert.equal((await client.expectFields(1))[":status"], "200");
  await client.expect(FRAME.data);
  await client.expectFields(1);
  const block = fieldBlock({ ...REQUEST_FIELDS, a: "x".repeat(34_000) });
  await client.write(
    frame(FRAME.headers, FLAG.endStream, 3, block.subarray(0, 16_384)),
    frame(FRAME.continuation, FLAG.endHeaders, 3, block.subarray(16_384)),
  );
  assert.equal((await client.expectFields(3))[":status"], "431");
});

serverTest("ends a connection that makes requests only to give them up", async (_, client) => {
  const pairs = Array.from({ length: 1002 }, (__, i) => [
    request(2 * i + 1, true, "/wait"),
    reset(2 * i + 1, ERROR_CODE.cancel),
  ]).flat();
  await client.write(...pairs);
  assert.equal((await client.expectGoaway()).errorCode, ERROR_CODE.enhanceYourCalm);
  // Time stands still: what was given up is not forgotten.
}, { maxConcurrentStreams: 1, clock: new VirtualClock() });

Deno.test("HTTP/2 server: a peer that speaks no HTTP/2 is hung up on", async () => {
  await using server = new EchoServer({});
  using client = await ScriptedClient.connectSilently(server.port);
  await client.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await client.expectEnd();
});

Deno.test("HTTP/2 server: a peer that says nothing is hung up on", async () => {
  const clock = new VirtualClock();
  const silent: ByteStream = {
    read: () => new Promise(() => {}),
    write: (bytes) => Promise.resolve(bytes.length),
    close() {},
  };
  const ends: string[] = [];
  await clock.run((stop) => {
    new Http2ServerConnection(silent, {
      clock,
      maxConcurrentStreams: 1,
      onRequest: () => assert.fail("there is no request"),
      onEnd(reason) {
        ends.push(reason);
        stop();
      },
    });
  });
  assert.equal(ends.length, 1);
  assert.match(ends[0], /no SETTINGS/);
});

Deno.test("HTTP/2 server: reads no more from a peer that does not read", async () => {
  const said = [CONNECTION_PREFACE, settings()];
  const pings = concat(...Array.from({ length: 200 }, () => ping(new Uint8Array(8))));
  let bytesRead = 0;
  const flood: ByteStream = {
    read(into) {
      const next = said.shift() ?? pings.slice(0, into.length);
      into.set(next);
      bytesRead += next.length;
      return Promise.resolve(next.length);
    },
    write: () => new Promise(() => {}),
    close() {},
  };
  const ends: string[] = [];
  const connection = new Http2ServerConnection(flood, {
    clock: new VirtualClock(),
    maxConcurrentStreams: 1,
    onRequest: () => assert.fail("there is no request"),
    onEnd: (reason) => ends.push(reason),
  });
  // Reading goes on in microtasks: it has come to an end when this turn has.
  await setImmediate();
  const before = bytesRead;
  await setImmediate();
  assert.equal(bytesRead, before);
  assert.ok(bytesRead > 1 << 19 && bytesRead < 4 << 20, `${bytesRead} bytes were read`);
  connection.close();
  assert.equal(ends.length, 0, "the goodbye waits for a second at most");
});
