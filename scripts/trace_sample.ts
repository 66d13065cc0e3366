/**
 * Takes samples of a trace, each written as a trace with a certificate of how near it is:
 *
 *     deno task trace:sample traces/azure --sizes 50,200,1000 --output samples
 *
 * The same trace, seed and window give the same sample. See docs/traces.md.
 */
import Table from "cli-table3";
import { join } from "node:path";
import { LoaderError } from "../lib/base/error.ts";
import { type Command, JSON_OPTION, print, runCommand, ToolOutput } from "../lib/cli/program.ts";
import type { SampleCertificate } from "../lib/model/sample_certificate.ts";
import type { Trace } from "../lib/model/trace.ts";
import { choiceOption, integerListOption, switchOption, textOption } from "../lib/option/option.ts";
import { parseTraceCall, requireEmpty } from "../lib/cli/trace_argument.ts";
import { COMMON_OPTIONS, READING_OPTIONS, TRACE_OPTIONS } from "../lib/run/common_options.ts";
import { LOADER_VERSION } from "../lib/run/machine_facts.ts";
import { readingOfOptions } from "../lib/run/trace_run.ts";
import { writeAzure2019 } from "../lib/trace/azure2019/write_azure2019.ts";
import { writeNormal } from "../lib/trace/normal/write_normal.ts";
import { readTrace } from "../lib/trace/read_trace.ts";
import { writeCertificate } from "../lib/trace/sample/certificate_file.ts";
import { PRIOR_WORKS } from "../lib/trace/sample/prior_works.ts";
import { createSampler, SAMPLE_METHODS, type SampleMethod } from "../lib/trace/sample/sample.ts";
import { chooseWindow } from "../lib/trace/window_text.ts";

const SUMMARY = "Take samples of a trace that stand for it, each with a certificate";

const DESCRIPTION = `${SUMMARY}. Usage: trace:sample <path> --sizes <n,n,…> --output <folder>`;

const MINUTE_MS = 60_000;

const OPTIONS = {
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
    meaning: "folder for the files, with a folder <n> for each of several sizes; it must be empty",
    default: null,
  }),
  overwrite: switchOption({
    meaning: "replace files in a folder that is not empty",
    default: false,
  }),
  json: JSON_OPTION,
};

async function run(args: readonly string[]): Promise<void> {
  const call = parseTraceCall("trace:sample", DESCRIPTION, OPTIONS, args);
  if (call.help !== null) return print("stdout", call.help);
  const { path, values: options } = call;
  if (options.output === null) {
    throw new LoaderError("usage", "Name the folder for the samples with --output.");
  }
  await requireEmpty(options.output, options.overwrite);
  const { method, seed } = options;
  const sizes = options.sizes ?? defaultSizes(method);
  const whole = await readTrace(path, {
    ...readingOfOptions(options),
    defects: options.defects,
  });
  const format = options.format === "auto" ? chooseFormat(whole) : options.format;
  const window = chooseWindow(options.window, whole);
  const sampler = createSampler(whole, { seed, method, window });
  const output = new ToolOutput(options);
  const samples: { readonly folder: string; readonly certificate: SampleCertificate }[] = [];
  for (const size of sizes) {
    const folder = sizes.length === 1 ? options.output : join(options.output, String(size));
    const certificate = await writeSample(folder, sampler.take(size), format, output);
    output.say(describeCertificate(certificate, folder));
    samples.push({ folder, certificate });
  }
  output.tell({ samples });
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

/** Writes the files of a sample and their certificate, which it returns. */
async function writeSample(
  folder: string,
  sample: Trace,
  format: "azure2019" | "normal",
  output: ToolOutput,
): Promise<SampleCertificate> {
  if (format === "normal") await writeNormal(sample, folder);
  else for (const note of (await writeAzure2019(sample, folder)).notes) output.say(note);
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
