/**
 * Makes a trace in the format of the Azure Functions 2019 dataset, from published
 * distributions:
 *
 *     deno task trace:synthesize --functions 46000 --days 14 --output results/synthetic
 *
 * or like those of a trace, however many:
 *
 *     deno task trace:synthesize --like ~/azure_2019 --functions 100000 --output results/like
 *
 * The same options make the same files. docs/traces.md says what they are like;
 * `--preset demonstration` makes data/azure_2019_synthetic.
 */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { LoaderError } from "../lib/base/error.ts";
import { replaceFile } from "../lib/base/file.ts";
import { formatJson } from "../lib/base/json.ts";
import { Rng } from "../lib/base/rng.ts";
import {
  type Command,
  JSON_OPTION,
  listenForInterrupt,
  print,
  runCommand,
  ToolOutput,
} from "../lib/cli/program.ts";
import { choiceOption, integerOption, textOption } from "../lib/option/option.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import { READING_OPTIONS } from "../lib/run/common_options.ts";
import { readingOfOptions } from "../lib/run/trace_run.ts";
import { traceLengthMs } from "../lib/model/trace.ts";
import { readTrace } from "../lib/trace/read_trace.ts";
import { formatAzure2019 } from "../lib/trace/azure2019/azure2019_text.ts";
import { type SyntheticDay, writeSyntheticDays } from "../lib/trace/synthesize/dataset_files.ts";
import { synthesizeFunctions } from "../lib/trace/synthesize/demonstration.ts";
import { fitPopulation } from "../lib/trace/synthesize/fit/fitted_population.ts";
import { compareWithSource, describeLikeness } from "../lib/trace/synthesize/fit/likeness.ts";
import { PUBLISHED_POPULATION } from "../lib/trace/synthesize/published_population.ts";
import { settleSize } from "../lib/trace/synthesize/synthesize.ts";

/** Where the header of a gzip file names the operating system (RFC 1952, section 2.3.1). */
const GZIP_OS_OFFSET = 9;
const GZIP_OS_UNKNOWN = 255;

const DAY_MS = 86_400_000;

/** What is stored beside a trace that is like another one. */
const LIKENESS_FILE = "likeness.json";

const SUMMARY = "Make a trace of any number of functions and days, like Azure's or a given one";

const OPTIONS = {
  seed: integerOption("number", {
    meaning: "root of all random numbers",
    default: 42,
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
  }),
  functions: integerOption<number | null>("number", {
    meaning: "number of functions; 200 by default, or as many as --like has",
    default: null,
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
  }),
  days: integerOption<number | null>("number", {
    meaning: "number of days, each in files of its own; 1 by default, or as many as --like has",
    default: null,
    minimum: 1,
    maximum: 1000,
  }),
  preset: choiceOption(["azure", "demonstration"], {
    meaning: "demonstration: a day conditioned on what two cores can carry, as in data/",
    default: "azure",
  }),
  like: textOption<string | null>("path", {
    meaning: "file or folder of a trace that this one is to be like",
    default: null,
  }),
  ...READING_OPTIONS,
  output: textOption<string | null>("folder", {
    meaning: "folder for the files; those there are replaced",
    default: null,
  }),
  json: JSON_OPTION,
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
  const { output, preset, like, seed } = values;
  const words = new ToolOutput(values);
  if (output === null) {
    throw new LoaderError("usage", "Name the folder for the files with --output.");
  }
  if (preset === "demonstration") {
    if (like !== null || values.days !== null) {
      throw new LoaderError(
        "usage",
        "The demonstration is one day of its own; leave --like and --days out.",
      );
    }
    const size = { seed, functions: values.functions ?? 200 };
    return words.tell({ files: await writeDemonstration(output, size, words) });
  }
  const source = like === null ? null : await readTrace(like, readingOfOptions(values));
  const size = settleSize({
    functions: values.functions ?? source?.functions.length ?? 200,
    days: values.days ?? (source === null ? 1 : Math.ceil(traceLengthMs(source) / DAY_MS)),
    seed,
  });
  const population = source === null ? PUBLISHED_POPULATION : fitPopulation(source);
  using interrupt = listenForInterrupt(() => print("stderr", "Stopping."));
  const { signal } = interrupt;
  await Deno.mkdir(output, { recursive: true });
  const days: SyntheticDay[] = [];
  for await (const day of writeSyntheticDays(output, { ...size, population, signal })) {
    days.push(day);
    words.say(
      `${day.files[0]}: ${day.functions} functions, ${day.invocations} invocations, ` +
        `${(100 * day.activeMinutes / (1440 * day.functions)).toFixed(1)} % of the minutes ` +
        `not 0, ${(day.bytes / 1e6).toFixed(1)} MB with durations and memory`,
    );
  }
  if (source === null) return words.tell({ days, likeness: null });
  const likeness = compareWithSource(source, population, size);
  const file = join(output, LIKENESS_FILE);
  replaceFile(file, formatJson(likeness, 2) + "\n");
  for (const line of describeLikeness(likeness)) words.say(line);
  words.say(`${file}: these distances`);
  words.tell({ days, likeness: file });
}

async function writeDemonstration(
  output: string,
  size: Parameters<typeof demonstrationFiles>[0],
  words: ToolOutput,
): Promise<string[]> {
  await Deno.mkdir(output, { recursive: true });
  const files: string[] = [];
  for (const [name, bytes] of Object.entries(demonstrationFiles(size))) {
    const file = join(output, name);
    await Deno.writeFile(file, bytes);
    words.say(`${file}: ${bytes.length} bytes`);
    files.push(file);
  }
  return files;
}

export const command: Command = { name: "trace:synthesize", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
