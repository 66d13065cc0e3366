/** A loader that deploys one function with an instance, tells the pids, and waits to be killed. */
import { createLocalPlatform } from "../../../lib/platform/local/local_platform.ts";
import { functionSpec } from "../../support/function_spec.ts";

const platform = createLocalPlatform({
  createTransport: () => () => Promise.reject(new Error("not needed")),
});
await platform.deploy([functionSpec(0, { initialScale: 1 })], new AbortController().signal);
const { gatewayPid, instancePids } = platform.describe();
console.log(JSON.stringify({ gatewayPid, instancePids }));
await new Promise((resolve) => setTimeout(resolve, 600_000));
