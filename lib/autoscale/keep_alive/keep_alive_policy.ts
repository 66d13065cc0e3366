/**
 * Decides when instances of functions go and come where no autoscaler counts
 * them. Pure: no clock, no timer; times are given, in ms since the run started,
 * and all calls come in order of time. Functions are named by their index, from
 * 0. What is idle when the run starts becomes idle at time 0.
 *
 * The platform orders what happens at one instant: completions, instances that
 * become ready, arrivals, then instances whose time is up. So an instance
 * started to be ready at an arrival serves it, and so does one kept until then.
 */
export interface KeepAlivePolicy {
  readonly name: string;
  /**
   * Milliseconds between two askings of {@linkcode desiredInstances}; `null`:
   * never asked. For policies by concurrency.
   */
  readonly tickMs: number | null;
  /**
   * An invocation arrived; called before it is given an instance.
   *
   * @param isCold no idle instance was there
   */
  onArrival(functionIndex: number, nowMs: number, isCold: boolean): void;
  /**
   * An invocation has ended; called before {@linkcode keepUntilMs} is asked of
   * the instance that it leaves idle.
   *
   * @param serviceMs what it took from its instance's taking it up to its end
   */
  onCompletion(functionIndex: number, nowMs: number, serviceMs: number): void;
  /**
   * An instance of the function has just become idle, by a completion or by
   * becoming ready with nothing to serve: until when it is kept at most, never
   * before now (`Infinity`: until memory is needed).
   */
  keepUntilMs(functionIndex: number, nowMs: number): number;
  /** The last instance of the function went, and none is starting. */
  onLastGone(functionIndex: number, nowMs: number): void;
  /**
   * Called after {@linkcode onLastGone}, where no request waits: when to start an
   * instance ahead of the next arrival, after now; NaN: not. An arrival before
   * that time calls it off.
   */
  prewarmAtMs(functionIndex: number, nowMs: number): number;
  /**
   * Instants, ascending, at which an instance of the function is started
   * whatever happens: asked once, before the first event. One before the
   * beginning (negative) is an instance that the run begins with, and it begins
   * with no other. `null`: nothing is planned, as by all that do not know the
   * future.
   */
  plannedStartsMs(functionIndex: number): Float64Array | null;
  /**
   * Priority of an idle instance when memory is needed: the lowest goes first.
   * Asked when it becomes idle.
   */
  evictionPriority(functionIndex: number, nowMs: number): number;
  /**
   * An idle instance with this priority was evicted for memory; called before
   * {@linkcode onLastGone}, where it was the function's last.
   */
  onEviction(functionIndex: number, priority: number): void;
  /**
   * Instances to keep of each function, busy and starting ones included, asked
   * every {@linkcode tickMs}: the platform starts what is missing at once, as far
   * as there is room or others have more than that many, and until the next
   * asking lets no idle instance go that would leave fewer, but for an
   * invocation that waits for memory. Beyond that many, {@linkcode keepUntilMs}
   * holds.
   */
  desiredInstances(functionIndex: number, nowMs: number): number;
}

/**
 * What a keep-alive policy does where it decides nothing of its own: learns
 * nothing, starts nothing ahead, and lets the least recently used instance go
 * first when memory is needed, as OpenWhisk does (and as Fuerst and Sharma,
 * "FaasCache", ASPLOS 2021, let their baselines do).
 */
export abstract class KeepAliveDefaults implements KeepAlivePolicy {
  abstract readonly name: string;
  readonly tickMs: number | null = null;

  abstract keepUntilMs(functionIndex: number, nowMs: number): number;

  onArrival(_functionIndex: number, _nowMs: number, _isCold: boolean): void {}

  onCompletion(_functionIndex: number, _nowMs: number, _serviceMs: number): void {}

  onLastGone(_functionIndex: number, _nowMs: number): void {}

  prewarmAtMs(_functionIndex: number, _nowMs: number): number {
    return NaN;
  }

  plannedStartsMs(_functionIndex: number): Float64Array | null {
    return null;
  }

  /** When it became idle: the one idle for longest goes first. */
  evictionPriority(_functionIndex: number, nowMs: number): number {
    return nowMs;
  }

  onEviction(_functionIndex: number, _priority: number): void {}

  desiredInstances(_functionIndex: number, _nowMs: number): number {
    return 0;
  }
}
