import assert from "node:assert/strict";
import { InteropClient } from "./client.ts";
import { ENVOY } from "./envoy_peer.ts";
import { HAPROXY } from "./haproxy_peer.ts";
import { interopTest, LASTING_TRANSPORTS } from "./interop_test_case.ts";
import { NGINX, startNginx } from "./nginx_peer.ts";

interopTest("nginx: what its limit refuses is rejected, with its words", NGINX, async (
  transport,
) => {
  await using nginx = await startNginx({
    http: "limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m;",
    server: "limit_req zone=one;",
  });
  const target = { address: nginx.address, authority: "echo.test" };
  await using client = await InteropClient.connect(transport, [target]);
  assert.equal((await client.call()).outcome, "ok");
  const call = client.open();
  const { outcome, statusCode } = await call.ended;
  assert.deepEqual([outcome, statusCode], ["rejected", 14]);
  const words = transport.name === "http2"
    ? /^HTTP 503: 503 Service Temporarily Unavailable .*nginx/
    : /^HTTP 503$/;
  assert.match(client.messageOf(call)!, words);
});

for (const peer of [NGINX, HAPROXY, ENVOY]) {
  interopTest(`${peer.name}: calls that expire have timed out, whoever says so first`, peer, async (
    transport,
  ) => {
    await using server = await peer.start();
    const target = { address: server.address, authority: "hang.test" };
    await using client = await InteropClient.connect(transport, [target]);
    const requests = Array.from({ length: 60 }, (_, i) => ({ deadlineAfterMs: 50 + i % 17 }));
    const ended = await client.callAll(requests, 20);
    assert.deepEqual(new Set(ended.map(({ outcome }) => outcome)), new Set(["timed_out"]));
  });
}

// Envoy takes all calls along when it has had enough of resets.
for (const peer of [ENVOY]) {
  interopTest(
    `${peer.name}: calls that are well outlive 1,500 that expire beside them`,
    peer,
    async (transport) => {
      await using server = await peer.start();
      const targets = ["hang", "sleep"].map((name) => ({
        address: server.address,
        authority: `${name}.test`,
      }));
      await using client = await InteropClient.connect(transport, targets);
      const expiring = Array.from({ length: 1500 }, () => ({ deadlineAfterMs: 30 }));
      const expired = client.callAll(expiring, 30);
      const well = await client.callAll(
        Array.from({ length: 80 }, () => ({ target: 1, runtimeMs: 300 })),
        10,
      );
      await expired;
      const others = well.filter(({ outcome }) => outcome !== "ok");
      assert.deepEqual(others, []);
    },
    // Node's HTTP/2 below grpc-js resets without a bound.
    LASTING_TRANSPORTS,
  );
}
