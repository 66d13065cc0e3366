/**
 * Runs the tests against a real cluster with Knative, where there is one:
 *
 *     deno task test:knative [files]
 *
 * Without one it says so in a line and succeeds; with `CI=true` that is a failure.
 */
import process from "node:process";
import { HAS_CLUSTER } from "./role.ts";

/** Last, as the cluster needs minutes to be as it was: its controllers hear little for a while. */
const LAST = "outage_test.ts";

if (HAS_CLUSTER) {
  const files = Deno.args.length > 0 ? Deno.args : listTests();
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-P", ...files],
  }).spawn().status;
  Deno.exit(code);
}
console.log(
  "Skipped: there is no cluster to test against; KUBECONFIG and LOADER_GATEWAY tell of one.",
);
if (process.env.CI === "true") Deno.exit(1);

function listTests(): string[] {
  const names = Array.from(Deno.readDirSync(import.meta.dirname!), ({ name }) => name)
    .filter((name) => name.endsWith("_test.ts") && name !== LAST).sort();
  return [...names, LAST].map((name) => `tests/knative/${name}`);
}
