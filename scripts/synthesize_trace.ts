/**
 * Makes a trace in the Azure Functions 2019 format from published distributions:
 *
 *     deno run -P scripts/synthesize_trace.ts --seed 42 --functions 200 --output data/azure_2019_synthetic
 *
 * The same seed gives the same trace. See data/README.md for what it is like.
 */
import { Command, InvalidArgumentError } from "commander";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { errorMessage, LoaderError } from "../lib/base/error.ts";
import { Rng } from "../lib/base/rng.ts";
import { formatAzure2019 } from "../lib/trace/azure2019/azure2019_text.ts";
import { synthesizeFunctions } from "../lib/trace/azure2019/synthesize.ts";

/** Where the header of a gzip file names the operating system (RFC 1952, section 2.3.1). */
const GZIP_OS_OFFSET = 9;
const GZIP_OS_UNKNOWN = 255;

interface Options {
  readonly seed: number;
  readonly functions: number;
  readonly minutes: number;
  readonly output: string;
}

/** The three files by name; invocations packed, for they are large. */
export function synthesizeFiles(
  { seed, functions, minutes }: Omit<Options, "output">,
): Record<string, Uint8Array> {
  const rng = Rng.fromSeed(seed, "synthesize");
  const text = formatAzure2019(synthesizeFunctions(rng, { functions, minutes }));
  const encode = (lines: Iterable<string>) => new TextEncoder().encode(Array.from(lines).join(""));
  const packed = gzipSync(encode(text.invocations), { level: 9 });
  // The only byte of the header that differs between machines; the time is 0 anyway.
  packed[GZIP_OS_OFFSET] = GZIP_OS_UNKNOWN;
  return {
    "invocations.csv.gz": packed,
    "durations.csv": encode(text.durations),
    "memory.csv": encode(text.memory),
  };
}

function parseWhole(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("Expected a whole number from 0.");
  }
  return value;
}

function parsePositive(text: string): number {
  const value = parseWhole(text);
  if (value === 0) throw new InvalidArgumentError("Expected a whole number from 1.");
  return value;
}

async function main(args: string[]): Promise<void> {
  const command = new Command("synthesize_trace")
    .description("Makes a trace in the Azure Functions 2019 format from published distributions.")
    .option("--seed <n>", "root of all random numbers", parseWhole, 42)
    .option("--functions <n>", "number of functions", parsePositive, 200)
    .option("--minutes <n>", "length of the trace", parsePositive, 1440)
    .requiredOption("--output <folder>", "folder for the three files; those there are replaced")
    .exitOverride((error) => Deno.exit(error.exitCode === 0 ? 0 : 2))
    .parse(args, { from: "user" });
  const options = command.opts<Options>();
  try {
    await Deno.mkdir(options.output, { recursive: true });
    for (const [name, bytes] of Object.entries(synthesizeFiles(options))) {
      const file = join(options.output, name);
      await Deno.writeFile(file, bytes);
      console.log(`${file}: ${bytes.length} bytes`);
    }
  } catch (error) {
    console.error(errorMessage(error));
    Deno.exit(error instanceof LoaderError ? error.exitStatus : 1);
  }
}

if (import.meta.main) await main(Deno.args);
