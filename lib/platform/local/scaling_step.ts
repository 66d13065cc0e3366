import type { ScalerDecision } from "../../autoscale/knative/function_scaler.ts";

/**
 * Something that the autoscaler of a function was told or decided: in their
 * order these are all that its decisions depend on.
 */
export type ScalingStep =
  & {
    /** On the clock that its windows are divided by. */
    readonly timeMs: number;
  }
  & (
    | { readonly step: "report"; readonly concurrency: number }
    | {
      /** A decision that was due, or one for a request that met no instance. */
      readonly step: "tick" | "poke";
      readonly ready: number;
      readonly decision: Pick<ScalerDecision, "stable" | "panic" | "panicking" | "desired">;
    }
  );
