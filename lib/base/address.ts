/** Where a server listens. */
export interface Address {
  /** Name or IP address, IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** What the scheme says of TLS: `https` or `http`; `null` without a scheme. */
  readonly secure: boolean | null;
}

/** Characters of host names (underscores are met in container networks) and IPv4 addresses. */
const HOST_NAME = /^[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?\.?$/i;

/** Characters of IPv6 addresses, with a zone. */
const IPV6 = /^[0-9a-f:.]*:[0-9a-f:.]*(%[\w.-]+)?$/i;

/**
 * Parses `host:port`, `[::1]:50051`, `http://host:port` (in the clear) or
 * `https://host:port` (TLS).
 *
 * @throws Error whose message is a sentence that quotes the text
 *
 * @example
 * ```ts
 * import { parseAddress } from "./address.ts";
 * const { hostname, port, secure } = parseAddress("https://[::1]:50051");
 * if (hostname !== "::1" || port !== 50051 || secure !== true) throw new Error("misread");
 * ```
 */
export function parseAddress(text: string): Address {
  if (text.includes("@")) {
    // Not quoted: it may hold a password.
    throw new Error(
      "An address holds user information (something before an @), which calls do not carry; " +
        "write it as host:port, and what lets a caller in as metadata in a file of endpoints.",
    );
  }
  const [, scheme, rest] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text)!;
  const secure = scheme === undefined ? null : parseScheme(scheme, text);
  const [, host, portText] = /^(\[[^\]]*\]|.*?)(?::([^:\]]*))?$/s.exec(
    scheme === undefined ? rest : rest.replace(/\/$/, ""),
  )!;
  const bracketed = host.startsWith("[");
  const hostname = bracketed ? host.slice(1, -1) : host;
  if (!bracketed && host.includes(":")) {
    throw new Error(
      `${quote(text)} is not host:port; an IPv6 address needs brackets, as [::1]:50051.`,
    );
  }
  if (!(bracketed ? IPV6 : HOST_NAME).test(hostname)) {
    throw new Error(`${quote(text)} names no host; write it as host:port.`);
  }
  if (portText === undefined || portText === "") {
    throw new Error(`${quote(text)} has no port; write it as host:port.`);
  }
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : NaN;
  if (!(port >= 1 && port <= 65_535)) {
    throw new Error(`The port of ${quote(text)} is no whole number from 1 to 65535.`);
  }
  return { hostname, port, secure };
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatAddress({ hostname, port }: Omit<Address, "secure">): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

function parseScheme(scheme: string, text: string): boolean {
  switch (scheme.toLowerCase()) {
    case "http":
      return false;
    case "https":
      return true;
  }
  throw new Error(
    `The scheme of ${quote(text)} is not known; write host:port, http:// for HTTP/2 in the ` +
      `clear, or https:// for TLS.`,
  );
}

function quote(text: string): string {
  return JSON.stringify(text);
}
