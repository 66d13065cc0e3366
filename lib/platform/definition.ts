import type { Capacity, FunctionSpec, Platform } from "../model/platform.ts";
import type { Schedule } from "../model/schedule.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import type { Finding } from "./finding.ts";
import type { SimulatorOptions } from "./simulator/simulator_options.ts";

/**
 * A platform: all that the rest of the program knows of it. A folder exports one, and
 * the registry lists it.
 */
export interface PlatformDefinition<Name extends string, Options extends OptionTable, Settings> {
  readonly name: Name;
  readonly traits: PlatformTraits;
  /** What a user may set, on the command line or in a file. */
  readonly options: Options;
  /**
   * Makes it; nothing is started until it deploys. What is not given has its default.
   *
   * @param settings values of its options, and what programs alone set
   * @throws LoaderError `usage` when a setting is out of its range
   */
  create(settings: Settings & RunContext): Promise<Platform>;
  /** Looks at it before a run, for the doctor; changes nothing. */
  diagnose(options: OptionValues<Options>, context: DiagnosisContext): Promise<Finding[]>;
  /** What preflight simulates in its place. */
  readonly model: PlatformModel;
}

/** What distinguishes platforms for those who use them. */
export interface PlatformTraits {
  /** Time is simulated: nothing is ever late, and any load is made. */
  readonly isVirtual: boolean;
  /** The defaults of a cluster apply; what is deployed outlives the program. */
  readonly isCluster: boolean;
  /** Gateway and functions are processes of the loader's own machine, and need its cores. */
  readonly sharesMachine: boolean;
  /** Its runs tell enough to simulate it with what they took. */
  readonly hasTwins: boolean;
}

/** What a run tells the platform that it is made on. */
export interface RunContext {
  /** Root of all randomness. */
  readonly seed?: number;
  /** Of the one run that is made on it; `null`: not known, or of several. */
  readonly schedule?: Schedule | null;
  /** True if this loader looks after what is there once for several loaders; default: it does. */
  readonly tendsPlatform?: boolean;
  /** How far a deployment is, a phrase. */
  readonly onDeployment?: (progress: string) => void;
  /** Something a person should know that stops nothing. */
  readonly onNote?: (sentence: string) => void;
}

/** Instances, and what they request. */
export interface InstanceRequests {
  readonly instances: number;
  readonly cpuMilli: number;
  readonly memoryMib: number;
}

/** What a run asks of a platform. */
export interface ExpectedDemand {
  /** Of the run. */
  readonly name: string;
  /** When the load begins. */
  readonly initial: InstanceRequests;
  /** In its fullest minute. */
  readonly peak: InstanceRequests;
}

/** What the doctor knows beside the platform's options. */
export interface DiagnosisContext {
  /** True if no run is known, or one has functions without an initial instance. */
  readonly startsAtZero: boolean;
  /** How long calls of a run may take. */
  readonly callTimeoutMs: number;
  /**
   * What the planned runs ask for.
   *
   * @param capacity that initial scales are cut to
   * @param requestsOf what an instance of a function requests in the end
   */
  demandOn(
    capacity: Capacity,
    requestsOf?: (spec: FunctionSpec) => Omit<InstanceRequests, "instances">,
  ): Promise<readonly ExpectedDemand[]>;
  readonly signal: AbortSignal;
}

/** What earlier runs tell of their platform's parts. */
export interface MeasuredPlatform {
  /** Parameters of the simulator; what was not seen is left out. */
  readonly simulation: SimulatorOptions;
  /** What they come from, a phrase. */
  readonly source: string;
}

/** How a platform is simulated, or why it cannot be. */
export type PlatformModel =
  | {
    /** True if what earlier runs took may be taken for it. */
    readonly takesMeasured: boolean;
    /**
     * What is known of it before options say otherwise.
     *
     * @param capacity of the platform itself
     */
    describe(capacity: Capacity, measured: MeasuredPlatform | null): {
      readonly parameters: SimulatorOptions;
      /** Where the parameters come from, a phrase. */
      readonly source: string;
    };
  }
  | {
    readonly describe: null;
    readonly reason: string;
  };

/** A definition by its parts: the types of its name, its options and its settings. */
export function definePlatform<
  const Name extends string,
  Options extends OptionTable,
  Settings,
>(
  definition: PlatformDefinition<Name, Options, Settings>,
): PlatformDefinition<Name, Options, Settings> {
  return definition;
}
