import { errorMessage, LoaderError } from "../../base/error.ts";
import { parseAddress } from "../../base/address.ts";
import { type Endpoint, PLAIN_TLS } from "./endpoint.ts";
import type { EndpointMap } from "./endpoint_map.ts";
import { readEndpointsFile } from "./endpoints_file.ts";

/**
 * Parses the value of `--endpoints`: addresses separated by commas, or the name
 * of a YAML file.
 *
 * @throws LoaderError `usage` for an address, `input` for the file, naming its line
 *
 * @example
 * ```ts
 * import { parseEndpoints } from "./parse_endpoints.ts";
 * const { endpoints } = parseEndpoints("127.0.0.1:50051,https://faas.example:443");
 * if (endpoints[0].tls !== null || endpoints[1].tls === null) throw new Error("misread");
 * ```
 */
export function parseEndpoints(text: string): EndpointMap {
  if (/^[^,]*\.ya?ml$/i.test(text)) return readEndpointsFile(text);
  return { file: null, functions: new Map(), endpoints: text.split(",").map(parseEndpoint) };
}

function parseEndpoint(text: string): Endpoint {
  try {
    const address = parseAddress(text.trim());
    return { address, authority: null, tls: address.secure ? PLAIN_TLS : null, metadata: {} };
  } catch (cause) {
    throw new LoaderError(
      "usage",
      `--endpoints: ${errorMessage(cause)} The name of a file ends in .yaml.`,
      { cause },
    );
  }
}
