/**
 * Reading a day of a trace as large as a day of Azure Functions (46,000 functions
 * × 1,440 minutes), made here: time, CPU and peak memory of the whole process, for
 * this program, for the program before it had a reader of its own, and for other
 * programs that read the same three files; then several days that are joined.
 *
 *     deno task bench:trace                  # some minutes
 *     deno task bench:trace --functions 4600 --days 3 --turns 1
 *     deno task bench:trace --only ours,Go
 *
 * Everything is done in a temporary folder. `git` gives the program before, `go`
 * builds the loop in Go; where they are missing those rows are left out and told.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { type SyntheticDay, writeSyntheticDays } from "../lib/trace/synthesize/dataset_files.ts";
import { integerOption, textOption } from "../lib/option/option.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import { median } from "./measured_process.ts";

/** The last commit that read traces with csv-parse, a string for each cell. */
const BEFORE = "5946804";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const RUN_READER = join(PROJECT, "bench/trace_readers/run_reader.ts");

/** As the tasks of experiments have it. */
const SMALL_HEAP = "--v8-flags=--max-semi-space-size=4";

const READ_BEFORE = `
import process from "node:process";
import { readTrace } from "./lib/trace/read_trace.ts";
const { functions } = await readTrace(Deno.args[0], { day: 1 });
let invocations = 0;
for (const { invocationsPerMinute } of functions) {
  for (const count of invocationsPerMinute) invocations += count;
}
const elapsedMs = performance.now();
const { user, system } = process.cpuUsage();
let peakKib = process.resourceUsage().maxRSS;
try {
  peakKib = Number(/VmHWM:\\s*(\\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))[1]);
} catch { /* not on Linux */ }
const cost = { elapsedMs, cpuMs: (user + system) / 1000, peakMib: peakKib / 1024 };
console.log(JSON.stringify({ invocations, functions: functions.length, cost }));
`;

const ONE = { minimum: 1, maximum: 1_000_000 };
const { values, help } = parseOptions("bench:trace", "How fast is a trace read?", {
  functions: integerOption("number", { meaning: "of a day", default: 46_000, ...ONE }),
  days: integerOption("number", { meaning: "that are joined at most", default: 14, ...ONE }),
  turns: integerOption("number", { meaning: "of each reader", default: 3, ...ONE }),
  only: textOption<string | null>("name,name,…", { meaning: "readers", default: null }),
}, Deno.args);
if (help !== null) {
  console.log(help);
  Deno.exit();
}

interface Outcome {
  readonly invocations: number;
  readonly functions: number;
  readonly cost: { readonly elapsedMs: number; readonly cpuMs: number; readonly peakMib: number };
}

interface Reader {
  readonly name: string;
  /** `null`: all functions. */
  readonly sample: number | null;
  read(folder: string): Promise<Outcome>;
}

