import assert from "node:assert/strict";
import type { Deployment } from "../../../lib/model/platform.ts";
import {
  createEndpointsPlatform,
  type EndpointsSettings,
} from "../../../lib/platform/endpoints/endpoints_platform.ts";
import { answerPromptly, ExecutorServer } from "../../support/executor_server.ts";
import { functionSpec } from "../../support/function_spec.ts";
import { temporaryFolder } from "../../support/script.ts";

const never = new AbortController().signal;
const SPECS = [0, 1, 2].map((index) => functionSpec(index));

function create(endpoints: string, more: Partial<EndpointsSettings> = {}) {
  return createEndpointsPlatform({
    endpoints,
    createTransport: () => () => Promise.reject(new Error("The tests make no calls.")),
    ...more,
  });
}

function callsOf(deployments: readonly Deployment[]) {
  return deployments.map(({ address, authority }) => [address, authority]);
}

Deno.test("endpoints platform: functions in turn, each with the server's own authority", async () => {
  using a = await ExecutorServer.listen(answerPromptly);
  using b = await ExecutorServer.listen(answerPromptly);
  await using platform = create(`${a.address},http://localhost:${b.port}`);
  const deployments = await platform.deploy(SPECS, never);
  assert.deepEqual(callsOf(deployments), [
    [a.address, a.address],
    [`localhost:${b.port}`, `localhost:${b.port}`],
    [a.address, a.address],
  ]);
  assert.deepEqual(deployments.map(({ spec }) => spec), SPECS);
  const facts = platform.describe();
  assert.deepEqual(facts.functionsPerServer, {
    [`http://${a.address}`]: 2,
    [`http://localhost:${b.port}`]: 1,
  });
});

Deno.test("endpoints platform: authority and metadata of a file, whose values stay untold", async () => {
  using server = await ExecutorServer.listen(answerPromptly);
  await using folder = await temporaryFolder();
  const file = `${folder.path}/e.yaml`;
  await Deno.writeTextFile(
    file,
    `defaults: { authority: "{function}.test", metadata: { x-token: secret } }\n` +
      `endpoints: ["${server.address}"]\n`,
  );
  await using platform = create(file);
  const deployments = await platform.deploy(SPECS, never);
  assert.deepEqual(callsOf(deployments), [
    [server.address, "f-0.test"],
    [server.address, "f-1.test"],
    [server.address, "f-2.test"],
  ]);
  assert.deepEqual(deployments[0].metadata, { "x-token": "secret" });
  assert.deepEqual(platform.describe().authorities, ["{function}.test"]);
  assert.deepEqual(platform.describe().metadataNames, ["x-token"]);
  assert.doesNotMatch(JSON.stringify(platform.describe()), /secret/);
});

Deno.test("endpoints platform: a server that is not there is told by address before any load", async () => {
  using server = await ExecutorServer.listen(answerPromptly);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using platform = create(`${server.address},127.0.0.1:${port}`);
  await assert.rejects(platform.deploy(SPECS, never), {
    code: "platform",
    message: new RegExp(`No connection to 127.0.0.1:${port} `),
  });
});

Deno.test("endpoints platform: the functions decide which servers must be there", async () => {
  using server = await ExecutorServer.listen(answerPromptly);
  await using platform = create(`${server.address},127.0.0.1:1`);
  assert.equal((await platform.deploy(SPECS.slice(0, 1), never)).length, 1);
});

Deno.test("endpoints platform: the loader is all that is observed", async () => {
  using server = await ExecutorServer.listen(answerPromptly);
  await using platform = create(server.address);
  await platform.deploy(SPECS, never);
  const [scraper, ...others] = platform.scrapers();
  assert.equal(others.length, 0);
  const rows = await scraper.scrape(never);
  assert.deepEqual(rows.map(({ cells }) => cells.slice(0, 2)), [["loader", 1]]);
});
