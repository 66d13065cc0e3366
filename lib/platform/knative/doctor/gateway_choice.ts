import { formatAddress } from "../../../base/address.ts";
import type { V1Node, V1Service, V1ServicePort } from "@kubernetes/client-node";

/** The ingress service that requests go to. */
export interface GatewayChoice {
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
): GatewayChoice | null {
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

function addressOf(service: V1Service, nodes: readonly V1Node[]): GatewayChoice {
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
