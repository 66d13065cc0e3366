import type { Capacity } from "../../../model/platform.ts";
import type { KubeAccess } from "../cluster/kube_access.ts";
import type { ExpectedDemand } from "../../definition.ts";

/** The cluster, and the needs of the runs that it is checked for. */
export interface Checkup {
  readonly access: KubeAccess;
  /** `host:port`; `null`: it is looked for. */
  readonly gateway: string | null;
  /** URL, or `namespace/service:port` through the API server; `null`: it is looked for. */
  readonly prometheus: string | null;
  /** Of the runs that are planned, given what the nodes have; empty where none are known. */
  readonly demandOn: (capacity: Capacity) => Promise<readonly ExpectedDemand[]>;
  /** Functions start with no instance. */
  readonly startsAtZero: boolean;
  /** Most instances of a function that a run may ask for. */
  readonly maxScale: number;
  /** The functions' image; `null`: not known. */
  readonly image: string | null;
  /** Longest that a call may take. */
  readonly callTimeoutMs: number;
  readonly signal: AbortSignal;
}
