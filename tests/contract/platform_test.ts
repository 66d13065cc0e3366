import { createPlatform } from "../../lib/platform/registry.ts";
import { createGrpcJsTransport } from "../../lib/rpc/grpc_js_transport.ts";
import { testPlatformContract } from "./platform_contract.ts";

testPlatformContract("local", () =>
  createPlatform("local", {
    createTransport: (deployments, clock) =>
      createGrpcJsTransport({ deployments, clock, coldStartsMarked: true }),
  }));
