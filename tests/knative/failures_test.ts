/** Things that go wrong on a cluster, as the user of an experiment meets them. */
import assert from "node:assert/strict";
import process from "node:process";
import { RIGHTS } from "../../lib/platform/knative/cluster/rights.ts";
import { DEFAULT_TEMPLATE } from "../../lib/platform/knative/knative_options.ts";
import { waitUntil } from "./condition.ts";
import { ForeignService } from "./foreign_service.ts";
import { HAS_CLUSTER, openTestRole, type TestRole } from "./role.ts";
import { TcpProxy } from "./tcp_proxy.ts";
import { deleteService } from "./test_platform.ts";
import { runTogether } from "./together.ts";
import { assertNoTrace, assertTold, clean, countOutcomes, UserRun } from "./user_run.ts";

/** Cases that are told apart by their seeds share a namespace, and the wait for pods to go. */
type Cases = Readonly<Record<string, (role: TestRole, seed: string) => Promise<void>>>;

/** Makes the cases at the same time, beside a service of someone else's that must survive them. */
function testTogether(name: string, namespace: string, cases: Cases): void {
  Deno.test({
    name: `failures on Knative: ${name}`,
    ignore: !HAS_CLUSTER,
    async fn(t) {
      await using role = await openTestRole(namespace);
      const foreign = await ForeignService.deploy(role);
      const hasPassed = await runTogether(
        t,
        Object.fromEntries(
          Object.entries(cases).map(([name, body], index) => [
            name,
            () => body(role, String(index)),
          ]),
        ),
      );
      if (!hasPassed) return;
      assert.deepEqual(await foreign.others(), [], "nothing of ours is left");
      await foreign.assertUntouched();
    },
  });
}

/** A run that cannot be made: told in one sentence, and nothing is measured. */
async function assertFails(
  role: TestRole,
  args: readonly string[],
  expected: RegExp,
): Promise<void> {
  await using run = await UserRun.start(role, ...args);
  const result = await run.result;
  assert.equal(result.status, 1, result.stderr);
  assertTold(result, expected);
  const { status, error } = run.experiment;
  assert.equal(status, "failed");
  assert.match(error ?? "", expected);
  assert.equal(run.manifest.status, "failed");
  assert.equal(run.manifest.runStartUnixMs, null, "no load was sent");
  assert.deepEqual(run.rows("invocations"), []);
}

async function writeTemplate(
  { kubeconfig }: TestRole,
  name: string,
  change: (text: string) => string,
): Promise<string> {
  const file = kubeconfig.replace(/kubeconfig$/, `${name}.yaml`);
  await Deno.writeTextFile(file, change(await Deno.readTextFile(DEFAULT_TEMPLATE)));
  return file;
}

/** Asks for what no node has. */
function makeUnschedulable(template: string): string {
  return `${template}          resources: { limits: { example.com/gpu: "1" } }\n`;
}

testTogether("functions that do not come up", "refused", {
  "an image that is not there": (role, seed) =>
    assertFails(
      role,
      ["--seed", seed, "--image", "dev.local/there-is-none:1"],
      /functions did not come up, so no load was sent \(.*the image dev\.local\/there-is-none:1 cannot be had/,
    ),
  "a webhook that refuses": async (role, seed) => {
    const template = await writeTemplate(
      role,
      "refused",
      (text) => text.replace('burst-capacity: "-1"', 'burst-capacity: "much"'),
    );
    await assertFails(
      role,
      ["--seed", seed, "--template", template],
      /the webhook validation\.webhook\.serving\.knative\.dev refuses it: .*much/,
    );
  },
  "no node that has what is asked for": async (role, seed) => {
    const template = await writeTemplate(role, "unschedulable", makeUnschedulable);
    await assertFails(
      role,
      ["--seed", seed, "--template", template, "--deploy-timeout", "1min"],
      /not ready within 60 s: no node has room for its instance: .*Insufficient example\.com\/gpu/,
    );
  },
  "a gateway that is away": (role, seed) =>
    assertFails(
      role,
      ["--seed", seed, "--gateway", "127.0.0.1:1"],
      /The gateway at 127\.0\.0\.1:1 cannot be used: .*Is the ingress up/,
    ),
});

Deno.test({
  name: "failures on Knative: a role without a right, an account that is gone, a wrong context",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("rights");
    const foreign = await ForeignService.deploy(role);
    const context = await UserRun.start(role, "--context", "nowhere");
    await using _ = context;
    const result = await context.result;
    assert.equal(result.status, 2, result.stderr);
    assertTold(result, /has no context "nowhere" \(it has loader\); choose one with --context/);
    assert.equal(context.hasFolder, false, "nothing was begun");

    for (const { resource, group, verb } of WITHHELD) {
      const right = RIGHTS.find((right) =>
        right.scope === "functions" && right.resource === resource && right.group === group
      )!;
      await role.withhold({ ...right, verbs: [verb] });
      await assertFails(
        role,
        [],
        new RegExp(
          `right to ${verb} ${resource}.* in the namespace ${role.namespace} is missing, so .*` +
            `: deno task role --namespace ${role.namespace}\\.$`,
        ),
      );
    }
    await role.withhold(null);

    // A token that has expired is as unknown to the API server; none is valid for less than 600 s.
    const { admin, namespace, access } = role;
    await admin.core.deleteNamespacedServiceAccount({ name: "loader", namespace });
    await waitUntil(
      "the account's token is refused",
      () => access.version.getCode().then(() => false, () => true),
    );
    await using unknown = await UserRun.start(role);
    const refused = await unknown.result;
    assert.equal(refused.status, 1, refused.stderr);
    assertTold(
      refused,
      /does not know who we are \(401\): the token .* is expired or wrong; log in/,
    );
    assert.equal(unknown.hasFolder, false, "nothing was begun");

    assert.deepEqual(await foreign.others(), []);
    await foreign.assertUntouched();
  },
});

