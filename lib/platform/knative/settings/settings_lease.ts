import { type Clock, sleep, wallClockDate } from "../../../clock/clock.ts";
import { LoaderError } from "../../../base/error.ts";
import { SERVING_NAMESPACE, SETTINGS_LEASE } from "../cluster/rights.ts";
import {
  isConflict,
  isNotFound,
  type KubeAccess,
  kubeError,
  persist,
} from "../cluster/kube_access.ts";

/** Lengths of time of a {@linkcode SettingsLease}, milliseconds. */
export interface LeaseTimes {
  /** How long it holds after it was last renewed. */
  readonly leaseMs: number;
  /** Between renewals: two may be lost. */
  readonly renewEveryMs: number;
  /** Longest that a request may take: what was sent later than this is no renewal any more. */
  readonly requestMs: number;
  /** Between looks at a lease of someone else's, and before a renewal that failed is tried again. */
  readonly lookEveryMs: number;
  /** How long the API server is asked again while it is away. */
  readonly persistMs: number;
}

/** What they are, unless a test is in a hurry. */
export const LEASE_TIMES: LeaseTimes = {
  leaseMs: 15_000,
  renewEveryMs: 5000,
  requestMs: 4000,
  lookEveryMs: 1000,
  persistMs: 30_000,
};

/** Where a lease is among the custom objects. */
const PLACE = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  namespace: SERVING_NAMESPACE,
} as const;

/** Which lease, and which state of it: both are preconditions of every write. */
interface LeaseState {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** The parts of a Kubernetes `Lease` that we use. */
interface Lease {
  readonly apiVersion: "coordination.k8s.io/v1";
  readonly kind: "Lease";
  readonly metadata: { readonly name: string; readonly namespace: string } & LeaseState;
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
 *
 * Every write names the lease and the state that it was seen in, so that a request
 * which arrives late changes nothing. An answer that was lost is made up for by
 * looking: a lease that names us as its holder is ours, whatever we heard.
 */
export class SettingsLease {
  readonly #access: KubeAccess;
  readonly #clock: Clock;
  readonly #holder: string;
  readonly #times: LeaseTimes;
  readonly #onLost: (holder: string | null) => void;
  #held: Lease | null = null;
  #isLost = false;
  #stop = new AbortController();
  #renewing: Promise<void> = Promise.resolve();
  /** One request at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param holder as others shall read it; nobody else may have the same
   * @param onLost told once when another has taken it over (who; `null`: it is gone)
   */
  constructor(
    access: KubeAccess,
    holder: string,
    onLost: (holder: string | null) => void = () => {},
    times: LeaseTimes = LEASE_TIMES,
  ) {
    this.#access = access.within(times.requestMs);
    this.#clock = access.clock;
    this.#holder = holder;
    this.#onLost = onLost;
    this.#times = times;
  }

  get isHeld(): boolean {
    return this.#held !== null;
  }

  /** Another has taken it over since it was ours. */
  get isLost(): boolean {
    return this.#isLost;
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
    this.#held = await persist(this.#access, () => this.#take(signal), {
      doing: `take the lease ${SETTINGS_LEASE}`,
      untilMs: this.#clock.nowMs() + this.#times.leaseMs + this.#times.persistMs,
      signal,
    });
    this.#isLost = false;
    this.#stop = new AbortController();
    this.#renewing = this.#keepRenewing(this.#stop.signal);
  }

