import "./no_deprecation_warnings.ts";
import type { Agent } from "node:http";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import {
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  createConfiguration,
  CustomObjectsApi,
  HttpMethod,
  KubeConfig,
  RequestContext,
  ServerConfiguration,
  VersionApi,
  wrapHttpLibrary,
} from "@kubernetes/client-node";
import { type Clock, sleep } from "../../../clock/clock.ts";
import { errorMessage, LoaderError } from "../../../base/error.ts";
import { keepSecret } from "../../../base/secrets.ts";
import { statIfPresent } from "../../../base/file.ts";
import { createHttpLibrary, requestLines } from "./kube_http.ts";
import { isRefusal, isTransient, kubeError, statusOf } from "./kube_error.ts";

export { isConflict, isNotFound, isTransient, kubeError } from "./kube_error.ts";

/** Options of {@linkcode openKubeAccess}. */
export interface KubeAccessOptions {
  readonly clock: Clock;
  /** File to read; `null`: `$KUBECONFIG`, else `~/.kube/config`, else that of the pod we are in. */
  readonly kubeconfig?: string | null;
  /** Context of it; `null`: its current one. */
  readonly context?: string | null;
  /** Namespace; `null`: that of the context, else `default`. */
  readonly namespace?: string | null;
  /** Longest that one request may take, to the last byte of its answer. */
  readonly requestTimeoutMs?: number;
}

/** An event of a watch, as the API server sends it. */
export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

/** A cluster that we speak to. Methods reject with the library's own errors: see {@linkcode kubeError}. */
export interface KubeAccess {
  readonly clock: Clock;
  /** URL of the API server. */
  readonly server: string;
  /** Name of the context in force. */
  readonly contextName: string;
  /** Namespace that the functions go into. */
  readonly namespace: string;
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly custom: CustomObjectsApi;
  readonly authorization: AuthorizationV1Api;
  readonly version: VersionApi;
  /**
   * The same cluster, where one request, to the last byte of its answer, may take no
   * longer than this, and ends with the signal.
   */
  within(requestTimeoutMs: number, signal?: AbortSignal): KubeAccess;
  /**
   * The body of a GET, such as through a service's proxy:
   * `/api/v1/namespaces/NS/services/NAME:PORT/proxy/…`.
   */
  readText(path: string, signal?: AbortSignal): Promise<string>;
  /**
   * Watches a path until the server ends it or the signal aborts, after which
   * nothing is told; `query` may have `resourceVersion`, `labelSelector` and so on. See
   * {@linkcode watchObjects} for one that lists and keeps itself alive.
   *
   * @param onEvent what it throws ends the watch
   */
  watch(
    path: string,
    query: Readonly<Record<string, string>>,
    onEvent: (type: WatchEventType, object: unknown) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

/** What every object has that is made. */
export interface NamedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Who the fields belong to that we set (managedFields). */
export const FIELD_MANAGER = "loader";

/** For this long after it was away an API server may not know yet who may do what. */
const STARTING_MS = 10_000;

/** The file that Kubernetes mounts into every pod (its documentation, "Accessing the API from a Pod"). */
const IN_CLUSTER_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/**
 * Reads how to reach a cluster. Nothing is asked of it yet.
 *
 * @throws LoaderError `usage` when there is no configuration, or no such context
 */
export function openKubeAccess(options: KubeAccessOptions): KubeAccess {
  const config = readKubeConfig(options.kubeconfig ?? null);
  selectContext(config, options.context ?? null);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new LoaderError(
      "usage",
      `The context ${config.getCurrentContext()} names a cluster that the configuration does ` +
        `not have; choose another with --context.`,
      { value: config.getCurrentContext() },
    );
  }
  const user = config.getCurrentUser();
  for (const secret of [user?.token, user?.password, user?.keyData]) keepSecret(secret);
  const namespace = options.namespace ??
    config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
  return createAccess(config, {
    clock: options.clock,
    server: cluster.server,
    namespace,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    signal: null,
  });
}

function createAccess(
  config: KubeConfig,
  { clock, server, namespace, requestTimeoutMs, signal: ofAll }: {
    readonly clock: Clock;
    readonly server: string;
    readonly namespace: string;
    readonly requestTimeoutMs: number;
    /** Ends every request. */
    readonly signal: AbortSignal | null;
  },
): KubeAccess {
  const http = createHttpLibrary(clock, requestTimeoutMs, ofAll);
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: config },
    httpApi: wrapHttpLibrary(http),
  });
  return {
    clock,
    server,
    contextName: config.getCurrentContext(),
    namespace,
    core: new CoreV1Api(configuration),
    apps: new AppsV1Api(configuration),
    custom: new CustomObjectsApi(configuration),
    authorization: new AuthorizationV1Api(configuration),
    version: new VersionApi(configuration),

    within(shorterMs, signal) {
      return createAccess(config, {
        clock,
        server,
        namespace,
        requestTimeoutMs: shorterMs,
        signal: signal ?? ofAll,
      });
    },

    async readText(path, signal) {
      const request = new RequestContext(server + path, HttpMethod.GET);
      await config.applySecurityAuthentication(request);
      const response = await http.send(request, signal);
      const body = await response.body.text();
      if (response.httpStatusCode < 300) return body;
      throw Object.assign(new Error(body.slice(0, 500)), { code: response.httpStatusCode, body });
    },

    async watch(path, query, onEvent, signal) {
      const url = `${server}${path}?${new URLSearchParams({ ...query, watch: "true" })}`;
      const request = new RequestContext(url, HttpMethod.GET);
      await config.applySecurityAuthentication(request);
      await requestLines(url, {
        headers: request.getHeaders(),
        agent: request.getAgent() as Agent | undefined,
        signal,
        onLine(line) {
          const { type, object } = JSON.parse(line) as { type: WatchEventType; object: unknown };
          onEvent(type, object);
        },
      });
    },
  };
}

