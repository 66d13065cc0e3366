import { LoaderError } from "../../../base/error.ts";
import { RealClock } from "../../../clock/clock.ts";
import type { FunctionSpec } from "../../../model/platform.ts";
import { SlotCounts } from "../../../model/slot_counts.ts";
import type { OptionValues } from "../../../option/option.ts";
import { parseCpuMilli, parseMemoryMib } from "../../../scrape/kubernetes_quantity.ts";
import type { DiagnosisContext } from "../../definition.ts";
import { type Finding, problem } from "../../finding.ts";
import type { ContainerTemplate, KnativeService } from "../cluster/knative_objects.ts";
import { openKubeAccess } from "../cluster/kube_access.ts";
import { deriveService, readServiceTemplate } from "../deploy/service_template.ts";
import { DEFAULT_TEMPLATE, type KNATIVE_OPTIONS } from "../knative_options.ts";
import { diagnoseKnative } from "./diagnose_knative.ts";

/** A function to try where no run is known. */
const SAMPLE: FunctionSpec = {
  index: 0,
  functionId: "doctor/doctor/doctor",
  name: "loader-doctor",
  profile: {
    id: "doctor",
    appId: "doctor",
    ownerId: "doctor",
    trigger: "http",
    invocationsPerSlot: SlotCounts.none(1),
    runtimeMs: { mean: 1000, quantiles: [1], values: [1000] },
    memoryMib: { mean: 128, quantiles: [1], values: [128] },
  },
  initialScale: 0,
  cpuRequestMilli: 83,
  memoryRequestMib: 128,
};

/** Looks whether the cluster is ready for a run. */
export async function diagnoseCluster(
  options: OptionValues<typeof KNATIVE_OPTIONS>,
  { startsAtZero, callTimeoutMs, demandOn, signal }: DiagnosisContext,
): Promise<Finding[]> {
  try {
    const access = openKubeAccess({ ...options, clock: new RealClock() });
    const template = readServiceTemplate(options.template ?? DEFAULT_TEMPLATE);
    const serviceOf = (spec: FunctionSpec) => deriveService(template, spec, "doctor", options);
    const sample = serviceOf({
      ...SAMPLE,
      initialScale: startsAtZero ? 0 : 1,
      cpuRequestMilli: options.cpuRequestMilli ?? SAMPLE.cpuRequestMilli,
    });
    return await diagnoseKnative({
      access,
      gateway: options.gateway,
      prometheus: options.prometheus,
      demandOn: (capacity) => demandOn(capacity, (spec) => requestsOf(serviceOf(spec))),
      startsAtZero,
      maxScale: options.maxScale,
      image: sample.spec.template.spec.containers[0].image,
      callTimeoutMs,
      signal,
    }, sample);
  } catch (error) {
    if (!(error instanceof LoaderError)) throw error;
    return [problem("cluster", error.message, "kubectl config get-contexts")];
  }
}

/** What an instance of a service requests. */
function requestsOf({ spec }: KnativeService): { cpuMilli: number; memoryMib: number } {
  const total = (parse: (text: string) => number, name: string) =>
    spec.template.spec.containers.reduce(
      (sum, { resources }: ContainerTemplate) =>
        sum + parse(String(resources?.requests?.[name] ?? "0")),
      0,
    );
  return { cpuMilli: total(parseCpuMilli, "cpu"), memoryMib: total(parseMemoryMib, "memory") };
}
