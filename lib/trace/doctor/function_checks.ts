import type { SlotCounts } from "../../model/slot_counts.ts";
import {
  functionKey,
  type FunctionProfile,
  joinKey,
  type Percentiles,
  type RecordedInvocations,
} from "../../model/trace.ts";
import {
  type ContentCheckName,
  type FindingList,
  MEAN_FACTOR,
  OBSERVATIONS_FACTOR,
} from "./content_checks.ts";
import type { DrawnFigures } from "./drawn_distribution.ts";
import type { SlotSpan } from "./slot_span.ts";

/** What was measured of a function. */
export interface FunctionMeasured {
  readonly index: number;
  readonly invocations: number;
  readonly runtime: DrawnFigures;
  readonly memory: DrawnFigures;
  readonly isSilentForDays: boolean;
  /** Of its counts; `null` where equal ones mean nothing. */
  readonly fingerprint: number | null;
}

const MAX_EXAMPLES = 3;

/** The largest of what was found, as examples. */
class Tally {
  count = 0;
  #largest: { readonly weight: number; readonly example: string }[] = [];

  /** @param example is called only where it is among the largest */
  add(count: number, weight: number, example: () => string): void {
    if (!(count > 0)) return;
    this.count += count;
    const smallest = this.#largest.at(-1);
    if (this.#largest.length >= MAX_EXAMPLES && weight <= smallest!.weight) return;
    this.#largest.push({ weight, example: example() });
    this.#largest.sort((a, b) => b.weight - a.weight);
    this.#largest.length = Math.min(this.#largest.length, MAX_EXAMPLES);
  }

  get examples(): string[] {
    return this.#largest.map(({ example }) => example);
  }
}

/** The checks of each function's figures, gathered over all functions. */
export class FunctionChecks {
  readonly #tallies = new Map<ContentCheckName, Tally>();
  /** First functions of counts by fingerprint. */
  readonly #byFingerprint = new Map<number, FunctionProfile[]>();
  readonly #applicationsOfId = new Map<string, Set<string>>();
  readonly #ownersOfApplication = new Map<string, Set<string>>();
  #functions = 0;
  #invocations = 0;
  #recorded = 0;
  #recordedFractions = 0;
  #divisor = 0;

  add(profile: FunctionProfile, measured: FunctionMeasured, span: SlotSpan): void {
    const { invocations, runtime, memory } = measured;
    const key = () => functionKey(profile);
    this.#functions++;
    this.#invocations += invocations;
    this.#addIds(profile);
    if (invocations === 0) return this.#tally("neverInvoked").add(1, 1, key);
    const share = (part: number) => invocations * part;
    const example = (count: number) => () => `${key()}: ${formatCount(Math.round(count))}`;
    const checkDraws = (name: ContentCheckName, part: number) =>
      this.#tally(name).add(share(part), share(part), example(share(part)));
    checkDraws("longRuntime", runtime.above);
    checkDraws("shortRuntime", runtime.below);
    checkDraws("largeMemory", memory.above);
    checkDraws("smallMemory", memory.below);
    this.#checkMeans(profile, runtime, invocations);
    if (measured.isSilentForDays) {
      this.#tally("functionSilentForDays").add(1, invocations, example(invocations));
    }
    const { runtimeMs } = profile;
    if (invocations > 1 && isConstant(runtimeMs)) {
      this.#tally("constantRuntime").add(
        1,
        invocations,
        () => `${key()}: ${runtimeMs.values[0]} ms, ${formatCount(invocations)} times`,
      );
    }
    this.#checkObservations(profile, invocations, span);
    if (measured.fingerprint !== null) {
      this.#checkAlike(profile, measured.fingerprint, span, invocations);
    }
    if (this.#divisor !== 1) {
      profile.invocationsPerSlot.forEach((_, count) => {
        this.#divisor = greatestDivisor(this.#divisor, count);
      });
    }
    if (profile.recorded !== undefined) this.#checkInstants(profile, profile.recorded);
  }

