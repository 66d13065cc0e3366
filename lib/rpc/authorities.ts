import { getCACertificates } from "node:tls";
import type { TlsSettings } from "../model/platform.ts";

/** Read once: the file of a system has some 150 certificates. */
let ofSystem: readonly string[] | undefined;

/**
 * The authorities to trust beside those that Deno brings along (Mozilla's list), PEM:
 * those that are named, else the system's, which Deno alone reads only where
 * `DENO_TLS_CA_STORE` says so when it starts. (Reading them takes a millisecond of CPU for
 * each connection; whoever names an authority does without.)
 *
 * @throws Error when Deno does not grant `--allow-sys`
 */
export function authoritiesOf({ caCertificates }: Pick<TlsSettings, "caCertificates">): string[] {
  if (caCertificates.length > 0) return [...caCertificates];
  ofSystem ??= getCACertificates("system");
  return [...ofSystem];
}
