/**
 * The first command that a new user gives, again and again: is it VALID each time,
 * how punctual is it, and does it give the same answer?
 *
 *     deno task bench:first-command          # 20 times, half an hour
 *     deno task bench:first-command 3        # three times
 *     deno task bench:first-command 3 --keep results/again --sizes 6,12
 *
 * What comes after the number goes to the experiment. Prints a line for each run and
 * what they come to together; exits with 1 where one is not VALID or not punctual.
 * The folders of the runs are removed, unless `--keep` names where they go.
 */
import { type ExperimentResult, readExperimentResult } from "../lib/run/result_table.ts";

/** What the first command is held to. */
const LIMIT_LAG_P99_MS = 2;
const LIMIT_WAITING_PERCENT = 5;

interface Line {
  readonly functions: number;
  readonly verdict: string;
  readonly lagP50Ms: number;
  readonly lagP99Ms: number | null;
  readonly lagMaxMs: number;
  readonly waitingPercent: number;
  readonly slowdownP50: number | null;
  readonly slowdownP99: number | null;
  /** Of what was due after the first third, in which instances start. */
  readonly restSlowdownP50: number | null;
}

function linesOf({ runs }: ExperimentResult): Line[] {
  return runs.map(({ manifest, summary }) => {
    const { verdict, evidence } = manifest.verdict!;
    return {
      functions: Number(manifest.parameters.functions),
      verdict,
      lagP50Ms: evidence.dispatchLagP50Ms ?? NaN,
      lagP99Ms: evidence.dispatchLagP99Ms,
      lagMaxMs: evidence.dispatchLagMaxMs ?? NaN,
      waitingPercent: evidence.waitingPercent ?? NaN,
      slowdownP50: summary.slowdown.all.p50,
      slowdownP99: summary.slowdown.all.p99,
      restSlowdownP50: summary.slowdownRest.all.p50,
    };
  });
}

const isGood = ({ verdict, lagP99Ms, waitingPercent }: Line): boolean =>
  verdict === "VALID" && lagP99Ms !== null && lagP99Ms <= LIMIT_LAG_P99_MS &&
  !(waitingPercent > LIMIT_WAITING_PERCENT);

const show = (value: number | null, decimals = 1): string =>
  value === null ? "–" : value.toFixed(decimals);

function print(again: number, seconds: number, lines: readonly Line[]): void {
  for (const line of lines) {
    console.log(
      [
        String(again).padStart(3),
        `${line.functions} functions`.padStart(12),
        line.verdict.padEnd(17),
        `lag p50 ${show(line.lagP50Ms, 2)}, p99 ${show(line.lagP99Ms, 2)}, max ${
          show(line.lagMaxMs)
        } ms`,
        `waiting ${show(line.waitingPercent)} %`,
        `slowdown p50 ${show(line.slowdownP50)} (after the first third ${
          show(line.restSlowdownP50)
        }), p99 ${show(line.slowdownP99)}`,
        `${seconds.toFixed(1)} s`,
        isGood(line) ? "" : "!",
      ].join("  "),
    );
  }
}

function spread(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  if (known.length === 0) return "–";
  return `${show(known[0])} – ${show(known[known.length - 1])} (median ${
    show(known[known.length >> 1])
  })`;
}

const times = Number(Deno.args[0] ?? 20);
const rest = Deno.args.slice(1);
const keepAt = rest.indexOf("--keep");
const [, keep] = keepAt < 0 ? [] : rest.splice(keepAt, 2);
const folder = keep ?? await Deno.makeTempDir({ prefix: "loader-first-command-" });
const all: Line[] = [];
for (let again = 1; again <= times; again++) {
  const output = `${folder}/${again}`;
  const startMs = performance.now();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "exp:trace-sweep", "--output", output, ...rest],
    stdout: "null",
    stderr: "piped",
  }).output();
  const seconds = (performance.now() - startMs) / 1000;
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  const lines = linesOf(await readExperimentResult(output));
  print(again, seconds, lines);
  all.push(...lines);
}
if (keep === undefined) await Deno.remove(folder, { recursive: true });
for (const functions of new Set(all.map((line) => line.functions))) {
  const lines = all.filter((line) => line.functions === functions);
  console.log(
    `${functions} functions: ${lines.filter(isGood).length} of ${lines.length} VALID and ` +
      `punctual; lag p99 ${spread(lines.map(({ lagP99Ms }) => lagP99Ms))} ms; slowdown p50 ${
        spread(lines.map(({ slowdownP50 }) => slowdownP50))
      } (after the first third ${
        spread(lines.map(({ restSlowdownP50 }) => restSlowdownP50))
      }), p99 ${spread(lines.map(({ slowdownP99 }) => slowdownP99))}`,
  );
}
Deno.exit(all.every(isGood) ? 0 : 1);
