import { LoopPauses } from "../clock/loop_pauses.ts";
import type { Capacity, FunctionSpec } from "../model/platform.ts";
import type { ExpectedDemand, InstanceRequests } from "../platform/definition.ts";
import { deriveFunctionSpecs, type RequestChoice } from "../run/function_specs.ts";
import type { PlannedLoad } from "../run/plan_block.ts";

/** As long as an autoscaler's stable window. */
const BIN_MS = 60_000;

/** The options that decide what is asked for. */
export type DemandOptions = RequestChoice & { readonly seed: number };

/**
 * What a run asks of the nodes: its initial instances, and in its fullest minute
 * those that Little's law asks for, at least one of each function that is called.
 *
 * @param capacity that initial scales are cut to
 * @param requestsOf what an instance of a function requests in the end
 * @throws the signal's reason when it aborts meanwhile
 */
export async function deriveExpectedDemand(
  { run }: PlannedLoad,
  options: DemandOptions,
  capacity: Capacity,
  signal: AbortSignal,
  requestsOf: (spec: FunctionSpec) => Omit<InstanceRequests, "instances"> = requestsOfSpec,
): Promise<ExpectedDemand> {
  const specs = deriveFunctionSpecs(run, options.seed, capacity, options);
  const requests = specs.map(requestsOf);
  const levelOf = (scales: ArrayLike<number>): InstanceRequests => {
    let [instances, cpuMilli, memoryMib] = [0, 0, 0];
    requests.forEach((request, index) => {
      instances += scales[index];
      cpuMilli += scales[index] * request.cpuMilli;
      memoryMib += scales[index] * request.memoryMib;
    });
    return { instances, cpuMilli, memoryMib };
  };
  const initial = levelOf(specs.map(({ initialScale }) => initialScale));
  let peak = initial;
  const busyMs = new Float64Array(specs.length);
  const endBin = () => {
    const level = levelOf(busyMs.map((ms) => Math.ceil(ms / BIN_MS)));
    if (level.instances > peak.instances) peak = level;
    busyMs.fill(0);
  };
  const pauses = new LoopPauses(signal);
  let bin = 0;
  for (const { scheduledMs, functionIndex, runtimeMs } of run.schedule.chunks({ reuse: true })) {
    for (let i = 0; i < scheduledMs.length; i++) {
      const at = Math.floor(scheduledMs[i] / BIN_MS);
      if (at !== bin) endBin();
      bin = at;
      busyMs[functionIndex[i]] += runtimeMs[i];
    }
    if (pauses.isDue) await pauses.take();
  }
  endBin();
  return { name: run.name, initial, peak };
}

function requestsOfSpec({ cpuRequestMilli, memoryRequestMib }: FunctionSpec) {
  return { cpuMilli: cpuRequestMilli, memoryMib: memoryRequestMib };
}
