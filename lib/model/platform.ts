import type { Clock } from "../clock/clock.ts";
import type { FunctionProfile } from "./trace.ts";
import type { InvocationRow, Outcome } from "./record.ts";
import type { Phase, ScheduleChunk } from "./schedule.ts";
import type { Cell, Table } from "./table.ts";

/** What to deploy for one function. */
export interface FunctionSpec {
  /** Index of the function in the schedule. */
  readonly index: number;
  /** Key of the function in the trace: owner/app/function. */
  readonly functionId: string;
  /** DNS label under which it is deployed, such as `trace-func-3-1f0c`. */
  readonly name: string;
  readonly profile: FunctionProfile;
  /** Instances to start before the load. */
  readonly initialScale: number;
  readonly cpuRequestMilli: number;
  readonly memoryRequestMib: number;
}

/** How to speak TLS to an address. */
export interface TlsSettings {
  /** Authorities to trust beside those that Deno brings along, PEM; none named: the system's. */
  readonly caCertificates: readonly string[];
  /** Own certificate chain and key for mutual TLS, PEM. */
  readonly certificate: { readonly chain: string; readonly key: string } | null;
}

/** A deployed function. */
export interface Deployment {
  readonly spec: FunctionSpec;
  /** Address to connect to, `host:port`. */
  readonly address: string;
  /** The `:authority` of its calls. */
  readonly authority: string;
  /** TLS, whose certificate must be for the address' host; absent: HTTP/2 in the clear (h2c). */
  readonly tls?: TlsSettings;
  /** Metadata of its calls, beside what gRPC itself sends; names in lower case. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The calls in flight, as columns indexed by slot, so that a call allocates
 * nothing. The dispatcher fills in what to send, the transport what came back.
 */
export interface CallColumns {
  /** Sent: index of the deployment. */
  readonly functionIndex: Uint32Array;
  /** Sent: runtime in whole milliseconds. */
  readonly runtimeMs: Uint32Array;
  /** Sent: memory in whole MiB. */
  readonly memoryMib: Uint32Array;
  /** Sent: when to give up, on the platform's clock. */
  readonly deadlineMs: Float64Array;
  /** Came back: when the first bytes went to the socket, on the clock; NaN if never. */
  readonly dispatchedMs: Float64Array;
  /**
   * Came back: of the wait before the dispatch, what passed in making the connection
   * that then carried the call (TCP, TLS, the first SETTINGS); NaN: none.
   */
  readonly setUpMs: Float64Array;
  /**
   * Came back: of that wait, or of the wait of a call that was never sent, what passed
   * while the peer refused connections, had closed them, was away, or allowed no more
   * calls; NaN: none. What is left of the wait is the generator's: its own lateness, and
   * {@linkcode CallColumns.boundWaitMs}.
   */
  readonly peerWaitMs: Float64Array;
  /**
   * Came back: of that wait, what passed because all connections that the loader allows
   * itself (`maxConnections`) were taken; NaN: none. It is a part of the dispatch lag.
   */
  readonly boundWaitMs: Float64Array;
  /** Came back: when its reply, or its failure, was seen; written before the completion is told. */
  readonly completedMs: Float64Array;
  /** Came back: microseconds that the function says it ran for; NaN without a reply. */
  readonly servedRuntimeUs: Float64Array;
  /** Came back: KiB that the function says it used; NaN without a reply. */
  readonly servedMemoryKib: Float64Array;
  /** Came back: name of the instance. */
  readonly instance: (string | null)[];
  /** Came back: whether it was a cold invocation. */
  readonly coldStart: (boolean | null)[];
  /** Came back: what the peer said, or what ended the call, where its status was not OK. */
  readonly statusMessage: (string | null)[];
  /** Goes out with the call as the header field of that name (W3C Trace Context); `null`: none. */
  readonly traceparent: (string | null)[];
}

/** What a transport calls, once for every `invoke`. */
export type CompletionCallback = (
  slot: number,
  outcome: Outcome,
  /** gRPC status code; `null` if there was none. */
  statusCode: number | null,
) => void;

/** A connection, or an attempt to make one, that is over; times on the clock, in ms. */
export interface EndedConnection {
  /** `host:port`. */
  readonly address: string;
  /** When it was begun to be made. */
  readonly openedMs: number;
  /** When it could be used; NaN: never. */
  readonly readyMs: number;
  readonly endedMs: number;
  /** Who ended it: `network` when nobody said anything. */
  readonly endedBy: "peer" | "loader" | "network";
  /** Error code of HTTP/2 at its end, by name, such as `ENHANCE_YOUR_CALM`; `null`: none was said. */
  readonly code: string | null;
  /** The peer's words, or why it ended or did not come about; `null`: it was not needed any more. */
  readonly detail: string | null;
  readonly requests: number;
  /** RST_STREAM frames to the peer, and from it. */
  readonly resetsSent: number;
  readonly resetsReceived: number;
  /** Calls that were out at its end. */
  readonly callsLost: number;
}

/** What a transport that sees its connections calls, once for each. */
export type ConnectionCallback = (connection: EndedConnection) => void;

/** Sends invocations; a call is a slot in the dispatcher's columns, so that it allocates nothing. */
export interface Transport {
  /** Sends the call in the slot; completes it exactly once, never synchronously. */
  invoke(slot: number): void;
  /** Gives up the call in the slot, which then completes as `cancelled` or as it ended. */
  cancel(slot: number): void;
  /** Ends every connection; calls still out complete as `cancelled`. */
  close(): Promise<void>;
  /**
   * Where a platform is computed: all calls of a run without slots. Either these are used
   * or `invoke` is.
   *
   * @param timeoutMs a call is given up this long after its dispatch
   * @param onRecord told of each call when it is over; the row is used again
   */
  direct?(timeoutMs: number, onRecord: RecordCallback): DirectCalls;
}

/** Takes a call that is over: all but its phase, with times on the platform's clock. */
export type RecordCallback = (row: InvocationRow) => void;

/**
 * Calls of a platform that is computed, which takes them as they stand in the schedule and
 * gives them back as records: nothing is copied into columns and out of them again.
 */
export interface DirectCalls {
  /** Calls that are out. */
  readonly count: number;
  /** What they asked for together. */
  readonly requestedMemoryMib: number;
  /** Sends an invocation of a chunk, now; `index` is its position in the whole schedule. */
  take(chunk: ScheduleChunk, position: number, index: number): void;
  /** Gives up all that are out, which end as `outcome`, in the order of their dispatch. */
  giveUp(outcome: Outcome): void;
}

/** Makes a transport over the columns of a dispatcher. */
export type TransportFactory = (
  calls: CallColumns,
  onComplete: CompletionCallback,
  onConnection?: ConnectionCallback,
) => Promise<Transport>;

/** Observes the platform beside the load, never on the invocation path. */
export interface Scraper {
  readonly name: string;
  /** The tables that it adds rows to. */
  readonly tables: readonly Table[];
  /** Milliseconds between scrapes. */
  readonly everyMs: number;
  /** Longest a scrape may take. */
  readonly timeoutMs: number;
  /**
   * Observes once; cells without the time in front, which the loop adds.
   *
   * @throws anything; the loop then writes a gap (nulls) and goes on
   */
  scrape(signal: AbortSignal): Promise<readonly ScrapedRow[]>;
  /** Rows for a scrape that failed or timed out. */
  gap(): readonly ScrapedRow[];
}

/** A row for a table. */
export interface ScrapedRow {
  readonly table: Table;
  /** When it was so, on the platform's clock, if that was before the scrape. */
  readonly timeMs?: number;
  /** Cells after `time_ms`. */
  readonly cells: readonly Cell[];
}

/**
 * Steps in the life of an instance. Every platform tells `created`, `ready`,
 * `stopping` and `gone`; the others are steps of a start, told by those that know
 * them, perhaps late: `scheduled` (it has a node), `prepared` (its sandbox is
 * there), `pulling` and `pulled` (images that the node lacked) and `started` (all
 * of its containers).
 */
export type InstanceStep =
  | "created"
  | "scheduled"
  | "prepared"
  | "pulling"
  | "pulled"
  | "started"
  | "ready"
  | "stopping"
  | "gone";

/** An instance made a step, told as it happens. */
export interface InstanceEvent {
  /** On the platform's clock. */
  readonly timeMs: number;
  readonly functionId: string;
  readonly instance: string;
  readonly event: InstanceStep;
  readonly detail: string | null;
  /** When by the platform's own time stamps, on the same scale; absent where it has none. */
  readonly platformMs?: number | null;
}

/** What a platform can carry. */
export interface Capacity {
  /** Instances at once, or `null` for no bound. */
  readonly instances: number | null;
  readonly cpuMilli: number | null;
  readonly memoryMib: number | null;
  /** Memory of an instance beside what its function requests. */
  readonly instanceOverheadMib: number;
}

/** A change of settings that are not the run's own, such as those of a whole cluster. */
export interface SettingsChange {
  /** What has the settings, such as `configmap knative-serving/config-autoscaler`. */
  readonly object: string;
  /** As they were; `null`: not set. */
  readonly before: Readonly<Record<string, string | null>>;
  readonly after: Readonly<Record<string, string | null>>;
}

/** Where functions run: deploys them, hands out the transport to them, tells of their instances. */
export interface Platform extends AsyncDisposable {
  readonly name: string;
  readonly clock: Clock;
  readonly capacity: Capacity;
  /** Others may deploy at the same place, so names must be this deployment's alone. */
  readonly isShared?: true;
  /** Facts for the manifest: versions, calibration, settings in force. */
  describe(): Record<string, unknown>;
  /**
   * Makes the platform's settings those of a phase of a run with a warm-up that
   * replays a trace: before its functions are deployed, and again when its
   * measurement begins, beside the load. `teardown` puts them back. Absent where
   * nothing depends on the phase.
   *
   * @param onChange told each change before it is made, those of `teardown` too
   * @throws LoaderError `platform` when they cannot be changed
   */
  enterPhase?(
    phase: Phase,
    onChange: (change: SettingsChange) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Brings the functions up and waits until they can be invoked and their
   * initial instances are ready.
   *
   * @throws LoaderError `platform` when one cannot be brought up
   */
  deploy(functions: readonly FunctionSpec[], signal: AbortSignal): Promise<readonly Deployment[]>;
  /** The transport to the deployed functions. */
  readonly transport: TransportFactory;
  /** Aborted, with the reason, when the platform itself is gone and a run makes no sense. */
  readonly lost: AbortSignal;
  scrapers(): readonly Scraper[];
  /** What a reader of a run's figures should know of how it was observed; asked at its end. */
  notes?(): readonly string[];
  /** Registers the one listener to the lives of instances. */
  onInstanceEvent(listener: (event: InstanceEvent) => void): void;
  /** Removes what `deploy` made and waits until it is gone; may be called twice. */
  teardown(): Promise<void>;
}
