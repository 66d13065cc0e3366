import type { RngKey } from "../../base/rng.ts";
import type { Percentiles } from "../../model/trace.ts";
import type { MinuteProcess } from "./minute_process.ts";

/** A function before its invocations are drawn. */
export interface FunctionModel {
  readonly id: string;
  readonly trigger: string | null;
  readonly process: MinuteProcess;
  readonly runtimeMs: Percentiles;
  /** What its invocations are drawn with. */
  readonly key: RngKey;
}

/** An application: functions that share an owner, and their memory. */
export interface ApplicationModel {
  readonly ownerId: string;
  readonly appId: string;
  readonly functions: readonly FunctionModel[];
  /** Of the whole application; its functions have equal parts. */
  readonly memoryMib: Percentiles;
}

/** How many functions, over which time, from which seed. */
export interface PopulationSize {
  readonly functions: number;
  readonly days: number;
  readonly seed: number;
}

/** Where applications come from: published distributions, or those of a trace. */
export interface Population {
  /** Sentence that says what they are like. */
  readonly description: string;
  /**
   * Applications with so many functions in all. The same size gives the same
   * ones; of more functions these are the first, but that the last application is cut.
   */
  applications(size: PopulationSize): Iterable<ApplicationModel>;
}
