import Table from "cli-table3";
import { z } from "zod";
import { EVENT_INTERVAL_VARIABLE } from "../lib/clock/event_interval.ts";
import { RUN_SCRIPT } from "./bench_server.ts";
import { measureProcess, median } from "./measured_process.ts";

const FIGURES = z.object({
  due: z.number(),
  sent: z.number(),
  lagP50Ms: z.number(),
  lagP90Ms: z.number(),
  lagP99Ms: z.number(),
  lagMaxMs: z.number(),
  latencyP50Ms: z.number(),
  latencyP99Ms: z.number(),
  cpuPercent: z.number(),
});

/** What a run of `punctual_client.ts` came to. */
export type Punctuality = z.infer<typeof FIGURES>;

/** A build of this project, and how it waits for due times where it knows several ways. */
export interface Variant {
  readonly name: string;
  readonly flags: readonly string[];
}

/** This build, and the two ways of an earlier one in the folder. */
export function variantsOf(before: string | undefined): readonly Variant[] {
  const earlier = before === undefined ? [] : ["economical", "precise"].map((pacing) => ({
    name: `before, ${pacing}`,
    flags: [`--build=${before}`, `--pacing=${pacing}`],
  }));
  return [{ name: "now", flags: [] }, ...earlier];
}

/** Makes a load with a build, in a process of its own. */
export async function measurePunctuality(
  { flags }: Variant,
  address: string,
  ratePerS: number,
  seconds: number,
): Promise<Punctuality> {
  const args = ["bench/punctual_client.ts", address, String(ratePerS), String(seconds), ...flags];
  // An earlier build begins as it did.
  const env: Record<string, string> = flags.length === 0 ? { [EVENT_INTERVAL_VARIABLE]: "1" } : {};
  const { stdout } = await measureProcess(Deno.execPath(), [...RUN_SCRIPT, ...args], env);
  return FIGURES.parse(JSON.parse(stdout));
}

/** Programs of low priority that want all the CPU that they can get. */
export class Neighbours implements AsyncDisposable {
  readonly #processes: readonly Deno.ChildProcess[];

  constructor(count: number) {
    this.#processes = Array.from(
      { length: count },
      () =>
        new Deno.Command("nice", { args: ["-n", "19", "sh", "-c", "while :; do :; done"] }).spawn(),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#processes) one.kill("SIGKILL");
    await Promise.all(this.#processes.map(({ status }) => status));
  }
}

/** Columns of the tables: the least of several turns is the least disturbed. */
const COLUMNS = [
  ["lag p50", "lagP50Ms", 3],
  ["p90", "lagP90Ms", 3],
  ["p99", "lagP99Ms", 2],
  ["max", "lagMaxMs", 1],
  ["ping p50", "latencyP50Ms", 2],
  ["p99", "latencyP99Ms", 2],
  ["CPU %", "cpuPercent", 1],
] as const;

/** A load, and what is beside it. */
export interface Setting {
  readonly ratePerS: number;
  readonly neighbours: number;
}

/** Measures every build at each load, by turns; prints the least and the median of each figure. */
export async function compareBuilds(
  address: string,
  variants: readonly Variant[],
  settings: readonly Setting[],
  { turns, seconds }: { readonly turns: number; readonly seconds: number },
): Promise<void> {
  const table = new Table({
    head: ["calls/s", "neighbours", "build", ...COLUMNS.map(([heading]) => heading)],
    style: { head: [], border: [], compact: true },
  });
  for (const { ratePerS, neighbours } of settings) {
    await using _neighbours = new Neighbours(neighbours);
    const found = variants.map(() => [] as Punctuality[]);
    for (let turn = 0; turn < turns; turn++) {
      for (const [i, variant] of variants.entries()) {
        found[i].push(await measurePunctuality(variant, address, ratePerS, seconds));
      }
    }
    for (const [i, { name }] of variants.entries()) {
      const cells = COLUMNS.map(([, figure, digits]) => {
        const values = found[i].map((one) => one[figure]);
        return `${Math.min(...values).toFixed(digits)} (${median(values).toFixed(digits)})`;
      });
      table.push([ratePerS.toLocaleString("en"), String(neighbours), name, ...cells]);
    }
  }
  console.log(`Least (median) of ${turns} turns of ${seconds} s; times in ms:\n${table}`);
}
