import type {
  MachineCause,
  MachineEvidence,
  Verdict,
  VerdictLimits,
  WaitEvidence,
} from "../store/schema/manifest.ts";
import { describeThrottling } from "./throttling.ts";

/** The limits in force unless an option says otherwise. */
export const VERDICT_LIMITS: VerdictLimits = {
  dispatchLagP99Ms: 5,
  loopDelayP99Ms: 10,
  cpuPercent: 90,
  busySecondsShare: 0.05,
  notOkShare: 0.01,
  peerWaitShare: 0.01,
};

/** Evidence of a run in which nothing happened. */
export const NO_EVIDENCE: Verdict["evidence"] = {
  dispatched: 0,
  dropped: 0,
  lateDispatches: 0,
  dispatchLagP50Ms: null,
  dispatchLagP99Ms: null,
  dispatchLagMaxMs: null,
  loopProbes: 0,
  lateLoopProbes: 0,
  loopDelayP99Ms: null,
  loopDelayMaxMs: null,
  busySeconds: [],
  seconds: 0,
  waitingPercent: null,
  measured: 0,
  measuredNotOk: 0,
  unsentForPeer: 0,
  unsentForBound: 0,
  peerWaits: { invocations: 0, longestMs: null, seconds: [] },
  boundWaits: { invocations: 0, longestMs: null, seconds: [] },
  setUpP50Ms: null,
  setUpP99Ms: null,
  machine: null,
};

/** Of a p99: the share of observations that may lie above a limit. */
const BEYOND_P99 = 0.01;

/** Chance of an error that a sentence about a share may have. */
const ERROR_CHANCE = 0.05;

/**
 * The number of observations from which on a share can be judged by counting what
 * is beyond it: if none of them were, the share would be below the limit with 95 %
 * confidence ((1 − share)^n ≤ 5 %: 299 for 1 %, 59 for 5 %).
 *
 * @param share the limit; 0 allows none, and any number of observations will do
 *
 * @example
 * ```ts
 * import { leastObservations } from "./verdict.ts";
 * if (leastObservations(0.01) !== 299) throw new Error("0.99^298 > 5 % ≥ 0.99^299");
 * ```
 */
export function leastObservations(share: number): number {
  return share <= 0 || share >= 1 ? 1 : Math.ceil(Math.log(ERROR_CHANCE) / Math.log(1 - share));
}

/** What a count of observations beyond a limit comes to. */
type ShareJudgement = "within" | "beyond" | "too few";

/**
 * Judges whether too large a share of observations is beyond a limit: more than the
 * share; with fewer observations than can be judged, more than would be the share of
 * as many as can, or more than half. So no one of 60 decides.
 */
export function judgeShare(beyond: number, observations: number, share: number): ShareJudgement {
  if (beyond <= share * observations) return "within";
  const isSure = beyond > share * Math.max(observations, leastObservations(share)) ||
    beyond > observations / 2;
  return isSure ? "beyond" : "too few";
}

/**
 * Judges a run: GENERATOR-LIMITED when the load was not what was asked for,
 * else PLATFORM-LIMITED when more than a hundredth of the measured invocations
 * were not ok or waited for the platform, else VALID.
 *
 * A p99 above its limit is decided by the share of observations above it, which
 * is the same thing, as {@linkcode judgeShare} does.
 *
 * @example
 * ```ts
 * import { deriveVerdict, NO_EVIDENCE, VERDICT_LIMITS } from "./verdict.ts";
 * const evidence = { ...NO_EVIDENCE, dispatched: 100, dropped: 1, measured: 101 };
 * const { verdict } = deriveVerdict(evidence, VERDICT_LIMITS);
 * if (verdict !== "GENERATOR-LIMITED") throw new Error("a drop decides");
 * ```
 */
export function deriveVerdict(evidence: Verdict["evidence"], limits: VerdictLimits): Verdict {
  const generator = judgeGenerator(evidence, limits);
  if (generator.isLimited) {
    const reasons = [...generator.reasons, ...describeCauses(evidence)];
    return { verdict: "GENERATOR-LIMITED", reasons, limits, evidence };
  }
  const platform = judgePlatform(evidence, limits);
  const reasons = [...generator.reasons, ...platform.reasons];
  const verdict = platform.isLimited ? "PLATFORM-LIMITED" : "VALID";
  return { verdict, reasons, limits, evidence };
}

