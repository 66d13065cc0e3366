import assert from "node:assert/strict";
import { RealClock } from "../../../lib/clock/clock.ts";
import { LoaderError } from "../../../lib/base/error.ts";
import type { DeployMessage } from "../../../lib/platform/local/control.ts";
import { GatewayProcess } from "../../../lib/platform/local/gateway_process.ts";
import { temporaryFolder } from "../../support/script.ts";

const LISTENING = '{"type":"listening","gatewayPort":1,"metricsPort":2,"calibration":{}}';
const DEPLOYED = '{"type":"deployed"}';

/** Runs a shell script in place of the gateway; why it was lost, or its deployment failed. */
async function reasonOf(script: string): Promise<string> {
  await using folder = await temporaryFolder();
  const executable = `${folder.path}/gateway`;
  await Deno.writeTextFile(executable, `#!/bin/sh\nread message\n${script}\n`);
  await Deno.chmod(executable, 0o755);
  const lost = Promise.withResolvers<LoaderError>();
  const gateway = new GatewayProcess(executable, new RealClock(), {
    onEvent() {},
    onScaling() {},
    onLost: lost.resolve,
  });
  let reason: unknown;
  try {
    await gateway.deploy({ functions: [] } as unknown as DeployMessage);
    reason = await lost.promise;
  } catch (error) {
    reason = error;
  }
  await gateway.stop(1000);
  assert.ok(reason instanceof LoaderError, String(reason));
  assert.equal(reason.code, "platform");
  return reason.message;
}

const say = (...lines: readonly string[]) => lines.map((line) => `echo '${line}'`).join("\n");
const CUT = `printf '{"type":"inst'`;

Deno.test("gateway process: one that dies in mid-line is lost, with its status and last words", async () => {
  const reason = await reasonOf(`${say(LISTENING, DEPLOYED)}\n${CUT}\necho boom >&2\nexit 7`);
  assert.equal(
    reason,
    'The gateway of the local platform ended: exit status 7, after saying "boom".',
  );
});

Deno.test("gateway process: one that is killed in mid-line fails the deployment with the signal", async () => {
  const reason = await reasonOf(`${say(LISTENING)}\n${CUT}\nkill -9 $$`);
  assert.equal(reason, "The gateway of the local platform ended: SIGKILL.");
});

Deno.test("gateway process: one that says what is no message is ended and quoted", async () => {
  const reason = await reasonOf(
    `${say(LISTENING, DEPLOYED, "hello", DEPLOYED)}\nexec sleep 60`,
  );
  assert.equal(reason, 'The gateway of the local platform said what is no message: "hello".');
});

Deno.test("gateway process: a flood on standard error is read, and cut where it is shown", async () => {
  const flood = "head -c 1000000 /dev/zero | tr '\\0' x >&2";
  const reason = await reasonOf(`${say(LISTENING, DEPLOYED)}\n${flood}\nexit 1`);
  assert.match(reason, /ended: exit status 1, after saying "x{300}"\.$/);
});
