import assert from "node:assert/strict";
import { runScript } from "../support/script.ts";

const PREFLIGHT = "scripts/preflight.ts";

/** It may not write, start a process or speak to anyone, and needs to do none of it. */
const HARMLESS = [
  ...["--no-prompt", "--allow-read", "--allow-env", "--allow-sys"],
  ...["--deny-write", "--deny-run", "--deny-net"],
];

/** A machine for the local platform that is not this one, so that the answer is the same anywhere. */
const MACHINE = [
  ...["--node-cores", "4", "--node-memory", "16384", "--node-instances", "128"],
  ...["--cpu-overcommit", "4", "--starts-at-once", "8"],
];

Deno.test("preflight: tells what to expect of an experiment that fits", async () => {
  const { status, stdout, stderr } = await runScript(
    PREFLIGHT,
    ["trace-sweep", "--sizes", "6,12", ...MACHINE],
    HARMLESS,
  );
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^trace-sweep on local: 4 cores, room for 128 instances/);
  assert.match(stdout, /functions-12_repetition-0 .* fits/);
  assert.match(stdout, /rate, \/s +[▁▂▃▄▅▆▇█]+/);
  assert.match(stdout, /Largest load that fits: +\d+ functions; \d+: .* sizes tried/);
  assert.match(stdout, /Preflight: (fits|tight|unknown \(generator: .* calibrate.*\))\n$/);
});

Deno.test("preflight: exits with 3 where an experiment does not fit, also with --json", async () => {
  const { status, stdout, stderr } = await runScript(
    PREFLIGHT,
    ["trace-sweep", "--sizes", "12", ...MACHINE, "--max-instances", "5", "--json"],
    HARMLESS,
  );
  assert.equal(status, 3, stderr);
  const { kind, platformFit, runs, largest } = JSON.parse(stdout);
  assert.deepEqual([kind, platformFit], ["preflight", "does not fit"]);
  assert.equal(runs[0].offered.ratePerS.length, runs[0].bins.count);
  assert.ok(largest.size >= 1 && largest.size < 12);
});

for (
  const [args, sentence] of [
    [[], /^Error: Name an experiment first\. .* are: .*burst, .*rps-ramp, .*trace-sweep\b.*\.\n$/],
    [["trace_sweep"], /^Error: There is no experiment "trace_sweep"; .*trace-sweep\b.*\.\n$/],
    [["burst", "--burst", "many"], /^Error: --burst: "many" is not a whole number\.\n$/],
    [["burst", "--limit-slowdown", "0"], /^Error: --limit-slowdown: 0 is not between/],
    [["burst", "--output", "results/x"], /^Error: Unknown option '--output'/],
    [["burst", "--burst", "1000000"], /^Error: A burst of 1000000 .* does not fit into a second/],
    [
      ["rps-ramp", "--platform", "simulator", "--policy", "oracle"],
      /^Error: The policy oracle must know all arrivals/,
    ],
    [["trace-sweep", "--sizes", "5000"], /^Error: A sample of 5000 functions is too large/],
  ] as const
) {
  Deno.test(`preflight: mistake: ${args.join(" ") || "no experiment"}`, async () => {
    const { status, stdout, stderr } = await runScript(PREFLIGHT, args, HARMLESS);
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    assert.equal(stdout, "");
    assert.equal(status, 2);
  });
}

Deno.test("preflight: --help lists the options of the experiment and its own", async () => {
  const { status, stdout } = await runScript(PREFLIGHT, ["rps-ramp", "--help"], HARMLESS);
  assert.equal(status, 0);
  for (const option of ["--end", "--limit-slowdown", "--node-cores"]) {
    assert.ok(stdout.includes(option), option);
  }
});
