/**
 * Makes a trace in the Azure Functions 2019 format from published distributions:
 *
 *     deno task synthesize-trace --seed 42 --functions 200 --output data/azure_2019_synthetic
 *
 * The same seed gives the same trace. See data/README.md for what it is like.
 */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { LoaderError } from "../lib/base/error.ts";
import { Rng } from "../lib/base/rng.ts";
import { type Command, print, runCommand } from "../lib/cli/program.ts";
import { integerOption, textOption } from "../lib/option/option.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import { formatAzure2019 } from "../lib/trace/azure2019/azure2019_text.ts";
import { synthesizeFunctions } from "../lib/trace/azure2019/synthesize.ts";

/** Where the header of a gzip file names the operating system (RFC 1952, section 2.3.1). */
const GZIP_OS_OFFSET = 9;
const GZIP_OS_UNKNOWN = 255;

const SUMMARY = "Make a trace in the Azure Functions 2019 format from published distributions";

const OPTIONS = {
  seed: integerOption("number", {
    meaning: "root of all random numbers",
    default: 42,
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
  }),
  functions: integerOption("number", {
    meaning: "number of functions",
    default: 200,
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
  }),
  minutes: integerOption("number", {
    meaning: "length of the trace",
    default: 1440,
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
  }),
  output: textOption<string | null>("folder", {
    meaning: "folder for the three files; those there are replaced",
    default: null,
  }),
};

/** What a trace is made from. */
export interface SynthesisOptions {
  readonly seed: number;
  readonly functions: number;
  readonly minutes: number;
}

/** The three files by name; invocations packed, for they are large. */
export function synthesizeFiles(
  { seed, functions, minutes }: SynthesisOptions,
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

async function run(args: readonly string[]): Promise<void> {
  const { values, help } = parseOptions("synthesize-trace", SUMMARY, OPTIONS, args);
  if (help !== null) return print("stdout", help);
  const { output, ...options } = values;
  if (output === null) {
    throw new LoaderError("usage", "Name the folder for the three files with --output.");
  }
  await Deno.mkdir(output, { recursive: true });
  for (const [name, bytes] of Object.entries(synthesizeFiles(options))) {
    const file = join(output, name);
    await Deno.writeFile(file, bytes);
    print("stdout", `${file}: ${bytes.length} bytes`);
  }
}

export const command: Command = { name: "synthesize-trace", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
