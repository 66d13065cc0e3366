/**
 * Makes a trace in the format of the Azure Functions 2019 dataset, from published
 * distributions:
 *
 *     deno task trace:synthesize --functions 46000 --days 14 --output results/synthetic
 *
 * The same options make the same files. docs/traces.md says what they are like;
 * `--preset demonstration` makes data/azure_2019_synthetic.
 */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { LoaderError } from "../lib/base/error.ts";
import { Rng } from "../lib/base/rng.ts";
import { type Command, listenForInterrupt, print, runCommand } from "../lib/cli/program.ts";
import { choiceOption, integerOption, textOption } from "../lib/option/option.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import { formatAzure2019 } from "../lib/trace/azure2019/azure2019_text.ts";
import { writeSyntheticDays } from "../lib/trace/synthesize/dataset_files.ts";
import { synthesizeFunctions } from "../lib/trace/synthesize/demonstration.ts";

/** Where the header of a gzip file names the operating system (RFC 1952, section 2.3.1). */
const GZIP_OS_OFFSET = 9;
const GZIP_OS_UNKNOWN = 255;

const SUMMARY = "Make a trace of any number of functions and days from published distributions";

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
  days: integerOption("number", {
    meaning: "number of days, each in files of its own",
    default: 1,
    minimum: 1,
    maximum: 1000,
  }),
  preset: choiceOption(["azure", "demonstration"], {
    meaning: "demonstration: a day conditioned on what two cores can carry, as in data/",
    default: "azure",
  }),
  output: textOption<string | null>("folder", {
    meaning: "folder for the files; those there are replaced",
    default: null,
  }),
};

/** The three files of the demonstration by name; invocations packed, for they are large. */
export function demonstrationFiles(
  { seed, functions }: { readonly seed: number; readonly functions: number },
): Record<string, Uint8Array> {
  const rng = Rng.fromSeed(seed, "synthesize");
  const text = formatAzure2019(synthesizeFunctions(rng, { functions }));
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
  const { values, help } = parseOptions("trace:synthesize", SUMMARY, OPTIONS, args);
  if (help !== null) return print("stdout", help);
  const { output, preset, seed, functions, days } = values;
  if (output === null) {
    throw new LoaderError("usage", "Name the folder for the files with --output.");
  }
  if (preset === "demonstration" && days !== 1) {
    throw new LoaderError("usage", "The demonstration is one day; leave --days out.");
  }
  await Deno.mkdir(output, { recursive: true });
  if (preset === "demonstration") {
    for (const [name, bytes] of Object.entries(demonstrationFiles({ seed, functions }))) {
      const file = join(output, name);
      await Deno.writeFile(file, bytes);
      print("stdout", `${file}: ${bytes.length} bytes`);
    }
    return;
  }
  using interrupt = listenForInterrupt(() => print("stderr", "Stopping."));
  const { signal } = interrupt;
  for await (const day of writeSyntheticDays(output, { seed, functions, days, signal })) {
    print(
      "stdout",
      `${day.files[0]}: ${day.functions} functions, ${day.invocations} invocations, ` +
        `${(100 * day.activeMinutes / (1440 * day.functions)).toFixed(1)} % of the minutes ` +
        `not 0, ${(day.bytes / 1e6).toFixed(1)} MB with durations and memory`,
    );
  }
}

export const command: Command = { name: "trace:synthesize", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
