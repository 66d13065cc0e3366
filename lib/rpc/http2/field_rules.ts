/** Fields of a connection of HTTP/1, which HTTP/2 forbids (RFC 9113, section 8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** Characters of a name, without upper case (RFC 9110, section 5.1; RFC 9113, section 8.2.1). */
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * What a value must not have (RFC 9113, section 8.2.1). Space at its ends is let
 * pass: servers of gRPC send the message of a status as it is.
 */
const BAD_VALUE = /[\0\r\n]/;

/** Whether a field, other than a pseudo-header field, may be in a block (RFC 9113, section 8.2). */
export function isFieldWellFormed(name: string, value: string): boolean {
  if (name === "content-length" && !/^\d+$/.test(value)) return false;
  return NAME.test(name) && !CONNECTION_FIELDS.has(name) && !BAD_VALUE.test(value);
}