/**
 * Does something, again and again while the API server is away or overloaded, or
 * refuses us when it has just come back, until `untilMs` on the clock. What it does
 * must bear being done twice.
 *
 * @throws LoaderError with the last failure; the signal's reason when it aborts
 */
export async function persist<T>(
  access: Pick<KubeAccess, "clock">,
  action: () => Promise<T>,
  { doing, untilMs, signal }: {
    /** What is done, for the sentence: `deploy f-0`. */
    readonly doing: string;
    readonly untilMs: number;
    readonly signal?: AbortSignal;
  },
): Promise<T> {
  const { clock } = access;
  let awayMs = -Infinity;
  for (let waitMs = 250;; waitMs = Math.min(2 * waitMs, 4000)) {
    signal?.throwIfAborted();
    try {
      return await action();
    } catch (error) {
      const nowMs = clock.nowMs();
      if (isTransient(error)) awayMs = nowMs;
      const isStarting = isRefusal(error) && nowMs - awayMs < STARTING_MS;
      const mayPass = isTransient(error) || isStarting;
      if (!mayPass || nowMs + waitMs >= untilMs) throw kubeError(error, doing);
      await sleep(clock, waitMs, signal);
    }
  }
}

function readKubeConfig(file: string | null): KubeConfig {
  const config = new KubeConfig();
  const files = file === null ? defaultFiles() : [file];
  if (files.length === 0) {
    if (statIfPresent(IN_CLUSTER_TOKEN) !== null) {
      config.loadFromCluster();
      return config;
    }
    throw new LoaderError(
      "usage",
      "There is no configuration of a Kubernetes cluster: name its file with --kubeconfig, or " +
        "in the environment as KUBECONFIG.",
    );
  }
  for (const [index, path] of files.entries()) {
    try {
      if (index === 0) config.loadFromFile(path);
      else {
        const other = new KubeConfig();
        other.loadFromFile(path);
        config.mergeConfig(other, true);
      }
    } catch (cause) {
      throw new LoaderError(
        "usage",
        `The Kubernetes configuration cannot be read (${firstLine(cause)}); check --kubeconfig ` +
          `or KUBECONFIG.`,
        { file: path, cause },
      );
    }
  }
  return config;
}

/** As kubectl finds them; those of a list that are not there are left out. */
function defaultFiles(): string[] {
  const named = process.env.KUBECONFIG;
  if (named !== undefined && named !== "") {
    const files = named.split(delimiter).filter((path) => path !== "");
    const there = files.filter((path) => statIfPresent(path) !== null);
    return there.length === 0 ? files.slice(0, 1) : there;
  }
  const file = join(homedir(), ".kube", "config");
  return statIfPresent(file) !== null ? [file] : [];
}

function selectContext(config: KubeConfig, context: string | null): void {
  const names = config.getContexts().map(({ name }) => name);
  const known = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
  if (context !== null) {
    if (!names.includes(context)) {
      throw new LoaderError(
        "usage",
        `The Kubernetes configuration has no context "${context}" (${known}); choose one with ` +
          `--context.`,
        { value: context },
      );
    }
    config.setCurrentContext(context);
  } else if (!names.includes(config.getCurrentContext())) {
    throw new LoaderError(
      "usage",
      `The Kubernetes configuration says no current context (${known}); choose one with ` +
        `--context.`,
      { value: config.getCurrentContext() },
    );
  }
}

function firstLine(error: unknown): string {
  return errorMessage(error).split("\n")[0].replace(/\.$/, "");
}

/** The message of a status that came as the object of an `ERROR` event of a watch. */
export function watchErrorOf(object: unknown): Error & { readonly code: number | undefined } {
  const status = statusOf(object);
  return Object.assign(new Error(status?.message ?? "the watch failed"), { code: status?.code });
}
