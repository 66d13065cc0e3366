import type { StoredInvocations } from "../store/read/stored_invocations.ts";
import type { RunManifest } from "../store/schema/manifest.ts";
import { type ArrivalFit, ArrivalFitter, claimedArrivalsOf } from "./arrival_fit.ts";
import { ServedFit } from "./served_fit.ts";

/** Whether a run's load was what it claims, and was served as it was asked for. */
export interface LoadCertificate {
  readonly run: string;
  /** `null` where no trace is replayed. */
  readonly arrivals: ArrivalFit | null;
  readonly served: ServedFit;
}

/** Collects the certificate of a run's load from its invocations. */
export class LoadCertifier {
  readonly #run: string;
  readonly #arrivals: ArrivalFitter | null;
  readonly #served = new ServedFit();

  constructor(manifest: RunManifest) {
    const claim = claimedArrivalsOf(manifest);
    this.#run = manifest.name;
    this.#arrivals = claim === null ? null : new ArrivalFitter(claim);
  }

  /** The columns that it looks at. */
  get columns() {
    return [...this.#served.columns, ...this.#arrivals?.columns ?? []];
  }

  /** Takes in invocations of the run, each once. */
  add(invocations: StoredInvocations): void {
    this.#arrivals?.add(invocations);
    this.#served.add(invocations);
  }

  derive(): LoadCertificate {
    return {
      run: this.#run,
      arrivals: this.#arrivals?.derive() ?? null,
      served: this.#served,
    };
  }
}
