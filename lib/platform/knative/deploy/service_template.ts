import { z } from "zod";
import { isSecretName, keepSecret } from "../../../base/secrets.ts";
import type { FunctionSpec } from "../../../model/platform.ts";
import { RUNTIME_LIMITS_MS } from "../../../model/schedule.ts";
import { cpuRequestMilli } from "../../../trace/profile.ts";
import { readYamlFile } from "../../../option/yaml_file.ts";
import {
  type ContainerTemplate,
  FUNCTION_ID_ANNOTATION,
  FUNCTION_LABEL,
  type KnativeService,
  labelsOf,
  MIN_SCALE_ANNOTATION,
} from "../cluster/knative_objects.ts";
import type { KnativeSettings } from "../knative_options.ts";

const words = z.record(z.string(), z.string());
const quantities = z.record(z.string(), z.union([z.string(), z.number()]));

/** What of a template is ours to know; the rest goes to the cluster as it stands. */
const schema = z.looseObject({
  apiVersion: z.literal("serving.knative.dev/v1"),
  kind: z.literal("Service"),
  metadata: z.looseObject({ labels: words.optional(), annotations: words.optional() }).optional(),
  spec: z.looseObject({
    template: z.looseObject({
      metadata: z.looseObject({ labels: words.optional(), annotations: words.optional() })
        .optional(),
      spec: z.looseObject({
        containerConcurrency: z.number().int().min(0).optional(),
        containers: z.array(z.looseObject({
          image: z.string(),
          ports: z.array(z.unknown()).optional(),
          resources: z.looseObject({
            requests: quantities.optional(),
            limits: quantities.optional(),
          }).optional(),
        })).min(1),
      }),
    }),
  }),
});

/** A Knative Service without what is each function's own. */
export type ServiceTemplate = z.output<typeof schema>;

/** What the settings decide of a service. */
export type ServiceSettings = Pick<
  KnativeSettings,
  | "image"
  | "requests"
  | "limits"
  | "minScale"
  | "maxScale"
  | "containerConcurrency"
  | "scalingMetric"
  | "partialPanic"
>;

/**
 * Reads a template of a Knative Service.
 *
 * @throws LoaderError `input` naming the line of what is wrong
 */
export function readServiceTemplate(file: string): ServiceTemplate {
  const template = readYamlFile(file, {
    name: "The service template",
    example: "workloads/container/trace_function.yaml",
    schema,
  });
  for (const { name, value } of environmentOf(template)) {
    if (isSecretName(name)) keepSecret(value);
  }
  return template;
}

/** What containers of a template find in their environment, as it is given there. */
function environmentOf(template: ServiceTemplate): { name: string; value: string }[] {
  const { containers, initContainers } = template.spec.template.spec;
  return [...containers, ...(Array.isArray(initContainers) ? initContainers : [])]
    .flatMap((container: { readonly env?: unknown }) =>
      Array.isArray(container?.env) ? container.env : []
    )
    .map(({ name, value }) => ({ name: String(name), value: String(value ?? "") }));
}

/** A template as it may be shown: of the environment's values the names alone. */
export function withoutEnvironment(template: ServiceTemplate): unknown {
  return JSON.parse(JSON.stringify(template, (key, value) => {
    if (key !== "env" || !Array.isArray(value)) return value;
    return value.map(({ value: _, ...rest }) => rest);
  }));
}

/** Calls that an instance serves at once; 0: no bound, Knative's default. */
export function containerConcurrencyOf(
  template: ServiceTemplate,
  { containerConcurrency }: Pick<ServiceSettings, "containerConcurrency">,
): number {
  return containerConcurrency ?? template.spec.template.spec.containerConcurrency ?? 0;
}

/** Cores that an instance may use; `null`: no limit, or one that differs between functions. */
export function cpuLimitCoresOf({ limits }: ServiceSettings): number | null {
  return limits === "1vcpu" ? 1 : null;
}

/**
 * The Knative Service of a function: the template with the function's name,
 * labels, initial scale, autoscaling, requests and limits (section 6 of the
 * In-Vitro's behaviour: its annotations and their values).
 *
 * The CPU request is cut to the limit, above which Kubernetes refuses it: the
 * table asks for two cores where the limit is one.
 */
