import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { HealthImplementation } from "grpc-health-check";
import http2 from "node:http2";
import { fileURLToPath } from "node:url";
import type { Executor } from "./executor.ts";

interface FaasRequest {
  readonly message: string;
  readonly runtimeInMilliSec: number;
  readonly memoryInMebiBytes: number;
}

interface FaasReply {
  readonly message: string;
  readonly durationInMicroSec: number;
  readonly memoryUsageInKb: number;
}

const PROTO_FILE = fileURLToPath(new URL("../../proto/faas.proto", import.meta.url));

deferSessionClose();

/** A function server that listens. */
export interface FunctionServer {
  readonly port: number;
  /** Takes no new call, waits for those that are out, then resolves. */
  drain(): Promise<void>;
}

/**
 * Serves `faas.Executor`, the standard health service and server reflection
 * over HTTP/2 without TLS (h2c).
 *
 * @throws Error when the port cannot be had
 */
export async function serveFunction(
  executor: Promise<Executor>,
  options: { readonly host: string; readonly port: number; readonly name: string },
): Promise<FunctionServer> {
  const definition = loadSync(PROTO_FILE, { keepCase: true, defaults: true });
  const health = new HealthImplementation({ "": "SERVING", "faas.Executor": "SERVING" });
  const server = new grpc.Server();
  health.addToServer(server);
  new ReflectionService(definition).addToServer(server);
  const ready = await executor;
  server.addService(definition["faas.Executor"] as grpc.ServiceDefinition, {
    Execute(
      call: grpc.ServerUnaryCall<FaasRequest, FaasReply>,
      callback: grpc.sendUnaryData<FaasReply>,
    ) {
      execute(ready, options.name, call, callback);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(
      // An IPv6 address stands in brackets.
      `${options.host.includes(":") ? `[${options.host}]` : options.host}:${options.port}`,
      grpc.ServerCredentials.createInsecure(),
      (error, boundPort) => error === null ? resolve(boundPort) : reject(error),
    );
  });
  return {
    port,
    drain() {
      health.setStatus("", "NOT_SERVING");
      health.setStatus("faas.Executor", "NOT_SERVING");
      return new Promise((resolve) => server.tryShutdown(() => resolve()));
    },
  };
}

function execute(
  executor: Executor,
  name: string,
  call: grpc.ServerUnaryCall<FaasRequest, FaasReply>,
  callback: grpc.sendUnaryData<FaasReply>,
): void {
  const { runtimeInMilliSec, memoryInMebiBytes } = call.request;
  if (runtimeInMilliSec === 0) {
    return callback({
      code: grpc.status.INVALID_ARGUMENT,
      details: "The requested runtime is 0 ms; ask for at least 1.",
    });
  }
  const cancel = executor.execute(runtimeInMilliSec, memoryInMebiBytes, (result) => {
    switch (result.end) {
      case "done":
        return callback(null, {
          message: name,
          durationInMicroSec: result.durationUs,
          memoryUsageInKb: result.memoryKib,
        });
      case "cancelled":
        return callback({ code: grpc.status.CANCELLED, details: `${name} stopped the call.` });
      case "out_of_memory":
        return callback({
          code: grpc.status.RESOURCE_EXHAUSTED,
          details: `${name} could not allocate half of ${memoryInMebiBytes} MiB.`,
        });
    }
  });
  if (cancel === null) {
    return callback({
      code: grpc.status.RESOURCE_EXHAUSTED,
      details: `${name} has too many calls at once.`,
    });
  }
  call.on("cancelled", cancel);
}

/**
 * A GOAWAY ends its session at once, from within the reading of what came with
 * it; if that holds another frame, Deno 2.9 reads on in freed memory and aborts
 * (denoland/deno#36788). After this call the sessions of new servers end a turn
 * later.
 */
function deferSessionClose(): void {
  http2.createServer = new Proxy(http2.createServer, {
    apply(createServer, self, given) {
      const server: http2.Http2Server = Reflect.apply(createServer, self, given);
      server.on("session", (session) => {
        const close = session.close.bind(session);
        session.close = (callback) => {
          if (callback !== undefined && !session.destroyed) session.once("close", callback);
          setTimeout(close);
        };
      });
      return server;
    },
  });
}
