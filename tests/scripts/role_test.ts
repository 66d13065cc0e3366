import assert from "node:assert/strict";
import { runScript, temporaryFolder } from "../support/script.ts";
import { type ApiRequest, ScriptedApiServer } from "../support/scripted_api_server.ts";

const TOKEN = "token-0123456789abcdef";

/** Grants what is asked for. */
function grantAll({ method, path, body }: ApiRequest): Response | null {
  if (path.endsWith("/token")) return Response.json({ status: { token: TOKEN } }, { status: 201 });
  if (path.endsWith("/kube-root-ca.crt")) {
    return Response.json({ data: { "ca.crt": "certificate" } });
  }
  return method === "GET" ? null : Response.json(body);
}

Deno.test("role: the kubeconfig with its token is in a file for its owner alone, and nowhere else", async () => {
  await using server = await ScriptedApiServer.start(grantAll);
  await using folder = await temporaryFolder();
  const file = `${folder.path}/loader.kubeconfig`;
  Deno.writeTextFileSync(file, "an earlier one", { mode: 0o644 });
  const role = (...args: readonly string[]) =>
    runScript("scripts/role.ts", ["--kubeconfig", server.kubeconfig, ...args]);
  const { status, stdout, stderr } = await role("--output", file);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, "");
  assert.ok(!stderr.includes(TOKEN));
  assert.match(Deno.readTextFileSync(file), new RegExp(`token: ${TOKEN}`));
  assert.equal(Deno.statSync(file).mode! & 0o777, 0o600);
  const printed = await role();
  assert.match(printed.stdout, new RegExp(`token: ${TOKEN}`), "whole where it was asked for");
  assert.match(printed.stderr, /--output/);
});
