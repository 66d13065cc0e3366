import { join } from "node:path";
import { z } from "zod";
import { statIfPresent } from "../lib/base/file.ts";
import { findGhz, ghzArguments } from "./bench_server.ts";
import { measureProcess } from "./measured_process.ts";

const K6 = ".peers/bin/k6";

/** What another generator made of a rate, by its own account. */
export interface OtherGenerator {
  readonly name: string;
  /** Calls that were to be made, and those that it made and that were answered. */
  readonly due: number;
  readonly answered: number;
  readonly cpuPercent: number;
  /** What it says of how late it was. */
  readonly lateness: string;
}

/** ghz and k6, as far as they are installed, at a rate on the server at the address. */
export async function measureOthers(
  address: string,
  ratePerS: number,
  seconds: number,
): Promise<OtherGenerator[]> {
  const others: OtherGenerator[] = [];
  const ghz = findGhz();
  if (ghz !== null) others.push(await measureGhz(ghz, address, ratePerS, seconds));
  if (statIfPresent(K6)?.isFile === true) {
    others.push(await measureK6(address, ratePerS, seconds));
  } else {
    console.error(`k6 is not there and is left out; "deno task peers:install" installs it.`);
  }
  return others;
}

/** ghz keeps a rate, but tells nothing of when a call was due: what is not made in time comes later. */
async function measureGhz(
  ghz: string,
  address: string,
  ratePerS: number,
  seconds: number,
): Promise<OtherGenerator> {
  const due = ratePerS * seconds;
  const { cpuMs, elapsedMs, stdout } = await measureProcess(
    ghz,
    ghzArguments(address, [
      ...["--rps", String(ratePerS), "--async", "-c", "10000"],
      ...["-n", String(due), "--format", "summary"],
    ]),
  );
  const answered = Number(/\[OK\]\s+(\d+) responses/.exec(stdout)?.[1] ?? 0);
  return {
    name: "ghz",
    due,
    answered,
    cpuPercent: 100 * cpuMs / elapsedMs,
    lateness: `took ${(elapsedMs / 1000).toFixed(0)} s for ${seconds}`,
  };
}

const count = z.object({ count: z.number() }).optional();

const K6_SUMMARY = z.object({
  metrics: z.object({ iterations: count, dropped_iterations: count, answered: count }),
});

/** k6 drops what it has no virtual user for, and says how many. */
async function measureK6(
  address: string,
  ratePerS: number,
  seconds: number,
): Promise<OtherGenerator> {
  const folder = Deno.makeTempDirSync();
  try {
    const summary = join(folder, "summary.json");
    const variables = { ADDRESS: address, PROTO: join(Deno.cwd(), "proto"), RATE: ratePerS };
    const { cpuMs, elapsedMs } = await measureProcess(K6, [
      ...["run", "--quiet", "--no-usage-report", "--summary-export", summary],
      ...Object.entries({ ...variables, SECONDS: seconds }).flatMap(([name, value]) => [
        "-e",
        `${name}=${value}`,
      ]),
      "bench/k6_load.k6",
    ]);
    const { metrics } = K6_SUMMARY.parse(JSON.parse(Deno.readTextFileSync(summary)));
    const dropped = metrics.dropped_iterations?.count ?? 0;
    return {
      name: "k6",
      due: (metrics.iterations?.count ?? 0) + dropped,
      answered: metrics.answered?.count ?? 0,
      cpuPercent: 100 * cpuMs / elapsedMs,
      lateness: `dropped ${dropped.toLocaleString("en")}`,
    };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
