/** A run that changes settings for its warm-up, says so, and lives until it is killed. */
import { RealClock, sleep } from "../../lib/clock/clock.ts";
import { ClusterSettings } from "../../lib/platform/knative/settings/cluster_settings.ts";
import { openKubeAccess } from "../../lib/platform/knative/cluster/kube_access.ts";

const [runId] = Deno.args;
const clock = new RealClock();
const { signal } = new AbortController();
const settings = new ClusterSettings({ access: openKubeAccess({ clock }), runId });
await settings.enterPhase("warmup", () => {}, signal);
console.error("changed");
await sleep(clock, 120_000, signal);
