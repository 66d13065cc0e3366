import { sleep } from "../../../clock/clock.ts";
import { type Finding, okay, problem, warning } from "../../finding.ts";
import { kubeError } from "../cluster/kube_access.ts";
import type { Checkup } from "./checkup.ts";

/** The first release whose API server tells who is asking (SelfSubjectReview v1). */
const LEAST_MINOR = 28;

/** Questions for the clock's sake, spread over a second. */
const DATE_SAMPLES = 8;
const DATE_EVERY_MS = 130;

/** A clock that differs by more makes Kubernetes' own times useless beside ours. */
const MOST_OFFSET_MS = 500;

/**
 * Checks that the API server answers and knows us, and how far its clock is from
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

/** One answer of a server that says the time in whole seconds (HTTP's Date). */
export interface DateSample {
  /** When it was asked and when it had answered, in ms since 1970 by our clock. */
  readonly askedUnixMs: number;
  readonly answeredUnixMs: number;
  /** What it said. */
  readonly dateUnixMs: number;
}

/** How far a server's clock is ahead of ours. */
export interface ClockOffset {
  readonly offsetMs: number;
  /** It is within this much of it. */
  readonly uncertaintyMs: number;
}

/**
 * How far a server's clock is ahead, from dates in whole seconds: each bounds it
 * to a second and its round trip, and where they are spread over a second, all
 * together to little more than the shortest round trip.
 *
 * @returns `null` where they contradict each other: a clock was set meanwhile
 * @example
 * ```ts
 * import { deriveClockOffset } from "./api_check.ts";
 * const samples = [0, 250, 500, 750].map((ms) => ({
 *   askedUnixMs: 5000 + ms,
 *   answeredUnixMs: 5002 + ms,
 *   // The server is 300 ms ahead.
 *   dateUnixMs: Math.floor((5301 + ms) / 1000) * 1000,
 * }));
 * const { offsetMs, uncertaintyMs } = deriveClockOffset(samples)!;
 * if (Math.abs(offsetMs - 300) > uncertaintyMs || uncertaintyMs > 130) throw new Error("wide");
 * ```
 */
export function deriveClockOffset(samples: readonly DateSample[]): ClockOffset | null {
  let least = -Infinity;
  let most = Infinity;
  for (const { askedUnixMs, answeredUnixMs, dateUnixMs } of samples) {
    // It read its clock some time between, and what it read was cut to the second.
    least = Math.max(least, dateUnixMs - answeredUnixMs);
    most = Math.min(most, dateUnixMs + 1000 - askedUnixMs);
  }
  if (!(least <= most) || !Number.isFinite(least)) return null;
  return { offsetMs: (least + most) / 2, uncertaintyMs: (most - least) / 2 };
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