/** Limits that are crossed, and those that too few observations crossed. */
interface Judgement {
  readonly isLimited: boolean;
  /** Those crossed, if any are, else those that could not be judged. */
  readonly reasons: readonly string[];
}

/** A limit, what is beyond it, and the sentence for it. */
interface Count {
  readonly beyond: number;
  readonly observations: number;
  readonly share: number;
  readonly sentence: string;
  /** Of what there are too few. */
  readonly noun: string;
}

/** Judges whether the generator made the load that was asked for. */
function judgeGenerator(evidence: Verdict["evidence"], limits: VerdictLimits): Judgement {
  const lost: string[] = [];
  if (evidence.dropped > 0) {
    lost.push(`${evidence.dropped} invocations were dropped at the in-flight cap.`);
  }
  if (evidence.unsentForBound > 0) {
    lost.push(
      `${evidence.unsentForBound} invocations were never sent: they waited within the ` +
        "loader, for its own bound of connections, until their time was up.",
    );
  }
  const { dispatched, lateDispatches, loopProbes, lateLoopProbes, busySeconds, seconds } = evidence;
  return judgeCounts(lost, [
    {
      beyond: lateDispatches,
      observations: dispatched,
      share: BEYOND_P99,
      sentence: `${lateDispatches} of ${dispatched} dispatches came more than ` +
        `${limits.dispatchLagP99Ms} ms after they were due.`,
      noun: "dispatches",
    },
    {
      beyond: lateLoopProbes,
      observations: loopProbes,
      share: BEYOND_P99,
      sentence: `The event loop was delayed by more than ${limits.loopDelayP99Ms} ms at ` +
        `${lateLoopProbes} of ${loopProbes} probes.`,
      noun: "probes",
    },
    {
      beyond: busySeconds.length,
      observations: seconds,
      share: limits.busySecondsShare,
      sentence: `The loader used more than ${limits.cpuPercent} % of a core in ` +
        `${busySeconds.length} of ${seconds} seconds.`,
      noun: "seconds",
    },
  ]);
}

/** Judges whether the platform served the load. */
function judgePlatform(evidence: Verdict["evidence"], limits: VerdictLimits): Judgement {
  const { measured, measuredNotOk, peerWaits } = evidence;
  return judgeCounts([], [
    {
      beyond: measuredNotOk,
      observations: measured,
      share: limits.notOkShare,
      sentence: `${measuredNotOk} of ${measured} measured invocations were not ok.`,
      noun: "invocations",
    },
    {
      beyond: peerWaits.invocations,
      observations: measured,
      share: limits.peerWaitShare,
      sentence: describePeerWaits(evidence),
      noun: "invocations",
    },
  ]);
}

function judgeCounts(lost: readonly string[], counts: readonly Count[]): Judgement {
  const judged = counts.map((one) => ({
    ...one,
    judgement: judgeShare(one.beyond, one.observations, one.share),
  }));
  const crossed = [
    ...lost,
    ...judged.flatMap(({ judgement, sentence }) => judgement === "beyond" ? [sentence] : []),
  ];
  if (crossed.length > 0) return { isLimited: true, reasons: crossed };
  const unsure = judged.flatMap(({ judgement, sentence, observations, share, noun }) =>
    judgement !== "too few" ? [] : [
      `${sentence} ${observations} ${noun} are too few to judge a share of ` +
      `${Number((100 * share).toFixed(3))} % by so few of them (${
        leastObservations(share)
      } would do); the rest of the verdict stands.`,
    ]
  );
  return { isLimited: false, reasons: unsure };
}

/** A sentence on the invocations that waited for the platform. */
export function describePeerWaits({ peerWaits, measured }: Verdict["evidence"]): string {
  return `${describeWaits(peerWaits, measured)} for the platform, which refused connections, had ` +
    `closed them or allowed no more calls (due in ${describeSeconds(peerWaits.seconds)}).`;
}

function describeWaits({ invocations, longestMs }: WaitEvidence, measured: number): string {
  const longest = longestMs ?? 0;
  const time = longest >= 1000 ? `${(longest / 1000).toFixed(1)} s` : `${Math.ceil(longest)} ms`;
  return `${invocations} of ${measured} measured invocations waited up to ${time}`;
}

