/**
 * Takes samples of a trace, each written as a trace with a certificate of how near it is:
 *
 *     deno task trace:sample --trace traces/azure --sizes 50,200,1000 --output samples
 *
 * The same trace, seed and window give the same sample. See docs/traces.md.
 */
import Table from "cli-table3";
import { join } from "node:path";
import { LoaderError } from "../lib/base/error.ts";
import { replaceFile } from "../lib/base/file.ts";
import { type Command, print, runCommand } from "../lib/cli/program.ts";
import type { SampleCertificate } from "../lib/model/sample_certificate.ts";
import {
  type FunctionProfile,
  type Percentiles,
  type Trace,
  traceLengthMs,
} from "../lib/model/trace.ts";
import { choiceOption, integerListOption, textOption } from "../lib/option/option.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import {
  COMMON_OPTIONS,
  READING_OPTIONS,
  SAMPLE_TRACE,
  TRACE_OPTIONS,
} from "../lib/run/common_options.ts";
import { LOADER_VERSION } from "../lib/run/machine_facts.ts";
import { readingOfOptions } from "../lib/run/trace_run.ts";
import { formatAzure2019 } from "../lib/trace/azure2019/azure2019_text.ts";
import { DURATION_LAYOUT, MEMORY_LAYOUT } from "../lib/trace/azure2019/percentile_table.ts";
import { interpolate } from "../lib/trace/distributions.ts";
import { writeNormal } from "../lib/trace/normal/write_normal.ts";
import { readTrace } from "../lib/trace/read_trace.ts";
import { writeCertificate } from "../lib/trace/sample/certificate_file.ts";
import { PRIOR_WORKS } from "../lib/trace/sample/prior_works.ts";
import { createSampler, SAMPLE_METHODS, type SampleMethod } from "../lib/trace/sample/sample.ts";
import { findWindow } from "../lib/trace/window_text.ts";

const SUMMARY = "Take samples of a trace that stand for it, each with a certificate";

const MINUTE_MS = 60_000;

const OPTIONS = {
  trace: TRACE_OPTIONS.trace,
  ...READING_OPTIONS,
  defects: TRACE_OPTIONS.defects,
  method: choiceOption(SAMPLE_METHODS, {
    meaning: "how functions are chosen: near to the trace, by chance, or as an earlier work did",
    default: "stratified",
  }),
  sizes: integerListOption<readonly number[] | null>("n,n,…", {
    meaning: "numbers of functions, ascending (default: 50,200,1000; of an earlier work its own)",
    default: null,
    minimum: 1,
    maximum: 10_000_000,
  }),
  seed: COMMON_OPTIONS.seed,
  window: {
    ...TRACE_OPTIONS.window,
    meaning: "part of the trace that the sample is to stand for, written as for experiments: " +
      "480..540, 480.., 2h..4h30min, 08:00..12:30, 2024-05-11..2024-05-12",
  },
  format: choiceOption(["auto", "azure2019", "normal"], {
    meaning: "files that are written; auto: Azure Functions 2019 where they hold all that the " +
      "trace tells, else the normal form",
    default: "auto",
  }),
  output: textOption<string | null>("folder", {
    meaning: "folder for the files, with a folder <n> for each of several sizes",
    default: null,
  }),
};

async function run(args: readonly string[]): Promise<void> {
  const { values: options, help } = parseOptions("trace:sample", SUMMARY, OPTIONS, args);
  if (help !== null) return print("stdout", help);
  if (options.output === null) {
    throw new LoaderError("usage", "Name the folder for the samples with --output.");
  }
  const { method, seed } = options;
  const sizes = options.sizes ?? defaultSizes(method);
  const whole = await readTrace(options.trace ?? SAMPLE_TRACE, {
    ...readingOfOptions(options),
    defects: options.defects,
  });
  const format = options.format === "auto" ? chooseFormat(whole) : options.format;
  if (format === "azure2019") checkMinutes(whole);
  const { fromMs, toMs } = findWindow(options.window, whole);
  const window = { startMs: fromMs, lengthMs: (toMs ?? traceLengthMs(whole)) - fromMs };
  const sampler = createSampler(whole, { seed, method, window });
  for (const size of sizes) {
    const folder = sizes.length === 1 ? options.output : join(options.output, String(size));
    const certificate = await writeSample(folder, sampler.take(size), format);
    print("stdout", describeCertificate(certificate, folder));
  }
}

