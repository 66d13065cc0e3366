import assert from "node:assert/strict";
import { Rng } from "../../lib/base/rng.ts";
import { FrameReader } from "../../lib/rpc/http2/frame_reader.ts";
import {
  CONNECTION_PREFACE,
  ERROR_CODE,
  FLAG,
  FRAME,
  SETTING,
} from "../../lib/rpc/http2/protocol.ts";
import {
  concat,
  data,
  fieldBlock,
  frame,
  goaway,
  headers,
  OK_TRAILERS,
  ping,
  REPLY_FIELDS,
  replyMessage,
  reset,
  settings,
  uint32,
  windowUpdate,
} from "../support/scripted_peer.ts";
import { TestClient } from "./test_client.ts";

/** Sessions of one run; the environment asks for more. */
const CASES = Number(Deno.env.get("LOADER_FUZZ_CASES") ?? 1500);
const FIRST_CASE = Number(Deno.env.get("LOADER_FUZZ_FIRST_CASE") ?? 0);

const MOST_CALLS = 6;

/** Sessions at the same time: each waits most of its own. */
const AT_ONCE = 24;

function pick<T>(rng: Rng, choices: readonly T[]): T {
  return choices[rng.nextBelow(choices.length)];
}

function randomBytes(rng: Rng, most: number): Uint8Array {
  return Uint8Array.from({ length: rng.nextBelow(most + 1) }, () => rng.nextBelow(256));
}

/** Frames of a reply that is as it should be, cut in one of several ways. */
function validReply(rng: Rng, streamId: number): Uint8Array[] {
  const octets = replyMessage(`i${rng.nextBelow(3)}`);
  const cut = rng.nextBelow(octets.length + 1);
  const block = fieldBlock(REPLY_FIELDS);
  switch (rng.nextBelow(6)) {
    case 0:
      return [headers(streamId, { ...REPLY_FIELDS, "grpc-status": "14" }, true)];
    case 1:
      return [
        frame(FRAME.headers, 0, streamId, block.subarray(0, 1)),
        frame(FRAME.continuation, FLAG.endHeaders, streamId, block.subarray(1)),
        data(streamId, octets),
        headers(streamId, OK_TRAILERS, true),
      ];
    case 2:
      return [reset(streamId, rng.nextBelow(16))];
    case 3:
      return [
        headers(streamId, { ":status": "503", "content-type": "text/html" }),
        data(streamId, randomBytes(rng, 30), true),
      ];
    default:
      return [
        headers(streamId, REPLY_FIELDS),
        data(streamId, octets.subarray(0, cut)),
        data(streamId, octets.subarray(cut)),
        headers(streamId, OK_TRAILERS, true),
      ];
  }
}

/** Frames that a peer may send at any time. */
function aside(rng: Rng, streamId: number): Uint8Array {
  switch (rng.nextBelow(8)) {
    case 0:
      return ping(new Uint8Array(8));
    case 1:
      return settings([SETTING.initialWindowSize, pick(rng, [0, 1, 9, 65_535, 0x7fffffff])]);
    case 2:
      return settings([SETTING.maxConcurrentStreams, rng.nextBelow(4)]);
    case 3:
      return settings([SETTING.headerTableSize, pick(rng, [0, 100, 4096, 100_000])]);
    case 4:
      return windowUpdate(pick(rng, [0, streamId]), 1 + rng.nextBelow(100));
    case 5:
      return frame(FRAME.priority, 0, streamId, new Uint8Array(5));
    case 6:
      return goaway(pick(rng, [0, streamId, 0x7fffffff]), rng.nextBelow(3));
    default:
      return frame(0x20 + rng.nextBelow(10), rng.nextBelow(256), streamId, randomBytes(rng, 20));
  }
}

