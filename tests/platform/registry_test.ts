import assert from "node:assert/strict";
import { LoaderError } from "../../lib/base/error.ts";
import { createPlatform, type PlatformName } from "../../lib/platform/registry.ts";

Deno.test("createPlatform: the local platform brings its transport with it", async () => {
  await using platform = await createPlatform("local", {});
  assert.equal(typeof platform.transport, "function");
});

Deno.test("createPlatform: an unknown name is a mistake", async () => {
  await assert.rejects(
    createPlatform("moon" as PlatformName, {}),
    (error) => error instanceof LoaderError && error.code === "usage" && /moon/.test(error.message),
  );
});
