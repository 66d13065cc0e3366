import { ByteWriter } from "../../lib/rpc/byte_writer.ts";
import { HpackDecoder } from "../../lib/rpc/hpack/decoder.ts";
import type { DynamicTableView } from "../../lib/rpc/hpack/dynamic_table.ts";
import { HpackEncoder } from "../../lib/rpc/hpack/encoder.ts";
import { FrameReader } from "../../lib/rpc/http2/frame_reader.ts";
import { CONNECTION_PREFACE, FLAG, FRAME } from "../../lib/rpc/http2/protocol.ts";

/** No wait of a test is longer; what is waited for comes in milliseconds. */
const PATIENCE_MS = 5000;

const FRAME_NAMES = [
  "DATA",
  "HEADERS",
  "PRIORITY",
  "RST_STREAM",
  "SETTINGS",
  "PUSH_PROMISE",
  "PING",
  "GOAWAY",
  "WINDOW_UPDATE",
  "CONTINUATION",
] as const;

/** Names of the types of frames. */
export type FrameName = (typeof FRAME_NAMES)[number];

/** Frames that come at times of the client's choosing: passed over unless they are asked for. */
const PASSED_OVER: readonly string[] = ["SETTINGS", "WINDOW_UPDATE"];

/** A frame of the client. */
export interface SeenFrame {
  readonly type: FrameName;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Uint8Array;
}

