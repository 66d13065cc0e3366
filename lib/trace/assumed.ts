import { Rng } from "../base/rng.ts";
import type { Percentiles } from "../model/trace.ts";
import { DEFAULT_TOKEN_MODEL, type TokenModel } from "./token_model.ts";
import { generateBetween, generateBurrXii, generateLogNormal } from "./distributions.ts";
import {
  MEMORY_BURR_C,
  MEMORY_BURR_K,
  MEMORY_BURR_LAMBDA,
  MEMORY_QUANTILES,
  MEMORY_Z,
  RUNTIME_LOG_MEAN,
  RUNTIME_LOG_SIGMA,
  RUNTIME_QUANTILES,
  RUNTIME_Z,
  spreadLogNormal,
} from "./published_figures.ts";

/** Where runtimes come from that a data set does not tell. */
export type AssumedRuntime =
  | { readonly kind: "azure2019" }
  | { readonly kind: "fixed"; readonly runtimeMs: number };

/** Where memory comes from that a data set does not tell. */
export type AssumedMemory =
  | { readonly kind: "azure2019" }
  | { readonly kind: "fixed"; readonly memoryMib: number };

/** What is taken where a data set does not tell something. */
export interface TraceAssumptions {
  readonly runtime: AssumedRuntime;
  readonly memory: AssumedMemory;
  /** Runtime and memory of a request to a language model, by its tokens. */
  readonly tokens: TokenModel;
}

/** What is assumed unless the user says otherwise. */
export const DEFAULT_ASSUMPTIONS: TraceAssumptions = {
  runtime: { kind: "azure2019" },
  memory: { kind: "azure2019" },
  tokens: DEFAULT_TOKEN_MODEL,
};

/** Assumptions that know whether a reader asked for them. */
export interface WatchedAssumptions {
  readonly assume: TraceAssumptions;
  /** Options that were given and changed nothing, for nothing of the trace is assumed by them. */
  unused(): string[];
}

/** Fills up what is given by the defaults, and watches what a reader takes of it. */
export function watchAssumptions(given: Partial<TraceAssumptions> = {}): WatchedAssumptions {
  const { runtime, memory, tokens } = { ...DEFAULT_ASSUMPTIONS, ...given };
  const taken = new Set<keyof TraceAssumptions>();
  return {
    assume: {
      get runtime() {
        taken.add("runtime");
        return runtime;
      },
      get memory() {
        taken.add("memory");
        return memory;
      },
      get tokens() {
        taken.add("tokens");
        return tokens;
      },
    },
    unused() {
      const { prefillMsPerToken, decodeMsPerToken } = DEFAULT_TOKEN_MODEL;
      const changed: readonly (readonly [keyof TraceAssumptions, string, boolean])[] = [
        ["runtime", "--assume-runtime", runtime.kind === "fixed"],
        ["memory", "--assume-memory", memory.kind === "fixed"],
        ["tokens", "--assume-prefill", tokens.prefillMsPerToken !== prefillMsPerToken],
        ["tokens", "--assume-decode", tokens.decodeMsPerToken !== decodeMsPerToken],
      ];
      return changed.filter(([name, , isChanged]) => isChanged && !taken.has(name))
        .map(([, flag]) => flag);
    },
  };
}

/** Spread of a function's own runtimes and memory, as σ of the logarithm: as the synthesizer's. */
const OWN_RUNTIME_SIGMA = [0.05, 0.6] as const;
const OWN_MEMORY_SIGMA = [0.01, 0.12] as const;

/** Part of what is drawn: another number draws other functions. */
const SEED = 42;

/** Draws runtimes and memory for functions of which a data set does not tell them. */
export interface AssumedFigures {
  /** Runtimes of a function, ms; the same for the same key. */
  runtimeMs(key: string): Percentiles;
  /** Memory of an application, MiB, shared equally by so many functions; the same for the same key. */
  memoryMib(key: string, functions?: number): Percentiles;
}

/**
 * Draws what is not known of a function from a published distribution, by its key
 * alone: so a function has the same figures in every sample and every day.
 *
 * @example
 * ```ts
 * import { assumeFigures, DEFAULT_ASSUMPTIONS } from "./assumed.ts";
 * const figures = assumeFigures(DEFAULT_ASSUMPTIONS);
 * if (figures.runtimeMs("f").mean !== figures.runtimeMs("f").mean) throw new Error("drawn anew");
 * ```
 */
