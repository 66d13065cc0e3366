import { LoaderError } from "../../../base/error.ts";
import { type Finding, problem } from "../../finding.ts";
import { kubeError, type NamedObject } from "../cluster/kube_access.ts";
import { checkApi } from "./api_check.ts";
import { checkCapacity } from "./capacity_check.ts";
import type { Checkup } from "./checkup.ts";
import type { ConfigMaps } from "../cluster/knative_objects.ts";
import { readConfigMaps } from "../settings/config_maps.ts";
import { checkGateway, checkKnative, checkTemplate } from "./knative_check.ts";
import { checkLeftSettings, createSettingChange, judgeSettings } from "./settings_check.ts";
import {
  checkMetrics,
  checkPrometheus,
  findPrometheus,
  prometheusNamespace,
} from "./metrics_check.ts";
import { SERVING_NAMESPACE } from "../cluster/rights.ts";
import { checkRights } from "./rights_check.ts";

/**
 * Looks at a cluster and what a run needs of it. Changes nothing; what may be
 * mended comes with the findings.
 *
 * @param service a function as it would be deployed; `null`: not known
 */
export async function diagnoseKnative(
  checkup: Checkup,
  service: NamedObject | null,
): Promise<Finding[]> {
  const { access, signal } = checkup;
  const api = await checkApi(checkup);
  // Every further question would have the same answer.
  if (api[0].level === "problem") return api;
  const guard = (subject: string, doing: string, check: () => Promise<Finding[]>) =>
    guardCheck(subject, doing, check, signal);
  let maps: ConfigMaps = new Map();
  const settings = await guard("settings", "read Knative's settings", async () => {
    maps = await readConfigMaps(access);
    return judgeSettings(maps, checkup, createSettingChange(access, maps));
  });
  let place: string | null = null;
  const prometheus = await guard("Prometheus", "look for Prometheus", async () => {
    place = await findPrometheus(checkup);
    return await checkPrometheus(access, place, signal);
  });
  const rest = await Promise.all([
    guard("Knative", "look at Knative", () => checkKnative(access)),
    Promise.resolve(settings),
    guard("settings", "see whether settings were left", () => checkLeftSettings(access, signal)),
    guard("permissions", "ask for rights", () =>
      checkRights(access, {
        functions: access.namespace,
        serving: SERVING_NAMESPACE,
        prometheus: prometheusNamespace(place),
      })),
    service === null ? Promise.resolve([]) : guard(
      "template",
      "try a function",
      () => checkTemplate(access, service),
    ),
    guard("gateway", "look for the gateway", () => checkGateway(checkup, maps)),
    guard("metrics API", "read the metrics API", () => checkMetrics(access)),
    Promise.resolve(prometheus),
    guard(
      "capacity",
      "look at the nodes",
      () => checkCapacity(access, checkup.demandOn, maps),
    ),
  ]);
  return [...api, ...rest.flat()];
}

/** A check that fails is a finding, so that the others are made. */
async function guardCheck(
  subject: string,
  doing: string,
  check: () => Promise<Finding[]>,
  signal: AbortSignal,
): Promise<Finding[]> {
  try {
    return await check();
  } catch (error) {
    signal.throwIfAborted();
    const { message } = error instanceof LoaderError ? error : kubeError(error, doing);
    return [problem(subject, message)];
  }
}
