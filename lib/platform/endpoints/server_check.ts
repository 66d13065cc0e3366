import type { Clock } from "../../clock/clock.ts";
import { errorMessage, LoaderError } from "../../base/error.ts";
import type { TlsSettings } from "../../model/platform.ts";
import { authoritiesOf } from "../../rpc/socket.ts";
import { formatAddress } from "../../base/address.ts";
import type { Endpoint } from "./endpoint_map.ts";
import { untilAborted } from "../../base/signal.ts";
import { Deadline } from "../../clock/deadline.ts";

/** The client's first words in HTTP/2: the preface and empty SETTINGS (RFC 9113, section 3.4). */
const GREETING = new Uint8Array([
  ...new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  ...[0, 0, 0, 4, 0, 0, 0, 0, 0],
]);

/** The first frame of a server is SETTINGS; its header has 9 bytes, the type is the fourth. */
const FRAME_HEADER_BYTES = 9;
const SETTINGS_TYPE = 4;

/** The first byte of a TLS alert (RFC 8446, section 5.1). */
const TLS_ALERT = 21;

/**
 * Connects to a server once and exchanges first words with it, so that one that
 * is not there, or speaks something else, is known before any load.
 *
 * @throws LoaderError `platform` naming the address and what is wrong with it;
 * the signal's reason when it aborts
 */
export async function checkServer(
  { address, tls }: Pick<Endpoint, "address" | "tls">,
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const name = formatAddress(address);
  const fail = (sentence: string, cause?: unknown) =>
    new LoaderError("platform", sentence, { value: name, cause });
  using deadline = new Deadline(clock, timeoutMs, { signal });
  const inTime = async <T>(promise: Promise<T>, otherwise: string): Promise<T> => {
    try {
      return await untilAborted(deadline.signal, promise);
    } catch (error) {
      throw deadline.hasPassed ? fail(otherwise) : error;
    }
  };
  let connection: Deno.Conn | null = null;
  try {
    const opening = tls === null ? openPlain(address) : openTls(address, tls);
    // One that opens when nobody waits for it any more.
    opening.then((unused) => deadline.signal.aborted && unused.close(), () => {});
    try {
      connection = await inTime(
        opening,
        `No connection to ${name} within ${timeoutMs / 1000} s; check the address and that ` +
          `the server is up.`,
      );
    } catch (error) {
      throw deadline.signal.aborted
        ? error
        : fail(describeRefusal(name, tls !== null, error), error);
    }
    const words = await inTime(
      exchangeWords(connection),
      `The server at ${name} takes the connection, but says nothing within ${
        timeoutMs / 1000
      } s; ` +
        `check that it speaks HTTP/2${tls === null ? "" : " and TLS"}.`,
    );
    const mistake = describeWords(name, tls !== null, words);
    if (mistake !== null) throw fail(mistake, words instanceof Error ? words : undefined);
  } finally {
    connection?.close();
  }
}

async function openPlain({ hostname, port }: Endpoint["address"]): Promise<Deno.Conn> {
  return await Deno.connect({ hostname, port });
}

/** Handshaken; the certificate is checked against the host name. */
async function openTls(
  { hostname, port }: Endpoint["address"],
  tls: TlsSettings,
): Promise<Deno.Conn> {
  const connection = await Deno.connectTls({
    hostname,
    port,
    caCerts: authoritiesOf(tls),
    alpnProtocols: ["h2"],
    ...(tls.certificate === null ? {} : { cert: tls.certificate.chain, key: tls.certificate.key }),
  });
  try {
    await connection.handshake();
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** What a server says to the greeting: its first bytes, or why there are none. */
async function exchangeWords(connection: Deno.Conn): Promise<Uint8Array | Error> {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES);
  let count = 0;
  try {
    await connection.write(GREETING);
    while (count < bytes.length) {
      const read = await connection.read(bytes.subarray(count));
      if (read === null) break;
      count += read;
    }
  } catch (error) {
    // A server that refuses may close with words of ours unread, which resets the connection.
    if (count === 0) return error instanceof Error ? error : new Error(String(error));
  }
  return bytes.subarray(0, count);
}

/** What is wrong with a server's first words; `null` for those of HTTP/2. */
function describeWords(name: string, secure: boolean, words: Uint8Array | Error): string | null {
  if (words instanceof Error || words.length === 0) {
    const detail = words instanceof Error ? ` (${words.message})` : "";
    return `The server at ${name} closes the connection at the first words of HTTP/2${detail}; ` +
      (secure
        ? `check that it speaks gRPC, and whether it wants a certificate and key.`
        : `if it speaks TLS, write https://${name} or set tls.`);
  }
  if (words.length === FRAME_HEADER_BYTES && words[3] === SETTINGS_TYPE) return null;
  if (new TextDecoder().decode(words).startsWith("HTTP/")) {
    return `The server at ${name} speaks HTTP/1 only; gRPC needs HTTP/2.`;
  }
  if (words[0] === TLS_ALERT && !secure) {
    return `The server at ${name} speaks TLS; write https://${name} or set tls.`;
  }
  return `The server at ${name} does not speak HTTP/2; check the address.`;
}

function describeRefusal(name: string, secure: boolean, error: unknown): string {
  const detail = errorMessage(error);
  // The words of rustls, which Deno speaks TLS with.
  if (secure && /InvalidContentType|handshake eof|unexpected eof/i.test(detail)) {
    return `The server at ${name} does not speak TLS (${detail}); write it without https:// and tls.`;
  }
  if (secure && /invalid peer certificate/.test(detail)) {
    return `The certificate of ${name} is not trusted (${detail}); name its authority under ` +
      `tls as ca, and the server as the certificate does.`;
  }
  return `No connection to ${name} (${detail}); check the address and that the server is up.`;
}
