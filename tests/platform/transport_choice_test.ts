import assert from "node:assert/strict";
import {
  CONNECTION_SHARINGS,
  DEFAULT_TRANSPORT,
  loadTransport,
  TRANSPORT_NAMES,
} from "../../lib/platform/transport_choice.ts";

Deno.test("loadTransport: every transport can share connections, and one is the default", async () => {
  assert.ok(TRANSPORT_NAMES.includes(DEFAULT_TRANSPORT));
  for (const transport of [undefined, ...TRANSPORT_NAMES]) {
    assert.equal(typeof await loadTransport({ transport }, false), "function");
  }
});

Deno.test("loadTransport: connections that grpc-js cannot have are a mistake", async () => {
  for (const connections of CONNECTION_SHARINGS.filter((mode) => mode !== "shared")) {
    await assert.rejects(loadTransport({ transport: "grpc-js", connections }, false), {
      code: "usage",
      message: `The transport grpc-js cannot have connections by ${connections}; choose shared ` +
        "ones (--connections), or another transport (--transport).",
    });
    assert.equal(
      typeof await loadTransport({ transport: "http2", connections }, false),
      "function",
    );
  }
});
