/** How long a request to a language model takes and what it keeps in memory, by its tokens. */
export interface TokenModel {
  /** Time to read one token of the context. */
  readonly prefillMsPerToken: number;
  /** Time to generate one token. */
  readonly decodeMsPerToken: number;
  /** Memory of what is kept of one token, of the context or generated. */
  readonly memoryMibPerToken: number;
}

/**
 * Llama 2 70B without batching on eight H100, as measured by the authors of the 2023
 * traces (Patel et al., "Splitwise", ISCA 2024; `data/perf_model.csv` of their simulator
 * splitwise-sim, commit 8f99e7d): 28 – 31 ms a generated token; 0.07 – 0.10 ms a token of a
 * context of 1,024 to 8,192 tokens, and about 55 ms for any shorter one, which this leaves out.
 *
 * Its keys and values take 2 × 80 layers × 8 heads × 128 numbers of 2 bytes a token: 320 KiB
 * (Touvron et al., "Llama 2", arXiv 2307.09288).
 */
export const DEFAULT_TOKEN_MODEL: TokenModel = {
  prefillMsPerToken: 0.1,
  decodeMsPerToken: 30,
  memoryMibPerToken: 0.3125,
};

/**
 * Runtime of a request in milliseconds.
 *
 * @example
 * ```ts
 * import { DEFAULT_TOKEN_MODEL, runtimeMsOf } from "./token_model.ts";
 * if (runtimeMsOf(DEFAULT_TOKEN_MODEL, 1000, 10) !== 400) throw new Error("100 and 300 ms");
 * ```
 */
export function runtimeMsOf(
  model: TokenModel,
  contextTokens: number,
  generatedTokens: number,
): number {
  return contextTokens * model.prefillMsPerToken + generatedTokens * model.decodeMsPerToken;
}

/** Memory of a request at its end, MiB: its keys and values, not the model's weights. */
export function memoryMibOf(
  model: TokenModel,
  contextTokens: number,
  generatedTokens: number,
): number {
  return (contextTokens + generatedTokens) * model.memoryMibPerToken;
}
