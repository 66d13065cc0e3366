import { LoaderError } from "../../../base/error.ts";
import { type Address, formatAddress, parseAddress } from "../../../base/address.ts";
import { PLAIN_TLS } from "../../endpoints/endpoint.ts";
import { checkServer } from "../../endpoints/server_check.ts";
import type { TlsSettings } from "../../../model/platform.ts";
import type { ClusterFacts } from "./cluster_facts.ts";
import { chooseGateway } from "../doctor/gateway_choice.ts";
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
  { configMaps, nodes }: Pick<ClusterFacts, "configMaps" | "nodes">,
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
