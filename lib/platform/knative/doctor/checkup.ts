import type { Capacity } from "../../../model/platform.ts";
import type { KubeAccess } from "../cluster/kube_access.ts";

/** What a run expects of the cluster, at its fullest. */
export interface ExpectedDemand {
  /** The run, as it is named. */
  readonly name: string;
  /** Instances started before the load. */
  readonly initial: DemandLevel;
  /** In the fullest minute. */
  readonly peak: DemandLevel;
}

/** Instances, and what they request. */
export interface DemandLevel {
  readonly instances: number;
  readonly cpuMilli: number;
  readonly memoryMib: number;
}

/** What is looked at. */
export interface Checkup {
  readonly access: KubeAccess;
  /** `host:port`; `null`: it is looked for. */
  readonly gateway: string | null;
  /** URL, or `namespace/service:port` through the API server; `null`: it is looked for. */
  readonly prometheus: string | null;
  /** Of the runs that are planned, given what the nodes have; empty where none are known. */
  readonly demandOn: (capacity: Capacity) => Promise<readonly ExpectedDemand[]>;
  /** Whether functions start with no instance. */
  readonly startsAtZero: boolean;
  /** Most instances of a function that a run may ask for. */
  readonly maxScale: number;
  /** The functions' image; `null`: not known. */
  readonly image: string | null;
  /** Longest that a call may take. */
  readonly callTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** Data of config maps by name; `null`: it is not there. */
export type ConfigMaps = ReadonlyMap<string, Readonly<Record<string, string>> | null>;
