import type { TlsSettings } from "../../model/platform.ts";
import type { Address } from "../../base/address.ts";

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
