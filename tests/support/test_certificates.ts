import { fileURLToPath } from "node:url";

/** Paths of the certificates and keys in `tls/`. */
export const TLS_FILES = {
  ca: pathOf("ca.pem"),
  serverCertificate: pathOf("server.pem"),
  serverKey: pathOf("server.key"),
  strangerCertificate: pathOf("stranger.pem"),
  strangerKey: pathOf("stranger.key"),
  clientCertificate: pathOf("client.pem"),
  clientKey: pathOf("client.key"),
} as const;

function pathOf(name: string): string {
  return fileURLToPath(new URL(`tls/${name}`, import.meta.url));
}