export function deriveService(
  template: ServiceTemplate,
  spec: FunctionSpec,
  runId: string,
  settings: ServiceSettings,
): KnativeService {
  const { metadata, spec: { template: revision, ...serviceRest } } = structuredClone(template);
  const labels = { ...labelsOf(runId), [FUNCTION_LABEL]: String(spec.index) };
  const identity = { [FUNCTION_ID_ANNOTATION]: spec.functionId };
  return {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: {
      ...metadata,
      name: spec.name,
      labels: { ...metadata?.labels, ...labels },
      annotations: { ...metadata?.annotations, ...identity },
    },
    spec: {
      ...serviceRest,
      template: {
        ...revision,
        metadata: {
          ...revision.metadata,
          labels: { ...revision.metadata?.labels, ...labels },
          annotations: {
            ...revision.metadata?.annotations,
            ...identity,
            ...scalingAnnotations(spec, settings),
          },
        },
        spec: {
          ...revision.spec,
          ...(settings.containerConcurrency === null
            ? {}
            : { containerConcurrency: settings.containerConcurrency }),
          containers: deriveContainers(revision.spec.containers, spec, settings),
        },
      },
    },
  };
}

const AUTOSCALING = "autoscaling.knative.dev";

function scalingAnnotations(
  spec: FunctionSpec,
  settings: ServiceSettings,
): Record<string, string> {
  const { minScale, maxScale, scalingMetric, partialPanic } = settings;
  return {
    [`${AUTOSCALING}/initial-scale`]: String(spec.initialScale),
    // Without one the template's own counts, if it has any.
    ...(minScale === 0 ? {} : { [MIN_SCALE_ANNOTATION]: String(minScale) }),
    [`${AUTOSCALING}/max-scale`]: String(maxScale),
    [`${AUTOSCALING}/metric`]: scalingMetric,
    [`${AUTOSCALING}/target`]: String(targetOf(spec, settings)),
    [`${AUTOSCALING}/panic-window-percentage`]: partialPanic ? "100.0" : "10.0",
    [`${AUTOSCALING}/panic-threshold-percentage`]: partialPanic ? "1000.0" : "200.0",
  };
}

/** Load that one instance is to take: what it may serve at once, or as many a second as fit. */
function targetOf(
  spec: FunctionSpec,
  { scalingMetric, containerConcurrency }: ServiceSettings,
): number {
  // In-Vitro's is one, whatever the template says.
  if (scalingMetric === "concurrency") return containerConcurrency ?? 1;
  // What is asked for is at least that, whatever a trace says.
  const runtimeMs = Math.max(RUNTIME_LIMITS_MS.minimum, spec.profile.runtimeMs.mean);
  // Knative takes no target below 0.01, and In-Vitro's is rounded.
  return Math.max(1, Math.round(1000 / runtimeMs));
}

function deriveContainers(
  containers: readonly ContainerTemplate[],
  spec: FunctionSpec,
  { image, requests, limits }: ServiceSettings,
): ContainerTemplate[] {
  // With side-cars, the function is the one that has a port (Knative's own rule).
  const served = Math.max(0, containers.findIndex(({ ports }) => (ports?.length ?? 0) > 0));
  const limitMilli = cpuLimitMilli(spec, limits);
  const cpuMilli = Math.min(spec.cpuRequestMilli, limitMilli ?? Infinity);
  return containers.map((container, index) => {
    if (index !== served) return container;
    return {
      ...container,
      image: image ?? container.image,
      resources: {
        ...container.resources,
        ...(requests === "none"
          ? {}
          : { requests: { cpu: `${cpuMilli}m`, memory: `${spec.memoryRequestMib}Mi` } }),
        ...(requests === "none" || limitMilli === null
          ? {}
          : { limits: { ...container.resources?.limits, cpu: `${limitMilli}m` } }),
      },
    };
  });
}

function cpuLimitMilli(
  { memoryRequestMib }: FunctionSpec,
  limits: ServiceSettings["limits"],
): number | null {
  switch (limits) {
    case "1vcpu":
      return 1000;
    case "gcp":
      return cpuRequestMilli(memoryRequestMib);
    case "none":
      return null;
  }
}
