import assert from "node:assert/strict";
import { RealClock } from "../../../lib/clock/clock.ts";
import { LoaderError } from "../../../lib/base/error.ts";
import type { TlsSettings } from "../../../lib/model/platform.ts";
import { PLAIN_TLS } from "../../../lib/platform/endpoints/endpoint_map.ts";
import { checkServer } from "../../../lib/platform/endpoints/server_check.ts";
import { answerPromptly, ExecutorServer } from "../../support/executor_server.ts";
import { TLS_FILES } from "../../support/test_certificates.ts";

const CA = Deno.readTextFileSync(TLS_FILES.ca);
const TRUSTING: TlsSettings = { caCertificates: [CA], certificate: null };
const WITH_CERTIFICATE: TlsSettings = {
  caCertificates: [CA],
  certificate: {
    chain: Deno.readTextFileSync(TLS_FILES.clientCertificate),
    key: Deno.readTextFileSync(TLS_FILES.clientKey),
  },
};
const never = new AbortController().signal;

function check(
  port: number,
  tls: TlsSettings | null,
  { hostname = "127.0.0.1", timeoutMs = 10_000, signal = never } = {},
): Promise<void> {
  const address = { hostname, port, secure: null };
  return checkServer({ address, tls }, new RealClock(), timeoutMs, signal);
}

async function assertRefused(checked: Promise<void>, sentence: RegExp): Promise<void> {
  await assert.rejects(checked, (error) => {
    assert.ok(error instanceof LoaderError);
    assert.equal(error.code, "platform");
    assert.match(error.message, sentence);
    assert.match(error.message, /(127.0.0.1|localhost):\d+.*\.$/);
    return true;
  });
}

/** A server that answers the first bytes of each connection with these, `null`: with nothing. */
function serve(answer: Uint8Array | null): Deno.TcpListener & AsyncDisposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      connections.push(connection);
      if (answer === null) continue;
      await connection.read(new Uint8Array(1024));
      await connection.write(answer);
      await connection.closeWrite();
    }
  })();
  return Object.assign(listener, {
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
      for (const connection of connections) connection.close();
    },
  });
}

Deno.test("checkServer: a gRPC server in the clear, with TLS, and with TLS both ways", async () => {
  using plain = await ExecutorServer.listen(answerPromptly);
  await check(plain.port, null);
  using secure = await ExecutorServer.listen(answerPromptly, 0, { tls: "server" });
  await check(secure.port, TRUSTING);
  await check(secure.port, TRUSTING, { hostname: "localhost" });
  using mutual = await ExecutorServer.listen(answerPromptly, 0, { tls: "mutual" });
  await check(mutual.port, WITH_CERTIFICATE);
});

Deno.test("checkServer: nobody there", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  for (const tls of [null, TRUSTING]) {
    await assertRefused(check(port, tls), /^No connection to .*refused.*check the address/);
  }
});

Deno.test("checkServer: a server of HTTP/1", async () => {
  await using server = serve(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await assertRefused(check(server.addr.port, null), /speaks HTTP\/1 only; gRPC needs HTTP\/2/);
});

Deno.test("checkServer: a server of something else", async () => {
  await using server = serve(new TextEncoder().encode("220 mail.test ESMTP\r\n"));
  await assertRefused(check(server.addr.port, null), /does not speak HTTP\/2/);
});

Deno.test("checkServer: a server that answers with a TLS alert, or with an end", async () => {
  // Alert, TLS 1.2, 2 bytes: fatal, unexpected message.
  await using alerting = serve(new Uint8Array([21, 3, 3, 0, 2, 2, 10]));
  await assertRefused(check(alerting.addr.port, null), /speaks TLS; write https:\/\/127/);
  await using ending = serve(new Uint8Array());
  await assertRefused(check(ending.addr.port, null), /closes the connection.*if it speaks TLS/);
});

Deno.test("checkServer: in the clear to a server with TLS", async () => {
  using server = await ExecutorServer.listen(answerPromptly, 0, { tls: "server" });
  await assertRefused(check(server.port, null), /TLS, write https:\/\/|TLS; write https:\/\//);
});

Deno.test("checkServer: TLS to a server without", async () => {
  using server = await ExecutorServer.listen(answerPromptly);
  await assertRefused(check(server.port, TRUSTING), /does not speak TLS/);
  await using other = serve(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await assertRefused(check(other.addr.port, TRUSTING), /does not speak TLS/);
});

Deno.test("checkServer: a certificate that is not trusted, or for another host", async () => {
  using server = await ExecutorServer.listen(answerPromptly, 0, { tls: "server" });
  await assertRefused(check(server.port, PLAIN_TLS), /certificate of .* is not trusted/);
  using stranger = await ExecutorServer.listen(answerPromptly, 0, { tls: "stranger" });
  await assertRefused(check(stranger.port, TRUSTING), /certificate of .* is not trusted/);
});

Deno.test("checkServer: a server that wants a certificate", async () => {
  using server = await ExecutorServer.listen(answerPromptly, 0, { tls: "mutual" });
  await assertRefused(check(server.port, TRUSTING), /whether it wants a certificate and key/);
});

Deno.test("checkServer: a server that says nothing", async () => {
  await using server = serve(null);
  await assertRefused(
    check(server.addr.port, null, { timeoutMs: 50 }),
    /takes the connection, but says nothing within 0.05 s/,
  );
  await assertRefused(check(server.addr.port, TRUSTING, { timeoutMs: 50 }), /within 0.05 s/);
});

Deno.test("checkServer: an abort ends it with its reason", async () => {
  await using server = serve(null);
  const reason = new LoaderError("interrupted", "Stopped by the user.");
  for (const tls of [null, TRUSTING]) {
    const controller = new AbortController();
    const checked = check(server.addr.port, tls, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(checked, reason);
    await assert.rejects(check(server.addr.port, tls, { signal: controller.signal }), reason);
  }
});
