import { dirname, resolve } from "node:path";
import { LoaderError } from "../../base/error.ts";
import { isSecretName, keepSecret } from "../../base/secrets.ts";
import type { TlsSettings } from "../../model/platform.ts";
import { readYamlFile } from "../../option/yaml_file.ts";
import type { Address } from "../../base/address.ts";
import { type Endpoint, PLAIN_TLS } from "./endpoint.ts";
import type { EndpointMap } from "./endpoint_map.ts";
import { createEndpointsSchema, type EndpointsDocument } from "./endpoints_schema.ts";

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
