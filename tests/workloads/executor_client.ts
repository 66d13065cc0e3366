import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { fileURLToPath } from "node:url";

const PROTO_FILE = fileURLToPath(new URL("../../proto/faas.proto", import.meta.url));

export interface ExecuteReply {
  readonly message: string;
  readonly durationInMicroSec: number;
  readonly memoryUsageInKb: number;
}

/** How a call ended. */
export interface ExecuteResult {
  readonly status: number;
  readonly details: string;
  readonly reply: ExecuteReply | null;
  /** The value of `x-instance-ready-unix-ms` in headers or trailers. */
  readonly readyUnixMs: number | null;
}

export interface ExecuteCall {
  readonly result: Promise<ExecuteResult>;
  cancel(): void;
}

const READY_HEADER = "x-instance-ready-unix-ms";

/** A client like anyone's: the published library and the .proto file. */
export class ExecutorClient {
  readonly #client: grpc.Client;
  readonly #path = "/faas.Executor/Execute";
  readonly #method: grpc.MethodDefinition<object, object>;

  constructor(address: string, authority?: string) {
    const definition = loadSync(PROTO_FILE, { keepCase: true, defaults: true });
    this.#method = (definition["faas.Executor"] as grpc.ServiceDefinition).Execute;
    this.#client = new grpc.Client(
      address,
      grpc.credentials.createInsecure(),
      authority === undefined ? {} : { "grpc.default_authority": authority },
    );
  }

  start(runtimeMs: number, memoryMib = 1, deadlineMs = 30_000): ExecuteCall {
    let call: grpc.ClientUnaryCall;
    const result = new Promise<ExecuteResult>((resolve) => {
      let reply: ExecuteReply | null = null;
      let ready: grpc.MetadataValue | undefined;
      call = this.#client.makeUnaryRequest(
        this.#path,
        this.#method.requestSerialize,
        this.#method.responseDeserialize,
        { message: "", runtimeInMilliSec: runtimeMs, memoryInMebiBytes: memoryMib },
        new grpc.Metadata(),
        { deadline: new Date(Date.now() + deadlineMs) },
        (_, value) => reply = value === undefined ? null : value as ExecuteReply,
      );
      call.on("metadata", (metadata: grpc.Metadata) => ready = metadata.get(READY_HEADER)[0]);
      call.on("status", (status) => {
        // The callback comes right after the status.
        queueMicrotask(() => {
          ready ??= status.metadata.get(READY_HEADER)[0];
          resolve({
            status: status.code,
            details: status.details,
            reply,
            readyUnixMs: ready === undefined ? null : Number(ready),
          });
        });
      });
    });
    return { result, cancel: () => call.cancel() };
  }

  execute(runtimeMs: number, memoryMib = 1, deadlineMs = 30_000): Promise<ExecuteResult> {
    return this.start(runtimeMs, memoryMib, deadlineMs).result;
  }

  close(): void {
    this.#client.close();
  }
}

/** Resolves when the condition holds, looked at every few milliseconds; fails after the bound. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  boundMs = 20_000,
): Promise<void> {
  const endMs = performance.now() + boundMs;
  while (!await condition()) {
    if (performance.now() > endMs) throw new Error(`Not within ${boundMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether there is such a process. */
export function isAlive(pid: number): boolean {
  try {
    // A process that has ended but was not waited for yet is a zombie: gone, too.
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    if (Deno.build.os === "linux") return false;
  }
  const { success } = new Deno.Command("ps", { args: ["-p", String(pid)], stdout: "null" })
    .outputSync();
  return success;
}
