import assert from "node:assert/strict";
import process from "node:process";
import { setHeaderOptions } from "@kubernetes/client-node";
import { RIGHTS } from "../../lib/platform/knative/cluster/rights.ts";
import { Script } from "../support/script.ts";
import { HAS_CLUSTER, openTestRole, type TestRole } from "./role.ts";

interface ToldFinding {
  readonly subject: string;
  readonly level: "ok" | "warning" | "problem";
  readonly sentence: string;
  readonly command: string | null;
  readonly fixable: boolean;
}

interface Told {
  readonly status: number;
  readonly ready: boolean;
  readonly findings: readonly ToldFinding[];
  readonly changes: readonly { readonly sentence: string; readonly undo: string | null }[];
}

const PLACE = { namespace: "knative-serving", name: "config-autoscaler" };
const ZERO = "allow-zero-initial-scale";

async function doctor(kubeconfig: string, ...args: readonly string[]): Promise<Told> {
  await using script = Script.start(
    "scripts/doctor.ts",
    [...args, "--platform", "knative", "--json"],
    ["-P"],
    { KUBECONFIG: kubeconfig },
  );
  const { status, stdout, stderr } = await script.result;
  assert.ok(stdout.startsWith("{"), stderr);
  return { status, ...JSON.parse(stdout) };
}

/** Of one subject, what is worse than well. */
function complaintsOf({ findings }: Told, subject: string): readonly ToldFinding[] {
  return findings.filter((finding) => finding.subject === subject && finding.level !== "ok");
}

async function setZero({ admin }: TestRole, value: string | null): Promise<string | null> {
  const { data } = await admin.core.readNamespacedConfigMap(PLACE);
  await admin.core.patchNamespacedConfigMap(
    { ...PLACE, body: { data: { [ZERO]: value } } },
    setHeaderOptions("Content-Type", "application/merge-patch+json"),
  );
  return data?.[ZERO] ?? null;
}

Deno.test({
  name: "doctor: with the role alone all is found; with --fix, what may be mended is, and put back",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("doctor");
    const before = await setZero(role, null);
    try {
      const ill = await doctor(role.kubeconfig);
      assert.equal(ill.status, 3);
      assert.equal(ill.ready, false);
      const [zero] = complaintsOf(ill, "settings");
      assert.match(zero.sentence, /allow-zero-initial-scale is not true/);
      assert.equal(zero.fixable, true);
      assert.match(zero.command ?? "", /^kubectl -n knative-serving patch configmap/);
      const [refused] = complaintsOf(ill, "template");
      assert.match(refused.sentence, /the webhook .* refuses it/, "a dry run shows the same");

      const fixed = await doctor(role.kubeconfig, "--fix");
      assert.equal(fixed.status, 0, JSON.stringify(fixed.findings));
      assert.equal(fixed.changes.length, 1);
      assert.match(fixed.changes[0].sentence, /Set allow-zero-initial-scale .* it was not set/);
      const subjects = new Set(fixed.findings.map(({ subject }) => subject));
      for (
        const subject of [
          "API server",
          "clock",
          "Knative",
          "settings",
          "permissions",
          "template",
          "gateway",
          "metrics API",
          "Prometheus",
          "capacity",
        ]
      ) assert.ok(subjects.has(subject), subject);
      assert.deepEqual(complaintsOf(fixed, "permissions"), []);

      const [command, ...args] = ["bash", "-c", fixed.changes[0].undo!];
      const { success, stderr } = await new Deno.Command(command, {
        args,
        env: { KUBECONFIG: role.kubeconfig },
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const { data } = await role.admin.core.readNamespacedConfigMap(PLACE);
      assert.equal(data?.[ZERO], undefined, "put back by the command that it said");
    } finally {
      await setZero(role, before);
    }
  },
});

Deno.test({
  name: "doctor: an experiment's runs are compared with what the cluster has",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("demand");
    const before = await setZero(role, "true");
    try {
      const ramp = (rate: number, runtime: string) =>
        doctor(
          role.kubeconfig,
          ...["rps-ramp", "--start", String(rate), "--end", String(rate), "--runtime", runtime],
          ...["--requests", "table"],
        );
      const large = await ramp(500, "1s");
      const [short] = complaintsOf(large, "capacity");
      assert.match(short.sentence, /needs 500 instances, .* in its fullest minute/);
      assert.equal(short.level, "warning");
      const small = await ramp(1, "100ms");
      assert.deepEqual(complaintsOf(small, "capacity"), []);
    } finally {
      await setZero(role, before);
    }
  },
});

Deno.test({
  name: "doctor: Prometheus that scrapes Knative is found, one that is not there is told",
  ignore: !HAS_CLUSTER || process.env.LOADER_PROMETHEUS === undefined,
  async fn() {
    await using role = await openTestRole("prometheus");
    const there = await doctor(
      role.kubeconfig,
      ...["--prometheus", process.env.LOADER_PROMETHEUS!],
    );
    assert.deepEqual(complaintsOf(there, "Prometheus"), []);
    const away = await doctor(role.kubeconfig, "--prometheus", "http://127.0.0.1:1");
    assert.match(complaintsOf(away, "Prometheus")[0].sentence, /does not answer/);
    // Through the API server, where the role has no right to.
    const proxied = await doctor(role.kubeconfig, "--prometheus", "kube-public/prometheus:9090");
    assert.match(
      complaintsOf(proxied, "permissions")[0].sentence,
      /right to get services\/proxy in the namespace kube-public is missing/,
    );
    assert.match(
      complaintsOf(proxied, "permissions")[0].command!,
      /--prometheus-namespace kube-public$/,
    );
  },
});

Deno.test({
  name: "doctor: what stops a run is told with the command that mends it, and exit status 3",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("problems");
    const kubeconfigWith = (change: (text: string) => string) => {
      const path = `${role.kubeconfig}-changed`;
      Deno.writeTextFileSync(path, change(Deno.readTextFileSync(role.kubeconfig)));
      return path;
    };
    const expectProblem = (told: Told, subject: string, sentence: RegExp) => {
      assert.equal(told.status, 3);
      const found = complaintsOf(told, subject);
      assert.equal(found[0]?.level, "problem", JSON.stringify(told.findings));
      assert.match(found[0].sentence, sentence);
      return found[0];
    };

    const context = await doctor(role.kubeconfig, "--context", "nowhere");
    expectProblem(context, "cluster", /has no context "nowhere" \(it has loader\)/);
    const token = await doctor(kubeconfigWith((text) => text.replace(/token: .*/, "token: old")));
    expectProblem(token, "API server", /does not know us|does not know who we are \(401\)/);
    const server = await doctor(
      kubeconfigWith((text) => text.replace(/server: .*/, "server: https://127.0.0.1:1")),
    );
    expectProblem(server, "API server", /nothing listens at https:\/\/127\.0\.0\.1:1/);
    const gateway = await doctor(role.kubeconfig, "--gateway", "127.0.0.1:1");
    expectProblem(gateway, "gateway", /127\.0\.0\.1:1 cannot be used: No connection/);

    await role.withhold(
      RIGHTS.find(({ resource, group }) =>
        resource === "services" && group === "serving.knative.dev"
      )!,
    );
    const right = await doctor(role.kubeconfig);
    const missing = expectProblem(
      right,
      "permissions",
      /right to create, delete, list, watch services\.serving\.knative\.dev/,
    );
    assert.equal(missing.command, `deno task role --namespace ${role.namespace}`);
  },
});
