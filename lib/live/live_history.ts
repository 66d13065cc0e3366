import type {
  EndedLiveRun,
  LiveEnd,
  LiveExperiment,
  LiveMessage,
  LiveRun,
  LiveSample,
  LiveTotals,
} from "./live_message.ts";

/** Most samples of a run that are kept; when there are as many, two become one. */
const MOST_SAMPLES = 1800;

/** Most runs that have ended that are listed. */
const MOST_ENDED = 200;

/** What a page that is opened now has to know. */
export interface LiveState {
  readonly experiment: LiveExperiment;
  /** `null`: before the first. */
  readonly run: LiveRun | null;
  /** How far its deployment is, a phrase; `null` once load has begun. */
  readonly deploying: string | null;
  readonly samples: readonly LiveSample[];
  readonly totals: LiveTotals | null;
  readonly ended: readonly EndedLiveRun[];
  /** The user wished to stop. */
  readonly isStopping: boolean;
  /** `null`: it is under way. */
  readonly end: LiveEnd | null;
}

/** What has been told of an experiment so far, in bounded memory. */
export class LiveHistory {
  readonly #experiment: LiveExperiment;
  #run: LiveRun | null = null;
  #deploying: string | null = null;
  #samples: LiveSample[] = [];
  #totals: LiveTotals | null = null;
  readonly #ended: EndedLiveRun[] = [];
  #isStopping = false;
  #halvings = 0;
  #end: LiveEnd | null = null;

  constructor(experiment: LiveExperiment) {
    this.#experiment = experiment;
  }

  /** How often samples became half as many: whoever has them must do so too. */
  get halvings(): number {
    return this.#halvings;
  }

  get state(): LiveState {
    return {
      experiment: this.#experiment,
      run: this.#run,
      deploying: this.#deploying,
      samples: this.#samples,
      totals: this.#totals,
      ended: this.#ended,
      isStopping: this.#isStopping,
      end: this.#end,
    };
  }

  /** Takes in what has happened. */
  take(message: LiveMessage): void {
    switch (message.kind) {
      case "open":
        break;
      case "run":
        this.#run = message.run;
        this.#deploying = `deploying ${message.run.functions} functions`;
        this.#samples = [];
        this.#totals = null;
        break;
      case "deploying":
        this.#deploying = message.progress;
        break;
      case "second":
        this.#deploying = null;
        this.#totals = message.totals;
        if (this.#samples.length >= MOST_SAMPLES) {
          this.#samples = halve(this.#samples);
          this.#halvings++;
        }
        this.#samples.push(message.sample);
        break;
      case "runEnd":
        this.#deploying = null;
        this.#ended.push(message.run);
        if (this.#ended.length > MOST_ENDED) this.#ended.shift();
        break;
      case "stopping":
        this.#isStopping = true;
        break;
      case "end":
        this.#end = message.end;
        break;
    }
  }
}

function halve(samples: readonly LiveSample[]): LiveSample[] {
  const halved: LiveSample[] = [];
  for (let i = 0; i + 1 < samples.length; i += 2) halved.push(join(samples[i], samples[i + 1]));
  if (samples.length % 2 === 1) halved.push(samples.at(-1)!);
  return halved;
}

/** Two samples in a row as one: counts add up, of what is the largest the larger is kept. */
export function join(first: LiveSample, second: LiveSample): LiveSample {
  return {
    ...second,
    lengthMs: first.lengthMs + second.lengthMs,
    due: first.due + second.due,
    dispatched: first.dispatched + second.dispatched,
    completed: first.completed + second.completed,
    notOk: first.notOk + second.notOk,
    inFlight: Math.max(first.inFlight, second.inFlight),
    lagMaxMs: larger(first.lagMaxMs, second.lagMaxMs),
    loopDelayMaxMs: larger(first.loopDelayMaxMs, second.loopDelayMaxMs),
    cpuPercent: larger(first.cpuPercent, second.cpuPercent),
  };
}

function larger(first: number | null, second: number | null): number | null {
  if (first === null || second === null) return first ?? second;
  return Math.max(first, second);
}
