import { z } from "zod";
import { jsonNumber } from "../base/json.ts";

/*
 * What a sample of a trace certifies of itself, each field once: it stands beside the
 * sample's files, in manifests, and in the report.
 */

/** From the lower to the upper end. */
const interval = z.tuple([jsonNumber, jsonNumber]);

const figure = z.object({
  name: z.string(),
  unit: z.string(),
  /** First Wasserstein distance to the trace, of logarithms to base 10. */
  distance: jsonNumber,
  /** Of that distance, 95 %, were the functions of the trace drawn anew (bootstrap). */
  interval,
  /** The smallest distance that any so many points of equal weight have. */
  optimum: jsonNumber,
  /** The same where their load is to be within 5 % of the trace's; `null`: of a figure that is none. */
  optimumWithLoad: jsonNumber.nullable(),
  /** Distance ÷ optimum; `null` where the optimum is 0 and the distance is not. */
  timesOptimum: jsonNumber.nullable(),
  /** Uniformly random samples of the same size: mean distance, and 95 % of them. */
  uniform: z.object({ mean: jsonNumber, interval }),
  /** Mean of the uniform samples ÷ distance; `null` where the distance is 0. */
  timesNearer: jsonNumber.nullable(),
  /** Values at evenly spaced ranks, of the middle of each part: for the distribution functions. */
  values: z.object({ trace: z.array(jsonNumber), sample: z.array(jsonNumber) }),
});

const correlation = z.object({
  figures: z.tuple([z.string(), z.string()]),
  /** Spearman's; `null` where a figure is constant. */
  trace: jsonNumber.nullable(),
  sample: jsonNumber.nullable(),
});

const load = z.object({
  name: z.string(),
  unit: z.string(),
  /** Mean over the functions. */
  trace: jsonNumber,
  sample: jsonNumber,
  /** Sample ÷ trace − 1. */
  error: jsonNumber,
  /** No sample of so many functions has a smaller error, without its sign; often 0. */
  smallestError: jsonNumber,
  /** Mean error, without its sign, of uniformly random samples. */
  uniformError: jsonNumber,
});

const shape = z.object({
  name: z.string(),
  /** Part of the load that lies in the wrong part of the window. */
  totalVariation: jsonNumber,
  /** Largest relative error of the share of a part of the window. */
  largest: jsonNumber,
});

/** A sample's certificate, as it is stored. */
export const SAMPLE_CERTIFICATE = z.object({
  kind: z.literal("loader sample certificate"),
  version: z.literal(1),
  /** Program that made it, with its version. */
  program: z.string().nullable(),
  method: z.string(),
  seed: z.number(),
  /** Functions of the sample. */
  size: z.number(),
  /** SHA-256 of the sample's own files; `null` where it was never written. */
  sampleHash: z.string().nullable(),
  /** Samples of which it is the best; 1 where there was no choice. */
  candidates: z.number(),
  trace: z.object({
    name: z.string(),
    /** SHA-256 of its files. */
    hash: z.string(),
    functions: z.number(),
    /** Those that the sample could be taken from: invoked in the window. */
    invoked: z.number(),
  }),
  /** Of the trace, from its start. */
  window: z.object({ startMs: jsonNumber, lengthMs: jsonNumber }),
  figures: z.array(figure),
  correlations: z.array(correlation),
  loads: z.array(load),
  /** Parts of the window that the shapes are made of. */
  shapeBins: z.number(),
  shapes: z.array(shape),
  periodicity: z.object({
    classes: z.array(z.object({ name: z.string(), trace: jsonNumber, sample: jsonNumber })),
    /** Total variation distance between the shares. */
    distance: jsonNumber,
    /** The smallest that so many functions can have. */
    optimum: jsonNumber,
  }),
  /** Uniformly random samples that it is compared with. */
  uniformSamples: z.number(),
});

/** What is read of it, for everyone to look at; a pair is a list of two. */
type Immutable<T> = T extends readonly (infer E)[] ? readonly Immutable<E>[]
  : T extends object ? { readonly [Key in keyof T]: Immutable<T[Key]> }
  : T;

/** How near a sample is to the trace that it was taken from, and how it was made. */
export type SampleCertificate = Immutable<z.output<typeof SAMPLE_CERTIFICATE>>;

/** A figure of a {@linkcode SampleCertificate}. */
export type CertifiedFigure = SampleCertificate["figures"][number];