function defaultSizes(method: SampleMethod): readonly number[] {
  return method === "stratified" || method === "random"
    ? [50, 200, 1000]
    : [PRIOR_WORKS[method].size];
}

/** Files of Azure Functions 2019 have counts by the minute, and no single invocations. */
function chooseFormat({ slotMs, functions }: Trace): "azure2019" | "normal" {
  const isCounted = functions.every(({ recorded }) => recorded === undefined);
  return slotMs === MINUTE_MS && isCounted ? "azure2019" : "normal";
}

function checkMinutes({ name, slotMs }: Trace): void {
  if (slotMs === MINUTE_MS) return;
  throw new LoaderError(
    "usage",
    `--format azure2019: its files count by the minute, and the trace ${name} counts by ` +
      `${slotMs / 1000} s; write the normal form.`,
    { value: slotMs },
  );
}

/** Writes the files of a sample and their certificate, which it returns. */
async function writeSample(
  folder: string,
  sample: Trace,
  format: "azure2019" | "normal",
): Promise<SampleCertificate> {
  await Deno.mkdir(folder, { recursive: true });
  if (format === "normal") await writeNormal(sample, folder);
  else writeAzure2019(sample, folder);
  // What stands in the files is what is certified: they are read as they will be.
  const { hash } = await readTrace(folder);
  const certificate = {
    ...sample.certificate!,
    program: `loader ${LOADER_VERSION}`,
    sampleHash: hash,
  };
  writeCertificate(folder, certificate);
  return certificate;
}

function writeAzure2019({ functions }: Trace, folder: string): void {
  const text = formatAzure2019(functions.map(withColumnsOfFiles));
  for (const [name, lines] of Object.entries(text)) {
    replaceFile(join(folder, `${name}.csv`), Array.from(lines).join(""));
  }
}

/** A function with the percentiles that the files have columns for. */
function withColumnsOfFiles(profile: FunctionProfile): FunctionProfile {
  return {
    ...profile,
    runtimeMs: atQuantiles(profile.runtimeMs, DURATION_LAYOUT.quantiles),
    memoryMib: atQuantiles(profile.memoryMib, MEMORY_LAYOUT.quantiles),
  };
}

function atQuantiles(percentiles: Percentiles, quantiles: readonly number[]): Percentiles {
  const points = percentiles.quantiles.map((q, i) => [q, percentiles.values[i]] as const);
  const valueAt = (q: number) => {
    if (q <= points[0][0]) return points[0][1];
    return q >= points[points.length - 1][0]
      ? points[points.length - 1][1]
      : interpolate(points, q);
  };
  return { quantiles, values: quantiles.map(valueAt), mean: percentiles.mean };
}

function describeCertificate(certificate: SampleCertificate, folder: string): string {
  const { figures, correlations, loads, shapes, periodicity, method, size } = certificate;
  const table = new Table({
    head: [`${method} ${size}`, "sample", "times the optimum", "times nearer than by chance"],
    style: { head: [], border: [] },
  });
  for (const { name, distance, timesOptimum, timesNearer } of figures) {
    table.push([
      `distance of log ${name}`,
      distance.toPrecision(3),
      timesOptimum === null ? "∞" : timesOptimum.toFixed(2),
      timesNearer === null ? "∞" : timesNearer.toFixed(1),
    ]);
  }
  for (const { figures: [a, b], trace, sample } of correlations) {
    const difference = trace === null || sample === null ? "–" : (sample - trace).toFixed(3);
    table.push([`rank correlation of ${a} and ${b}, difference`, difference, "", ""]);
  }
  for (const { name, error } of loads) {
    table.push([`${name} per function, error`, formatPercent(error), "", ""]);
  }
  for (const { name, totalVariation } of shapes) {
    table.push([`shape of ${name}, error`, formatPercent(totalVariation), "", ""]);
  }
  table.push(["shares of periodicity, error", formatPercent(periodicity.distance), "", ""]);
  return `${table}\n${folder}: ${size} functions and their certificate`;
}

function formatPercent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

export const command: Command = { name: "trace:sample", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
