import { LoaderError } from "../../../base/error.ts";
import { type Address, formatAddress, parseAddress } from "../../../base/address.ts";
import { PLAIN_TLS } from "../../endpoints/endpoint_map.ts";
import { checkServer } from "../../endpoints/server_check.ts";
import type { TlsSettings } from "../../../model/platform.ts";
import type { ConfigMaps } from "./knative_objects.ts";
import type { V1Node, V1Service, V1ServicePort } from "@kubernetes/client-node";
import { type KubeAccess, kubeError } from "./kube_access.ts";
import type { GatewayChoice } from "../knative_options.ts";

/** Knative's default where config-network says nothing. */
const DEFAULT_CLASS = "istio.ingress.networking.knative.dev";

/** Longest wait for a gateway's first words. */
const FIRST_WORDS_MS = 5000;

/** Where a function's calls go. */
export interface FunctionAddress {
  readonly address: string;
  readonly authority: string;
  readonly tls?: TlsSettings;
}

/** The one address that all calls go to; `null`: each function's own URL. */
export async function resolveGateway(
  access: KubeAccess,
  choice: GatewayChoice,
  { configMaps, nodes }: { readonly configMaps: ConfigMaps; readonly nodes: readonly V1Node[] },
): Promise<Address | null> {
  if (choice.kind === "url") return null;
  if (choice.kind === "address") return choice.address;
  const network = configMaps.get("config-network") ?? {};
  const ingressClass = network["ingress-class"] ?? network["ingress.class"] ?? DEFAULT_CLASS;
  let services;
  try {
    ({ items: services } = await access.core.listServiceForAllNamespaces());
  } catch (error) {
    throw kubeError(error, "look for the gateway (--gateway host:port needs no look)");
  }
  const gateway = chooseGateway(ingressClass, services, nodes);
  if (gateway?.address !== undefined && gateway.address !== null) {
    return parseAddress(gateway.address);
  }
  throw new LoaderError(
    "platform",
    gateway === null
      ? `No service belongs to the ingress ${ingressClass}; name its address with --gateway ` +
        `host:port.`
      : `The ingress service ${gateway.service} has no address yet; forward a port to it and ` +
        `name that with --gateway host:port.`,
  );
}

/**
 * Exchanges first words with the gateway.
 *
 * @throws LoaderError `platform` when it is not there or does not speak HTTP/2
 */
export async function checkGateway(
  { clock }: Pick<KubeAccess, "clock">,
  gateway: Address,
  signal: AbortSignal,
): Promise<void> {
  const tls = gateway.secure === true ? PLAIN_TLS : null;
  try {
    await checkServer({ address: gateway, tls }, clock, FIRST_WORDS_MS, signal);
  } catch (cause) {
    if (signal.aborted) throw cause;
    const name = formatAddress(gateway);
    throw new LoaderError(
      "platform",
      `The gateway at ${name} cannot be used: ${(cause as Error).message} Is the ingress up, and ` +
        `is --gateway its address?`,
      { value: name, cause },
    );
  }
}

/**
 * Where the calls of a function go: to the gateway, with the host of the
 * function's URL as authority, so that no name must be known to a DNS; or, without
 * a gateway, to that host.
 *
 * @param url of the service's status, such as `http://f-0.default.example.com`
 * @param port instead of the one that the URL's scheme implies
 */
export function addressOfFunction(
  url: string,
  gateway: Address | null,
  port: number | null,
): FunctionAddress {
  const { protocol, hostname: authority, port: ownPort } = new URL(url);
  if (gateway !== null) {
    return {
      address: formatAddress(gateway),
      authority,
      ...(gateway.secure === true ? { tls: PLAIN_TLS } : {}),
    };
  }
  const secure = protocol === "https:";
  const impliedPort = secure ? 443 : 80;
  const number = port ?? (ownPort === "" ? impliedPort : Number(ownPort));
  // A URL has an IPv6 address in brackets.
  const hostname = authority.replace(/^\[(.*)\]$/, "$1");
  const address = formatAddress({ hostname, port: number });
  return {
    address,
    authority: number === impliedPort ? authority : address,
    ...(secure ? { tls: PLAIN_TLS } : {}),
  };
}