/** Frames that no peer should send, or at least not here. */
function nonsense(rng: Rng): Uint8Array {
  const streamId = pick(rng, [0, 1, 2, 3, 5, 7, 9, 101, 0x7fffffff]);
  switch (rng.nextBelow(6)) {
    case 0:
      return randomBytes(rng, 40);
    case 1:
      return windowUpdate(streamId, pick(rng, [0, 1, 0x7fffffff, 0xffffffff]));
    case 2:
      return settings([rng.nextBelow(8), pick(rng, [0, 1, 16_383, 0x7fffffff, 0xffffffff])]);
    case 3:
      return frame(FRAME.goaway, 0, 0, concat(uint32(streamId, ERROR_CODE.protocolError)));
    case 4:
      return headers(
        streamId,
        { ":status": pick(rng, ["100", "200", "x", "500"]) },
        rng.nextBelow(2) === 0,
      );
    default:
      return frame(rng.nextBelow(11), rng.nextBelow(256), streamId, randomBytes(rng, 30));
  }
}

interface Script {
  readonly greeting: Uint8Array<ArrayBuffer>;
  readonly rest: Uint8Array<ArrayBuffer>;
  /** Calls that it replies to. */
  readonly calls: number;
}

/** What a peer says on one connection: a session that was right, with some damage. */
function createScript(rng: Rng, calls: number): Script {
  const frames: Uint8Array[] = [];
  // The replies' frames, mixed, each reply's in order.
  const replies = Array.from({ length: calls }, (_, i) => validReply(rng, 1 + 2 * i));
  while (replies.length > 0) {
    const at = rng.nextBelow(replies.length);
    // A block is not torn apart by the other replies; damage does that.
    do frames.push(replies[at].shift()!); while (
      replies[at].length > 0 && replies[at][0][3] === FRAME.continuation
    );
    if (replies[at].length === 0) replies.splice(at, 1);
    if (rng.nextBelow(4) === 0) frames.push(aside(rng, 1 + 2 * rng.nextBelow(calls)));
  }
  for (let damage = rng.nextBelow(4); damage > 0 && frames.length > 0; damage--) {
    const at = rng.nextBelow(frames.length);
    const other = rng.nextBelow(frames.length);
    switch (rng.nextBelow(7)) {
      case 0:
        frames.splice(at, 1);
        break;
      case 1:
        frames.splice(at, 0, frames[other]);
        break;
      case 2:
        [frames[at], frames[other]] = [frames[other], frames[at]];
        break;
      case 3:
        frames[at] = frames[at].subarray(0, rng.nextBelow(frames[at].length));
        break;
      case 4: {
        const changed = frames[at].slice();
        changed[rng.nextBelow(changed.length)] ^= 1 << rng.nextBelow(8);
        frames[at] = changed;
        break;
      }
      case 5:
        frames.splice(at, 0, nonsense(rng));
        break;
      default:
        frames.length = at;
    }
  }
  const isGreeted = rng.nextBelow(20) !== 0;
  const greeting = settings([SETTING.maxConcurrentStreams, pick(rng, [1, 2, 100, 100, 100, 100])], [
    SETTING.initialWindowSize,
    pick(rng, [0, 5, 65_535, 65_535]),
  ]);
  return { greeting: isGreeted ? concat(greeting) : concat(), rest: concat(...frames), calls };
}