  /**
   * Makes sure that it is ours for the whole of its length from now on.
   *
   * @throws LoaderError `platform` when it is not ours any more; what the API server
   * says when that cannot be known
   */
  async confirm(): Promise<void> {
    const failure = await this.#renew();
    if (this.#held === null) throw lost();
    if (failure !== null) throw failure;
  }

  /** Gives it back; nothing happens where it is not held. */
  async release(): Promise<void> {
    this.#stop.abort();
    await this.#renewing;
    await this.#turn;
    let held = this.#held;
    this.#held = null;
    if (held === null) return;
    await persist(this.#access, async () => {
      try {
        const { uid, resourceVersion } = held!.metadata;
        await this.#access.custom.deleteNamespacedCustomObject({
          ...PLACE,
          name: SETTINGS_LEASE,
          body: { preconditions: { uid, resourceVersion } },
        });
      } catch (error) {
        if (isNotFound(error)) return;
        if (!isConflict(error)) throw error;
        // The answer to a renewal was lost, or it is someone else's by now.
        held = await this.#read();
        if (held?.spec.holderIdentity === this.#holder) throw error;
      }
    }, {
      doing: `give the lease ${SETTINGS_LEASE} back`,
      untilMs: this.#clock.nowMs() + this.#times.leaseMs,
    });
  }

  /** Who holds it, as it says itself; `null`: nobody. */
  async readHolder(): Promise<string | null> {
    try {
      return (await this.#read())?.spec.holderIdentity ?? null;
    } catch (error) {
      throw kubeError(error, `read the lease ${SETTINGS_LEASE}`);
    }
  }

  async #read(): Promise<Lease | null> {
    try {
      return await this.#access.custom.getNamespacedCustomObject({
        ...PLACE,
        name: SETTINGS_LEASE,
      }) as Lease;
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
  }

  /** One try; what the API server says is for {@linkcode persist} to judge. */
  async #take(signal: AbortSignal): Promise<Lease> {
    const there = await this.#read();
    const isOurs = there?.spec.holderIdentity === this.#holder;
    const free = there === null || isOurs ? there : await this.#waitForSilence(there, signal);
    try {
      if (free !== null) return await this.#replace(free.metadata);
      return await this.#access.custom.createNamespacedCustomObject({
        ...PLACE,
        body: this.#body(null),
      }) as Lease;
    } catch (error) {
      if (!isConflict(error)) throw error;
      const now = await this.#read();
      if (now?.spec.holderIdentity === this.#holder) return now;
      throw heldByAnother(
        now?.spec.holderIdentity ?? "another run that starts at the same time",
      );
    }
  }

  /** The lease as it was last seen, once it has not been renewed for too long; `null`: given back. */
  async #waitForSilence(first: Lease, signal: AbortSignal): Promise<Lease | null> {
    const leaseMs = Math.max(1000 * first.spec.leaseDurationSeconds, this.#times.lookEveryMs);
    const untilMs = this.#clock.nowMs() + leaseMs;
    while (this.#clock.nowMs() < untilMs) {
      await sleep(this.#clock, this.#times.lookEveryMs, signal);
      const now = await this.#read();
      if (now === null) return null;
      if (now.metadata.resourceVersion !== first.metadata.resourceVersion) {
        throw heldByAnother(now.spec.holderIdentity);
      }
    }
    return first;
  }

  /** PUT makes a lease that is not there, unless it names the one that is meant. */
  async #replace(state: LeaseState): Promise<Lease> {
    return await this.#access.custom.replaceNamespacedCustomObject({
      ...PLACE,
      name: SETTINGS_LEASE,
      body: this.#body(state),
    }) as Lease;
  }

  #body(state: LeaseState | null) {
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name: SETTINGS_LEASE,
        namespace: SERVING_NAMESPACE,
        ...(state === null ? {} : { uid: state.uid, resourceVersion: state.resourceVersion }),
      },
      spec: {
        holderIdentity: this.#holder,
        leaseDurationSeconds: Math.ceil(this.#times.leaseMs / 1000),
        // Microseconds are asked for (MicroTime).
        renewTime: wallClockDate().toISOString().replace("Z", "000Z"),
      },
    };
  }

  async #keepRenewing(stop: AbortSignal): Promise<void> {
    const { renewEveryMs, lookEveryMs } = this.#times;
    let waitMs = renewEveryMs;
    while (!stop.aborted && this.#held !== null) {
      await sleep(this.#clock, waitMs, stop).catch(() => {/* given back meanwhile */});
      if (stop.aborted) return;
      // While the API server is away or slow, the next may come through.
      waitMs = await this.#renew() === null ? renewEveryMs : lookEveryMs;
    }
  }

  /** Renews it once, after what is under way; why that could not be told, `null`: it was. */
  #renew(): Promise<unknown> {
    const renewed = this.#turn.then(async () => {
      if (this.#held === null) return null;
      try {
        this.#held = await this.#replace(this.#held.metadata);
        return null;
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) return error;
      }
      try {
        // It is ours still where only the answer to an earlier renewal was lost.
        const now = await this.#read();
        if (now?.spec.holderIdentity === this.#holder) this.#held = now;
        else this.#lose(now?.spec.holderIdentity ?? null);
        return null;
      } catch (error) {
        return error;
      }
    });
    this.#turn = renewed;
    return renewed;
  }

  #lose(holder: string | null): void {
    this.#held = null;
    this.#isLost = true;
    this.#onLost(holder);
  }
}

function lost(): LoaderError {
  return new LoaderError(
    "platform",
    "Another run has taken over Knative's settings, because this one was not heard of for too " +
      "long; this one changes them no more.",
  );
}

function heldByAnother(holder: string): LoaderError {
  return new LoaderError(
    "platform",
    `${holder} is changing Knative's settings on this cluster, and two runs at once would ` +
      `disturb each other; wait until it has ended.`,
    { value: holder },
  );
}
