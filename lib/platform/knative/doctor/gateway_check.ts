import { LoaderError } from "../../../base/error.ts";
import { formatAddress } from "../../../base/address.ts";
import { type Finding, okay, problem } from "../../finding.ts";
import { checkGateway as exchangeWords, resolveGateway } from "../cluster/gateway_address.ts";
import { parseGatewayChoice } from "../knative_options.ts";
import type { Checkup, ConfigMaps } from "./checkup.ts";

/** Whether there is an ingress, and whether it speaks HTTP/2 at its address. */
export async function checkGateway(
  { access, gateway, signal }: Checkup,
  configMaps: ConfigMaps,
): Promise<Finding[]> {
  try {
    const choice = parseGatewayChoice(gateway);
    const { items: nodes } = choice.kind === "found" ? await access.core.listNode() : { items: [] };
    const address = await resolveGateway(access, choice, { configMaps, nodes });
    if (address === null) {
      return [okay("gateway", "Calls go to the URL that each service says once it is up.")];
    }
    await exchangeWords(access, address, signal);
    const how = choice.kind === "found" ? "of the ingress service" : "as it is given";
    return [okay("gateway", `The gateway, ${formatAddress(address)} ${how}, speaks HTTP/2.`)];
  } catch (error) {
    if (signal.aborted || !(error instanceof LoaderError)) throw error;
    return [problem("gateway", error.message, "kubectl get services -A")];
  }
}
