import { dirname, resolve } from "node:path";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { isSecretName, keepSecret } from "../../base/secrets.ts";
import type { TlsSettings } from "../../model/platform.ts";
import { readYamlFile } from "../../option/yaml_file.ts";
import { type Address, parseAddress } from "../../base/address.ts";
import { type Endpoint, type EndpointMap, PLAIN_TLS } from "./endpoint_map.ts";
import { createEndpointsSchema, type EndpointsDocument } from "./endpoints_schema.ts";

/**
 * Parses the value of `--endpoints`: addresses separated by commas, or the name
 * of a YAML file.
 *
 * @throws LoaderError `usage` for an address, `input` for the file, naming its line
 *
 * @example
 * ```ts
 * import { parseEndpoints } from "./endpoints_file.ts";
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

/**
 * Reads which function's calls go where from a YAML file; `config/endpoints.yaml`
 * is one with comments. The files that it names are read too.
 *
 * @throws LoaderError `input` naming the line of what is wrong
 */
export function readEndpointsFile(file: string): EndpointMap {
  const document = readYamlFile(file, {
    name: "The endpoints file",
    example: "config/endpoints.yaml",
    schema: createEndpointsSchema(dirname(resolve(file))),
  });
  const map = settleEndpoints(file, document);
  if (map.endpoints.length === 0 && map.functions.size === 0) {
    throw new LoaderError(
      "input",
      "The file names no server; give it a list of endpoints, or functions.",
      { file, line: 1 },
    );
  }
  return map;
}

function settleEndpoints(
  file: string,
  { defaults = {}, endpoints = [], functions = {} }: EndpointsDocument,
): EndpointMap {
  const settle = (entry: NonNullable<EndpointsDocument["endpoints"]>[number]): Endpoint => {
    const own: EndpointsDocument["defaults"] & { readonly address: Address } = entry;
    const metadata = { ...defaults.metadata, ...own.metadata };
    for (const [name, value] of Object.entries(metadata)) {
      if (isSecretName(name)) keepSecret(value);
    }
    return {
      address: own.address,
      authority: own.authority ?? defaults.authority ?? null,
      tls: own.tls === undefined ? tlsOf(own.address, defaults.tls ?? null) : own.tls,
      metadata,
    };
  };
  return {
    file,
    functions: new Map(Object.entries(functions).map(([name, entry]) => [name, settle(entry)])),
    endpoints: endpoints.map(settle),
  };
}

/** A scheme decides whether there is TLS, the defaults how. */
function tlsOf({ secure }: Address, defaults: TlsSettings | null): TlsSettings | null {
  if (secure === null) return defaults;
  return secure ? defaults ?? PLAIN_TLS : null;
}
