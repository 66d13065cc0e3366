import { setHeaderOptions } from "@kubernetes/client-node";
import { type Finding, type Mended, okay, problem, warning } from "../../finding.ts";
import type { KubeAccess } from "../cluster/kube_access.ts";
import { CHANGED_CONFIG_MAP, SERVING_NAMESPACE } from "../cluster/rights.ts";
import { CHANGED_OBJECT, ClusterSettings, describeRestored } from "../settings/cluster_settings.ts";
import type { ConfigMaps } from "../cluster/knative_objects.ts";
import { readMarker } from "../settings/phase_settings.ts";
import type { Checkup } from "./checkup.ts";

const KPA_CLASS = "kpa.autoscaling.knative.dev";

/** Registries whose tags are not resolved unless set otherwise (Knative's default). */
const LOCAL_REGISTRIES = "kind.local,ko.local,dev.local";

/** What the settings are judged by. */
export type SettingsNeed = Pick<
  Checkup,
  "startsAtZero" | "maxScale" | "image" | "callTimeoutMs"
>;

/** Changes one setting of Knative. */
type ChangeSetting = (configMap: string, key: string, value: string) => Finding["mend"];

/** Judges if Knative's settings let a run do what it needs; `change` is for what may be mended. */
export function judgeSettings(
  maps: ConfigMaps,
  need: SettingsNeed,
  change: ChangeSetting = () => null,
): Finding[] {
  const findings = [
    ...judgeAutoscaler(maps.get(CHANGED_CONFIG_MAP) ?? {}, need, change),
    ...judgeDeployment(maps.get("config-deployment") ?? {}, need),
    ...judgeTimeouts(maps.get("config-defaults") ?? {}, need),
    ...judgeObservability(maps.get("config-observability") ?? {}),
  ];
  const missing = [...maps].filter(([, data]) => data === null).map(([name]) => name);
  if (missing.length > 0) {
    findings.push(
      problem(
        "settings",
        `Knative has no ${missing.join(", ")} in ${SERVING_NAMESPACE}; is it installed whole?`,
        `kubectl -n ${SERVING_NAMESPACE} get configmaps`,
      ),
    );
  }
  return findings;
}

type Data = Readonly<Record<string, string>>;

function judgeAutoscaler(data: Data, need: SettingsNeed, change: ChangeSetting): Finding[] {
  const findings: Finding[] = [];
  if (need.startsAtZero && data["allow-zero-initial-scale"] !== "true") {
    findings.push(
      problem(
        "settings",
        "Functions start at zero, and Knative refuses that: allow-zero-initial-scale is not true.",
        patchCommand(CHANGED_CONFIG_MAP, "allow-zero-initial-scale", "true"),
        change(CHANGED_CONFIG_MAP, "allow-zero-initial-scale", "true"),
      ),
    );
  }
  const limit = Number(data["max-scale-limit"] ?? "0");
  if (limit > 0 && need.maxScale > limit) {
    findings.push(
      problem(
        "settings",
        `A function may have up to ${need.maxScale} instances, and Knative refuses more than ` +
          `${limit} (max-scale-limit).`,
        patchCommand(CHANGED_CONFIG_MAP, "max-scale-limit", String(need.maxScale)),
      ),
    );
  }
  if (data["enable-scale-to-zero"] === "false") {
    findings.push(
      warning(
        "settings",
        "No function ever goes to zero (enable-scale-to-zero is false), so there will be next to " +
          "no cold starts.",
        patchCommand(CHANGED_CONFIG_MAP, "enable-scale-to-zero", "true"),
        change(CHANGED_CONFIG_MAP, "enable-scale-to-zero", "true"),
      ),
    );
  }
  if (data["pod-autoscaler-class"] !== undefined && data["pod-autoscaler-class"] !== KPA_CLASS) {
    findings.push(
      warning(
        "settings",
        `The default autoscaler is ${data["pod-autoscaler-class"]}, not Knative's own.`,
        patchCommand(CHANGED_CONFIG_MAP, "pod-autoscaler-class", KPA_CLASS),
      ),
    );
  }
  // Those that templates leave to the cluster and that shape cold starts.
  const [window, grace, capacity] = [
    data["stable-window"] ?? "60s",
    data["scale-to-zero-grace-period"] ?? "30s",
    data["activator-capacity"] ?? "100.0",
  ];
  findings.push(
    okay(
      "settings",
      `The autoscaler has a stable window of ${window}, scales to zero after ${grace} more at ` +
        `most, and counts on ${capacity} requests in each activator.`,
    ),
  );
  return findings;
}

