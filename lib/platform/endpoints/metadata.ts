/**
 * Names that a call cannot have as metadata of its own: HTTP/2 forbids those of
 * a connection (RFC 9113, section 8.2.2), and gRPC sends the others itself.
 */
const RESERVED: readonly string[] = [
  "connection",
  "content-length",
  "content-type",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
  "user-agent",
];

/** Base64 with or without its padding, as gRPC takes it for `-bin` values. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/**
 * Says what is wrong with metadata of a call, by the rules of gRPC over HTTP/2
 * ("Custom-Metadata" of its protocol document); `null` when nothing is.
 */
export function findMetadataMistake(name: string, value: string): string | null {
  const quoted = JSON.stringify(name);
  if (/[A-Z]/.test(name)) return `The metadata name ${quoted} must be in lower case.`;
  if (!/^[0-9a-z_.-]+$/.test(name)) {
    return `The metadata name ${quoted} may have letters, digits, "_", "-" and "." only.`;
  }
  if (name.startsWith("grpc-") || RESERVED.includes(name)) {
    return `The metadata name ${quoted} is reserved; choose another.`;
  }
  if (name.endsWith("-bin")) {
    return BASE64.test(value) ? null : `The value of the metadata ${quoted} must be base64.`;
  }
  if (!/^[\x20-\x7e]*$/.test(value) || value !== value.trim()) {
    return `The value of the metadata ${quoted} must be printable ASCII without spaces at its ` +
      `ends; bytes go into a name that ends in "-bin", as base64.`;
  }
  return null;
}