async function run(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd,
    stdin: "null",
  }).output();
  assert.ok(success, `${command} ${args.join(" ")}:\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

async function runDeno(args: readonly string[], cwd?: string): Promise<Outcome> {
  return JSON.parse(await run(Deno.execPath(), ["run", "-q", "-A", "--no-lock", ...args], cwd));
}

const readerNamed = (name: string): Reader => ({
  name,
  sample: null,
  read: (folder) => runDeno([RUN_READER, name, folder]),
});

const ours = (name: string, sample: number | null): Reader => ({
  name,
  sample,
  read: (folder) =>
    runDeno([SMALL_HEAP, RUN_READER, "ours", folder, "1", ...sample === null ? [] : [`${sample}`]]),
});

async function checkOutBefore(temporary: string): Promise<Reader> {
  const cwd = join(temporary, "before");
  await run("git", ["clone", "-q", "--no-checkout", PROJECT, cwd]);
  await run("git", ["checkout", "-q", BEFORE], cwd);
  await Deno.writeTextFile(join(cwd, "read_before.ts"), READ_BEFORE);
  return {
    name: "the program before",
    sample: null,
    read: (folder) => runDeno([SMALL_HEAP, "read_before.ts", folder], cwd),
  };
}

async function buildGo(temporary: string): Promise<Reader> {
  const program = join(temporary, "go_loop");
  await run("go", ["build", "-o", program, "."], join(PROJECT, "bench/trace_readers/go_loop"));
  return {
    name: "Go, encoding/csv",
    sample: null,
    async read(folder) {
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
        .filter((name) => name.includes(".d01."));
      const order = ["invocations", "function_durations", "app_memory"];
      const files = order.map((kind) =>
        join(folder, names.find((name) => name.startsWith(kind)) ?? kind)
      );
      return JSON.parse(await run(program, files));
    },
  };
}

function tabulate(
  first: string,
  rows: readonly (readonly [string, readonly Outcome[], number?])[],
) {
  const table = new Table({
    head: [first, "time", "CPU", "peak memory", "× ours"],
    colAligns: ["left", "right", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  for (const [name, outcomes, oursMs] of rows) {
    const middle = (figure: keyof Outcome["cost"]) =>
      median(outcomes.map(({ cost }) => cost[figure]));
    const elapsedMs = middle("elapsedMs");
    table.push([
      name,
      `${(elapsedMs / 1000).toFixed(2)} s`,
      `${(middle("cpuMs") / 1000).toFixed(2)} s`,
      `${middle("peakMib").toFixed(0)} MiB`,
      oursMs === undefined ? "" : (elapsedMs / oursMs).toFixed(1),
    ]);
  }
  console.log(table.toString());
}

async function synthesize(folder: string, days: number): Promise<SyntheticDay[]> {
  await Deno.mkdir(folder);
  const { functions } = values;
  const made = await Array.fromAsync(writeSyntheticDays(folder, { functions, days }));
  const bytes = made.reduce((sum, day) => sum + day.bytes, 0);
  console.log(
    `${days === 1 ? "A day" : `${days} days`}: ${functions} functions, on the first day ` +
      `${made[0].functions} with ${made[0].invocations} invocations; ${
        (bytes / 1e6).toFixed(0)
      } MB.`,
  );
  return made;
}

const folder = await Deno.makeTempDir({ prefix: "loader-bench-trace-" });
try {
  // Apart from the days that are joined: of several, a function is not invoked on each.
  const [first] = await synthesize(join(folder, "day"), 1);
  const readers = [ours("ours", null), ours("ours, a sample of 50", 50)];
  for (const make of [checkOutBefore, buildGo]) {
    try {
      readers.push(await make(folder));
    } catch (error) {
      console.log(`Left out: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
    }
  }
  readers.push(...["DuckDB", "uDSV", "papaparse", "csv-parse"].map(readerNamed));
  const only = values.only?.split(",");
  const chosen = readers.filter(({ name }) =>
    only === undefined || only.some((part) => name.startsWith(part))
  );
  const outcomes = new Map<string, Outcome[]>(chosen.map(({ name }) => [name, []]));
  // By turns, so that a busy minute of the machine does not meet one of them alone; the
  // turn before them fetches what is not there yet and fills the cache of files.
  for (let turn = 0; turn <= values.turns; turn++) {
    for (const { name, sample, read } of chosen) {
      const outcome = await read(join(folder, "day"));
      if (sample === null) {
        assert.equal(outcome.invocations, first.invocations, `${name}: another total`);
        assert.equal(outcome.functions, first.functions, `${name}: another number of rows`);
      } else {
        assert.equal(outcome.functions, sample);
      }
      if (turn > 0) outcomes.get(name)!.push(outcome);
    }
  }
  const oursMs = median((outcomes.get("ours") ?? []).map(({ cost }) => cost.elapsedMs));
  tabulate("a day", chosen.map(({ name }) => [name, outcomes.get(name)!, oursMs]));

  if (values.days > 1) {
    const days = join(folder, "days");
    const made = await synthesize(days, values.days);
    const several = [];
    for (const last of new Set([1, 2, 4, 7, values.days])) {
      if (last > values.days) continue;
      const outcome = await runDeno([SMALL_HEAP, RUN_READER, "ours", days, String(last)]);
      const expected = made.slice(0, last).reduce((sum, { invocations }) => sum + invocations, 0);
      assert.equal(outcome.invocations, expected, `${last} days: another total`);
      several.push([`${last}, ${outcome.functions} functions`, [outcome]] as const);
    }
    tabulate("days joined", several);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
