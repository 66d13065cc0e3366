import { LoopPauses } from "../clock/loop_pauses.ts";
import type { SampleCertificate } from "../model/sample_certificate.ts";
import { choiceListOption, integerListOption, integerOption } from "../option/option.ts";
import type { OptionValues } from "../option/option.ts";
import { summarizeSeeds } from "../stats/seed_summary.ts";
import { SAMPLE_METHODS, sampleTrace } from "../trace/sample/sample.ts";
import {
  DERIVATION_OPTIONS,
  type Derived,
  type DerivedPoint,
  readTraceAndWindow,
} from "./derivation.ts";

/** The options of a question about samples by their size. */
export const SAMPLE_SWEEP_OPTIONS = {
  sizes: integerListOption("n,n,…", {
    meaning: "numbers of functions, ascending",
    default: [10, 20, 40, 80, 150],
    minimum: 1,
    maximum: 1_000_000,
  }),
  methods: choiceListOption(SAMPLE_METHODS, {
    meaning: "how they are taken",
    default: ["stratified", "random"],
  }),
  samples: integerOption("number", {
    meaning: "samples of each size and method",
    default: 10,
    minimum: 1,
    maximum: 10_000,
  }),
  ...DERIVATION_OPTIONS,
};

/** Values of {@linkcode SAMPLE_SWEEP_OPTIONS}. */
export type SampleSweepOptions = OptionValues<typeof SAMPLE_SWEEP_OPTIONS>;

/** What a sweep over samples will do, in a sentence. */
export function describeSampleSweep({ sizes, methods, samples }: SampleSweepOptions): string {
  return `${samples} samples by ${methods.join(" and ")} of each of ${
    sizes.join(", ")
  } functions; ` +
    "nothing is run.";
}

/**
 * Takes samples of each size by each method, each with a seed of its own, and derives a
 * curve of each figure of their certificates.
 *
 * @param figures by the name of the figure in the answer: its value in a certificate
 * @throws LoaderError when the trace, the window or a size is wrong
 * @throws the signal's reason when it aborts meanwhile
 */
export async function deriveSampleSweep(
  options: SampleSweepOptions,
  signal: AbortSignal,
  figures: Readonly<Record<string, (certificate: SampleCertificate) => number>>,
): Promise<Derived> {
  const { trace, window } = await readTraceAndWindow(options);
  const pauses = new LoopPauses(signal);
  const points: DerivedPoint[] = [];
  for (const method of options.methods) {
    for (const size of options.sizes) {
      const certificates: SampleCertificate[] = [];
      for (let sample = 0; sample < options.samples; sample++) {
        if (pauses.isDue) await pauses.take();
        const seed = options.seed + sample;
        certificates.push(sampleTrace(trace, size, { seed, window, method }).certificate!);
      }
      for (const [figure, valueOf] of Object.entries(figures)) {
        const summary = summarizeSeeds(certificates.map(valueOf));
        points.push({ figure, series: method, x: size, ...summary });
      }
    }
  }
  return { points, notes: [...trace.notes ?? [], ...trace.assumptions ?? []] };
}