/** The ingress service that requests go to. */
export interface IngressService {
  /** `namespace/name`. */
  readonly service: string;
  /** `host:port`, as far as it can be reached from here; `null`: it has none yet. */
  readonly address: string | null;
  /** By what it is reached. */
  readonly kind: "load balancer" | "external address" | "node port" | "cluster address";
}

/** Ingress services whose names do not begin with that of their class (the projects' own files). */
const NAMED_OTHERWISE: Readonly<Record<string, string>> = {
  contour: "contour-external/envoy",
  "gateway-api": "istio-system/istio-ingressgateway",
};

/** Namespaces of no application; what else is named so may be anything. */
const INGRESS_NAMESPACE = /(^|-)(system|serving|ingress|external|gateway)(-|$)/;

/**
 * The service of Knative's ingress: by its class, such as
 * `kourier.ingress.networking.knative.dev`, the service whose name begins alike.
 */
export function chooseGateway(
  ingressClass: string,
  services: readonly V1Service[],
  nodes: readonly V1Node[],
): IngressService | null {
  const provider = ingressClass.split(".")[0];
  const isGateway = (service: V1Service) => {
    const name = nameOf(service);
    if (NAMED_OTHERWISE[provider] !== undefined) return name === NAMED_OTHERWISE[provider];
    return (service.metadata?.name ?? "").startsWith(provider) &&
      !/-(internal|local)$/.test(name) && portOf(service) !== undefined &&
      INGRESS_NAMESPACE.test(service.metadata?.namespace ?? "");
  };
  const found = services.filter(isGateway).sort((a, b) => rankOf(a) - rankOf(b));
  return found.length === 0 ? null : addressOf(found[0], nodes);
}

function addressOf(service: V1Service, nodes: readonly V1Node[]): IngressService {
  const port = portOf(service)!;
  const at = (host: string | undefined, number: number | undefined) =>
    host === undefined || number === undefined
      ? null
      : formatAddress({ hostname: host, port: number });
  const name = nameOf(service);
  const balancer = service.status?.loadBalancer?.ingress?.[0];
  if (balancer !== undefined) {
    return {
      service: name,
      address: at(balancer.ip ?? balancer.hostname, port.port),
      kind: "load balancer",
    };
  }
  const external = service.spec?.externalIPs?.[0];
  if (external !== undefined) {
    return { service: name, address: at(external, port.port), kind: "external address" };
  }
  if (port.nodePort !== undefined) {
    return { service: name, address: at(nodeAddress(nodes), port.nodePort), kind: "node port" };
  }
  const { clusterIP } = service.spec ?? {};
  return {
    service: name,
    address: at(clusterIP === "None" ? undefined : clusterIP, port.port),
    kind: "cluster address",
  };
}

/** The port of requests in the clear. */
function portOf(service: V1Service): V1ServicePort | undefined {
  const ports = service.spec?.ports ?? [];
  return ports.find(({ name }) => name === "http2" || name === "h2c") ??
    ports.find(({ port }) => port === 80);
}

function nodeAddress(nodes: readonly V1Node[]): string | undefined {
  const addresses = nodes.flatMap(({ status }) => status?.addresses ?? []);
  return (addresses.find(({ type }) => type === "ExternalIP") ??
    addresses.find(({ type }) => type === "InternalIP"))?.address;
}

function nameOf({ metadata }: V1Service): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

/** Those for the outside first. */
function rankOf({ spec }: V1Service): number {
  if (spec?.type === "LoadBalancer") return 0;
  return spec?.type === "NodePort" ? 1 : 2;
}
