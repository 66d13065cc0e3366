import { type Clock, RealClock } from "../../clock/clock.ts";
import type {
  Capacity,
  Deployment,
  FunctionSpec,
  Platform,
  Scraper,
  TransportFactory,
} from "../../model/platform.ts";
import { createProcessScraper } from "../../scrape/process_usage.ts";
import type { CreateTransport } from "../transport_choice.ts";
import { formatAddress } from "../../base/address.ts";
import type { Endpoint } from "./endpoint_map.ts";
import { assignEndpoints, type EndpointMap } from "./endpoint_map.ts";
import { parseEndpoints } from "./endpoints_file.ts";
import { checkServer } from "./server_check.ts";

/** What {@linkcode createEndpointsPlatform} is given. */
export interface EndpointsSettings {
  readonly createTransport: CreateTransport;
  /** Addresses separated by commas, or the name of a YAML file. */
  readonly endpoints: string;
  /** Longest wait for a server's first words; as long as a call may wait for its connection. */
  readonly connectTimeoutMs?: number;
  /** Time between two scrapes, and the longest that one may take. */
  readonly scrapeIntervalMs?: number;
  readonly scrapeTimeoutMs?: number;
}

/**
 * Servers that are already there. Nothing is deployed: each function's calls go
 * to the endpoint that it is given, and what becomes of a server shows in the
 * outcomes alone. Of instances and cold starts nothing is known.
 *
 * @throws LoaderError `usage` or `input` when the endpoints cannot be read
 */
export function createEndpointsPlatform(options: EndpointsSettings): Platform {
  return new EndpointsPlatform(options, parseEndpoints(options.endpoints));
}

class EndpointsPlatform implements Platform {
  readonly name = "endpoints";
  readonly clock: Clock;
  readonly capacity: Capacity = {
    instances: null,
    cpuMilli: null,
    memoryMib: null,
    instanceOverheadMib: 0,
  };
  /** Never aborted: a run against servers that are gone is a result as well. */
  readonly lost: AbortSignal = new AbortController().signal;
  readonly #settings: EndpointsSettings;
  readonly #map: EndpointMap;
  #deployments: readonly Deployment[] = [];
  /** As they were given, before the names of functions were put in. */
  #authorities: readonly string[] = [];

  constructor(options: EndpointsSettings, map: EndpointMap) {
    this.clock = new RealClock();
    this.#settings = options;
    this.#map = map;
  }

  describe(): Record<string, unknown> {
    const functionsOf = new Map<string, number>();
    for (const { address, tls } of this.#deployments) {
      const url = `${tls === undefined ? "http" : "https"}://${address}`;
      functionsOf.set(url, (functionsOf.get(url) ?? 0) + 1);
    }
    const metadata = this.#deployments.flatMap(({ metadata }) => Object.keys(metadata ?? {}));
    return {
      endpoints: this.#settings.endpoints,
      // Values may be secrets.
      ...(metadata.length === 0 ? {} : { metadataNames: [...new Set(metadata)] }),
      authorities: [...new Set(this.#authorities)],
      functionsPerServer: Object.fromEntries(functionsOf),
      initialScales: "ignored",
      deno: Deno.version.deno,
      v8: Deno.version.v8,
    };
  }

  async deploy(
    functions: readonly FunctionSpec[],
    signal: AbortSignal,
  ): Promise<readonly Deployment[]> {
    const endpoints = assignEndpoints(this.#map, functions);
    await this.#checkServers(endpoints, signal);
    this.#deployments = functions.map((spec, i) => deploymentOf(spec, endpoints[i]));
    this.#authorities = endpoints.map(({ authority }) => authority ?? "the address");
    return this.#deployments;
  }

  get transport(): TransportFactory {
    return this.#settings.createTransport(this.#deployments, this.clock);
  }

  scrapers(): readonly Scraper[] {
    const { scrapeIntervalMs: everyMs = 1000, scrapeTimeoutMs: timeoutMs = everyMs } =
      this.#settings;
    return [createProcessScraper({ groups: () => ({ loader: [Deno.pid] }), everyMs, timeoutMs })];
  }

  onInstanceEvent(): void {
    // There will be none.
  }

  teardown(): Promise<void> {
    this.#deployments = [];
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.teardown();
  }

  /** Each address once for each way to speak to it; the first failure ends the others. */
  async #checkServers(endpoints: readonly Endpoint[], signal: AbortSignal): Promise<void> {
    const servers = new Map(
      endpoints.map(({ address, tls }) => [
        JSON.stringify([formatAddress(address), tls]),
        { address, tls },
      ]),
    );
    const failed = new AbortController();
    const ended = AbortSignal.any([signal, failed.signal]);
    const timeoutMs = this.#settings.connectTimeoutMs ?? 15_000;
    const checks = [...servers.values()].map((server) =>
      checkServer(server, this.clock, timeoutMs, ended)
    );
    try {
      await Promise.all(checks);
    } finally {
      failed.abort();
      await Promise.allSettled(checks);
    }
  }
}

function deploymentOf(spec: FunctionSpec, endpoint: Endpoint): Deployment {
  const address = formatAddress(endpoint.address);
  const authority = endpoint.authority?.replaceAll("{function}", spec.name) ?? address;
  return {
    spec,
    address,
    authority,
    ...(endpoint.tls === null ? {} : { tls: endpoint.tls }),
    ...(Object.keys(endpoint.metadata).length === 0 ? {} : { metadata: endpoint.metadata }),
  };
}
