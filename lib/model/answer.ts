/**
 * What the answer to an experiment's question is drawn from: part of its definition, stored in its
 * manifest, so that a report knows it from there alone.
 */
export type AnswerDeclaration =
  | SweepDeclaration
  | BurstDeclaration
  | KeepAliveDeclaration
  | DistributionDeclaration
  | InvocationsDeclaration
  | WorksDeclaration
  | CapacityDeclaration
  | DerivedDeclaration;

/** A figure of a sweep, by what it shows of the runs. */
export type SweepFigure = "slowdown" | "response_time";

/** Runs that differ in one number, which the figures have as their horizontal axis. */
export interface SweepDeclaration {
  readonly kind: "sweep";
  /** Name of the number among the parameters of each run. */
  readonly parameter: string;
  /** Ends the titles of the figures: `Slowdown against the number of functions`. */
  readonly against: string;
  /** Label of the axis, with the unit: `rate (invocations per second)`. */
  readonly axis: string;
  /** Stands behind a value in a sentence: `functions`, `per second`. */
  readonly unit: string;
  /** Stands behind 1, where that differs: `function`. */
  readonly unitOfOne?: string;
  /** What is drawn, in order. */
  readonly figures: readonly SweepFigure[];
  /** Where the number is a rate, and the highest that is kept is part of the answer. */
  readonly knee?: KneeDeclaration;
}

/** By what a rate counts as kept. */
export interface KneeDeclaration {
  /** Name of the option that holds the largest slowdown of a rate that is kept. */
  readonly slowdownOption: string;
}

/**
 * The roles of functions around a burst: the one that has it, its neighbour under steady load, and
 * one without an instance that is invoked in the midst of it.
 */
export type BurstRole = "bursty" | "steady" | "victim";

/** In the order in which they are told and drawn. */
export const BURST_ROLES = ["bursty", "steady", "victim"] as const satisfies readonly BurstRole[];

/** Runs with a burst each: what it does to the functions beside it. */
export interface BurstDeclaration {
  readonly kind: "burst";
  /** The function of each role: its own id, without owner and app. */
  readonly functions: Readonly<Record<BurstRole, string>>;
  /** Parameter of each run: when the burst begins, in ms since run start. */
  readonly beginParameter: string;
  /** Parameter of each run: how long the burst lasts, in ms. */
  readonly lengthParameter: string;
}

/** Runs of one schedule with a keep-alive policy each: cold starts against wasted memory-time. */
export interface KeepAliveDeclaration {
  readonly kind: "keep_alive";
  /** Parameter of each run: name of its policy. */
  readonly policyParameter: string;
  /** Parameter of the runs that are one size of a sweep over the memory of a node, in MiB. */
  readonly memoryParameter: string;
  /** The policy that the others are compared with, where it is among them. */
  readonly reference: string;
  /** The policy that knows the future: a bound, and no choice. */
  readonly bound: string;
}

/** What is distributed: slowdown, or the response time less the requested runtime. */
export type DistributionMeasure = "slowdown" | "added_time";

/** How a measure is distributed over invocations, a curve for each part of them. */
export interface DistributionDeclaration {
  readonly kind: "distribution";
  readonly measure: DistributionMeasure;
  /** What the curves are told apart by; runs that have the same have curves of one colour. */
  readonly split:
    | { readonly by: "cold" }
    /** A parameter of each run; `against` ends the figure's title: `our sample and random ones`. */
    | { readonly by: "parameter"; readonly parameter: string; readonly against: string };
}

/** Invocations one by one, for runs of few. */
export interface InvocationsDeclaration {
  readonly kind: "invocations";
}

/** Runs of several works, or methods, on one platform: what each would have concluded of it. */
export interface WorksDeclaration {
  readonly kind: "works";
  /** Parameter of each run: whose choice it is. */
  readonly parameter: string;
  /** The work that the others are set against, where it is among them. */
  readonly reference: string;
}

/** Runs of a search for the smallest value that keeps a bound, and one that confirms it. */
export interface CapacityDeclaration {
  readonly kind: "capacity";
  /** Parameter of each run: the value that was tried. */
  readonly valueParameter: string;
  /** Parameter of each run: `search`, or `confirmation` of the one on the platform itself. */
  readonly stageParameter: string;
  /** Name of the option that says what the values are of: `max-scale`. */
  readonly soughtOption: string;
  /** Name of the option that holds the bound. */
  readonly boundOption: string;
}

/** A figure of an experiment without runs: curves of the points in its table, x logarithmic. */
export interface DerivedFigure {
  /** Names its points in the table, and its file. */
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  /**
   * Stands for the figure in a sentence: begins it, `The distance of runtime`, or says what
   * half of the functions have, `invocations`, where y is a share.
   */
  readonly words?: string;
  /** Labels of the axes, with units. */
  readonly x: string;
  readonly y: string;
  /** True if y is a share in percent; it is logarithmic otherwise. */
  readonly isShare?: boolean;
}

/** No runs: what a trace tells by itself, as curves. */
export interface DerivedDeclaration {
  readonly kind: "derived";
  readonly figures: readonly DerivedFigure[];
}

/**
 * What the answer needs of the parameters of a run and does not find there, as the end of a
 * sentence; `null`: nothing is missing.
 */
export function findMissingParameter(
  answer: AnswerDeclaration,
  parameters: Readonly<Record<string, number | string>>,
): string | null {
  const { numbers = [], texts = [] } = parametersOf(answer);
  const number = numbers.find((name) => typeof parameters[name] !== "number");
  if (number !== undefined) return `number ${JSON.stringify(number)} among its parameters`;
  const text = texts.find((name) => typeof parameters[name] !== "string");
  return text === undefined ? null : `text ${JSON.stringify(text)} among its parameters`;
}

function parametersOf(
  answer: AnswerDeclaration,
): { readonly numbers?: readonly string[]; readonly texts?: readonly string[] } {
  switch (answer.kind) {
    case "sweep":
      return { numbers: [answer.parameter] };
    case "burst":
      return { numbers: [answer.beginParameter, answer.lengthParameter] };
    case "keep_alive":
      return { texts: [answer.policyParameter] };
    case "capacity":
      return { numbers: [answer.valueParameter], texts: [answer.stageParameter] };
    case "works":
      return { texts: [answer.parameter] };
    case "derived":
    case "invocations":
      return {};
    case "distribution":
      return answer.split.by === "parameter" ? { texts: [answer.split.parameter] } : {};
  }
}
