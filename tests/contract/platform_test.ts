import type { Platform } from "../../lib/model/platform.ts";
import { createPlatform } from "../../lib/platform/registry.ts";
import { TRANSPORT_NAMES, type TransportName } from "../../lib/platform/transport_choice.ts";
import { answerPromptly, ExecutorServer } from "../support/executor_server.ts";
import { temporaryFolder } from "../support/script.ts";
import { TLS_FILES } from "../support/test_certificates.ts";
import { testPlatformContract } from "./platform_contract.ts";

testPlatformContract("local", () => createPlatform("local", {}), { tellsInstances: true });
testPlatformContract("simulator", () => createPlatform("simulator", {}), { tellsInstances: true });

for (const transport of TRANSPORT_NAMES) {
  testPlatformContract(
    `endpoints over ${transport}`,
    () => createEndpointsWithServer(transport),
    { tellsInstances: false },
  );
  testPlatformContract(
    `endpoints over ${transport} and TLS both ways`,
    () => createEndpointsWithSecureServer(transport),
    { tellsInstances: false },
  );
}

async function createEndpointsWithServer(transport: TransportName): Promise<Platform> {
  const server = await ExecutorServer.listen(answerPromptly);
  const platform = await createPlatform("endpoints", { endpoints: server.address, transport });
  return withServer(platform, server);
}

async function createEndpointsWithSecureServer(transport: TransportName): Promise<Platform> {
  const server = await ExecutorServer.listen(answerPromptly, 0, { tls: "mutual" });
  await using folder = await temporaryFolder();
  const endpoints = `${folder.path}/endpoints.yaml`;
  const tls = {
    ca: TLS_FILES.ca,
    certificate: TLS_FILES.clientCertificate,
    key: TLS_FILES.clientKey,
  };
  // JSON is YAML.
  await Deno.writeTextFile(
    endpoints,
    JSON.stringify({ endpoints: [{ address: server.address, tls, metadata: { "x-a": "b" } }] }),
  );
  return withServer(await createPlatform("endpoints", { endpoints, transport }), server);
}

/** The platform and a server that is already there, and goes with it. */
function withServer(platform: Platform, server: ExecutorServer): Platform {
  const dispose = platform[Symbol.asyncDispose].bind(platform);
  return Object.assign(platform, {
    async [Symbol.asyncDispose]() {
      await dispose();
      server[Symbol.dispose]();
    },
  });
}
