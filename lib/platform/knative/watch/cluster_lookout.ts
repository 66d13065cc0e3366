import { type Address } from "../../../base/address.ts";
import { errorMessage, LoaderError } from "../../../base/error.ts";
import { type Clock, sleep } from "../../../clock/clock.ts";
import { checkGateway } from "../cluster/gateway_address.ts";

/** How long both API server and gateway must be away before the cluster counts as lost. */
const LOST_AFTER_MS = 15_000;

/** Between looks at the gateway while the API server is away. */
const LOOK_EVERY_MS = 3000;

/** Looks at the gateway while the API server does not answer: where both are gone, so is the cluster. */
export class ClusterLookout {
  readonly #clock: Clock;
  readonly #lost = new AbortController();
  /** Ends the look-out; `null`: there is none. */
  #stop: AbortController | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Aborts once the cluster counts as lost, for good. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * The API server does not answer.
   *
   * @param trouble what it is asked for fails with
   * @param gateway `null`: functions are called at their own hosts, and there is none to look at
   */
  async begin(trouble: unknown, gateway: Address | null): Promise<void> {
    if (this.#stop !== null || this.#lost.signal.aborted) return;
    const stop = this.#stop = new AbortController();
    let sinceMs = this.#clock.nowMs();
    try {
      for (;;) {
        await sleep(this.#clock, LOOK_EVERY_MS, stop.signal);
        const isThere = gateway === null ||
          await checkGateway({ clock: this.#clock }, gateway, stop.signal)
            .then(() => true, () => false);
        if (isThere) sinceMs = this.#clock.nowMs();
        const goneMs = this.#clock.nowMs() - sinceMs;
        if (goneMs < LOST_AFTER_MS) continue;
        this.#lost.abort(
          new LoaderError(
            "platform",
            `The cluster is gone: neither its API server (${errorMessage(trouble)}) nor its ` +
              `gateway has answered for ${Math.round(goneMs / 1000)} s.`,
          ),
        );
        return;
      }
    } catch {
      // It answers again, or nobody wants to know any more.
    }
  }

  /** It answers again, or nobody wants to know any more. */
  stop(): void {
    this.#stop?.abort();
    this.#stop = null;
  }
}
