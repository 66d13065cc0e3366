import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import { Certificates } from "./certificates.ts";
import { InteropClient } from "./client.ts";
import { ENVOY } from "./envoy_peer.ts";
import { interopTest } from "./interop_test_case.ts";
import { GO } from "./peer.ts";

for (const peer of [GO, ENVOY]) {
  interopTest(`${peer.name}, TLS: an authority that is not trusted is told in a sentence`, {
    needs: peer.needs,
  }, async (transport) => {
    await using certificates = await Certificates.make();
    await using server = await peer.start({ certificates: certificates.folder });
    const { address } = server;
    const target = { address, authority: "echo.test", tls: certificates.distrusting };
    await assert.rejects(InteropClient.connect(transport, [target], 2000), (error) => {
      assert.ok(error instanceof LoaderError);
      assert.equal(error.code, "platform");
      assert.ok(error.message.includes(address), error.message);
      return true;
    });
  });
}

interopTest("go, TLS: a client that must show its certificate does", GO, async (transport) => {
  await using certificates = await Certificates.make();
  await using server = await GO.start({
    certificates: certificates.folder,
    asksForCertificate: true,
  });
  const { address } = server;
  const target = { address, authority: "echo.test", tls: certificates.identified };
  await using client = await InteropClient.connect(transport, [target]);
  assert.equal((await client.call()).outcome, "ok");
});
