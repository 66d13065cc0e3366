/** A decider's series in the reference file, in its own spelling. */
export interface DeciderCase {
  readonly max_scale_up_rate: number;
  readonly max_scale_down_rate: number;
  readonly target_value: number;
  readonly total_value: number;
  readonly target_burst_capacity: number;
  readonly panic_threshold: number;
  readonly stable_window_ms: number;
  readonly scale_down_delay_ms: number;
  readonly activation_scale: number;
  readonly reachable: boolean;
  readonly initial_ready: number;
  readonly samples: readonly {
    readonly t_ms: number;
    readonly stable: number;
    readonly panic: number;
    readonly ready: number;
    readonly desired: number;
    readonly excess_burst_capacity: number;
  }[];
}

/** A window's series in the reference file. */
export interface WindowCase {
  readonly window_ms: number;
  readonly granularity_ms: number;
  readonly weighted: boolean;
  readonly ops: readonly {
    readonly t_ms: number;
    readonly op: "record" | "average";
    readonly value: number;
  }[];
}

/** What Knative 0.42 decided and averaged over random series. */
export interface KnativeReference {
  readonly decider: readonly DeciderCase[];
  readonly windows: readonly WindowCase[];
}

/** The reference file, or `undefined` where the shared folder is absent. */
export function readKnativeReference(): KnativeReference | undefined {
  const url = new URL("../../../../shared/data/reference/knative_autoscaler.json", import.meta.url);
  try {
    return JSON.parse(Deno.readTextFileSync(url));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.warn(
      "Not compared with Knative: ../shared/data/reference/knative_autoscaler.json is absent.",
    );
    return undefined;
  }
}
