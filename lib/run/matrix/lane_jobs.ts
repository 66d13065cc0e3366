import { LoaderError } from "../../base/error.ts";
import type { RunManifest, RunStatus } from "../../store/schema/manifest.ts";
import type { ExperimentWriter } from "../../store/write/experiment_writer.ts";
import { deriveStatus, type LaneTurn, throwFailures } from "../experiment_runs.ts";
import type { ExperimentListener } from "../run_call.ts";
import { takeTurns } from "./lane.ts";
import type { JobAnswer, JobMessage, LaneJob, LaneOutcome, SentError } from "./lane_job.ts";

/** A lane that a thread is to make. */
export interface PlacedLane {
  readonly cell: { readonly label: string };
  readonly round: number;
  readonly job: LaneJob;
}

/** The lanes of an experiment, and how they are to be made. */
export interface LaneJobs {
  readonly lanes: readonly PlacedLane[];
  /** Of threads. */
  readonly count: number;
  /** Of the order of turns. */
  readonly seed: number;
  readonly folder: ExperimentWriter;
  readonly listener: ExperimentListener;
  readonly signal: AbortSignal;
}

/** What came of the runs of an experiment. */
export interface MadeLanes {
  readonly status: RunStatus;
  readonly manifests: readonly RunManifest[];
}

/**
 * Makes the lanes of an experiment on virtual time in several threads, each a lane at a time,
 * which reads the trace and plans its runs itself. Nobody's time depends on anybody else's, so
 * that what is left is what one thread would have left, in its order.
 *
 * @throws LoaderError when runs cannot be made
 */
export async function makeInThreads(jobs: LaneJobs): Promise<MadeLanes> {
  const { lanes, folder, seed } = jobs;
  const outcomes: (LaneOutcome | undefined)[] = lanes.map(() => undefined);
  let next = 0;
  const work = async () => {
    using thread = new LaneThread(jobs);
    while (next < lanes.length && !jobs.signal.aborted) {
      const i = next++;
      outcomes[i] = await thread.make(lanes[i].job);
    }
  };
  const count = Math.min(jobs.count, lanes.length);
  const worked = await Promise.allSettled(Array.from({ length: count }, work));
  const made = outcomes.filter((outcome) => outcome !== undefined);
  const byName = new Map(made.flatMap(({ manifests }) => manifests.map((one) => [one.name, one])));
  const turns = orderTurns(
    lanes.map((lane, i) => ({ ...lane, turns: outcomes[i]?.turns ?? [] })),
    seed,
  );
  keepOrder(folder, turns);
  const manifests = turns.flatMap(({ runs }) => runs).map((name) => byName.get(name)!);
  for (const result of worked) if (result.status === "rejected") throw result.reason;
  const isStopped = jobs.signal.aborted || made.some(({ status }) => status === "interrupted");
  if (isStopped) return { status: "interrupted", manifests };
  throwFailures(
    made.flatMap(({ failed }) => failed).map(({ name, error }) => ({ name, error: revive(error) })),
    manifests.length,
  );
  return { status: deriveStatus(made.map(({ ending }) => ending)), manifests };
}

/** In which order one thread would have made the turns. */
function orderTurns(
  lanes: readonly (Pick<PlacedLane, "cell" | "round"> & { readonly turns: readonly LaneTurn[] })[],
  seed: number,
): LaneTurn[] {
  const states = lanes.map((lane) => ({ ...lane, at: 0, isOver: lane.turns.length === 0 }));
  const ordered: LaneTurn[] = [];
  for (const lane of takeTurns(states, seed)) {
    ordered.push(lane.turns[lane.at++]);
    lane.isOver = lane.at === lane.turns.length;
  }
  return ordered;
}

function keepOrder(folder: ExperimentWriter, turns: readonly LaneTurn[]): void {
  const { runs, cells = [] } = folder.manifest;
  const paths = turns.flatMap((turn) => turn.runs).map((name) => `runs/${name}`);
  const names = turns.flatMap((turn) => turn.cells);
  folder.update({
    // What broke off has no place in a turn.
    runs: [...new Set([...paths.filter((path) => runs.includes(path)), ...runs])],
    cells: cells.toSorted((a, b) => placeOf(names, a.run) - placeOf(names, b.run)),
  });
}

function placeOf(names: readonly string[], name: string): number {
  const place = names.indexOf(name);
  return place < 0 ? names.length : place;
}

/** One thread, which makes a lane at a time. */
class LaneThread implements Disposable {
  readonly #worker = new Worker(new URL("./lane_worker.ts", import.meta.url), { type: "module" });
  readonly #jobs: LaneJobs;
  readonly #onAbort = () => this.#post({ kind: "stop" });

  constructor(jobs: LaneJobs) {
    this.#jobs = jobs;
    if (jobs.signal.aborted) this.#onAbort();
    else jobs.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** @throws LoaderError when it cannot be made */
  async make(job: LaneJob): Promise<LaneOutcome> {
    const { promise, resolve, reject } = Promise.withResolvers<LaneOutcome>();
    this.#worker.onmessage = ({ data }: MessageEvent<JobAnswer>) => {
      try {
        if (data.kind === "done") resolve(data.outcome);
        else if (data.kind === "failed") reject(revive(data.error));
        else this.#hear(data);
      } catch (error) {
        // Of the experiment's folder, such as a full disk.
        reject(error);
      }
    };
    this.#worker.onerror = (event) => {
      // Told here, and not a second time by the runtime.
      event.preventDefault();
      reject(new Error(event.message));
    };
    this.#post({ kind: "make", job });
    return await promise;
  }

  #hear(answer: JobAnswer): void {
    const { folder, listener } = this.#jobs;
    switch (answer.kind) {
      case "run":
        return folder.keepRun(answer.name);
      case "schedule":
        return folder.keepSchedule(answer.run, answer.hash);
      case "cell":
        return folder.keepCell(answer.cell);
      case "ended":
        return listener.onRunEnd?.(answer.manifest);
      case "note":
        return listener.onNote?.(answer.sentence);
    }
  }

  #post(message: JobMessage): void {
    this.#worker.postMessage(message);
  }

  [Symbol.dispose](): void {
    this.#jobs.signal.removeEventListener("abort", this.#onAbort);
    this.#worker.terminate();
  }
}

function revive({ code, sentence }: SentError): Error {
  return code === null ? new Error(sentence) : new LoaderError(code, sentence);
}
