import { sleep } from "../../../clock/clock.ts";
import { type Finding, okay, problem, warning } from "../../finding.ts";
import { kubeError } from "../cluster/kube_access.ts";
import type { Checkup } from "./checkup.ts";
import { type ClockOffset, type DateSample, deriveClockOffset } from "./clock_offset.ts";

/** The first release whose API server tells who is asking (SelfSubjectReview v1). */
const LEAST_MINOR = 28;

/** Questions for the clock's sake, spread over a second. */
const DATE_SAMPLES = 8;
const DATE_EVERY_MS = 130;

/** A clock that differs by more makes Kubernetes' own times useless beside ours. */
const MOST_OFFSET_MS = 500;

/**
 * Whether the API server answers and knows us, and how far its clock is from
 * ours. Only if the first finding is no problem do other checks make sense.
 */
export async function checkApi({ access, signal }: Checkup): Promise<Finding[]> {
  const where = `${access.server} (context ${access.contextName})`;
  let version: string;
  let user: string;
  try {
    ({ gitVersion: version } = await access.version.getCode());
    user = await readUser(access);
  } catch (error) {
    return [
      problem(
        "API server",
        kubeError(error, `speak to ${where}`).message,
        "kubectl config get-contexts",
      ),
    ];
  }
  const sentence = `${where} runs Kubernetes ${version} and knows us as ${user}.`;
  const minor = Number(/^v1\.(\d+)/.exec(version)?.[1] ?? NaN);
  const samples: DateSample[] = [];
  for (let i = 0; i < DATE_SAMPLES; i++) {
    if (i > 0) await sleep(access.clock, DATE_EVERY_MS, signal);
    samples.push(await askDate(access));
  }
  return [
    minor < LEAST_MINOR
      ? warning("API server", `${sentence} That is older than the 1.${LEAST_MINOR} asked for.`)
      : okay("API server", sentence),
    judgeClock(deriveClockOffset(samples)),
  ];
}

/** Who we are to the API server. */
async function readUser({ custom }: Checkup["access"]): Promise<string> {
  const review = await custom.createClusterCustomObject({
    group: "authentication.k8s.io",
    version: "v1",
    plural: "selfsubjectreviews",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  }) as { readonly status?: { readonly userInfo?: { readonly username?: string } } };
  return review.status?.userInfo?.username ?? "someone without a name";
}

async function askDate({ clock, version }: Checkup["access"]): Promise<DateSample> {
  const askedUnixMs = clock.originUnixMs + clock.nowMs();
  const { headers } = await version.getCodeWithHttpInfo();
  const answeredUnixMs = clock.originUnixMs + clock.nowMs();
  return { askedUnixMs, answeredUnixMs, dateUnixMs: Date.parse(headers.date ?? "") };
}

/** What there is to say of a difference between our clock and the API server's. */
export function judgeClock(offset: ClockOffset | null): Finding {
  if (offset === null) {
    return warning("clock", "The API server does not tell a steady time, so clocks are not known.");
  }
  const { offsetMs, uncertaintyMs } = offset;
  const sign = offsetMs < 0 ? "behind" : "ahead of";
  const sentence = `The API server's clock is ${Math.abs(offsetMs).toFixed(0)} ms ${sign} ours, ` +
    `give or take ${Math.ceil(uncertaintyMs)} ms.`;
  return Math.abs(offsetMs) - uncertaintyMs > MOST_OFFSET_MS
    ? warning(
      "clock",
      `${sentence} Kubernetes' own times of instances will not fit the loader's.`,
      "sudo chronyc makestep",
    )
    : okay("clock", sentence);
}
