import assert from "node:assert/strict";
import process from "node:process";
import { readTwinFolder } from "../../lib/store/read/experiment_folder.ts";
import { parseTwinFacts } from "../../lib/analyze/twin/facts.ts";
import { readRows, readRun } from "../support/run_files.ts";
import { Script, temporaryFolder } from "../support/script.ts";
import { HAS_CLUSTER, openTestRole } from "./role.ts";

/** What a run is compared with its twin by. */
const METRICS = [
  "response_time_p50",
  "response_time_p90",
  "response_time_p99",
  "slowdown_p50",
  "slowdown_p99",
  "cold_invocations",
  "instance_starts",
  "ready_instances_mean",
  "ready_instances_peak",
  "outcome_ok",
  "outcome_timed_out",
  "outcome_rejected",
];

/** Instances of a function, so few that the machine's speed hardly decides how many start. */
const MOST_INSTANCES = 2;

/** Functions of the burst. */
const FUNCTIONS = 3;

/** An instance may go for want of calls, and another come. */
const MOST_STARTS = 2 * FUNCTIONS * MOST_INSTANCES;

Deno.test({
  name: "twin of a run on Knative: the same schedule, every invocation once, and a table of both",
  ignore: !HAS_CLUSTER,
  async fn() {
    await using role = await openTestRole("twin");
    await using folder = await temporaryFolder();
    const output = `${folder.path}/burst`;
    await using script = Script.start(
      "experiments/burst.ts",
      [
        ..."--platform knative --twin --rps 4 --slot 4s --duration 20s --burst 6".split(" "),
        ..."--runtime 50ms --memory 64 --drain 1min --cpu-request 10m".split(" "),
        ...["--max-scale", String(MOST_INSTANCES), "--no-restart-activator"],
        ...["--gateway", process.env.LOADER_GATEWAY!],
        ...["--prometheus", process.env.LOADER_PROMETHEUS ?? "none"],
        ...["--output", output],
      ],
      ["-P"],
      { KUBECONFIG: role.kubeconfig },
    );
    const { status, stderr } = await script.result;
    assert.equal(status, 0, stderr);

    const path = `${output}/runs/burst`;
    const run = readRun(output, "burst");
    assert.deepEqual(run.notes.filter((note) => note.includes("twin")), []);
    const twin = readTwinFolder({ path });
    assert.ok(twin !== null);
    assert.equal(twin.manifest.scheduleHash, run.scheduleHash);
    assert.equal(twin.manifest.platform.name, "simulator");
    for (const table of [path, twin.path]) {
      const indices = readRows(`${table}/invocations.csv`).map(({ index }) => Number(index));
      assert.deepEqual(
        indices.sort((a, b) => a - b),
        Array.from({ length: run.plan.invocations }, (_, index) => index),
      );
    }

    assert.deepEqual(twin.divergence.map(({ metric }) => metric), METRICS);
    const figures = new Map(twin.divergence.map((figure) => [figure.metric, figure]));
    for (const name of ["outcome_ok", "outcome_timed_out", "outcome_rejected"]) {
      const { run, twin } = figures.get(name)!;
      assert.equal(run, twin, name);
    }
    // Nobody is there for the victim's only call; beyond that it is a matter of milliseconds.
    for (const name of ["cold_invocations", "instance_starts"]) {
      const { run, twin } = figures.get(name)!;
      for (const count of [run!, twin!]) {
        assert.ok(count >= 1 && count <= MOST_STARTS, `${name}: ${run}, ${twin}`);
      }
    }
    for (const side of ["run", "twin"] as const) {
      const peak = figures.get("ready_instances_peak")![side]!;
      assert.ok(peak >= 1 && peak <= FUNCTIONS * MOST_INSTANCES, `${side}: ${peak}`);
      assert.ok(figures.get("response_time_p50")![side]! > 0, side);
    }

    // What the cluster is set to is what the twin has.
    const facts = parseTwinFacts(run);
    assert.equal(facts.nodesAreShared, true);
    assert.equal(facts.graceIsPassed, true);
    assert.ok(facts.queueTimeoutMs !== null && facts.nodes !== null);
    const { autoscaling, containerConcurrency } = twin.manifest.platform.facts;
    assert.deepEqual(autoscaling, { ...facts.autoscaling, scaleToZeroGraceMs: 0 });
    assert.equal(containerConcurrency, facts.containerConcurrency);

    const report = Deno.readTextFileSync(`${output}/report.html`);
    assert.match(report, /Response time, run and twin/);
    for (const metric of METRICS) assert.ok(report.includes(metric.replaceAll("_", " ")), metric);
  },
});
