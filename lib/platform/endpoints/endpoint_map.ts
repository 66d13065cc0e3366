import type { Address } from "../../base/address.ts";
import { LoaderError } from "../../base/error.ts";
import type { FunctionSpec, TlsSettings } from "../../model/platform.ts";

/** A server that is already there, and how to speak to it. */
export interface Endpoint {
  readonly address: Address;
  /**
   * The `:authority` of its calls, in which `{function}` stands for the
   * function's name; `null`: the address, as gRPC clients do.
   */
  readonly authority: string | null;
  /** `null`: HTTP/2 in the clear. */
  readonly tls: TlsSettings | null;
  /** Values of names that end in `-bin` are base64. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** TLS with the system's authorities and without a certificate of one's own. */
export const PLAIN_TLS: TlsSettings = { caCertificates: [], certificate: null };

/** Which function's calls go where. */
export interface EndpointMap {
  /** Where it was read; `null` on the command line. */
  readonly file: string | null;
  /** By a function's name or id, in which `*` stands for any characters. */
  readonly functions: ReadonlyMap<string, Endpoint>;
  /** Dealt round robin to the functions that have none of their own. */
  readonly endpoints: readonly Endpoint[];
}

/**
 * The endpoint of each function: the entry of its very name or id, else that of
 * the first pattern that fits, else the next of the list.
 *
 * @throws LoaderError `usage` naming a function that has none
 */
export function assignEndpoints(
  map: EndpointMap,
  functions: readonly Pick<FunctionSpec, "name" | "functionId">[],
): Endpoint[] {
  const patterns = [...map.functions].filter(([pattern]) => pattern.includes("*")).map((
    [pattern, endpoint],
  ) => ({ expression: expressionOf(pattern), endpoint }));
  let dealt = 0;
  return functions.map(({ name, functionId }) => {
    const own = map.functions.get(name) ?? map.functions.get(functionId) ??
      patterns.find(({ expression }) => expression.test(name) || expression.test(functionId))
        ?.endpoint;
    if (own !== undefined) return own;
    if (map.endpoints.length > 0) return map.endpoints[dealt++ % map.endpoints.length];
    throw new LoaderError(
      "usage",
      `No endpoint is given for the function ${name} (${functionId}); name it or a pattern such ` +
        `as "*" under functions, or give a list of endpoints.`,
      { file: map.file ?? undefined, value: name },
    );
  });
}

function expressionOf(pattern: string): RegExp {
  const literals = pattern.split("*").map((text) => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literals.join(".*")}$`, "s");
}
