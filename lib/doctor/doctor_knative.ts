import { RealClock } from "../clock/clock.ts";
import { LoaderError } from "../base/error.ts";
import type { FunctionSpec } from "../model/platform.ts";
import { type Finding, problem } from "../platform/finding.ts";
import { diagnoseKnative } from "../platform/knative/doctor/diagnose_knative.ts";
import { parseCpuMilli, parseMemoryMib } from "../scrape/kubernetes_quantity.ts";
import type {
  ContainerTemplate,
  KnativeService,
} from "../platform/knative/cluster/knative_objects.ts";
import { openKubeAccess } from "../platform/knative/cluster/kube_access.ts";
import { deriveService, readServiceTemplate } from "../platform/knative/deploy/service_template.ts";
import { serviceOptions } from "../run/create_platform.ts";
import { deriveExpectedDemand } from "./doctor_demand.ts";
import type { DoctorValues } from "./doctor_options.ts";
import type { PlannedLoad } from "../run/plan_block.ts";

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
    invocationsPerMinute: new Uint32Array(1),
    runtimeMs: { mean: 1000, quantiles: [1], values: [1000] },
    memoryMib: { mean: 128, quantiles: [1], values: [128] },
  },
  initialScale: 0,
  cpuRequestMilli: 83,
  memoryRequestMib: 128,
};

/** Whether the cluster is ready for a run. */
export async function diagnoseCluster(
  options: DoctorValues,
  loads: readonly PlannedLoad[],
  signal: AbortSignal,
): Promise<Finding[]> {
  try {
    const access = openKubeAccess({ ...options, clock: new RealClock() });
    const settings = serviceOptions(options);
    const template = readServiceTemplate(settings.template);
    const serviceOf = (spec: FunctionSpec) => deriveService(template, spec, "doctor", settings);
    const startsAtZero = loads.length === 0 ||
      loads.some(({ run }) => run.initialScales.some((scale) => scale === 0));
    const sample = serviceOf({
      ...SAMPLE,
      initialScale: startsAtZero ? 0 : 1,
      cpuRequestMilli: options.cpuRequestMilli ?? SAMPLE.cpuRequestMilli,
    });
    return await diagnoseKnative({
      access,
      gateway: options.gateway,
      prometheus: options.prometheus,
      demandOn: (capacity) =>
        Promise.all(
          loads.map((load) =>
            deriveExpectedDemand(
              load,
              options,
              capacity,
              signal,
              (spec) => requestsOf(serviceOf(spec)),
            )
          ),
        ),
      startsAtZero,
      maxScale: settings.maxScale,
      image: sample.spec.template.spec.containers[0].image,
      callTimeoutMs: options.timeoutMs,
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
