import "./cluster/no_deprecation_warnings.ts";
import { type Clock, RealClock, sleep, wallClockDate } from "../../clock/clock.ts";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { type RaisedPriority, raiseOwnPriority } from "../../base/process.ts";
import { uniqueHex } from "../../base/rng.ts";
import type {
  Capacity,
  Deployment,
  FunctionSpec,
  InstanceEvent,
  Platform,
  Scraper,
  SettingsChange,
  TransportFactory,
} from "../../model/platform.ts";
import type { Phase } from "../../model/schedule.ts";
import { createProcessScraper } from "../../scrape/process_usage.ts";
import { type Address, formatAddress } from "../../base/address.ts";
import { ACTIVATOR_REPORT_MS, deriveAutoscaling } from "./settings/autoscaler_settings.ts";
import { describeLeft, removeServices } from "./deploy/cleaner.ts";
import { type ClusterFacts, readClusterFacts } from "./cluster_facts.ts";
import { queueProxyCpuMilliOf, requestTimeoutMsOf } from "./settings/config_maps.ts";
import { resetCluster } from "./deploy/cluster_reset.ts";
import { ClusterLookout } from "./watch/cluster_lookout.ts";
import { type ClusterScrapers, openClusterScrapers } from "./watch/cluster_scrapers.ts";
import { ClusterSettings } from "./settings/cluster_settings.ts";
import { type DeployedFunction, deployServices } from "./deploy/deployer.ts";
import { requireRights } from "./doctor/rights_check.ts";
import { addressOfFunction, checkGateway, resolveGateway } from "./cluster/gateway_address.ts";
import {
  type KnativeOptions,
  type KnativeSettings,
  parseGatewayChoice,
  settleKnativeOptions,
} from "./knative_options.ts";
import { isLabelValue, selectorOf } from "./cluster/knative_objects.ts";
import { type KubeAccess, openKubeAccess } from "./cluster/kube_access.ts";
import { type PodWatch, watchPods } from "./watch/pod_watch.ts";
import { Readiness } from "./deploy/readiness.ts";
import {
  containerConcurrencyOf,
  cpuLimitCoresOf,
  deriveService,
  readServiceTemplate,
  type ServiceTemplate,
  withoutEnvironment,
} from "./deploy/service_template.ts";

/** Target burst capacity that keeps the activator in the path of every call. */
const ALWAYS_ACTIVATOR = -1;

/** Longest wait for the ends of instances that are gone. */
const LAST_EVENTS_MS = 2000;

/** What is watched is taken this often: it costs nothing, and none of it is missed at a run's end. */
const TAKE_EVERY_MS = 500;

/**
 * Knative on a Kubernetes cluster: each function is a Knative Service, called
 * through the ingress. The cluster is looked at once, so that its capacity is
 * known; nothing is changed until functions are deployed.
 *
 * @throws LoaderError `usage` or `input` when an option or the template is wrong,
 * `platform` when the cluster does not answer
 */
export async function createKnativePlatform(options: KnativeOptions): Promise<Platform> {
  const settings = settleKnativeOptions(options);
  const template = readServiceTemplate(settings.template);
  const runId = settings.runId ?? makeRunId();
  if (!isLabelValue(runId)) {
    throw new LoaderError("usage", `The run id "${runId}" cannot be the value of a label.`, {
      value: runId,
    });
  }
  const clock = new RealClock();
  const access = openKubeAccess({ ...settings, clock });
  const facts = await readClusterFacts(access);
  return new KnativePlatform({ settings, template, runId, clock, access, facts });
}

/** What the platform is made of. */
interface KnativeParts {
  readonly settings: KnativeSettings;
  readonly template: ServiceTemplate;
  readonly runId: string;
  readonly clock: Clock;
  readonly access: KubeAccess;
  readonly facts: ClusterFacts;
}

/** They are there while functions are deployed. */
interface Watches {
  readonly readiness: Readiness;
  readonly pods: PodWatch;
  readonly cluster: ClusterScrapers;
}

class KnativePlatform implements Platform {
  readonly name = "knative";
  readonly isShared = true;
  readonly clock: Clock;
  readonly capacity: Capacity;
  readonly #parts: KnativeParts;
  readonly #lookout: ClusterLookout;
  readonly #clusterSettings: ClusterSettings;
  #listener: (event: InstanceEvent) => void = () => {};
  #watches: Watches | null = null;
  #gateway: Address | null = null;
  #deployments: readonly Deployment[] = [];
  #failed: readonly DeployedFunction[] = [];
  /** Instances that were told of and are not gone. */
  readonly #alive = new Set<string>();
  /** Something may be on the cluster that is ours. */
  #mustRemove = false;
  /** The platform itself deletes services now. */
  #isEnding = false;
  /** What was told of what is deployed that a reader of the figures should know too. */
  #noted: string[] = [];
  /** While there are functions to call, the loader goes before them where it shares their node. */
  #priority: RaisedPriority | null = null;