/** Says the script in pieces and hangs up, while it throws away what it hears. */
async function play(
  conn: Deno.TcpConn,
  rng: Rng,
  { greeting, rest, calls }: Script,
): Promise<void> {
  const listens = rng.nextBelow(8) !== 0;
  let heardCalls = 0;
  const reader = new FrameReader((type) => {
    if (type === FRAME.headers) heardCalls++;
  });
  const hearing = (async () => {
    let preface = CONNECTION_PREFACE.length;
    while (listens) {
      const count = await conn.read(preface > 0 ? new Uint8Array(preface) : reader.room());
      if (count === null) return;
      if (preface > 0) preface -= count;
      else reader.advance(count);
    }
  })().catch(() => {/* reset by the client */});
  try {
    for (let at = 0; at < greeting.length;) at += await conn.write(greeting.subarray(at));
    // Most replies are to calls that were made, unless the client does not make them.
    const wanted = rng.nextBelow(5) === 0 ? 0 : calls;
    for (let turn = 0; listens && turn < 20 && heardCalls < wanted; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const script = rest;
    for (let at = 0; at < script.length;) {
      const count = 1 + rng.nextBelow(pick(rng, [3, 50, 1000]));
      at += await conn.write(script.slice(at, at + count));
      // Lets the client read what there is, sometimes.
      if (rng.nextBelow(2) === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (rng.nextBelow(2) === 0) await conn.closeWrite();
  } catch {
    // The client has hung up.
  }
  if (rng.nextBelow(2) === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  conn.close();
  await hearing;
}

/** The peers of one session: the first is right at the start, so that the client connects. */
class FuzzedServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #playing = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;

  constructor(rng: Rng, calls: number) {
    this.#accepting = this.#accept(rng, calls);
  }

  get address(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    await Promise.all(this.#playing);
  }

  async #accept(rng: Rng, calls: number): Promise<void> {
    for (let count = 0;; count++) {
      let conn: Deno.TcpConn;
      try {
        conn = await this.#listener.accept();
      } catch {
        return;
      }
      conn.setNoDelay(true);
      // Each connection has numbers of its own, whatever the others have used by now.
      const own = Rng.fromSeed(rng.nextBelow(2 ** 32), "connection");
      const script = createScript(own, calls);
      this.#playing.add(play(conn, own, script).catch(() => {}));
    }
  }
}

async function fuzz(number: number): Promise<string[]> {
  const rng = Rng.fromSeed(number, "fuzz");
  const calls = 1 + rng.nextBelow(MOST_CALLS);
  await using server = new FuzzedServer(rng, calls);
  const client = new TestClient();
  const options = {
    maxConnections: 1 + rng.nextBelow(3),
    connections: pick(rng, ["shared", "shared", "function", "invocation"] as const),
    maxReplyBytes: 1000,
  };
  try {
    await client.clock.advanceUntil(client.connect([server.address], options), 100);
  } catch (error) {
    // It may have heard nonsense from the start; then it says so, and nothing is left behind.
    assert.equal((error as { code?: unknown }).code, "platform", String(error));
    return [];
  }
  for (let slot = 0; slot < calls; slot++) {
    client.send(slot, { deadlineMs: 1000 + rng.nextBelow(100_000) });
    if (rng.nextBelow(8) === 0) client.cancel(slot);
    if (rng.nextBelow(3) === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const ended = async () => {
    for (let slot = 0; slot < calls; slot++) await client.ended(slot);
  };
  // Some sessions are closed in the middle, the others wait for their end.
  if (rng.nextBelow(4) !== 0) await client.clock.advanceUntil(ended(), 500);
  await client.clock.advanceUntil(client[Symbol.asyncDispose](), 100);
  for (const { slot, outcome, statusCode } of client.endings) {
    const { servedRuntimeUs, dispatchedMs } = client.calls;
    assert.equal(outcome === "ok", statusCode === 0);
    if (outcome === "ok") assert.ok(servedRuntimeUs[slot] >= 0 && dispatchedMs[slot] >= 0);
    else assert.ok(Number.isNaN(servedRuntimeUs[slot]));
    if (outcome === "connect_failed") assert.ok(Number.isNaN(dispatchedMs[slot]));
  }
  return client.endings.map(({ outcome }) => outcome);
}

Deno.test("fuzz: whatever a peer says, every call ends once, and nothing is left behind", async () => {
  const outcomes = new Map<string, number>();
  let next = FIRST_CASE;
  const worker = async () => {
    while (next < FIRST_CASE + CASES) {
      const number = next++;
      try {
        for (const outcome of await fuzz(number)) {
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
      } catch (cause) {
        throw new Error(`Case ${number}: ${cause instanceof Error ? cause.message : cause}`, {
          cause,
        });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  // The sessions are not all refused, nor all right.
  for (const outcome of ["ok", "failed", "rejected", "cancelled"]) {
    assert.ok(outcomes.has(outcome), JSON.stringify([...outcomes]));
  }
  if (CASES > 1500) console.log(JSON.stringify([...outcomes]));
});
