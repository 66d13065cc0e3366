import { createHash } from "node:crypto";
import { LoaderError } from "../base/error.ts";
import type { Trace } from "../model/trace.ts";
import { type TraceAssumptions, watchAssumptions } from "./assumed.ts";
import { AZURE_2019 } from "./azure2019/azure2019.ts";
import { AZURE_2021 } from "./azure2021/azure2021.ts";
import { AZURE_LLM } from "./azure_llm/azure_llm.ts";
import { FAASRAIL } from "./faasrail/faasrail.ts";
import type {
  DayRange,
  RecognisedTrace,
  TraceFormat,
  TraceReading,
  TraceSource,
  UnsupportedTrace,
} from "./format.ts";
import { HUAWEI_2023 } from "./huawei/huawei2023.ts";
import { HUAWEI_2025 } from "./huawei/huawei2025.ts";
import { ILUVATAR } from "./iluvatar/iluvatar.ts";
import { NORMAL } from "./normal/normal.ts";
import { REFUSED_SETS } from "./recognised/recognised.ts";
import { type DefectPolicy, type DuplicatePolicy, LEFT_OUT, RepairLog } from "./repair_log.ts";
import { readCertificate } from "./sample/certificate_file.ts";
import { createSampler, type SampleMethod, type TraceSampler } from "./sample/sample.ts";
import { TraceFolder } from "./trace_folder.ts";
import type { TraceWindow } from "./window.ts";

/** Every format that is recognised. */
export const TRACE_FORMATS: readonly TraceFormat[] = [
  AZURE_2019,
  AZURE_2021,
  AZURE_LLM,
  HUAWEI_2023,
  HUAWEI_2025,
  ILUVATAR,
  FAASRAIL,
  NORMAL,
  ...REFUSED_SETS,
];

/** Options of {@linkcode readTrace}. */
export interface ReadTraceOptions {
  /**
   * Number of functions. Taken from files of a trace of this size where they are
   * there, else a sample of the (largest) trace. All functions by default.
   */
  readonly size?: number;
  /** Seed of the sample; 42 by default. */
  readonly seed?: number;
  /** How functions are chosen; `stratified` by default. */
  readonly method?: SampleMethod;
  /** A sample takes functions that are invoked in it; the whole trace by default. */
  readonly window?: TraceWindow | ((trace: Trace) => TraceWindow);
  /** Which days of a data set with files for each day; the first in the folder by default. */
  readonly days?: DayRange;
  /** A function twice in a file is an error by default. */
  readonly duplicates?: DuplicatePolicy;
  /** Defects are repaired and counted by default. */
  readonly defects?: DefectPolicy;
  /** What is taken where the data set does not tell; by default as `DEFAULT_ASSUMPTIONS`. */
  readonly assume?: Partial<TraceAssumptions>;
  /** Formats that are recognised; {@linkcode TRACE_FORMATS} by default. */
  readonly formats?: readonly TraceFormat[];
}

/**
 * Reads a trace from a folder or a file, in the format that it is recognised by. Defects of the
 * data are repaired, counted and told in `repairs`.
 *
 * @throws LoaderError `input` when the files are of no known format, or one is missing or
 *   wrong, when a function is there twice, when no function is left; `usage` when `size` is
 *   too large
 *
 * @example
 * ```ts
 * import { readTrace } from "./read_trace.ts";
 * const trace = await readTrace("data/azure_2019_synthetic", { size: 10 });
 * if (trace.functions.length !== 10) throw new Error("ten were asked for");
 * ```
 */
export async function readTrace(path: string, options: ReadTraceOptions = {}): Promise<Trace> {
  const [trace] = await readTraceSamples(path, [options.size ?? null], options);
  return trace;
}

/**
 * Reads samples of several sizes as {@linkcode readTrace} reads one, each file
 * once; `null` stands for all functions. A sample whose file has another number
 * of functions than its name says is what the file has; its notes tell.
 *
 * @throws LoaderError as {@linkcode readTrace}
 */