/** Rejects when `promise` is not settled in 5 s. */
export async function within<T>(expectation: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Expected within ${PATIENCE_MS / 1000} s: ${expectation}.`)),
      PATIENCE_MS,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// What a peer says

/** Bytes one after another. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(64);
  for (const part of parts) writer.append(part);
  return writer.view().slice();
}

/** Octets of numbers of 32 bits. */
export function uint32(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(
    values.flatMap((value) => [value >>> 24, value >>> 16, value >>> 8, value]),
  );
}

/** Any frame at all. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = Uint8Array.of(length >>> 16, length >>> 8, length, type, flags);
  return concat(head, uint32(streamId), payload);
}

/** SETTINGS with pairs of identifier and value. */
export function settings(...pairs: readonly (readonly [number, number])[]): Uint8Array {
  const payload = pairs.map(([identifier, value]) =>
    concat(Uint8Array.of(identifier >>> 8, identifier), uint32(value))
  );
  return frame(FRAME.settings, 0, 0, concat(...payload));
}

/** Header fields by name; a list where one repeats. */
export type Fields = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

/** A block of header fields that leaves the tables as they are. */
export function fieldBlock(fields: Fields): Uint8Array<ArrayBuffer> {
  const entries = Array.isArray(fields) ? fields : Object.entries(fields);
  const writer = new ByteWriter(64);
  new HpackEncoder().encode(
    entries.map(([name, value]) => ({ name, value, indexing: "literal" as const })),
    writer,
  );
  return writer.view().slice();
}

/** HEADERS with a whole block. */
export function headers(streamId: number, fields: Fields, endStream = false): Uint8Array {
  const flags = FLAG.endHeaders | (endStream ? FLAG.endStream : 0);
  return frame(FRAME.headers, flags, streamId, fieldBlock(fields));
}

/** DATA. */
export function data(streamId: number, payload: Uint8Array, endStream = false): Uint8Array {
  return frame(FRAME.data, endStream ? FLAG.endStream : 0, streamId, payload);
}

/** RST_STREAM. */
export function reset(streamId: number, errorCode: number): Uint8Array {
  return frame(FRAME.rstStream, 0, streamId, uint32(errorCode));
}

/** WINDOW_UPDATE; stream 0 is the connection. */
export function windowUpdate(streamId: number, increment: number): Uint8Array {
  return frame(FRAME.windowUpdate, 0, streamId, uint32(increment));
}

/** GOAWAY. */
export function goaway(lastStreamId: number, errorCode = 0, words = ""): Uint8Array {
  const debugData = new TextEncoder().encode(words);
  return frame(FRAME.goaway, 0, 0, concat(uint32(lastStreamId, errorCode), debugData));
}

/** PING with eight octets. */
export function ping(octets: Uint8Array, isAck = false): Uint8Array {
  return frame(FRAME.ping, isAck ? FLAG.ack : 0, 0, octets);
}

/** Header fields with which a reply of gRPC begins. */
export const REPLY_FIELDS = { ":status": "200", "content-type": "application/grpc" } as const;

/** Trailers of a reply. */
export const OK_TRAILERS = { "grpc-status": "0" } as const;

/** A message with its prefix of gRPC. */
export function message(payload: Uint8Array, compressed = 0): Uint8Array<ArrayBuffer> {
  return concat(Uint8Array.of(compressed), uint32(payload.length), payload);
}

/** A `FaasReply` with its prefix: the name of the instance (short), 5 µs and 7 KiB. */
export function replyMessage(instance = "i"): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(instance);
  return message(concat(Uint8Array.of(0x0a, name.length), name, Uint8Array.of(0x10, 5, 0x18, 7)));
}

/** A whole reply that is as it should be. */
export function reply(streamId: number, instance = "i"): Uint8Array {
  return concat(
    headers(streamId, REPLY_FIELDS),
    data(streamId, replyMessage(instance)),
    headers(streamId, OK_TRAILERS, true),
  );
}

// The peer

/** One connection of the client to a {@linkcode ScriptedPeer}; reads when it is asked only. */
export class PeerConnection {
  readonly #conn: Deno.TcpConn;
  readonly #frames: SeenFrame[] = [];
  readonly #decoder = new HpackDecoder({ maxTableSize: 4096, maxHeaderListSize: 1 << 20 });
  readonly #reader = new FrameReader((type, flags, streamId, bytes, start, end) => {
    const name = FRAME_NAMES[type];
    this.#frames.push({ type: name, flags, streamId, payload: bytes.slice(start, end) });
  }, 0xffffff);
  #prefaceBytes = CONNECTION_PREFACE.length;
  #isClosed = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    conn.setNoDelay(true);
  }

  /** Reads the next of the client's frames that is not passed over; it must be of this type. */
  async expect(type: FrameName): Promise<SeenFrame> {
    for (;;) {
      const next = await within(`${type} of the client`, this.#nextFrame());
      if (next === null) throw new Error(`The client closed the connection instead of ${type}.`);
      if (next.type === type) return next;
      if (!PASSED_OVER.includes(next.type)) {
        throw new Error(
          `The client sent ${next.type} (stream ${next.streamId}, [${next.payload}]) ` +
            `instead of ${type}.`,
        );
      }
    }
  }

  /** The header fields of the next request, and its stream. */
  async expectRequest(): Promise<{ streamId: number; fields: [string, string][] }> {
    const { streamId, payload } = await this.expect("HEADERS");
    return { streamId, fields: this.decode(payload) };
  }

  /** The header fields in a block of the client; each must be decoded, and in order. */
  decode(block: Uint8Array): [string, string][] {
    const { names, values } = this.#decoder.decode(block, 0, block.length);
    return names.map((name, i) => [name, values[i]]);
  }

  /** The table of header fields as the client's blocks have left it. */
  get headerTable(): DynamicTableView {
    return this.#decoder.table;
  }

  /** Reads the next request with its body; its stream. */
  async expectCall(): Promise<number> {
    const { streamId } = await this.expectRequest();
    const { flags } = await this.expect("DATA");
    if ((flags & FLAG.endStream) === 0) throw new Error("The request goes on after its DATA.");
    return streamId;
  }

  /** Reads until the client is gone; frames on the way are thrown away. */
  async expectEnd(): Promise<void> {
    const read = async () => {
      try {
        while (await this.#nextFrame() !== null);
      } catch {
        // Reset: gone too.
      }
    };
    await within("the client closes the connection", read());
  }

  /** The error code of the GOAWAY with which the client ends; other frames are thrown away. */
  async expectGoaway(): Promise<number> {
    for (;;) {
      const next = await within("GOAWAY of the client", this.#nextFrame());
      if (next === null) throw new Error("The client closed the connection without GOAWAY.");
      if (next.type === "GOAWAY") return new DataView(next.payload.buffer).getUint32(4);
    }
  }

  /** Resolves when the client answers a PING: it has read everything before. */
  async settle(): Promise<void> {
    await this.write(ping(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)));
    await this.expect("PING");
  }

  async write(...parts: readonly Uint8Array[]): Promise<void> {
    const bytes = concat(...parts);
    const write = async () => {
      for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
    };
    await within("the client takes what is written", write());
  }

  /** Writes each byte alone. */
  async writeSlowly(...parts: readonly Uint8Array[]): Promise<void> {
    for (const byte of concat(...parts)) await this.#conn.write(Uint8Array.of(byte));
  }

  /** Says that nothing more will come. */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /** Closes the connection; if bytes of the client are unread, it is reset. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
  }

  async #nextFrame(): Promise<SeenFrame | null> {
    while (this.#frames.length === 0) {
      const room = this.#prefaceBytes > 0
        ? new Uint8Array(this.#prefaceBytes)
        : this.#reader.room();
      const count = await this.#conn.read(room);
      if (count === null) return null;
      if (this.#prefaceBytes > 0) this.#prefaceBytes -= count;
      else this.#reader.advance(count);
    }
    return this.#frames.shift()!;
  }
}

/**
 * A server of which a test decides every byte: it reads when it is told and says
 * what it is told. Every wait rejects after 5 s.
 */
export class ScriptedPeer implements Disposable {
  readonly #listener: Deno.TcpListener;
  readonly #connections: PeerConnection[] = [];
  #isClosed = false;

  private constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
  }

  static listen(port = 0): ScriptedPeer {
    return new ScriptedPeer(Deno.listen({ hostname: "127.0.0.1", port }));
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Connections that were accepted. */
  get connectionCount(): number {
    return this.#connections.length;
  }

  /** Accepts the next connection and says nothing. */
  async accept(): Promise<PeerConnection> {
    const conn = await within("the client connects", this.#listener.accept());
    const connection = new PeerConnection(conn);
    this.#connections.push(connection);
    return connection;
  }

  /** Accepts the next connection, and says SETTINGS with these pairs. */
  async acceptHttp2(
    ...pairs: readonly (readonly [number, number])[]
  ): Promise<PeerConnection> {
    const connection = await this.accept();
    await connection.write(settings(...pairs));
    return connection;
  }

  /** Closes everything. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const connection of this.#connections) connection.close();
    this.#listener.close();
  }
}
