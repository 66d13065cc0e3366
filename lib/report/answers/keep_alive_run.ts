import { ColdShareTally } from "../../analyze/cold_invocation.ts";
import {
  joinInstanceTimes,
  type MemoryTime,
  ServiceTally,
  sumMemoryTime,
  type TimeSpan,
  wastedMibS,
} from "../../analyze/memory_time.ts";
import type { InvocationListener, RunTables } from "../../analyze/run_analysis.ts";
import type { KeepAliveDeclaration } from "../../model/answer.ts";
import type { InvocationColumn } from "../../store/read/invocation_batches.ts";
import type { StoredInvocations } from "../../store/read/stored_invocations.ts";

/** What one policy came to. */
export interface KeepAliveRun {
  readonly policy: string;
  /** Memory of a node, where the run is one of a sweep over it. */
  readonly nodeMemoryMib: number | null;
  readonly isValid: boolean;
  /** Part of the measured invocations that were not answered well, cold or not. */
  readonly notOkShare: number;
  /** Measured invocations of which it is known whether they were cold. */
  readonly invocations: number;
  readonly cold: number;
  /** Part of each function's invocations that were cold, ascending. */
  readonly coldShareOfFunctions: Float64Array;
  /** Over the measurement phase; `null` if it is not known. */
  readonly memoryTime: MemoryTime | null;
}

/** Listens to the invocations of a run with a policy, and derives what it came to. */
export class KeepAliveListener implements InvocationListener {
  readonly columns: readonly InvocationColumn[] = [
    "function_id",
    "phase",
    "completed_ms",
    "served_runtime_ms",
    "requested_memory_mib",
    "instance",
    "cold_start",
  ];
  readonly #tables: RunTables;
  readonly #span: TimeSpan;
  readonly #shares = new ColdShareTally();
  readonly #services: ServiceTally;

  constructor(tables: RunTables) {
    const { phases, plan } = tables.run.manifest;
    const fromMs = phases.find(({ phase }) => phase === "measurement")?.fromMs ?? 0;
    this.#tables = tables;
    this.#span = { fromMs, untilMs: plan.durationMs };
    this.#services = new ServiceTally(this.#span);
  }

  add(invocations: StoredInvocations): void {
    const { measured } = invocations;
    this.#shares.add(invocations, (row) => measured[row] === 1);
    this.#services.add(invocations);
  }

  build({ policyParameter, memoryParameter }: KeepAliveDeclaration): KeepAliveRun {
    const { run, instanceLives } = this.#tables;
    const { parameters, verdict } = run.manifest;
    const shares = this.#shares.build();
    const sum = (key: "invocations" | "cold") => shares.reduce((all, share) => all + share[key], 0);
    const { measured = 0, measuredNotOk = 0 } = verdict?.evidence ?? {};
    const nodeMemoryMib = parameters[memoryParameter];
    return {
      policy: String(parameters[policyParameter]),
      nodeMemoryMib: typeof nodeMemoryMib === "number" ? nodeMemoryMib : null,
      isValid: verdict?.verdict === "VALID",
      notOkShare: measuredNotOk / measured,
      invocations: sum("invocations"),
      cold: sum("cold"),
      coldShareOfFunctions: Float64Array.from(shares, (share) => share.cold / share.invocations)
        .sort(),
      memoryTime: instanceLives === null
        ? null
        : sumMemoryTime(joinInstanceTimes(instanceLives, this.#services, this.#span)),
    };
  }
}

/** Part of all invocations that were cold; NaN without any. */
export function coldShareOf({ cold, invocations }: KeepAliveRun): number {
  return cold / invocations;
}

/** The policies that have a part of their own in the comparison. */
export type PolicyParts = Pick<KeepAliveDeclaration, "reference" | "bound">;

/**
 * The run that wasted memory-time is compared with: of the declared reference, else
 * the first that is a choice, of the valid ones if any is.
 */
export function chooseReference(
  runs: readonly KeepAliveRun[],
  { reference, bound }: PolicyParts,
): KeepAliveRun {
  const valid = runs.filter(({ isValid }) => isValid);
  const candidates = valid.length > 0 ? valid : runs;
  return candidates.find(({ policy }) => policy === reference) ??
    candidates.find(({ policy }) => policy !== bound) ?? candidates[0];
}

/** Wasted memory-time over the reference's; NaN where either is not known. */
export function relativeWaste(run: KeepAliveRun, reference: KeepAliveRun): number {
  if (run.memoryTime === null || reference.memoryTime === null) return NaN;
  return wastedMibS(run.memoryTime) / wastedMibS(reference.memoryTime);
}

/** The repetitions of each policy and size of memory as one: what they came to together. */
export function joinRepetitions(runs: readonly KeepAliveRun[]): KeepAliveRun[] {
  const groups = Map.groupBy(runs, ({ policy, nodeMemoryMib }) => `${policy} ${nodeMemoryMib}`);
  return [...groups.values()].map((of) => {
    const sum = (valueOf: (run: KeepAliveRun) => number) =>
      of.reduce((all, run) => all + valueOf(run), 0);
    const times = of.flatMap(({ memoryTime }) => memoryTime ?? []);
    const sumTime = (key: keyof MemoryTime) => times.reduce((all, time) => all + time[key], 0);
    return {
      ...of[0],
      isValid: of.every(({ isValid }) => isValid),
      notOkShare: sum(({ notOkShare }) => notOkShare) / of.length,
      invocations: sum(({ invocations }) => invocations),
      cold: sum(({ cold }) => cold),
      coldShareOfFunctions: Float64Array.from(
        of.flatMap(({ coldShareOfFunctions }) => [...coldShareOfFunctions]),
      ).sort(),
      memoryTime: times.length < of.length ? null : {
        startingMibS: sumTime("startingMibS"),
        idleMibS: sumTime("idleMibS"),
        servingMibS: sumTime("servingMibS"),
      },
    };
  });
}