/** Rights that are taken away; who may list the pods of the whole cluster may list these too. */
const WITHHELD = [
  { group: "serving.knative.dev", resource: "services", verb: "create" },
  { group: "serving.knative.dev", resource: "services", verb: "delete" },
  { group: "", resource: "pods", verb: "watch" },
];

/** Load enough for what is done to a run to show in it, however busy the machine is. */
const LONG_LOAD: readonly string[] = ["--duration", "45s"];

testTogether("in mid-run the load goes on", "midrun", {
  "a gateway that goes away": async (role, seed) => {
    await using proxy = TcpProxy.open(process.env.LOADER_GATEWAY!);
    await using run = await UserRun.start(
      role,
      ...["--seed", seed, "--gateway", proxy.address, ...LONG_LOAD],
    );
    await run.hasInvoked(8);
    await proxy.close();
    const { status, stderr, stdout } = await run.result;
    assert.equal(status, 0, stderr);
    assertNoTrace(stderr);
    const { outcomes, verdict, plan, notes, ...manifest } = run.manifest;
    // More than a third failed: the platform did not keep up, whatever the reason.
    assert.equal(manifest.status, "overloaded");
    assert.equal(verdict?.verdict, "PLATFORM-LIMITED", JSON.stringify(verdict));
    assert.match(verdict.reasons.join(), /of \d+ measured invocations were not ok/);
    assert.match(stdout, /Verdict: PLATFORM-LIMITED \(overloaded\)/);
    const rows = run.rows("invocations");
    assert.equal(rows.length, plan.invocations, "every invocation has a row");
    const counts = countOutcomes(rows);
    assert.ok(counts.ok >= 8 && (counts.connect_failed ?? 0) > 0, JSON.stringify(counts));
    assert.deepEqual(counts, nonZero(outcomes));
    assert.match(notes.join("\n"), /^\d+ invocations were never sent: there was no connection/m);
  },
  "a Prometheus that is not there": async (role, seed) => {
    await using run = await UserRun.start(
      role,
      ...["--seed", seed, "--prometheus", "http://127.0.0.1:1"],
    );
    const { status, stderr } = await run.result;
    assert.equal(status, 0, stderr);
    assertNoTrace(stderr);
    assertMadeWithoutPrometheus(run, /(\d+) of \1 scrapes of Knative's metrics are gaps/);
  },
  "a Prometheus that goes away": async (role, seed) => {
    const { host } = new URL(process.env.LOADER_PROMETHEUS!);
    await using proxy = TcpProxy.open(host);
    await using run = await UserRun.start(
      role,
      ...["--seed", seed, "--prometheus", `http://${proxy.address}`, ...LONG_LOAD],
    );
    await run.hasInvoked(8);
    await proxy.close();
    const { status, stderr } = await run.result;
    assert.equal(status, 0, stderr);
    assertNoTrace(stderr);
    assertMadeWithoutPrometheus(run, /\d+ of \d+ scrapes of Knative's metrics are gaps/);
  },
  "a service that someone else deletes": async (role, seed) => {
    await using run = await UserRun.start(role, "--seed", seed, ...LONG_LOAD);
    await run.hasInvoked(8);
    const name = (await run.services()).find((name) => /-0-/.test(name))!;
    await deleteService(role.admin, name);
    // Its calls are served until the garbage collector has taken its route away.
    await run.whileRunning(
      "an invocation of it has failed",
      () => run.rows("invocations").some(({ outcome }) => outcome !== "ok"),
    );
    const { status, stderr } = await run.result;
    assert.equal(status, 0, stderr);
    assertNoTrace(stderr);
    const sentence = new RegExp(`The service ${name} was deleted by someone else; `);
    assert.match(stderr, sentence);
    assert.match(run.manifest.notes.join(), sentence);
    assert.ok(["finished", "overloaded"].includes(run.manifest.status));
    const rows = run.rows("invocations");
    assert.equal(rows.length, run.manifest.plan.invocations);
    const bad = rows.filter(({ outcome }) => outcome !== "ok");
    assert.ok(bad.length > 0, "its invocations fail");
    assert.deepEqual([...new Set(bad.map(({ function_id }) => function_id))], [
      bad[0].function_id,
    ], "those of others do not");
  },
});

/** The run is as good as any, but for the gaps that a note tells of. */
function assertMadeWithoutPrometheus(run: UserRun, expected: RegExp): void {
  const { status, notes, outcomes, plan } = run.manifest;
  assert.equal(status, "finished");
  assert.match(notes.join("\n"), expected);
  assert.equal(outcomes?.ok, plan.invocations, JSON.stringify(outcomes));
  assert.equal(run.rows("invocations").length, plan.invocations);
  // What does not come from Prometheus is there.
  for (const table of ["instances", "scales", "generator", "nodes", "processes"]) {
    assert.ok(run.rows(table).length > 0, table);
  }
}

testTogether("Ctrl-C", "ctrl-c", {
  "in mid-deployment": async (role, seed) => {
    // Its first function does not come up, so that it is still deploying.
    const template = await writeTemplate(role, "waiting", makeUnschedulable);
    await using run = await UserRun.start(
      role,
      ...["--seed", seed, "--deploy-at-once", "1", "--template", template],
    );
    await run.whileRunning(
      "its first service is there",
      async () => (await run.services()).length > 0,
    );
    run.kill("SIGINT");
    const result = await run.result;
    assert.equal(result.status, 130, result.stderr);
    assertTold(result, /^Error: Stopped by the user\.$/);
    assert.equal(run.experiment.status, "interrupted");
    assert.equal(run.manifest.status, "interrupted");
    assert.deepEqual(run.rows("invocations"), []);
  },
  "in mid-load": async (role, seed) => {
    await using run = await UserRun.start(role, "--seed", seed, ...LONG_LOAD);
    await run.hasInvoked(8);
    run.kill("SIGINT");
    const { status, stderr, stdout } = await run.result;
    assert.equal(status, 130, stderr);
    assertNoTrace(stderr);
    assert.match(stderr, /^Stopping: /m);
    assert.match(stdout, /\(interrupted\)/);
    assert.equal(run.experiment.status, "interrupted");
    assert.equal(run.manifest.status, "interrupted");
    const rows = run.rows("invocations");
    assert.equal(rows.length, run.manifest.plan.invocations, "what was not sent has rows too");
    const counts = countOutcomes(rows);
    assert.ok(counts.ok >= 8 && counts.cancelled > 0, JSON.stringify(counts));
  },
  "twice: at once, and clean removes what is left": async (role, seed) => {
    await using run = await UserRun.start(role, "--seed", seed, ...LONG_LOAD);
    await run.hasInvoked(8);
    run.kill("SIGINT");
    await run.said(/^Stopping: .*Again: end at once/m);
    run.kill("SIGINT");
    const { status, stderr } = await run.result;
    assert.equal(status, 130, stderr);
    assert.ok((await run.pods()).length > 0, "it did not wait");
    assert.ok(run.rows("invocations").length >= 8);
    await clean(role, "--run", run.runId!);
  },
});

function nonZero(outcomes: Readonly<Record<string, number>> | null): Record<string, number> {
  return Object.fromEntries(Object.entries(outcomes ?? {}).filter(([, count]) => count > 0));
}
