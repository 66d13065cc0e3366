/*
 * Serves faas.Executor with grpc-js on Node, for interoperability tests of clients;
 * see ../README.md for what it answers.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const require = createRequire(new URL("../../../.peers/grpc_js/", import.meta.url));
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

/** Answers as the function's name, the first label of the authority, asks. */
class Executor {
  #name;
  #hanging = 0;
  #cancelled = 0;

  constructor(name) {
    this.#name = name;
  }

  execute(call, answer) {
    const name = call.getHost().split(".", 1)[0];
    const [kind, argument] = name.split("-");
    switch (kind) {
      case "echo":
        return answer(null, this.#echo(call.request));
      case "sleep": {
        const timer = setTimeout(
          () => answer(null, this.#echo(call.request)),
          call.request.runtimeInMilliSec,
        );
        call.on("cancelled", () => clearTimeout(timer));
        return;
      }
      case "status":
        return answer({ code: Number(argument), details: `asked for ${argument}` });
      case "large":
        return answer(null, { message: "x".repeat(Number(argument)) });
      case "metadata":
        return answer(null, { message: call.metadata.get("x-test").join(",") });
      case "hang":
        this.#hanging++;
        call.on("cancelled", () => {
          this.#cancelled++;
          this.#hanging--;
        });
        return;
      case "hanging":
        return answer(null, { message: this.#name, durationInMicroSec: this.#hanging });
      case "cancelled":
        return answer(null, { message: this.#name, durationInMicroSec: this.#cancelled });
      default:
        return answer({
          code: grpc.status.INVALID_ARGUMENT,
          details: `no behaviour is named "${name}"`,
        });
    }
  }

  #echo(request) {
    return {
      message: this.#name,
      durationInMicroSec: request.runtimeInMilliSec * 1000,
      memoryUsageInKb: request.memoryInMebiBytes * 1024,
    };
  }
}

const { values } = parseArgs({
  options: {
    "addr": { type: "string", default: "127.0.0.1:0" },
    "name": { type: "string", default: "grpc-js-1" },
    "tls-cert": { type: "string" },
    "tls-key": { type: "string" },
    "max-streams": { type: "string" },
    "max-conn-age-ms": { type: "string" },
    "max-conn-age-grace-ms": { type: "string", default: "10000" },
  },
});

function serverOptions() {
  const options = {};
  if (values["max-streams"] !== undefined) {
    options["grpc.max_concurrent_streams"] = Number(values["max-streams"]);
  }
  if (values["max-conn-age-ms"] !== undefined) {
    options["grpc.max_connection_age_ms"] = Number(values["max-conn-age-ms"]);
    options["grpc.max_connection_age_grace_ms"] = Number(values["max-conn-age-grace-ms"]);
  }
  return options;
}

function serverCredentials() {
  if (values["tls-cert"] === undefined || values["tls-key"] === undefined) {
    return grpc.ServerCredentials.createInsecure();
  }
  const pair = {
    cert_chain: readFileSync(values["tls-cert"]),
    private_key: readFileSync(values["tls-key"]),
  };
  return grpc.ServerCredentials.createSsl(null, [pair]);
}

const proto = fileURLToPath(new URL("../../../proto/faas.proto", import.meta.url));
const definition = protoLoader.loadSync(proto, { keepCase: true, defaults: true });
const executor = new Executor(values.name);
const server = new grpc.Server(serverOptions());
server.addService(definition["faas.Executor"], {
  Execute: (call, answer) => executor.execute(call, answer),
});
server.bindAsync(values.addr, serverCredentials(), (error, port) => {
  if (error !== null) throw error;
  console.log(`listening on ${values.addr.slice(0, values.addr.lastIndexOf(":"))}:${port}`);
});
process.on("SIGTERM", () => {
  server.forceShutdown();
  process.exit(0);
});
