import * as grpc from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { ExecutorServer } from "../support/executor_server.ts";
import { runScript, temporaryFolder } from "../support/script.ts";

const SECRETS = ["k-0123456789abcdef", "t-fedcba9876543210", "c-aaaabbbbccccdddd", "p4ssw0rd-xyz"];

/** Every file below a folder whose bytes hold the text. */
function filesWith(folder: string, text: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return filesWith(path, text);
    return Deno.readTextFileSync(path).includes(text) ? [path] : [];
  });
}

Deno.test("secrets: metadata and user information are in no file and on no terminal", async () => {
  // It repeats what it was sent, as instance and as reason.
  let count = 0;
  using server = await ExecutorServer.listen(({ metadata }, callback) => {
    const seen = ["x-api-key", "authorization", "cookie"].map((name) => metadata.get(name)).join();
    if (++count % 2 === 0) callback(null, { message: `seen ${seen}`, durationInMicroSec: 5000 });
    else callback({ code: grpc.status.UNAUTHENTICATED, details: `invalid credentials: ${seen}` });
  });
  await using folder = await temporaryFolder();
  const endpoints = `${folder.path}/endpoints.yaml`;
  Deno.writeTextFileSync(
    endpoints,
    `defaults:
  metadata: { x-api-key: ${SECRETS[0]}, authorization: Bearer ${SECRETS[1]}, cookie: s=${
      SECRETS[2]
    } }
endpoints: ["${server.address}"]
`,
  );
  const output = `${folder.path}/out`;
  const ramp = (...args: readonly string[]) =>
    runScript("experiments/rps_ramp.ts", [
      ...["--platform", "endpoints", "--start", "20", "--end", "20", "--slot", "500ms", "--json"],
      ...args,
    ]);
  const results = await Promise.all([
    ramp("--endpoints", endpoints, "--output", output, "--compat"),
    ramp("--endpoints", `http://me:${SECRETS[3]}@${server.address}`),
    ramp("--endpoints", `me:${SECRETS[3]}@${server.address}`),
  ]);
  assert.equal(results[0].status, 0, results[0].stderr);
  assert.ok(count > 5);
  for (const { status, stderr } of results.slice(1)) {
    assert.equal(status, 2);
    assert.match(stderr, /user information/);
  }
  for (const secret of SECRETS) {
    for (const { stdout, stderr } of results) {
      assert.ok(!(stdout + stderr).includes(secret), secret);
    }
    assert.deepEqual(filesWith(output, secret), []);
  }
});
