import { LoaderError } from "../../base/error.ts";
import { deriveKey, type RngKey } from "../../base/rng.ts";
import { functionKey, type FunctionProfile, type Trace } from "../../model/trace.ts";
import { type TraceWindow, wholeWindow } from "../window.ts";
import { deriveCertificate } from "./certificate.ts";
import { tabulateFunctions } from "./function_table.ts";
import { Population } from "./population.ts";
import { PRIOR_WORKS } from "./prior_works.ts";
import { describeWindow, selectInvoked } from "./selection.ts";
import { StratifiedSampler } from "./stratified.ts";

/** How functions are chosen: ours, by chance, or as earlier works did. */
export const SAMPLE_METHODS = [
  "stratified",
  "random",
  "faascache",
  "medes",
  "hermes",
  "atoll",
  "mu",
] as const satisfies readonly ("stratified" | "random" | keyof typeof PRIOR_WORKS)[];

/** One of {@linkcode SAMPLE_METHODS}. */
export type SampleMethod = typeof SAMPLE_METHODS[number];

/** Options of {@linkcode sampleTrace}. */
export interface SampleOptions {
  readonly seed: number;
  /** Only functions invoked in it are taken, by their figures in it; the whole trace by default. */
  readonly window?: TraceWindow;
  /** `stratified` by default. */
  readonly method?: SampleMethod;
  /** `false` leaves the certificate out, which takes longer than a random sample. */
  readonly certify?: boolean;
}

/** Takes samples of one trace; what they share is found once. */
export interface TraceSampler {
  /**
   * A sample of so many functions.
   *
   * @throws LoaderError `usage` when the size does not suit the trace
   */
  take(size: number): Trace;
}

/**
 * Takes a sample of `size` functions out of those that are invoked in the window, with
 * a certificate of how near it is to them.
 *
 * - `stratified`: near to the trace in invocations, runtime, memory and periodicity,
 *   in their rank correlations, and in load per function and its shape over the window;
 * - `random`: uniformly random. A function's rank depends on the seed and its key alone;
 * - `faascache`, `medes`, `hermes`, `atoll`, `mu`: as earlier works chose
 *   ({@linkcode PRIOR_WORKS}), some of which change counts, runtimes and memory.
 *
 * Of one trace, window and seed each stratified or random sample is part of every
 * larger one. The order of functions is that of the trace.
 *
 * @throws LoaderError `usage` when the window or the size does not suit the trace
 *
 * @example
 * ```ts
 * import { readTrace } from "../read_trace.ts";
 * import { sampleTrace } from "./sample.ts";
 * const trace = await readTrace("data/azure_2019_synthetic");
 * const { certificate } = sampleTrace(trace, 50, { seed: 42 });
 * const [invocations] = certificate!.figures;
 * if (!(invocations.timesNearer! > 1)) throw new Error("farther than by chance");
 * ```
 */
export function sampleTrace(trace: Trace, size: number, options: SampleOptions): Trace {
  return createSampler(trace, options).take(size);
}

/**
 * Prepares for {@linkcode sampleTrace}, for several sizes.
 *
 * @throws LoaderError `usage` when the window does not suit the trace
 */
export function createSampler(trace: Trace, options: SampleOptions): TraceSampler {
  const { seed, method = "stratified", certify = true } = options;
  const window = options.window ?? wholeWindow(trace);
  const invoked = selectInvoked(trace, options.window).functions;
  const table = tabulateFunctions(invoked, window, trace.slotMs);
  const population = new Population(table);
  const choose = chooser(method, invoked, population, window, trace.slotMs, seed);
  return {
    take(size) {
      checkSize(trace, size, invoked.length, options.window);
      const { functions, candidates } = choose(size);
      const name = `${trace.name}, ${method} ${size}`;
      if (!certify) return { ...trace, name, functions, certificate: undefined };
      const certificate = deriveCertificate(
        population,
        tabulateFunctions(functions, window, trace.slotMs),
        {
          method,
          seed,
          candidates,
          window,
          trace: {
            name: trace.name,
            hash: trace.hash,
            functions: trace.functions.length,
            invoked: invoked.length,
          },
        },
      );
      return { ...trace, name, functions, certificate };
    },
  };
}

/** The functions of a sample, and of how many samples it is the best. */
interface Choice {
  readonly functions: readonly FunctionProfile[];
  readonly candidates: number;
}

function chooser(
  method: SampleMethod,
  invoked: readonly FunctionProfile[],
  population: Population,
  window: TraceWindow,
  slotMs: number,
  seed: number,
): (size: number) => Choice {
  if (method === "stratified") {
    const sampler = new StratifiedSampler(population, seed);
    return (size) => {
      const { members, candidates } = sampler.take(size);
      return { functions: Array.from(members, (index) => invoked[index]), candidates };
    };
  }
  const shuffled = shuffle(invoked, seed);
  const select = method === "random"
    ? ({ size }: { readonly size: number }) => shuffled.slice(0, size)
    : PRIOR_WORKS[method].select;
  const position = new Map(invoked.map((profile, i) => [functionKey(profile), i]));
  const positionOf = (profile: FunctionProfile) => position.get(functionKey(profile))!;
  return (size) => {
    const functions = select({ invoked, shuffled, window, slotMs, size });
    return {
      functions: functions.toSorted((a, b) => positionOf(a) - positionOf(b)),
      candidates: 1,
    };
  };
}

/** Functions in the order of ranks, each of which depends on the seed and the function's key alone. */
function shuffle(functions: readonly FunctionProfile[], seed: number): FunctionProfile[] {
  return functions
    .map((profile) => ({ profile, rank: deriveKey(seed, "sample", functionKey(profile)) }))
    .sort((a, b) => compareKeys(a.rank, b.rank))
    .map(({ profile }) => profile);
}

function compareKeys(a: RngKey, b: RngKey): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return 0;
}

function checkSize(
  trace: Trace,
  size: number,
  invoked: number,
  window: TraceWindow | undefined,
): void {
  if (!Number.isInteger(size) || size < 1) {
    throw new LoaderError(
      "usage",
      `The size of a sample must be a whole number from 1, got ${size}.`,
      { value: size },
    );
  }
  if (invoked < size) {
    throw new LoaderError(
      "usage",
      `A sample of ${size} functions is too large: the trace ${trace.name} has ` +
        `${invoked} that are invoked in ${describeWindow(trace, window)}.`,
      { value: size },
    );
  }
}
