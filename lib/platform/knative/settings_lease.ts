import { type Clock, sleep, type TimerHandle, wallClockDate } from "../../base/clock.ts";
import { LoaderError } from "../../base/error.ts";
import { SERVING_NAMESPACE, SETTINGS_LEASE } from "./doctor_checks/rights.ts";
import { isConflict, isNotFound, type KubeAccess, kubeError } from "./kube_access.ts";

/** How long a lease holds after it was last renewed, seconds. */
const LEASE_SECONDS = 15;

/** Between renewals: two may be lost. */
const RENEW_EVERY_MS = 5000;

/** Between looks at a lease of someone else's. */
const LOOK_EVERY_MS = 1000;

/** Where a lease is among the custom objects. */
const PLACE = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  namespace: SERVING_NAMESPACE,
} as const;

/** The parts of a Kubernetes `Lease` that we use. */
interface Lease {
  readonly apiVersion: "coordination.k8s.io/v1";
  readonly kind: "Lease";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion?: string;
  };
  readonly spec: {
    readonly holderIdentity: string;
    readonly leaseDurationSeconds: number;
    readonly renewTime: string;
  };
}

/**
 * Held by the one run that changes settings of a cluster, and renewed for as long
 * as it lives. Whether another holder lives is seen by its renewals, on our own
 * clock, so that the clocks of two machines need not agree.
 */
export class SettingsLease {
  readonly #access: KubeAccess;
  readonly #clock: Clock;
  readonly #holder: string;
  #held: Lease | null = null;
  #timer: TimerHandle | undefined;
  #renewing: Promise<void> = Promise.resolve();

  /** @param holder run and host, as others shall read it */
  constructor(access: KubeAccess, holder: string) {
    this.#access = access;
    this.#clock = access.clock;
    this.#holder = holder;
  }

  get isHeld(): boolean {
    return this.#held !== null;
  }

  /**
   * Takes the lease. One that someone else holds is watched for as long as it may
   * go without a renewal, and taken over if there is none.
   *
   * @throws LoaderError `platform` when another run holds it and lives; the
   * signal's reason when it aborts
   */
  async acquire(signal: AbortSignal): Promise<void> {
    if (this.#held !== null) return;
    const there = await this.#read();
    const stale = there === null ? null : await this.#waitForSilence(there, signal);
    const body = this.#body(stale?.metadata.resourceVersion);
    try {
      const held = stale === null
        ? await this.#access.custom.createNamespacedCustomObject({ ...PLACE, body })
        : await this.#access.custom.replaceNamespacedCustomObject({
          ...PLACE,
          name: SETTINGS_LEASE,
          body,
        });
      this.#held = held as Lease;
    } catch (error) {
      if (!isConflict(error)) throw kubeError(error, `take the lease ${SETTINGS_LEASE}`);
      throw heldByAnother("another run that starts at the same time");
    }
    this.#arm();
  }

  /** Gives it back; nothing happens where it is not held. */
  async release(): Promise<void> {
    this.#timer?.cancel();
    await this.#renewing;
    if (this.#held === null) return;
    this.#held = null;
    try {
      await this.#access.custom.deleteNamespacedCustomObject({ ...PLACE, name: SETTINGS_LEASE });
    } catch (error) {
      if (!isNotFound(error)) throw kubeError(error, `give the lease ${SETTINGS_LEASE} back`);
    }
  }

  /** Who holds it, as it says itself; `null`: nobody. */
  async readHolder(): Promise<string | null> {
    return (await this.#read())?.spec.holderIdentity ?? null;
  }

  async #read(): Promise<Lease | null> {
    try {
      return await this.#access.custom.getNamespacedCustomObject({
        ...PLACE,
        name: SETTINGS_LEASE,
      }) as Lease;
    } catch (error) {
      if (isNotFound(error)) return null;
      throw kubeError(error, `read the lease ${SETTINGS_LEASE}`);
    }
  }

  /** The lease as it was last seen, once it has not been renewed for too long; `null`: given back. */
  async #waitForSilence(first: Lease, signal: AbortSignal): Promise<Lease | null> {
    const untilMs = this.#clock.nowMs() + 1000 * first.spec.leaseDurationSeconds;
    while (this.#clock.nowMs() < untilMs) {
      await sleep(this.#clock, LOOK_EVERY_MS, signal);
      const now = await this.#read();
      if (now === null) return null;
      if (now.metadata.resourceVersion !== first.metadata.resourceVersion) {
        throw heldByAnother(now.spec.holderIdentity);
      }
    }
    return first;
  }

  #body(resourceVersion: string | undefined): Lease {
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name: SETTINGS_LEASE,
        namespace: SERVING_NAMESPACE,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
      },
      spec: {
        holderIdentity: this.#holder,
        leaseDurationSeconds: LEASE_SECONDS,
        // Microseconds are asked for (MicroTime).
        renewTime: wallClockDate().toISOString().replace("Z", "000Z"),
      },
    };
  }

  #arm(): void {
    this.#timer = this.#clock.at(this.#clock.nowMs() + RENEW_EVERY_MS, () => {
      this.#renewing = this.#renew();
    });
  }

  async #renew(): Promise<void> {
    try {
      this.#held = await this.#access.custom.replaceNamespacedCustomObject({
        ...PLACE,
        name: SETTINGS_LEASE,
        body: this.#body(this.#held?.metadata.resourceVersion),
      }) as Lease;
    } catch (error) {
      // Taken over while we were silent for too long: no longer ours to renew or to give back.
      if (isConflict(error) || isNotFound(error)) {
        this.#held = null;
        return;
      }
      // The API server is away; the next renewal may find it.
    }
    this.#arm();
  }
}

function heldByAnother(holder: string): LoaderError {
  return new LoaderError(
    "platform",
    `${holder} is changing Knative's settings on this cluster, and two runs at once would ` +
      `disturb each other; wait until it has ended.`,
    { value: holder },
  );
}