  /** Tells what was found. */
  report(findings: FindingList): void {
    for (const [name, { count, examples }] of this.#tallies) {
      findings.add(name, count, this.#outOf(name), examples);
    }
    if (this.#divisor > 1 && this.#functions >= LEAST_FUNCTIONS) {
      findings.add("scaledCounts", this.#functions, this.#functions, [`all of ${this.#divisor}`]);
    }
    // A thousandth that is off may be a leap or a repair.
    if (this.#recorded > 100 && this.#recordedFractions < this.#recorded / 1000) {
      findings.add("coarseInstants", this.#recorded, this.#recorded);
    }
    reportShared("sharedIds", this.#applicationsOfId, findings);
    reportShared("splitApps", this.#ownersOfApplication, findings);
  }

  #outOf(name: ContentCheckName): number {
    return name === "ties"
      ? this.#recorded
      : INVOCATION_CHECKS.has(name)
      ? this.#invocations
      : this.#functions;
  }

  #tally(name: ContentCheckName): Tally {
    let tally = this.#tallies.get(name);
    if (tally === undefined) this.#tallies.set(name, tally = new Tally());
    return tally;
  }

  #addIds({ id, appId, ownerId }: FunctionProfile): void {
    addTo(this.#applicationsOfId, id, joinKey([ownerId, appId]));
    addTo(this.#ownersOfApplication, appId, ownerId);
  }

  #checkMeans(profile: FunctionProfile, runtime: DrawnFigures, invocations: number): void {
    const { runtimeMs, memoryMib } = profile;
    const key = functionKey;
    const show = (what: string, { mean, values }: Percentiles) => () =>
      `${key(profile)}: ${what} ${round(mean)}, ${round(values[0])} to ${round(values.at(-1)!)}`;
    const outside = isOutside(runtimeMs)
      ? show("runtime", runtimeMs)
      : isOutside(memoryMib)
      ? show("memory", memoryMib)
      : null;
    if (outside !== null) this.#tally("meanOutsideRange").add(1, invocations, outside);
    const ratio = runtimeMs.mean / runtime.mean;
    if (runtime.mean > 0 && (ratio > MEAN_FACTOR || ratio < 1 / MEAN_FACTOR)) {
      this.#tally("meanUnlikePercentiles").add(
        1,
        invocations * Math.abs(runtimeMs.mean - runtime.mean),
        () => `${key(profile)}: ${round(runtimeMs.mean)} ms, drawn ${round(runtime.mean)} ms`,
      );
    }
    if (descends(runtimeMs) || descends(memoryMib)) {
      this.#tally("notAscending").add(1, invocations, () => key(profile));
    }
  }

  #checkObservations(profile: FunctionProfile, invocations: number, span: SlotSpan): void {
    const { runtimeObservations, invocationsPerSlot } = profile;
    const isWhole = isAll(span, invocationsPerSlot);
    if (runtimeObservations === undefined || !isWhole || invocations < LEAST_OBSERVED) return;
    const ratio = runtimeObservations / invocations;
    if (ratio <= OBSERVATIONS_FACTOR && ratio >= 1 / OBSERVATIONS_FACTOR) return;
    this.#tally("otherObservations").add(
      1,
      Math.abs(Math.log(ratio)),
      () =>
        `${functionKey(profile)}: runtimes of ${formatCount(runtimeObservations)}, ` +
        `counts of ${formatCount(invocations)}`,
    );
  }

  #checkAlike(
    profile: FunctionProfile,
    fingerprint: number,
    span: SlotSpan,
    invocations: number,
  ): void {
    const others = this.#byFingerprint.get(fingerprint);
    if (others === undefined) {
      this.#byFingerprint.set(fingerprint, [profile]);
      return;
    }
    const { fromSlot, toSlot } = span;
    const isWhole = isAll(span, profile.invocationsPerSlot);
    // Within a part, the fingerprint of 32 bits and the sum have to do.
    const twin = others.find((other) =>
      isWhole
        ? other.invocationsPerSlot.equals(profile.invocationsPerSlot)
        : other.invocationsPerSlot.sum(fromSlot, toSlot) === invocations
    );
    if (twin === undefined) others.push(profile);
    else {
      this.#tally("alike").add(
        1,
        invocations,
        () => `${functionKey(profile)} as ${functionKey(twin)}`,
      );
    }
  }

  #checkInstants(profile: FunctionProfile, { arrivalMs }: RecordedInvocations): void {
    let ties = 0;
    for (let i = 0; i < arrivalMs.length; i++) {
      if (i > 0 && arrivalMs[i] === arrivalMs[i - 1]) ties++;
      // Instants are measured from the trace's start, which need not be a whole second: the
      // distance from the one before is.
      if (i > 0 && (arrivalMs[i] - arrivalMs[i - 1]) % 1000 !== 0) this.#recordedFractions++;
    }
    this.#recorded += arrivalMs.length;
    this.#tally("ties").add(ties, ties, () => `${functionKey(profile)}: ${formatCount(ties)}`);
  }
}

/** That the counts of fewer are multiples of one number may be chance, or their nature. */
const LEAST_FUNCTIONS = 20;

/** Of fewer invocations, the last one alone may have ended after the log did. */
const LEAST_OBSERVED = 10;

/** What is counted in invocations, not in functions. */
const INVOCATION_CHECKS: ReadonlySet<ContentCheckName> = new Set([
  "longRuntime",
  "shortRuntime",
  "largeMemory",
  "smallMemory",
]);

function addTo(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

function reportShared(
  name: "sharedIds" | "splitApps",
  sets: ReadonlyMap<string, ReadonlySet<string>>,
  findings: FindingList,
): void {
  const shared = [...sets].filter(([key, { size }]) => size > 1 && key !== "");
  findings.add(
    name,
    shared.length,
    sets.size,
    shared.slice(0, MAX_EXAMPLES).map(([key, { size }]) => `${key}: ${size}`),
  );
}

function isAll({ fromSlot, toSlot }: SlotSpan, { length }: SlotCounts): boolean {
  return fromSlot === 0 && toSlot === length;
}

/** A whole number with its thousands set apart. */
function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

function isConstant({ values }: Percentiles): boolean {
  return values.length > 1 && values.every((value) => value === values[0]);
}

/** A hair's breadth outside is the rounding of the data set's own arithmetic. */
const ROUNDING = 1.001;

function isOutside({ mean, values }: Percentiles): boolean {
  if (values.length < 2) return false;
  return mean * ROUNDING + 1 < values[0] || mean > values[values.length - 1] * ROUNDING + 1;
}

function descends({ values }: Percentiles): boolean {
  return values.some((value, i) => i > 0 && value < values[i - 1]);
}

function greatestDivisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}
