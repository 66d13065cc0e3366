import * as grpc from "@grpc/grpc-js";
import * as protoLoader from "@grpc/proto-loader";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { TLS_FILES } from "./test_certificates.ts";

/** A request of `faas.Executor` as a server sees it. */
export interface ExecuteRequest {
  readonly message: string;
  readonly runtimeInMilliSec: number;
  readonly memoryInMebiBytes: number;
}

/** Answers a call; `authority` is the `:authority` that it came with. */
export type ExecuteHandler = (
  call: grpc.ServerUnaryCall<ExecuteRequest, unknown>,
  callback: grpc.sendUnaryData<unknown>,
) => void;

/** Answers at once as if it had done what was asked for. */
export const answerPromptly: ExecuteHandler = ({ request }, callback) =>
  callback(null, {
    message: "instance-0",
    durationInMicroSec: request.runtimeInMilliSec * 1000,
    memoryUsageInKb: request.memoryInMebiBytes * 512,
  });

/** How an {@linkcode ExecutorServer} listens. */
export interface ListenOptions {
  /**
   * TLS with the test certificates; `mutual`: clients need theirs; `stranger`:
   * with the certificate of another host.
   */
  readonly tls?: "server" | "mutual" | "stranger";
  /** As in an address: IPv6 in brackets. */
  readonly host?: string;
}

/** A real `faas.Executor` server of grpc-js on loopback. */
export class ExecutorServer implements Disposable {
  readonly #server: grpc.Server;
  readonly port: number;
  readonly #host: string;

  private constructor(server: grpc.Server, host: string, port: number) {
    this.#server = server;
    this.#host = host;
    this.port = port;
  }

  static async listen(
    handler: ExecuteHandler,
    port = 0,
    options: ListenOptions = {},
  ): Promise<ExecutorServer> {
    const proto = fileURLToPath(new URL("../../proto/faas.proto", import.meta.url));
    const definition = protoLoader.loadSync(proto, { keepCase: true, defaults: true });
    const server = new grpc.Server();
    server.addService(definition["faas.Executor"] as grpc.ServiceDefinition, { Execute: handler });
    const { host = "127.0.0.1" } = options;
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(
        `${host}:${port}`,
        credentialsOf(options),
        (error, found) => error === null ? resolve(found) : reject(error),
      );
    });
    return new ExecutorServer(server, host, bound);
  }

  get address(): string {
    return `${this.#host}:${this.port}`;
  }

  [Symbol.dispose](): void {
    this.#server.forceShutdown();
  }
}

function credentialsOf({ tls }: ListenOptions): grpc.ServerCredentials {
  if (tls === undefined) return grpc.ServerCredentials.createInsecure();
  const read = (path: string) => Buffer.from(Deno.readFileSync(path));
  const isStranger = tls === "stranger";
  const pair = {
    cert_chain: read(isStranger ? TLS_FILES.strangerCertificate : TLS_FILES.serverCertificate),
    private_key: read(isStranger ? TLS_FILES.strangerKey : TLS_FILES.serverKey),
  };
  return grpc.ServerCredentials.createSsl(read(TLS_FILES.ca), [pair], tls === "mutual");
}
