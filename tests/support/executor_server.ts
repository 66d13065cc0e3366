import * as grpc from "@grpc/grpc-js";
import * as protoLoader from "@grpc/proto-loader";
import { fileURLToPath } from "node:url";

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

/** A real `faas.Executor` server of grpc-js on loopback. */
export class ExecutorServer implements Disposable {
  readonly #server: grpc.Server;
  readonly port: number;

  private constructor(server: grpc.Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async listen(handler: ExecuteHandler, port = 0): Promise<ExecutorServer> {
    const proto = fileURLToPath(new URL("../../proto/faas.proto", import.meta.url));
    const definition = protoLoader.loadSync(proto, { keepCase: true, defaults: true });
    const server = new grpc.Server();
    server.addService(definition["faas.Executor"] as grpc.ServiceDefinition, { Execute: handler });
    const bound = await new Promise<number>((resolve, reject) => {
      server.bindAsync(
        `127.0.0.1:${port}`,
        grpc.ServerCredentials.createInsecure(),
        (error, found) => error === null ? resolve(found) : reject(error),
      );
    });
    return new ExecutorServer(server, bound);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  [Symbol.dispose](): void {
    this.#server.forceShutdown();
  }
}
