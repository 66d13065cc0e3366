/**
 * How near samples of 50, 200 and 1,000 of 40,000 synthetic functions are to them, and how
 * long they take:
 *
 *     deno task bench:sample [--seeds 42,1,2]
 *
 * Prints each figure beside what is asked of it (issue of the sampler; docs/traces.md) and
 * beside the bound where there is one.
 */
import Table from "cli-table3";
import type { SampleCertificate } from "../lib/model/sample_certificate.ts";
import { createSampler } from "../lib/trace/sample/sample.ts";
import { SAMPLE_TARGETS } from "../lib/trace/sample/sample_measure.ts";
import { functionKey } from "../lib/model/trace.ts";
import { synthesizeTrace } from "../lib/trace/synthesize/synthesize.ts";

const FUNCTIONS = 40_000;
const SIZES = [50, 200, 1000];
const MOST_SECONDS = 30;

const seeds = (Deno.args[0] === "--seeds" ? Deno.args[1] : "42").split(",").map(Number);

const trace = synthesizeTrace({ functions: FUNCTIONS, seed: 42 });
for (const seed of seeds) {
  const table = new Table({
    head: ["", "asked", ...SIZES.map((size) => `n = ${size}`)],
    style: { head: [], border: [] },
  });
  const start = performance.now();
  const sampler = createSampler(trace, { seed });
  const seconds: string[] = [];
  const keys: Set<string>[] = [];
  const certificates = SIZES.map((size) => {
    const sample = sampler.take(size);
    seconds.push(((performance.now() - start) / 1000).toFixed(1));
    keys.push(new Set(sample.functions.map(functionKey)));
    return sample.certificate!;
  });
  for (const row of rowsOf(certificates)) table.push(row);
  table.push(["seconds, with all smaller ones", `≤ ${MOST_SECONDS}`, ...seconds]);
  const isNested = keys.every((set, i) => i === 0 || keys[i - 1].isSubsetOf(set));
  table.push(["each part of the next", "yes", isNested ? "yes" : "no", "", ""]);
  console.log(`${FUNCTIONS} functions, seed ${seed}\n${table}`);
}

function rowsOf(certificates: readonly SampleCertificate[]): string[][] {
  const [first] = certificates;
  const { timesOptimum, timesNearer, correlation, load } = SAMPLE_TARGETS;
  const cells = (cell: (certificate: SampleCertificate) => string) => certificates.map(cell);
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return [
    ...first.figures.flatMap(({ name, optimumWithLoad }, i) => [
      [
        `distance of log ${name} ÷ optimum`,
        `≤ ${timesOptimum}`,
        ...cells(({ figures }) => figures[i].timesOptimum?.toFixed(2) ?? "∞"),
      ],
      ...optimumWithLoad === null ? [] : [[
        "  no points with that load are below",
        "",
        ...cells(({ figures }) => (figures[i].optimumWithLoad! / figures[i].optimum).toFixed(2)),
      ]],
      [
        `  times nearer than 100 uniform samples`,
        `≥ ${timesNearer}`,
        ...cells(({ figures }) => figures[i].timesNearer?.toFixed(1) ?? "∞"),
      ],
    ]),
    ...first.correlations.map(({ figures: [a, b] }, i) => [
      `rank correlation of ${a} and ${b}, difference`,
      `± ${correlation}`,
      ...cells(({ correlations }) => (correlations[i].sample! - correlations[i].trace!).toFixed(3)),
    ]),
    ...first.loads.flatMap(({ name }, i) => [
      [
        `${name} per function, error`,
        i < 2 ? `± ${percent(load)}` : "",
        ...cells(({ loads }) => percent(loads[i].error)),
      ],
      ["  uniform samples, mean", "", ...cells(({ loads }) => percent(loads[i].uniformError))],
    ]),
    ...first.shapes.flatMap(({ name }, i) => [
      [
        `shape of ${name}: part in the wrong hour`,
        `≤ ${percent(load)}`,
        ...cells(({ shapes }) => percent(shapes[i].totalVariation)),
      ],
      ["  largest error of an hour", "", ...cells(({ shapes }) => percent(shapes[i].largest))],
    ]),
    [
      "periodicity: part of another class",
      "",
      ...cells(({ periodicity }) => percent(periodicity.distance)),
    ],
    ["  no sample is below", "", ...cells(({ periodicity }) => percent(periodicity.optimum))],
  ];
}
