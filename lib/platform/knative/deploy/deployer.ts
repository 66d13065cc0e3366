import { LoaderError } from "../../../base/error.ts";
import { anySignal } from "../../../base/signal.ts";
import {
  FIELD_MANAGER,
  isConflict,
  type KubeAccess,
  kubeError,
  persist,
} from "../cluster/kube_access.ts";
import {
  type KnativeService,
  type LiveService,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  RUN_LABEL,
  SERVICES,
} from "../cluster/knative_objects.ts";
import { failureOf, type FunctionFailure, type Readiness } from "./readiness.ts";

/** How a deployment stands. */
export interface DeploymentProgress {
  readonly functions: number;
  /** Accepted by the API server. */
  readonly applied: number;
  readonly ready: number;
  readonly failed: number;
}

/** How functions are deployed. */
export interface DeployerSetting {
  readonly readiness: Readiness;
  /** Longest time from when a function is applied until it is ready. */
  readonly timeoutMs: number;
  /** Functions that may be coming up at the same time. */
  readonly atOnce: number;
  /** It goes on when one fails. */
  readonly allowPartial: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DeploymentProgress) => void;
}

/** What became of a function. */
export interface DeployedFunction {
  readonly name: string;
  /** That of the service's status; `null` when it failed. */
  readonly url: string | null;
  /** Why it is not there, a phrase; `null` when it is. */
  readonly failure: string | null;
}

/** Failures that a sentence names; more are counted. */
const MOST_NAMED = 3;

/**
 * Applies the services, a bounded number at a time, and waits until each is
 * ready. What was applied stays when this fails: the caller removes it.
 *
 * @throws LoaderError `platform` when one fails and partial is not allowed, or all
 * fail; the signal's reason when it aborts
 */
export async function deployServices(
  access: KubeAccess,
  services: readonly KnativeService[],
  setting: DeployerSetting,
): Promise<readonly DeployedFunction[]> {
  await refuseTakenNames(access, services);
  const { timeoutMs, signal } = setting;
  const givenUp = new AbortController();
  const ended = anySignal(signal, givenUp.signal);
  const deployed = new Map<string, DeployedFunction>();
  const failures: FunctionFailure[] = [];
  const progress = { functions: services.length, applied: 0, ready: 0, failed: 0 };
  const tell = () => setting.onProgress({ ...progress });
  const queue = services.values();

  const deployOne = async (service: KnativeService): Promise<void> => {
    const { name } = service.metadata;
    const untilMs = access.clock.nowMs() + timeoutMs;
    try {
      await persist(access, () => createService(access, service), {
        doing: `deploy ${name}`,
        untilMs,
        signal: ended,
      });
      progress.applied++;
      tell();
      const { status } = await setting.readiness.waitFor(name, {
        untilMs,
        timeoutMs,
        signal: ended,
      });
      deployed.set(name, { name, url: status!.url!, failure: null });
      progress.ready++;
    } catch (error) {
      if (ended.aborted) return;
      const failure = failureOf(error, name);
      failures.push(failure);
      deployed.set(name, { name, url: null, failure: failure.reason });
      progress.failed++;
      if (!setting.allowPartial) givenUp.abort();
    }
    tell();
  };
  tell();
  await Promise.all(Array.from({ length: setting.atOnce }, async () => {
    for (const service of queue) {
      if (ended.aborted) return;
      await deployOne(service);
    }
  }));
  signal.throwIfAborted();
  if (failures.length > 0 && (!setting.allowPartial || progress.ready === 0)) {
    throw describeFailures(failures, services.length, setting.allowPartial);
  }
  return services.map(({ metadata: { name } }) => deployed.get(name)!);
}

function describeFailures(
  failures: readonly FunctionFailure[],
  functions: number,
  allowPartial: boolean,
): LoaderError {
  const named = failures.slice(0, MOST_NAMED).map(({ functionName, reason }) =>
    `${functionName}: ${reason}`
  );
  const more = failures.length > MOST_NAMED ? `; and ${failures.length - MOST_NAMED} more` : "";
  return new LoaderError(
    "platform",
    `${failures.length} of ${functions} functions did not come up, so no load was sent (${
      named.join("; ")
    }${more})${allowPartial ? "" : "; mend this, or run with those that do: --allow-partial"}.`,
    { cause: failures[0] },
  );
}

/**
 * Creates a service, which never takes over one that is there: another run, or anyone
 * else, may have made it in this very moment. One of the same name that carries our own
 * run's label is that of an earlier try whose answer was lost.
 */
async function createService(access: KubeAccess, service: KnativeService): Promise<void> {
  const { name, labels } = service.metadata;
  const { custom, namespace } = access;
  try {
    await custom.createNamespacedCustomObject({
      ...SERVICES,
      namespace,
      body: service,
      fieldManager: FIELD_MANAGER,
    });
  } catch (error) {
    if (!isConflict(error)) throw error;
    const { items } = await custom.listNamespacedCustomObject({
      ...SERVICES,
      namespace,
      fieldSelector: `metadata.name=${name}`,
    }) as { readonly items: readonly LiveService[] };
    // Gone meanwhile: the next try makes it.
    if (items.length === 0) throw error;
    if (runOf(items[0]) !== labels?.[RUN_LABEL]) throw takenName(items[0], namespace);
  }
}

/** The run of ours that a service belongs to; `undefined`: it is not ours. */
function runOf({ metadata: { labels } }: LiveService): string | undefined {
  return labels?.[MANAGED_BY_LABEL] === MANAGED_BY ? labels?.[RUN_LABEL] : undefined;
}

function takenName(service: LiveService, namespace: string): LoaderError {
  const { name } = service.metadata;
  const run = runOf(service);
  return new LoaderError(
    "platform",
    run === undefined
      ? `The namespace ${namespace} already has a service "${name}", which is not ours; choose ` +
        `another namespace (--namespace).`
      : `The service "${name}" of the run ${run} is still there; if that run is over, remove it ` +
        `with: deno task clean --run ${run}.`,
    { value: name },
  );
}

/** Before anything is made: what someone else, or another run, has under the same name. */
async function refuseTakenNames(
  access: KubeAccess,
  services: readonly KnativeService[],
): Promise<void> {
  let items: readonly LiveService[];
  try {
    ({ items } = await access.custom.listNamespacedCustomObject({
      ...SERVICES,
      namespace: access.namespace,
    }) as { readonly items: readonly LiveService[] });
  } catch (error) {
    throw kubeError(error, `list the Knative services in the namespace ${access.namespace}`);
  }
  const names = new Set(services.map(({ metadata }) => metadata.name));
  const taken = items.find(({ metadata }) => names.has(metadata.name));
  if (taken !== undefined) throw takenName(taken, access.namespace);
}
