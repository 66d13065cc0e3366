import assert from "node:assert/strict";
import { csv, nameFiles, SMALL_TRACE, temporaryFiles } from "../support/trace_files.ts";
import { runScript, temporaryFolder } from "../support/script.ts";

const SWEEP = "experiments/trace_sweep.ts";
const RAMP = "experiments/rps_ramp.ts";
const BURST = "experiments/burst.ts";

/** What a user gets wrong, and the one sentence that comes of it; exit status 2. */
const MISTAKES: readonly (readonly [string, readonly string[], RegExp])[] = [
  [SWEEP, ["--sizs", "3"], /Unknown option '--sizs'.*Did you mean --sizes\?/],
  [SWEEP, ["--sizes", "3,x"], /--sizes: "x" is not a whole number/],
  [SWEEP, ["--sizes", "0"], /--sizes: 0 is not between 1 and 1000000/],
  [
    SWEEP,
    ["--duration", "20"],
    /--duration: "20" is not a time; write it as 500ms, 20s, 3min or 1h/,
  ],
  [SWEEP, ["--platform", "moon"], /--platform: "moon" is none of local/],
  [SWEEP, ["--seed", "-1"], /--seed: -1 is not between 0/],
  [SWEEP, ["--trace", "nowhere"], /nowhere/],
  [SWEEP, ["--duration", "30h"], /trace has 1440 minutes|has 1440 minutes/],
  [SWEEP, ["--window", "1440.."], /1440 minutes/],
  [SWEEP, ["--sizes", "5000"], /sample of 5000 functions is too large/],
  [SWEEP, ["--config", "nowhere.yaml"], /nowhere.yaml: The configuration file cannot be read/],
  [
    SWEEP,
    ["--schedules", "nowhere"],
    /nowhere\/functions-\d+_repetition-0.schedule: The schedule file cannot be read/,
  ],
  [SWEEP, ["--output", "deno.json"], /deno.json: The output is not a folder/],
  [SWEEP, ["--output", "lib"], /lib: The output folder holds other files/],
  [RAMP, ["--start", "50", "--end", "20"], /--end: 20 is below the start, 50/],
  [RAMP, ["--start", "0.01", "--slot", "1s"], /no invocation at all/],
  [RAMP, ["--runtime", "2min"], /--runtime: "2min" is not between 1ms and 1min/],
  [BURST, ["--start", "50"], /--start: 50 is above the target rate, 20/],
  [BURST, ["--rps", "many"], /--rps: "many" is not a number/],
  [BURST, ["--burst", "1.5"], /--burst: "1.5" is not a whole number/],
  [BURST, ["--burst", "2000000"], /--burst: 2000000 is not between 1 and 1000000/],
  [BURST, ["--burst", "1000000"], /burst of 1000000 .* does not fit into a second/],
  [BURST, ["surplus"], /too many arguments/i],
];

for (const [script, args, sentence] of MISTAKES) {
  Deno.test(`mistake: ${script} ${args.join(" ")}`, async () => {
    const { status, stdout, stderr } = await runScript(script, args);
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    assert.match(stderr, /^Error: .*[.?)]\n$/);
    assert.equal(status, 2);
    // The plan may be told before the output folder is looked at; nothing else is.
    if (!args.includes("--output")) assert.equal(stdout, "");
  });
}

/** Traces with a defect that is refused, and what is said of it. */
const TRACES: readonly (readonly [string, Record<string, string>, RegExp])[] = [
  [
    "missing file",
    nameFiles({ invocations: SMALL_TRACE.invocations, memory: SMALL_TRACE.memory }),
    /durations/,
  ],
  [
    "missing column",
    nameFiles({
      ...SMALL_TRACE,
      durations: SMALL_TRACE.durations.replace("percentile_Average_50", "p50"),
    }),
    /durations.csv:1.*percentile_Average_50/,
  ],
  [
    "wrong cell",
    nameFiles({
      ...SMALL_TRACE,
      invocations: SMALL_TRACE.invocations.replace("0,3,0", "0,three,0"),
    }),
    /invocations.csv:3, column 2: .*"three"/,
  ],
  [
    "duplicated function",
    nameFiles({
      ...SMALL_TRACE,
      invocations: SMALL_TRACE.invocations + csv("o,a,f,http,1,1,1"),
    }),
    /invocations.csv:4.*o\/a\/f.*line 2/,
  ],
  [
    "no functions left",
    nameFiles({ ...SMALL_TRACE, durations: SMALL_TRACE.durations.split("\n")[0] + "\n" }),
    /No functions? (is|are) left|no function/i,
  ],
];

for (const [defect, files, sentence] of TRACES) {
  Deno.test(`mistake: a trace with a ${defect}`, async () => {
    await using trace = await temporaryFiles(files);
    const { status, stderr } = await runScript(SWEEP, [
      "--trace",
      trace.path,
      "--sizes",
      "1",
      "--duration",
      "1s",
    ]);
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    assert.equal(status, 2);
  });
}

Deno.test("mistake: a port that is in use", async () => {
  await using folder = await temporaryFolder();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { status, stderr } = await runScript(BURST, [
    "--gateway-port",
    String(listener.addr.port),
    "--output",
    `${folder.path}/burst`,
  ]);
  assert.match(stderr, new RegExp(`Error: .*port.* ${listener.addr.port}`, "i"));
  assert.equal(status, 2);
});

Deno.test("help: every experiment prints its options and exits with 0", async () => {
  for (const script of [SWEEP, RAMP, BURST]) {
    const { status, stdout } = await runScript(script, ["--help"]);
    assert.equal(status, 0);
    for (
      const option of ["--platform", "--seed", "--iat", "--output", "--json", "--duration|--slot"]
    ) {
      assert.match(stdout, new RegExp(option));
    }
  }
});
