import { getCACertificates } from "node:tls";
import { parseAddress } from "../base/address.ts";
import { untilAborted } from "../base/signal.ts";
import { Deadline } from "../clock/deadline.ts";
import type { Clock } from "../clock/clock.ts";
import type { TlsSettings } from "../model/platform.ts";

/** What a connection is spoken over: a socket of TCP or TLS, or a test's own. */
export interface ByteStream {
  /** Reads up to as many bytes as fit; `null` at the end. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Writes some of the bytes, at least one, and tells how many. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  close(): void;
}

/** Where to connect to, and how. */
export interface SocketAddress {
  /** `host:port`; an IPv6 address in brackets. */
  readonly address: string;
  /** `undefined`: in the clear. */
  readonly tls: TlsSettings | undefined;
}

/**
 * Connects over TCP, or over TLS with ALPN `h2`.
 *
 * @throws Error when it cannot within `timeoutMs`, or `signal` aborts; the reason is its message
 */
export async function connectSocket(
  { address, tls }: SocketAddress,
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ByteStream> {
  const reason = new Error(`no answer in ${timeoutMs / 1000} s`);
  using deadline = new Deadline(clock, timeoutMs, { reason, signal });
  const ended = deadline.signal;
  try {
    const connecting = tls === undefined
      ? connectTcp(address, ended)
      : connectTls(address, tls, ended);
    // What comes too late is closed: not every way to connect can be stopped.
    connecting.then((unused) => ended.aborted && unused.close(), () => {});
    return await untilAborted(ended, connecting);
  } catch (error) {
    ended.throwIfAborted();
    throw error;
  }
}

async function connectTcp(address: string, signal: AbortSignal): Promise<ByteStream> {
  const { hostname, port } = parseAddress(address);
  const conn = await Deno.connect({ hostname, port, signal });
  conn.setNoDelay(true);
  return conn;
}

async function connectTls(
  address: string,
  tls: TlsSettings,
  signal: AbortSignal,
): Promise<ByteStream> {
  const { hostname, port } = parseAddress(address);
  const caCerts = authoritiesOf(tls);
  const alpnProtocols = ["h2"];
  let conn: Deno.TlsConn;
  if (tls.certificate === null) {
    const plain = await Deno.connect({ hostname, port, signal });
    plain.setNoDelay(true);
    conn = await Deno.startTls(plain, { hostname, caCerts, alpnProtocols });
  } else {
    // Only this way takes a certificate of our own; it does not know setNoDelay.
    const { chain: cert, key } = tls.certificate;
    conn = await Deno.connectTls({ hostname, port, caCerts, alpnProtocols, cert, key });
  }
  // A handshake that nobody answers ends with its connection.
  const stop = () => conn.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const { alpnProtocol } = await conn.handshake();
    if (alpnProtocol === "h2") return conn;
  } catch (error) {
    if (!signal.aborted) conn.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  conn.close();
  throw new Error("the server does not offer HTTP/2 over TLS (ALPN h2)");
}

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