export function assumeFigures(
  assume: Pick<TraceAssumptions, "runtime" | "memory">,
): AssumedFigures {
  return {
    runtimeMs(key) {
      const { runtime } = assume;
      if (runtime.kind === "fixed") {
        return constantPercentiles(RUNTIME_QUANTILES, runtime.runtimeMs);
      }
      const rng = Rng.fromSeed(SEED, "assumed runtime", key);
      const meanMs = 1000 * generateLogNormal(rng, RUNTIME_LOG_MEAN, RUNTIME_LOG_SIGMA);
      return spreadLogNormal(
        RUNTIME_QUANTILES,
        RUNTIME_Z,
        meanMs,
        generateBetween(rng, OWN_RUNTIME_SIGMA),
      );
    },
    memoryMib(key, functions = 1) {
      const { memory } = assume;
      if (memory.kind === "fixed") return constantPercentiles(MEMORY_QUANTILES, memory.memoryMib);
      const rng = Rng.fromSeed(SEED, "assumed memory", key);
      const meanMib = generateBurrXii(rng, MEMORY_BURR_C, MEMORY_BURR_K, MEMORY_BURR_LAMBDA);
      const sigma = generateBetween(rng, OWN_MEMORY_SIGMA);
      return spreadLogNormal(MEMORY_QUANTILES, MEMORY_Z, meanMib / functions, sigma);
    },
  };
}

/** The sentence about runtimes that are not in a data set. */
export function describeAssumedRuntime({ runtime }: Pick<TraceAssumptions, "runtime">): string {
  return runtime.kind === "fixed"
    ? `Runtimes are not in the data set: ${runtime.runtimeMs} ms are assumed for each invocation ` +
      "(--assume-runtime)."
    : "Runtimes are not in the data set: each function's are drawn by its name from those of " +
      "Azure Functions 2019 (log-normal, Shahrad et al., USENIX ATC 2020, figure 7; " +
      "--assume-runtime).";
}

/** The sentence about memory that is not in a data set. */
export function describeAssumedMemory({ memory }: Pick<TraceAssumptions, "memory">): string {
  return memory.kind === "fixed"
    ? `Memory is not in the data set: ${memory.memoryMib} MiB are assumed for each invocation ` +
      "(--assume-memory)."
    : "Memory is not in the data set: each application's is drawn by its name from those of Azure " +
      "Functions 2019 (Burr XII, Shahrad et al., USENIX ATC 2020, figure 8) and shared equally by " +
      "its functions (--assume-memory).";
}

/** Parses `azure2019` or a time such as `100ms` (with `ms` or `s`). @throws Error a sentence */
export function parseAssumedRuntime(text: string): AssumedRuntime {
  if (text === "azure2019") return { kind: "azure2019" };
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text);
  const runtimeMs = match === null ? NaN : Number(match[1]) * (match[2] === "s" ? 1000 : 1);
  if (!(runtimeMs > 0 && runtimeMs <= 86_400_000)) {
    throw new Error(`Expected azure2019 or a time above 0 such as 100ms, got ${quote(text)}.`);
  }
  return { kind: "fixed", runtimeMs };
}

/** Parses `azure2019` or a size such as `170MiB`. @throws Error whose message is a sentence */
export function parseAssumedMemory(text: string): AssumedMemory {
  if (text === "azure2019") return { kind: "azure2019" };
  const match = /^(\d+(?:\.\d+)?)(MiB|GiB)$/i.exec(text);
  const memoryMib = match === null
    ? NaN
    : Number(match[1]) * (match[2].toLowerCase() === "gib" ? 1024 : 1);
  if (!(memoryMib > 0 && memoryMib <= 1e9)) {
    throw new Error(`Expected azure2019 or a size above 0 such as 170MiB, got ${quote(text)}.`);
  }
  return { kind: "fixed", memoryMib };
}

/** The text that {@linkcode parseAssumedRuntime} reads. */
export function formatAssumedRuntime(runtime: AssumedRuntime): string {
  return runtime.kind === "fixed" ? `${runtime.runtimeMs}ms` : runtime.kind;
}

/** The text that {@linkcode parseAssumedMemory} reads. */
export function formatAssumedMemory(memory: AssumedMemory): string {
  return memory.kind === "fixed" ? `${memory.memoryMib}MiB` : memory.kind;
}

/** The same value at every quantile. */
export function constantPercentiles(quantiles: readonly number[], value: number): Percentiles {
  return { quantiles, values: quantiles.map(() => value), mean: value };
}

function quote(text: string): string {
  return JSON.stringify(text);
}