  constructor(parts: KnativeParts) {
    this.#parts = parts;
    this.clock = parts.clock;
    this.#lookout = new ClusterLookout(parts.clock);
    const free = parts.facts.room?.free ?? null;
    const atLeast0 = (value: number | undefined) =>
      value === undefined ? null : Math.max(0, Math.floor(value));
    this.capacity = {
      instances: atLeast0(free?.instances),
      cpuMilli: atLeast0(free?.cpuMilli),
      memoryMib: atLeast0(free?.memoryMib),
      // The queue-proxy requests no memory unless the cluster is set to.
      instanceOverheadMib: 0,
    };
    this.#clusterSettings = new ClusterSettings({
      access: parts.access,
      runId: parts.runId,
      minScale: parts.settings.minScale,
      onNote: (sentence) => this.#note(sentence),
    });
  }

  describe(): Record<string, unknown> {
    const { settings, template, runId, access, facts } = this.#parts;
    const { createTransport: _, onProgress: __, onNote: ___, ...others } = settings;
    const { cpuRequestMilli: ____, limits, clusterSettings, ...plain } = others;
    const autoscaling = deriveAutoscaling(
      facts.configMaps.get("config-autoscaler") ?? {},
      template.spec.template.metadata?.annotations ?? {},
      settings,
    );
    return {
      ...plain,
      cpuLimit: limits,
      recoverSettings: clusterSettings,
      template: withoutEnvironment(template),
      runId,
      context: access.contextName,
      namespace: access.namespace,
      kubernetes: facts.kubernetes,
      knative: facts.knative,
      gateway: this.#gateway === null ? settings.gateway : formatAddress(this.#gateway),
      capacity: this.capacity,
      nodes: facts.room?.nodes ?? null,
      nodeCores: facts.nodeCores,
      nodesAreShared: true,
      cpuLimitCores: cpuLimitCoresOf(settings),
      containerConcurrency: containerConcurrencyOf(template, settings),
      instanceOverheadCpuMilli: queueProxyCpuMilliOf(facts.configMaps),
      queueTimeoutMs: requestTimeoutMsOf(template, facts.configMaps),
      reportMs: ACTIVATOR_REPORT_MS,
      autoscaling,
      graceIsPassed: autoscaling.targetBurstCapacity === ALWAYS_ACTIVATOR,
      loaderIsUrgent: this.#priority?.isRaised ?? false,
      notThere: this.#failed.map(({ name, failure }) => ({ name, failure })),
      ...this.#watches?.cluster.describe(),
      notes: facts.notes,
      deno: Deno.version.deno,
      v8: Deno.version.v8,
    };
  }

  async enterPhase(
    phase: Phase,
    onChange: (change: SettingsChange) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#clusterSettings.enterPhase(phase, onChange, signal);
  }

  async deploy(
    functions: readonly FunctionSpec[],
    signal: AbortSignal,
  ): Promise<readonly Deployment[]> {
    if (this.#watches !== null) {
      throw new LoaderError(
        "platform",
        "The Knative platform has functions deployed; tear them down before deploying others.",
      );
    }
    signal.throwIfAborted();
    const { settings, template, runId, access, facts } = this.#parts;
    this.#noted = [];
    await requireRights(access);
    const choice = parseGatewayChoice(settings.gateway);
    this.#gateway = await resolveGateway(access, choice, facts);
    if (this.#gateway !== null) await checkGateway(access, this.#gateway, signal);
    if (settings.clusterSettings) {
      const recovered = await this.#clusterSettings.begin(signal);
      if (recovered !== null) this.#note(recovered);
    }
    await resetCluster(access, {
      activator: settings.restartActivator,
      prometheus: settings.restartPrometheus,
      signal,
      onNote: (sentence) => this.#note(sentence),
    });
    try {
      this.#watches = await this.#watch(functions);
      this.#mustRemove = true;
      const deployed = await deployServices(
        access,
        functions.map((spec) => deriveService(template, spec, runId, settings)),
        {
          readiness: this.#watches.readiness,
          timeoutMs: settings.deployTimeoutMs,
          atOnce: settings.deployAtOnce,
          allowPartial: settings.allowPartial,
          signal,
          onProgress: settings.onProgress,
        },
      );
      await this.#watches.cluster.detect();
      this.#failed = deployed.filter(({ failure }) => failure !== null);
      for (const { name, failure } of this.#failed) {
        this.#note(`${name} is not there: ${failure}.`);
      }
      const port = choice.kind === "url" ? choice.port : null;
      const domain = domainOf(deployed);
      this.#deployments = functions.map((spec, index) => ({
        spec,
        ...addressOfFunction(
          // One that is not there is called as if it were: its calls fail, and are counted.
          deployed[index].url ?? `http://${spec.name}.${domain}`,
          this.#gateway,
          port,
        ),
      }));
      this.#priority = raiseOwnPriority();
      return this.#deployments;
    } catch (error) {
      // Why nothing was deployed is the error that is told; what comes of it is a note.
      await this.teardown().catch((later) => settings.onNote(errorMessage(later)));
      throw error;
    }
  }

  get transport(): TransportFactory {
    const create = this.#parts.settings.createTransport(this.#deployments, this.clock);
    // A reply says who served; when that instance became ready, the watch knows.
    return (calls, onComplete) =>
      create(calls, (slot, outcome, statusCode) => {
        const instance = calls.instance[slot];
        if (outcome === "ok" && instance !== null && this.#watches !== null) {
          const { pods } = this.#watches;
          calls.coldStart[slot] = pods.takeColdStart(instance, calls.dispatchedMs[slot]);
        }
        onComplete(slot, outcome, statusCode);
      });
  }

  get lost(): AbortSignal {
    return this.#lookout.lost;
  }

  scrapers(): readonly Scraper[] {
    const { scrapeIntervalMs: everyMs, scrapeTimeoutMs: timeoutMs } = this.#parts.settings;
    const scales = this.#watches?.pods.createScaleScraper(TAKE_EVERY_MS) ?? null;
    return [
      createProcessScraper({ groups: () => ({ loader: [Deno.pid] }), everyMs, timeoutMs }),
      ...(scales === null ? [] : [scales]),
      ...this.#watches?.cluster.scrapers ?? [],
    ];
  }

  notes(): readonly string[] {
    return [
      ...this.#noted,
      ...this.#watches?.pods.notes() ?? [],
      ...this.#watches?.cluster.notes() ?? [],
    ];
  }

  onInstanceEvent(listener: (event: InstanceEvent) => void): void {
    this.#listener = listener;
  }

  async teardown(): Promise<void> {
    const watches = this.#watches;
    this.#deployments = [];
    this.#priority?.restore();
    this.#lookout.stop();
    this.#isEnding = true;
    try {
      if (this.#mustRemove) await this.#remove();
    } finally {
      this.#watches = null;
      await Promise.all([watches?.readiness.close(), watches?.pods.close()]);
      await this.#clusterSettings.restore();
      this.#isEnding = false;
    }
  }

  async #remove(): Promise<void> {
    const { settings: { removeTimeoutMs, onNote }, runId, access } = this.#parts;
    // Where the cluster is gone there is nobody to ask for long.
    const timeoutMs = this.#lookout.lost.aborted ? 1 : removeTimeoutMs;
    try {
      const left = describeLeft(
        await removeServices(access, { runId, timeoutMs }),
        access.namespace,
      );
      if (left === null) await this.#hearTheLast();
      else onNote(left);
      this.#mustRemove = false;
    } catch (error) {
      onNote(
        `What was deployed may still be there; once the cluster answers, remove it with: ` +
          `deno task clean --run ${runId}.`,
      );
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.teardown();
  }

  /** Begun before anything is deployed, so that every instance is seen from its creation on. */
  async #watch(functions: readonly FunctionSpec[]): Promise<Watches> {
    const { runId, access, settings } = this.#parts;
    const functionIds = new Map(functions.map(({ name, functionId }) => [name, functionId]));
    const labelSelector = selectorOf(runId);
    const pods = await watchPods({
      access,
      functionIds,
      labelSelector,
      onEvent: (event) => this.#tell(event),
    });
    try {
      const cluster = await openClusterScrapers({
        access,
        prometheus: settings.prometheus,
        labelSelector,
        functionIds,
        areScalesWatched: pods.createScaleScraper(TAKE_EVERY_MS) !== null,
        everyMs: settings.scrapeIntervalMs,
        timeoutMs: settings.scrapeTimeoutMs,
      });
      const readiness = await Readiness.open(access, runId, {
        onServiceLost: (name) => {
          if (this.#isEnding) return;
          this.#note(
            `The service ${name} was deleted by someone else; its invocations fail from now on.`,
          );
        },
        onTrouble: (error) => this.#lookout.begin(error, this.#gateway),
        onRecovered: () => this.#lookout.stop(),
      });
      return { pods, readiness, cluster };
    } catch (error) {
      await pods.close();
      throw error;
    }
  }

  #note(sentence: string): void {
    this.#noted.push(sentence);
    this.#parts.settings.onNote(sentence);
  }

  #tell(event: InstanceEvent): void {
    if (event.event === "gone") this.#alive.delete(event.instance);
    else this.#alive.add(event.instance);
    this.#listener(event);
  }

  /** Each watch hears by itself that an instance is gone. */
  async #hearTheLast(): Promise<void> {
    const untilMs = this.clock.nowMs() + LAST_EVENTS_MS;
    while (this.#alive.size > 0 && this.clock.nowMs() < untilMs) await sleep(this.clock, 20);
    this.#alive.clear();
  }
}

/** What the hosts of functions have in common; where none is there, no host is known. */
function domainOf(deployed: readonly DeployedFunction[]): string {
  const some = deployed.find(({ url }) => url !== null);
  if (some === undefined) return "invalid";
  return new URL(some.url!).hostname.slice(some.name.length + 1);
}

/**
 * Unique among all loaders of a cluster, and told apart by a person: when, and digits that are
 * drawn, as containers may have the same host name and process id, and start at the same instant.
 */
function makeRunId(): string {
  const time = wallClockDate().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return `${time}-${uniqueHex(8)}`;
}
