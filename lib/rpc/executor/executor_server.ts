import type { Clock } from "../../clock/clock.ts";
import { ByteWriter } from "../byte_writer.ts";
import { EXECUTE_PATH, RequestReader, writeReply } from "./executor_messages.ts";
import { MessageReader } from "../grpc/message_reader.ts";
import { OK_TRAILERS, REPLY_HEADERS, trailersOnly } from "../grpc/reply_headers.ts";
import { STATUS } from "../grpc/status.ts";
import type { HeaderField } from "../hpack/encoder.ts";
import type { RequestBlock } from "../http2/field_blocks.ts";
import { Http2Server } from "../http2/server.ts";
import type { RequestListener, ServerStream } from "../http2/server_stream.ts";

/** Longest request; gRPC's own bound. */
const MAX_REQUEST_BYTES = 4 << 20;

/** The answer to requests that are not gRPC (grpc/grpc: doc/PROTOCOL-HTTP2.md, "Requests"). */
const UNSUPPORTED: readonly HeaderField[] = [
  { name: ":status", value: "415", indexing: "literal" },
];

/** Options of {@linkcode serveExecutor}. */
export interface ExecutorServerOptions {
  readonly clock: Clock;
  readonly hostname: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Calls at once on one connection. */
  readonly maxConcurrentStreams: number;
  /** A call came; it is answered now or later. */
  readonly onCall: (call: ExecutorCall) => void;
}

/**
 * Serves `faas.Executor` over HTTP/2 without TLS, and nothing else: no health
 * service, no reflection. A call costs no promise.
 *
 * @throws Error when the port cannot be had
 */
export function serveExecutor({ onCall, ...options }: ExecutorServerOptions): Http2Server {
  return new Http2Server({
    ...options,
    onRequest: (stream, block) => {
      const call = new ExecutorCall(stream, onCall);
      const refusal = refusalOf(block);
      if (refusal !== null) stream.sendHeaders(refusal, true);
      return call;
    },
  });
}

/** The answer sent in place of a call, kept with the block that asks for it; `null`: none. */
function refusalOf(block: RequestBlock): readonly HeaderField[] | null {
  if (block.view === undefined) block.view = createRefusal(block);
  return block.view as readonly HeaderField[] | null;
}

function createRefusal({ fields, method, path }: RequestBlock): readonly HeaderField[] | null {
  const contentType = fields.get("content-type") ?? "";
  if (method !== "POST" || !contentType.startsWith("application/grpc")) return UNSUPPORTED;
  if (path === EXECUTE_PATH) return null;
  return trailersOnly(STATUS.unimplemented, `There is no method ${path} here.`);
}

const requests = new RequestReader();
const reply = new ByteWriter(64);

/** A call of `faas.Executor/Execute`; answered once. */
export class ExecutorCall implements RequestListener {
  runtimeMs = 0;
  memoryMib = 0;
  /** The caller gave up. */
  onCancelled: () => void = () => {};
  readonly #stream: ServerStream;
  readonly #onCall: (call: ExecutorCall) => void;
  readonly #message = new MessageReader();
  #isRead = false;

  constructor(stream: ServerStream, onCall: (call: ExecutorCall) => void) {
    this.#stream = stream;
    this.#onCall = onCall;
  }

  /** Answers with a message; `instance` is UTF-8 of at most `MAX_INSTANCE_BYTES`. */
  answer(instance: Uint8Array, durationUs: number, memoryKib: number): void {
    const stream = this.#stream;
    reply.length = 0;
    writeReply(reply, instance, durationUs, memoryKib);
    stream.sendHeaders(REPLY_HEADERS, false);
    stream.sendData(reply.bytes, 0, reply.length, false);
    stream.sendHeaders(OK_TRAILERS, true);
  }

  /** Answers with a status of gRPC, and a sentence. */
  fail(statusCode: number, sentence: string): void {
    this.#stream.sendHeaders(trailersOnly(statusCode, sentence), true);
  }

  onData(bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    const message = this.#message;
    const before = message.state;
    message.push(bytes, start, end, MAX_REQUEST_BYTES);
    const { state } = message;
    if (state === "whole" && before !== "whole") {
      // It lies in a buffer that is another's in a moment.
      this.#isRead = requests.read(message.bytes, message.start, message.end);
      this.runtimeMs = requests.runtimeMs;
      this.memoryMib = requests.memoryMib;
    } else if (state === "too_large") {
      return this.fail(STATUS.resourceExhausted, `A request may have ${MAX_REQUEST_BYTES} bytes.`);
    } else if (state === "compressed") {
      return this.fail(STATUS.unimplemented, "Compressed requests are not understood.");
    }
    if (!endStream) return;
    if (this.#isRead && state === "whole") this.#onCall(this);
    else this.fail(STATUS.internal, "The request is not one FaasRequest.");
  }

  onAborted(): void {
    this.onCancelled();
  }
}
