import assert from "node:assert/strict";
import { answerPromptly, ExecutorServer } from "../support/executor_server.ts";
import { readRows } from "../support/run_files.ts";
import { Script, type ScriptResult, temporaryFolder } from "../support/script.ts";
import { TLS_FILES } from "../support/test_certificates.ts";

/** A short ramp against a server, on a machine whose authorities are those of a file. */
async function ramp(
  port: number,
  authorities: string,
  output: string,
  transport: string,
): Promise<ScriptResult> {
  await using script = Script.start(
    "experiments/rps_ramp.ts",
    [
      ...["--platform", "endpoints", "--endpoints", `https://localhost:${port}`],
      ...["--output", output, "--transport", transport],
      ...["--start", "10", "--end", "10", "--slot", "500ms"],
    ],
    ["-P"],
    // Where Deno looks for the system's certificates, as OpenSSL does; none of its own settings.
    { SSL_CERT_FILE: authorities, SSL_CERT_DIR: "", DENO_TLS_CA_STORE: "mozilla" },
  );
  return await script.result;
}

Deno.test("endpoints: https trusts what the system trusts, and nobody else", async () => {
  using server = await ExecutorServer.listen(answerPromptly, 0, { tls: "server" });
  await using folder = await temporaryFolder();
  const empty = `${folder.path}/none.pem`;
  Deno.writeTextFileSync(empty, "");
  const transports = ["http2", "grpc-js"];
  const [refused, ...ramps] = await Promise.all([
    ramp(server.port, empty, `${folder.path}/refused`, "http2"),
    ...transports.map((transport) =>
      ramp(server.port, TLS_FILES.ca, `${folder.path}/${transport}`, transport)
    ),
  ]);
  assert.equal(refused.status, 1, refused.stderr);
  assert.match(refused.stderr, /certificate of localhost:\d+ is not trusted/);
  for (const [i, { status, stderr }] of ramps.entries()) {
    assert.equal(status, 0, stderr);
    const rows = readRows(`${folder.path}/${transports[i]}/runs/rate-10/invocations.csv`);
    assert.ok(rows.length > 0);
    assert.ok(rows.every(({ outcome }) => outcome === "ok"), transports[i]);
  }
});