function judgeDeployment(data: Data, { image }: SettingsNeed): Finding[] {
  const registry = image === null ? null : registryOf(image);
  if (image === null || registry === null || image.includes("@sha256:")) return [];
  const skipping = (data["registries-skipping-tag-resolving"] ?? LOCAL_REGISTRIES).split(",")
    .map((name) => name.trim()).filter((name) => name !== "");
  if (skipping.includes(registry) || !LOCAL_REGISTRIES.split(",").includes(registry)) return [];
  return [
    problem(
      "settings",
      `The image ${image} is not in any registry, and Knative would ask ${registry} for its ` +
        `digest: registries-skipping-tag-resolving lacks it.`,
      patchCommand(
        "config-deployment",
        "registries-skipping-tag-resolving",
        [...skipping, registry].join(","),
      ),
    ),
  ];
}

function judgeTimeouts(data: Data, { callTimeoutMs }: SettingsNeed): Finding[] {
  const seconds = Number(data["revision-timeout-seconds"] ?? "300");
  if (1000 * seconds >= callTimeoutMs) return [];
  return [
    okay(
      "settings",
      `Knative ends a call after ${seconds} s (revision-timeout-seconds), before the loader's ` +
        `--timeout of ${callTimeoutMs / 1000} s does.`,
    ),
  ];
}

/** Old releases and new ones name the setting otherwise. */
function judgeObservability(data: Data): Finding[] {
  for (const key of ["metrics.backend-destination", "metrics-protocol"]) {
    const value = data[key];
    if (value === undefined || value === "prometheus") continue;
    return [
      warning(
        "settings",
        `Knative sends its metrics to "${value}" (${key}), where Prometheus cannot fetch them.`,
        patchCommand("config-observability", key, "prometheus"),
      ),
    ];
  }
  return [];
}

/** The registry of an image's name; `null`: that of Docker. */
export function registryOf(image: string): string | null {
  const [first, ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : null;
}

/** A kubectl command that sets one key; `null` removes it. */
export function patchCommand(configMap: string, key: string, value: string | null): string {
  const patch = JSON.stringify({ data: { [key]: value } });
  return `kubectl -n ${SERVING_NAMESPACE} patch configmap ${configMap} --type merge -p '${patch}'`;
}

/** Changes a setting for good, as `--fix` does, and says how it is put back. */
export function createSettingChange(
  { core }: Pick<KubeAccess, "core">,
  maps: ConfigMaps,
): ChangeSetting {
  return (configMap, key, value) => async (): Promise<Mended> => {
    await core.patchNamespacedConfigMap(
      { namespace: SERVING_NAMESPACE, name: configMap, body: { data: { [key]: value } } },
      setHeaderOptions("Content-Type", "application/merge-patch+json"),
    );
    const before = maps.get(configMap)?.[key] ?? null;
    return {
      sentence: `Set ${key} of ${configMap} to ${value}; it was ${before ?? "not set"}.`,
      undo: patchCommand(configMap, key, before),
    };
  };
}

/** Finds settings that a run has changed and not put back: it is under way, or has crashed. */
export async function checkLeftSettings(
  access: KubeAccess,
  signal: AbortSignal,
): Promise<Finding[]> {
  const marker = readMarker(
    await access.core.readNamespacedConfigMap({
      namespace: SERVING_NAMESPACE,
      name: CHANGED_CONFIG_MAP,
    }),
  );
  if (marker === null) return [];
  return [
    problem(
      "settings",
      `The run ${marker.run} on ${marker.host} changed ${
        Object.keys(marker.after).length
      } settings (${CHANGED_OBJECT}) at ${marker.since} and has not put them back: it is under ` +
        `way, or has crashed.`,
      `deno task clean --platform knative --run ${marker.run}`,
      async () => {
        const restored = await new ClusterSettings({ access, runId: "doctor" }).recover(signal);
        return {
          sentence: restored === null
            ? `The run ${marker.run} has put its settings back meanwhile.`
            : describeRestored(restored),
          undo: null,
        };
      },
    ),
  ];
}
