import {
  BOUND,
  chooseReference,
  coldShareOf,
  type KeepAliveRun,
  relativeWaste,
} from "./keep_alive_run.ts";
import { wastedMibS } from "../../analyze/memory_time.ts";
import { formatNumber, formatPercent, formatShare } from "../page/number_format.ts";

const S_PER_HOUR = 3600;

/**
 * What the policies of an experiment say to its question, in a sentence: what is
 * to be had for the reference's waste, what for more, and what the bound is. Who
 * refuses calls has fewer cold ones, so that runs that are not valid are named only.
 */
export function describeKeepAlive(runs: readonly KeepAliveRun[]): string {
  const valid = runs.filter(({ isValid }) => isValid);
  const clauses = [
    ...(valid.length === 0 ? ["No policy can be compared"] : describeValid(valid)),
    ...runs.filter(({ isValid }) => !isValid).map(describeInvalid),
  ];
  return `${clauses.join("; ")}.`;
}

function describeInvalid({ policy, notOkShare }: KeepAliveRun): string {
  const what = notOkShare > 0 ? `failed ${formatShare(notOkShare)}` : "has no valid run";
  return `${policy} ${what}, not compared`;
}

function cold(run: KeepAliveRun): string {
  return formatShare(coldShareOf(run));
}

function describeValid(runs: readonly KeepAliveRun[]): string[] {
  const reference = chooseReference(runs);
  const choices = runs.filter((run) => run.policy !== BOUND);
  const price = (run: KeepAliveRun) =>
    `${formatPercent(relativeWaste(run, reference))} % of its wasted memory-time`;
  const bound = runs.find((run) => run.policy === BOUND && run !== reference);
  const clauses = choices.length < 2
    ? [describeLone(reference)]
    : describeChoices(choices, reference, price);
  if (bound !== undefined) {
    clauses.push(`who knew the future would have ${cold(bound)}, for ${price(bound)}`);
  }
  return clauses;
}

/** There is nothing to compare it with. */
function describeLone(run: KeepAliveRun): string {
  const { memoryTime } = run;
  const what = `${run.policy} has ${cold(run)} cold invocations`;
  if (memoryTime === null) return what;
  return `${what} and wastes ${formatNumber(wastedMibS(memoryTime) / S_PER_HOUR)} MiB·h`;
}

function describeChoices(
  choices: readonly KeepAliveRun[],
  reference: KeepAliveRun,
  price: (run: KeepAliveRun) => string,
): string[] {
  const best = bestOf(choices.filter((run) => relativeWaste(run, reference) <= 1), reference);
  const fewest = bestOf(choices, reference);
  const clauses: string[] = [];
  if (best !== reference) {
    clauses.push(
      `${best.policy} has fewer cold invocations than ${reference.policy}, ${cold(best)} instead ` +
        `of ${cold(reference)}, for ${price(best)}`,
    );
  } else {
    clauses.push(
      `No policy has fewer cold invocations than ${reference.policy} (${cold(reference)}) ` +
        "without wasting more memory-time",
    );
    const bargain = bargainOf(choices, reference);
    if (bargain !== undefined && bargain !== fewest) {
      clauses.push(
        `${bargain.policy} avoids the most for what it adds: ${cold(bargain)}, for ` +
          price(bargain),
      );
    }
  }
  if (fewest !== best) {
    clauses.push(`${fewest.policy} has the fewest, ${cold(fewest)}, for ${price(fewest)}`);
  }
  return clauses;
}

/** The one with the fewest cold invocations, of equal ones the least wasteful. */
function bestOf(runs: readonly KeepAliveRun[], reference: KeepAliveRun): KeepAliveRun {
  return runs.reduce((best, run) => {
    const fewer = coldShareOf(run) - coldShareOf(best);
    const isLeaner = relativeWaste(run, reference) < relativeWaste(best, reference);
    return fewer < 0 || (fewer === 0 && isLeaner) ? run : best;
  }, reference);
}

/** The one that avoids the most cold invocations for each bit of memory-time that it wastes more. */
function bargainOf(
  runs: readonly KeepAliveRun[],
  reference: KeepAliveRun,
): KeepAliveRun | undefined {
  const rateOf = (run: KeepAliveRun) =>
    (coldShareOf(reference) - coldShareOf(run)) / (relativeWaste(run, reference) - 1);
  return runs
    .filter((run) => relativeWaste(run, reference) > 1 && rateOf(run) > 0)
    .sort((a, b) => rateOf(b) - rateOf(a))[0];
}
