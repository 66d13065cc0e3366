import assert from "node:assert/strict";
import { Certificates } from "./certificates.ts";
import { InteropClient } from "./client.ts";
import { interopTest } from "./interop_test_case.ts";
import { NGHTTPD, startNghttpd } from "./nghttpd_peer.ts";
import { GO } from "./peer.ts";

const REPLY = { message: "nghttpd-1", durationInMicroSec: 5000, memoryUsageInKb: 7168 };

const OK = {
  outcome: "ok",
  statusCode: 0,
  servedRuntimeUs: 5000,
  servedMemoryKib: 7168,
  instance: "nghttpd-1",
};

/** Ways in which a server may use HTTP/2 that the others do not. */
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  "as it is": [],
  "padded frames": ["--padding=200"],
  "no dynamic header table": ["--header-table-size=0", "--encoder-header-table-size=0"],
  "one stream at once": ["--max-concurrent-streams=1"],
};

for (const [variant, flags] of Object.entries(VARIANTS)) {
  interopTest(`nghttpd, h2c, ${variant}: a file is a reply`, { needs: [NGHTTPD] }, async (
    transport,
  ) => {
    await using server = await startNghttpd({ reply: REPLY, flags });
    const { address } = server;
    const targets = Array.from({ length: 20 }, (_, i) => ({ address, authority: `f-${i}.test` }));
    await using client = await InteropClient.connect(transport, targets);
    const requests = Array.from({ length: 500 }, (_, i) => ({ target: i % targets.length }));
    const ended = await client.callAll(requests, 50);
    assert.deepEqual(ended, Array.from({ length: 500 }, () => OK));
  });
}

interopTest("nghttpd, TLS: a file is a reply", { needs: [NGHTTPD, ...GO.needs] }, async (
  transport,
) => {
  await using certificates = await Certificates.make();
  await using server = await startNghttpd({ reply: REPLY, certificates: certificates.folder });
  const target = { address: server.address, authority: "f.test", tls: certificates.trusting };
  await using client = await InteropClient.connect(transport, [target]);
  const ended = await client.callAll(Array.from({ length: 100 }, () => ({})), 20);
  assert.deepEqual(ended, Array.from({ length: 100 }, () => OK));
});

interopTest("nghttpd, h2c: a large file passes the windows", { needs: [NGHTTPD] }, async (
  transport,
) => {
  const message = "x".repeat(2 ** 20);
  await using server = await startNghttpd({
    reply: { ...REPLY, message },
    flags: ["--padding=50"],
  });
  const target = { address: server.address, authority: "f.test" };
  await using client = await InteropClient.connect(transport, [target]);
  for (const ended of await client.callAll(Array.from({ length: 20 }, () => ({})), 5)) {
    assert.equal(ended.outcome, "ok");
    assert.ok(ended.instance === message);
  }
});

interopTest("nghttpd, h2c: no file is status UNIMPLEMENTED", { needs: [NGHTTPD] }, async (
  transport,
) => {
  await using server = await startNghttpd();
  const target = { address: server.address, authority: "f.test" };
  await using client = await InteropClient.connect(transport, [target]);
  // HTTP 404 without a gRPC status (grpc/grpc: doc/http-grpc-status-mapping.md).
  const { outcome, statusCode } = await client.call();
  assert.deepEqual({ outcome, statusCode }, { outcome: "failed", statusCode: 12 });
});
