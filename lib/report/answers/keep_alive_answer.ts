import type { KeepAliveDeclaration } from "../../model/answer.ts";
import type { Answer } from "./answer.ts";
import { type Html, html } from "../page/html.ts";
import {
  PolicyColors,
  renderFunctionFigure,
  renderMemoryFigure,
  renderTradeoffFigure,
} from "./keep_alive_figure.ts";
import {
  chooseReference,
  coldShareOf,
  joinRepetitions,
  KeepAliveListener,
  type KeepAliveRun,
  type PolicyParts,
  relativeWaste,
} from "./keep_alive_run.ts";
import { wastedMibS } from "../../analyze/memory_time.ts";
import { LEAST_BEYOND, rankedQuantile } from "../../stats/quantile.ts";
import { formatCount, formatNumber, formatPercent, formatShare } from "../page/number_format.ts";
import { renderTable, type ReportColumn } from "../page/table_section.ts";

const S_PER_HOUR = 3600;

/** Creates the answer of runs that differ in their policy: cold starts against wasted memory-time. */
export function createKeepAliveAnswer(declaration: KeepAliveDeclaration): Answer {
  const made: KeepAliveRun[] = [];
  const mainRuns = () =>
    joinRepetitions(made).filter(({ nodeMemoryMib }) => nodeMemoryMib === null);
  let listener: KeepAliveListener;
  return {
    listen: (tables) => listener = new KeepAliveListener(tables),
    add() {
      const run = listener.build(declaration);
      // One that only failed has no figures, and is named.
      if (run.invocations > 0 || run.notOkShare > 0) made.push(run);
    },
    renderText() {
      const runs = mainRuns();
      if (runs.length === 0) return null;
      return html`<p>${describeKeepAlive(runs, declaration)}</p>${
        renderKeepAliveTable(runs, declaration)
      }`;
    },
    render(plotter) {
      const isAnswered = ({ invocations }: KeepAliveRun) => invocations > 0;
      const runs = mainRuns().filter(isAnswered);
      const all = joinRepetitions(made);
      const sweep = all.filter((run) => run.nodeMemoryMib !== null && isAnswered(run));
      const colors = new PolicyColors(all.map(({ policy }) => policy), declaration.bound);
      return [
        runs.length === 0 ? null : renderTradeoffFigure(runs, declaration, colors, plotter),
        runs.length === 0 ? null : renderFunctionFigure(runs, colors, plotter),
        sweep.length === 0 ? null : renderMemoryFigure(sweep, colors, plotter),
      ].filter((figure) => figure !== null);
    },
  };
}

/** Renders what each policy came to as a table, and how to read it. */
export function renderKeepAliveTable(
  runs: readonly KeepAliveRun[],
  parts: PolicyParts,
): Html {
  const reference = chooseReference(runs, parts);
  const memory = { group: "memory-time", unit: "MiB·h" } as const;
  const columns: ReportColumn<KeepAliveRun>[] = [
    { heading: "policy", isText: true, cell: ({ policy }) => policy },
    { heading: "invocations", cell: ({ invocations }) => formatCount(invocations) },
    { heading: "not ok", unit: "%", cell: (run) => formatPercent(run.notOkShare) },
    { heading: "cold", cell: ({ cold }) => formatCount(cold) },
    { heading: "cold", unit: "%", cell: (run) => formatPercent(coldShareOf(run)) },
    {
      heading: "functions’ p75",
      unit: "% cold",
      cell: ({ coldShareOfFunctions }) =>
        formatPercent(rankedQuantile(coldShareOfFunctions, 0, 0.75)),
    },
    { ...memory, heading: "starting", cell: hoursOf(({ startingMibS }) => startingMibS) },
    { ...memory, heading: "idle", cell: hoursOf(({ idleMibS }) => idleMibS) },
    { ...memory, heading: "serving", cell: hoursOf(({ servingMibS }) => servingMibS) },
    { ...memory, heading: "wasted", cell: hoursOf(wastedMibS) },
    {
      heading: "wasted",
      unit: `% of ${reference.policy}`,
      cell: (run) => formatPercent(relativeWaste(run, reference)),
    },
  ];
  return html`
    ${renderTable(columns, runs)}
    <p class="small">Invocations are those that an instance answered, of which it is known whether
    they were cold; not ok is the part of all that was refused, given up or failed: whoever refuses
    what would be cold has few cold ones. Memory-time is the memory of instances times how long they were there, within the
    measurement phase; wasted is what was not spent serving: starting and idle. The memory of an
    instance is what its function’s invocations asked for on average. Functions’ p75 is the third
    quartile, over the functions, of the part of their invocations that was cold; it needs
    ${4 * LEAST_BEYOND} functions. Repetitions are taken together.</p>
  `;
}

function hoursOf(
  mibSOf: (time: NonNullable<KeepAliveRun["memoryTime"]>) => number,
): (run: KeepAliveRun) => string {
  return ({ memoryTime }) =>
    formatNumber(
      memoryTime === null ? null : mibSOf(memoryTime) / S_PER_HOUR,
    );
}

/**
 * What the policies of an experiment say to its question, in a sentence: what is
 * to be had for the reference's waste, what for more, and what the bound is. Who
 * refuses calls has fewer cold ones, so that runs that are not valid are named only.
 */
export function describeKeepAlive(runs: readonly KeepAliveRun[], parts: PolicyParts): string {
  const valid = runs.filter(({ isValid }) => isValid);
  const clauses = [
    ...(valid.length === 0 ? ["No policy can be compared"] : describeValid(valid, parts)),
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

function describeValid(runs: readonly KeepAliveRun[], parts: PolicyParts): string[] {
  const reference = chooseReference(runs, parts);
  const choices = runs.filter((run) => run.policy !== parts.bound);
  const price = (run: KeepAliveRun) =>
    `${formatPercent(relativeWaste(run, reference))} % of its wasted memory-time`;
  const bound = runs.find((run) => run.policy === parts.bound && run !== reference);
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
