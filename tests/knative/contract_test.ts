import { testPlatformContract } from "../contract/platform_contract.ts";
import { HAS_CLUSTER, openTestRole } from "./role.ts";
import { createTestPlatform } from "./test_platform.ts";

if (HAS_CLUSTER) {
  testPlatformContract("knative", async () => {
    const role = await openTestRole("contract");
    // Two cores are soon full of what the table would have them request.
    const platform = await createTestPlatform(role, { requests: "none" });
    const dispose = platform[Symbol.asyncDispose].bind(platform);
    return Object.assign(platform, {
      async [Symbol.asyncDispose]() {
        await dispose();
        await role[Symbol.asyncDispose]();
      },
    });
  }, { tellsInstances: true });
}
