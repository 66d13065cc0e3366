import assert from "node:assert/strict";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { LoaderError } from "../../lib/base/error.ts";
import type { Finding } from "../../lib/platform/finding.ts";
import {
  diagnose,
  type Diagnosis,
  diagnosisJson,
  doctorOptionsOf,
  type DoctorValues,
  isReady,
  renderDiagnosis,
} from "../../lib/doctor/doctor.ts";
import { deriveExpectedDemand } from "../../lib/doctor/doctor_demand.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import type { OptionTable } from "../../lib/option/option.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import type { PlannedLoad } from "../../lib/run/plan_block.ts";
import { MEMORY_MIB, profileWithCounts } from "../support/schedules.ts";
import { Script } from "../support/script.ts";

const RAMP = rpsRamp as unknown as Experiment<OptionTable>;

async function diagnosisOf(
  experiment: Experiment<OptionTable> | null,
  ...args: readonly string[]
): Promise<Diagnosis> {
  const table = doctorOptionsOf(experiment);
  const options = parseOptions("doctor", "", table, args).values as unknown as DoctorValues;
  return await diagnose(experiment, options, new AbortController().signal);
}

function findingsOf({ findings }: Diagnosis, subject: string): readonly Finding[] {
  return findings.filter((finding) => finding.subject === subject);
}

Deno.test("doctor: a port of the local platform that is taken stops a run, a free one does not", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const args = ["--platform", "local", "--gateway-port", String(port)];
  let taken: Diagnosis;
  try {
    taken = await diagnosisOf(null, ...args);
  } finally {
    listener.close();
  }
  assert.equal(isReady(taken), false);
  const found = findingsOf(taken, "ports").filter(({ level }) => level === "problem");
  assert.equal(found.length, 1);
  assert.match(found[0].sentence, new RegExp(`^--gateway-port: ${port} cannot be had`));
  assert.equal(isReady(await diagnosisOf(null, ...args)), true);
});

Deno.test("doctor: a server of the endpoints that is not there stops a run", async () => {
  const none = await diagnosisOf(null, "--platform", "endpoints", "--endpoints", "127.0.0.1:1");
  assert.equal(isReady(none), false);
  assert.match(findingsOf(none, "servers")[0].sentence, /No connection to 127\.0\.0\.1:1/);
  const unnamed = await diagnosisOf(null, "--platform", "endpoints");
  assert.match(findingsOf(unnamed, "servers")[0].sentence, /needs --endpoints/);
  const wrong = await diagnosisOf(null, "--platform", "endpoints", "--endpoints", "x:y");
  assert.match(findingsOf(wrong, "servers")[0].sentence, /^--endpoints: /);
});

Deno.test("doctor: a load that is larger than the simulated platform is told", async () => {
  const at = (rate: string) =>
    diagnosisOf(
      RAMP,
      ...["--platform", "simulator", "--start", rate, "--end", rate, "--runtime", "1s"],
      ...["--slot", "1min", "--node-cores", "2"],
    );
  const [large] = findingsOf(await at("100"), "simulation");
  assert.equal(large.level, "warning");
  assert.match(large.sentence, /needs .* cores in its fullest minute/);
  const [small] = findingsOf(await at("2"), "simulation");
  assert.equal(small.level, "ok");
});

Deno.test("doctor: a mistake in the experiment's options is refused, as by the experiment", async () => {
  await assert.rejects(
    diagnosisOf(RAMP, "--start", "9", "--end", "3"),
    (error) => error instanceof LoaderError && error.code === "usage",
  );
});