/** Sentences on what else was the matter in the seconds in which the generator was late. */
function describeCauses(evidence: Verdict["evidence"]): string[] {
  const { boundWaits, measured, machine } = evidence;
  const sentences: string[] = [];
  if (boundWaits.invocations > 0) {
    sentences.push(
      `${describeWaits(boundWaits, measured)} for the loader's own bound of ` +
        `connections (due in ${describeSeconds(boundWaits.seconds)}).`,
    );
  }
  if (machine !== null) {
    sentences.push(...machine.causes.flatMap((cause) => describeCause(cause, machine)));
  }
  const throttling = describeThrottling(evidence);
  if (throttling !== null) sentences.push(throttling);
  return sentences;
}

function describeCause(cause: MachineCause, machine: MachineEvidence): string[] {
  const { figure, mean, seconds } = cause;
  const where = `in ${describeSeconds(seconds)}`;
  const sum = mean * seconds.length;
  const isThrottled = machine.causes.some((other) => other.figure === "throttledMs");
  switch (figure) {
    case "stolenPercent":
      return [
        `The machine took ${round(mean)} % of the CPU away ${where} (its hypervisor's steal).`,
      ];
    case "throttledMs": {
      const { cpuCores } = machine.limits;
      const limit = cpuCores === null ? "" : `: its CPU limit is ${round(cpuCores)} cores`;
      return [`The loader's container was throttled for ${round(sum)} ms ${where}${limit}.`];
    }
    case "threadWaitMs":
      // Who is throttled has no core either.
      return isThrottled ? [] : [
        `The loader was ready to run and waited for a core for ${round(sum)} ms ${where}: ` +
        "other programs had the cores.",
      ];
    case "cpuPressurePercent":
      // Less sure than what the loader itself waited for.
      return isThrottled || machine.means.threadWaitMs !== null ? [] : [
        `Programs on the machine waited for a core for ${round(mean)} % of the time ${where}.`,
      ];
    case "memoryPressurePercent":
      return [`Programs waited for memory for ${round(mean)} % of the time ${where}.`];
    case "memoryLimitHits": {
      const { memoryMib } = machine.limits;
      const limit = memoryMib === null ? "" : ` of ${round(memoryMib)} MiB`;
      return [
        `The loader's container met its limit of memory${limit} ${round(sum)} times ${where}.`,
      ];
    }
    case "majorFaults":
      return [`The loader read ${round(sum)} pages of its memory from a disk ${where}.`];
    case "cpuPeriods":
    case "throttledPeriods":
      // Told by describeThrottling, whatever the generator was.
      return [];
  }
}

/** To two figures below ten, else whole. */
function round(value: number): string {
  return value < 10 ? String(Number(value.toPrecision(2))) : String(Math.round(value));
}

/** Share of failed among returned invocations above which a platform is overloaded. */
export const OVERLOAD_SHARE = 0.3;

/**
 * True where the platform was overloaded: of the invocations that returned, more
 * than 30 % were not ok.
 */
export function isOverloaded(outcomes: Readonly<Record<string, number>>): boolean {
  let returned = 0;
  for (const outcome of ["ok", "unsent", "connect_failed", "timed_out", "rejected", "failed"]) {
    returned += outcomes[outcome] ?? 0;
  }
  return returned - (outcomes.ok ?? 0) > OVERLOAD_SHARE * returned;
}

/** Runs of seconds that a sentence lists. */
const MOST_LISTED = 5;

/**
 * Seconds in words, those that follow one another as a range.
 *
 * @param seconds ascending
 *
 * @example
 * ```ts
 * import { describeSeconds } from "./verdict.ts";
 * if (describeSeconds([4, 5, 6, 9]) !== "seconds 4 – 6 and 9") throw new Error("a range and one");
 * if (describeSeconds([14]) !== "second 14") throw new Error("one");
 * ```
 */
export function describeSeconds(seconds: readonly number[]): string {
  const runs: { readonly from: number; until: number }[] = [];
  for (const second of seconds) {
    const last = runs.at(-1);
    if (last !== undefined && last.until === second - 1) last.until = second;
    else runs.push({ from: second, until: second });
  }
  const listed = runs.slice(0, MOST_LISTED).map(({ from, until }) =>
    from === until ? `${from}` : `${from} – ${until}`
  );
  const others = runs.slice(MOST_LISTED).reduce(
    (sum, { from, until }) => sum + until - from + 1,
    0,
  );
  if (others > 0) listed.push(`${others} others`);
  const last = listed.pop() ?? "none";
  const noun = seconds.length === 1 ? "second" : "seconds";
  return `${noun} ${listed.length === 0 ? last : `${listed.join(", ")} and ${last}`}`;
}
