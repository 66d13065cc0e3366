/**
 * The simulator's benchmark by turns: cases of this checkout and of another one, or the last
 * case and SimFaaS, which simulates the same. Processes are measured from start to end.
 *
 *     deno task bench:simulator:turns --before=../before          # all cases but the week
 *     deno task bench:simulator:turns --before=../before --short 0
 *     deno task bench:simulator:turns --simfaas=../venv/bin/python
 *
 * For SimFaaS an interpreter is named that has it (`pip install simfaas==0.2.2`).
 */
import assert from "node:assert/strict";
import { measureProcess, median } from "./measured_process.ts";

const TURNS = 3;

/** Numbers of cases of `simulator_bench.ts`: those that another checkout has, too, and SimFaaS'. */
const SHARED_CASES = [0, 1, 2, 3];
const SIMFAAS_CASE = 5;

/** Simulated time that SimFaaS is given; its speed does not depend on it. */
const SIMFAAS_SECONDS = 20_000;

const flags = Deno.args.filter((argument) => argument === "--short");

/** What a case came to in a process of its own. */
interface CaseRun {
  readonly name: string;
  readonly invocations: number;
  readonly cpuMs: number;
  readonly elapsedMs: number;
  readonly peakMib: number;
}

/** Runs a case of the benchmark of a checkout, from its folder, and reads what it says. */
async function runCase(folder: string, number: number): Promise<CaseRun> {
  const script = 'cd "$0" && exec deno run -q -P=simulation bench/simulator_bench.ts "$@"';
  const { stdout, cpuMs, elapsedMs } = await measureProcess(
    "bash",
    ["-c", script, folder, String(number), ...flags],
  );
  const said = /^(.*): ([\d.]+) million invocations .*peak (\d+) MiB/.exec(stdout);
  assert.ok(said !== null, stdout);
  return {
    name: said[1],
    invocations: Number(said[2]) * 1e6,
    cpuMs,
    elapsedMs,
    peakMib: Number(said[3]),
  };
}

function describe(name: string, runs: readonly CaseRun[]): string {
  const rates = (time: (run: CaseRun) => number) =>
    (median(runs.map((run) => run.invocations / time(run))) / 1000).toFixed(2);
  const peakMib = Math.max(...runs.map((run) => run.peakMib));
  return `  ${name}: ${rates((run) => run.cpuMs)} million for each second of CPU, ` +
    `${rates((run) => run.elapsedMs)} million a second; ${peakMib} MiB`;
}

/** A case of this checkout and of another one, by turns; the whole process counts. */
async function takeTurns(before: string, number: number): Promise<void> {
  const runs: Record<"before" | "now", CaseRun[]> = { before: [], now: [] };
  for (let turn = 0; turn < TURNS; turn++) {
    runs.before.push(await runCase(before, number));
    runs.now.push(await runCase(".", number));
  }
  const ratios = runs.now.map((run, i) => runs.before[i].cpuMs / run.cpuMs);
  console.log(`${runs.now[0].name}:`);
  console.log(describe("before", runs.before));
  console.log(describe("now   ", runs.now));
  console.log(
    `  CPU before, over now: ${median(ratios).toFixed(2)} ` +
      `(${ratios.map((ratio) => ratio.toFixed(2)).join(", ")})`,
  );
}

/** SimFaaS and a case of ours that simulates the same, by turns, by invocations for CPU time. */
async function compareWithSimfaas(python: string): Promise<void> {
  const ratios: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const { stdout } = await measureProcess(python, [
      "bench/simfaas_case.py",
      String(SIMFAAS_SECONDS),
    ]);
    const [requests, coldShare, cpuS] = stdout.trim().split(" ").map(Number);
    const theirs = requests / cpuS;
    const run = await runCase(".", SIMFAAS_CASE);
    // Start and compilation of our process counted, those of Python left out.
    const ours = run.invocations / run.cpuMs * 1000;
    ratios.push(ours / theirs);
    console.log(
      `  SimFaaS: ${theirs.toFixed(0)} requests for each second of CPU ` +
        `(cold: ${(100 * coldShare).toFixed(3)} %); ours: ${ours.toFixed(0)}`,
    );
  }
  console.log(`  ours, over SimFaaS: ${median(ratios).toFixed(1)}`);
}

function flagOf(name: string): string | undefined {
  return Deno.args.find((argument) => argument.startsWith(`--${name}=`))?.split("=")[1];
}

const before = flagOf("before");
const simfaas = flagOf("simfaas");
const only = Deno.args.find((argument) => /^\d+$/.test(argument));
for (const number of only === undefined ? SHARED_CASES : [Number(only)]) {
  if (before !== undefined) await takeTurns(before, number);
}
if (simfaas !== undefined) await compareWithSimfaas(simfaas);