Deno.test("doctor: what a run asks for in its fullest minute, by hand", async () => {
  const load = (rows: readonly (readonly [number, number, number])[]): PlannedLoad => {
    const [scheduledMs, functionIndex, runtimeMs] = [0, 1, 2].map((i) => rows.map((row) => row[i]));
    return {
      run: {
        name: "run",
        parameters: {},
        trace: null,
        initialScales: [2, 0],
        schedule: {
          functions: ["f", "g"].map((name) => ({
            ...profileWithCounts(name, [1]),
            memoryMib: { ...MEMORY_MIB, values: MEMORY_MIB.values.map(() => 128) },
          })),
          durationMs: 180_000,
          phases: [{ fromMs: 0, phase: "measurement" }],
          *chunks() {
            yield {
              scheduledMs: Float64Array.from(scheduledMs),
              functionIndex: Uint32Array.from(functionIndex),
              runtimeMs: Uint32Array.from(runtimeMs),
              memoryMib: Uint32Array.from(rows, () => 1),
            };
          },
          hash: () => Promise.resolve(""),
        },
      },
      plan: {} as PlannedLoad["plan"],
    };
  };
  const capacity = { instances: null, cpuMilli: null, memoryMib: null, instanceOverheadMib: 0 };
  const never = new AbortController().signal;
  const options = { seed: 42, cpuRequestMilli: null, requests: "table", minScale: 0 } as const;
  const rows = [
    [0, 0, 60_000],
    // The second minute: three and a bit of f, one of g for a moment.
    [60_000, 0, 60_000],
    [70_000, 0, 60_000],
    [80_000, 0, 60_001],
    [119_999, 1, 1],
    [120_000, 1, 60_000],
  ] as const;
  const { initial, peak } = await deriveExpectedDemand(load(rows), options, capacity, never);
  // 83 milli-cores for 128 MiB (the table of the method).
  assert.deepEqual(initial, { instances: 2, cpuMilli: 166, memoryMib: 256 });
  assert.deepEqual(peak, { instances: 5, cpuMilli: 415, memoryMib: 640 });
  const quiet = await deriveExpectedDemand(load([[0, 1, 1]]), options, capacity, never);
  assert.deepEqual(quiet.peak, quiet.initial, "those of the start are there in any case");
  const own = await deriveExpectedDemand(
    load(rows),
    options,
    capacity,
    never,
    () => ({ cpuMilli: 10, memoryMib: 0 }),
  );
  assert.deepEqual(own.peak, { instances: 5, cpuMilli: 50, memoryMib: 0 });
});

const FINDINGS: readonly Finding[] = [
  { subject: "a", level: "ok", sentence: "Fine.", command: null, mend: null },
  { subject: "long", level: "warning", sentence: "Hm.", command: "look", mend: null },
  {
    subject: "b",
    level: "problem",
    sentence: "No.",
    command: "mend it",
    mend: () => Promise.resolve({ sentence: "Done.", undo: null }),
  },
];

Deno.test("doctor: the text, and the same for programs", () => {
  const diagnosis: Diagnosis = {
    kind: "diagnosis",
    platform: "local",
    experiment: null,
    findings: FINDINGS,
    changes: [{ sentence: "Set x to y.", undo: "set x to z" }],
  };
  assert.equal(
    renderDiagnosis(diagnosis),
    [
      "ok       a     Fine.",
      "warning  long  Hm.",
      "               → look",
      "PROBLEM  b     No.",
      "               → mend it   (or --fix)",
      "",
      "Set x to y.",
      "  put back by: set x to z",
      "",
      "Not ready for a run on local: 1 problem, 1 warning.",
    ].join("\n"),
  );
  const told = JSON.parse(diagnosisJson(diagnosis));
  assert.equal(told.ready, false);
  assert.deepEqual(told.findings.map(({ fixable }: { fixable: boolean }) => fixable), [
    false,
    false,
    true,
  ]);
  const well = { ...diagnosis, findings: FINDINGS.slice(0, 2), changes: [] };
  assert.match(renderDiagnosis(well), /\nReady for a run on local, with 1 warning\.$/);
});

Deno.test("doctor: the script exits with 0, with 3 when something stops a run, 2 for mistakes", async () => {
  const cases: readonly [readonly string[], number, RegExp][] = [
    [["--platform", "simulator"], 0, /Ready for a run on simulator/],
    [["--platform", "endpoints"], 3, /needs --endpoints/],
    [["no-experiment"], 2, /There is no experiment "no-experiment"/],
    [["--platform", "nowhere"], 2, /--platform: "nowhere" is none of/],
    [["--help"], 0, /Usage: doctor/],
    [
      ["--platform", "knative", "--kubeconfig", "/nowhere"],
      3,
      /\/nowhere: The Kubernetes configuration cannot be read/,
    ],
  ];
  for (const [args, expected, text] of cases) {
    await using script = Script.start("scripts/doctor.ts", args);
    const { status, stdout, stderr } = await script.result;
    assert.equal(status, expected, stdout + stderr);
    assert.match(stdout + stderr, text);
  }
});
