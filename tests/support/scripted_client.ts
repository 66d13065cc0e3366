import { HpackDecoder } from "../../lib/rpc/hpack/decoder.ts";
import { FrameReader } from "../../lib/rpc/http2/frame_reader.ts";
import { CONNECTION_PREFACE, FRAME } from "../../lib/rpc/http2/protocol.ts";
import { concat, settings, within } from "./scripted_peer.ts";

/** A frame of the server. */
export interface ServerFrame {
  /** One of `FRAME`. */
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Uint8Array;
}

/** Header fields of a call of gRPC. */
export const REQUEST_FIELDS = {
  ":method": "POST",
  ":scheme": "http",
  ":path": "/faas.Executor/Execute",
  ":authority": "f.localhost",
  "te": "trailers",
  "content-type": "application/grpc",
} as const;

/**
 * A client of which a test decides every byte. Reads pass SETTINGS and
 * WINDOW_UPDATE over, unless they are asked for; each rejects after 5 s.
 */
export class ScriptedClient implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #frames: ServerFrame[] = [];
  readonly #decoder = new HpackDecoder({ maxTableSize: 4096, maxHeaderListSize: 1 << 20 });
  readonly #reader = new FrameReader((type, flags, streamId, bytes, start, end) => {
    this.#frames.push({ type, flags, streamId, payload: bytes.slice(start, end) });
  }, 0xffffff);

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Connects and says nothing. */
  static async connectSilently(port: number): Promise<ScriptedClient> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return new ScriptedClient(conn);
  }

  /** Connects, and says the preface and SETTINGS with these pairs. */
  static async connect(
    port: number,
    ...pairs: readonly (readonly [number, number])[]
  ): Promise<ScriptedClient> {
    const client = await ScriptedClient.connectSilently(port);
    await client.write(CONNECTION_PREFACE, settings(...pairs));
    return client;
  }

  async write(...parts: readonly Uint8Array[]): Promise<void> {
    const bytes = concat(...parts);
    const write = async () => {
      for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
    };
    await within("the server takes what is written", write());
  }

  /** The next frame that is not passed over, which must be of this type. */
  async expect(type: number): Promise<ServerFrame> {
    for (;;) {
      const next = await within(`frame ${type} of the server`, this.#nextFrame());
      if (next === null) throw new Error(`The server hung up instead of frame ${type}.`);
      if (next.type === type) return next;
      if (next.type !== FRAME.settings && next.type !== FRAME.windowUpdate) {
        throw new Error(
          `The server sent frame ${next.type} (stream ${next.streamId}, [${next.payload}]) ` +
            `instead of ${type}.`,
        );
      }
    }
  }

  /** The next frame, whatever it is. */
  async expectAny(): Promise<ServerFrame> {
    const next = await within("a frame of the server", this.#nextFrame());
    if (next === null) throw new Error("The server hung up.");
    return next;
  }

  /** Header fields or trailers of a stream. */
  async expectFields(streamId: number): Promise<Record<string, string>> {
    const next = await this.expect(FRAME.headers);
    if (next.streamId !== streamId) throw new Error(`HEADERS are for stream ${next.streamId}.`);
    const { names, values } = this.#decoder.decode(next.payload, 0, next.payload.length);
    return Object.fromEntries(names.map((name, i) => [name, values[i]]));
  }

  /** The error code of RST_STREAM for a stream. */
  async expectReset(streamId: number): Promise<number> {
    const next = await this.expect(FRAME.rstStream);
    if (next.streamId !== streamId) throw new Error(`RST_STREAM is for stream ${next.streamId}.`);
    return new DataView(next.payload.buffer).getUint32(0);
  }

  /** What the next GOAWAY says. */
  async expectGoaway(): Promise<{ lastStreamId: number; errorCode: number }> {
    const { payload } = await this.expect(FRAME.goaway);
    const view = new DataView(payload.buffer);
    return { lastStreamId: view.getUint32(0), errorCode: view.getUint32(4) };
  }

  /** Reads until the server has hung up; frames on the way are thrown away. */
  async expectEnd(): Promise<void> {
    const read = async () => {
      try {
        while (await this.#nextFrame() !== null);
      } catch {
        // Reset: gone too.
      }
    };
    await within("the server hangs up", read());
  }

  /** Says that nothing more will come. */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }

  async #nextFrame(): Promise<ServerFrame | null> {
    while (this.#frames.length === 0) {
      const count = await this.#conn.read(this.#reader.room());
      if (count === null) return null;
      this.#reader.advance(count);
    }
    return this.#frames.shift()!;
  }
}