export async function readTraceSamples(
  path: string,
  sizes: readonly (number | null)[],
  options: Omit<ReadTraceOptions, "size"> = {},
): Promise<Trace[]> {
  const folder = await TraceFolder.list(path);
  const recognised = await recogniseTrace(folder, options.formats ?? TRACE_FORMATS);
  const read = new Map<string, ReadSource>();
  const samples: Trace[] = [];
  for (const size of sizes) {
    const source = await recognised.select({ size: size ?? undefined, days: options.days });
    const whole = read.get(source.key) ?? {
      trace: withCertificate(
        await readSource(source, options),
        source.folder ?? folder.pathOf(""),
      ),
    };
    read.set(source.key, whole);
    // The files of a sample are that sample, whatever they are called.
    if (size === null || size === source.size || size === whole.trace.certificate?.size) {
      samples.push(withSizeNote(whole.trace, source.size));
    } else {
      whole.sampler ??= samplerOf(whole.trace, options);
      samples.push(whole.sampler.take(size));
    }
  }
  return samples;
}

function samplerOf(trace: Trace, options: ReadTraceOptions): TraceSampler {
  const { seed = 42, method } = options;
  const window = typeof options.window === "function" ? options.window(trace) : options.window;
  return createSampler(trace, { seed, window, method });
}

/** What was read, and what takes samples of it where any were asked for. */
interface ReadSource {
  readonly trace: Trace;
  sampler?: TraceSampler;
}

async function recogniseTrace(
  folder: TraceFolder,
  formats: readonly TraceFormat[],
): Promise<RecognisedTrace> {
  const { path } = folder;
  const fitting: { readonly name: string; readonly trace: RecognisedTrace | UnsupportedTrace }[] =
    [];
  for (const format of formats) {
    const trace = await format.recognise(folder);
    if (trace !== null) fitting.push({ name: format.name, trace });
  }
  if (fitting.length === 1) {
    const { name, trace } = fitting[0];
    if ("select" in trace) return trace;
    throw new LoaderError("input", `${trace.evidence} (${name}): ${trace.unsupported}`, {
      file: path,
    });
  }
  const sentence = fitting.length === 0
    ? "No trace of a known format: looked for " +
      formats.filter(({ looksFor }) => looksFor.length > 0)
        .map(({ name, looksFor }) => `${looksFor.join(", ")} (${name})`).join(", ") +
      `, plain or .gz; found ${folder.describe()}.`
    : "The folder holds traces of several formats: " +
      fitting.map(({ name, trace }) => `${trace.evidence} (${name})`).join(", ") +
      "; give each a folder of its own.";
  throw new LoaderError("input", sentence, { file: path });
}

async function readSource(
  source: TraceSource,
  { defects = "repair", duplicates = "refuse", assume }: ReadTraceOptions,
): Promise<Trace> {
  const watched = watchAssumptions(assume);
  const reading: TraceReading = {
    hash: createHash("sha256"),
    repairs: new RepairLog(defects, duplicates),
    assume: watched.assume,
  };
  const trace = await source.read(reading);
  const unused = watched.unused();
  if (unused.length > 0) {
    throw new LoaderError(
      "usage",
      `${unused.join(", ")}: the trace ${trace.name} has its own figures, and nothing of it is ` +
        "assumed; leave the option out.",
    );
  }
  return { ...trace, repairs: reading.repairs.list(), hash: reading.hash.digest("hex") };
}

/** A trace with the certificate that stands beside its files, or a note on why not. */
function withCertificate(trace: Trace, folder: string): Trace {
  const found = readCertificate(folder, trace.hash);
  if (found === null) return trace;
  if ("certificate" in found) return { ...trace, certificate: found.certificate };
  return { ...trace, notes: [...trace.notes ?? [], found.note] };
}

/** Tells where the files hold another number of functions than they say. */
function withSizeNote(trace: Trace, size: number | null): Trace {
  const { functions, repairs, notes = [] } = trace;
  if (size === null || functions.length === size) return trace;
  const lost = repairs.filter(({ repair }) => repair === LEFT_OUT)
    .map(({ defect, count }) => `${defect}: ${count}`);
  const reason = lost.length === 0 ? "" : ` (${lost.join(", ")})`;
  return {
    ...trace,
    notes: [
      ...notes,
      `The trace ${trace.name} is to have ${size} functions and has ${functions.length}${reason}; ` +
      "runs of it are of as many as it has.",
    ],
  };
}
