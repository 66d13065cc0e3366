/**
 * Decides when instances of functions go and come where no autoscaler counts
 * them. Pure: no clock, no timer; times are given, in ms, and all calls come in
 * order of time. Functions are named by their index, from 0.
 *
 * The owner orders what happens at one instant: completions, instances that
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
  /**
   * The last instance of the function went: when to start one ahead of the next
   * arrival, never before now; NaN: not. An arrival before that time calls it off.
   */
  prewarmAtMs(functionIndex: number, nowMs: number): number;
  /**
   * Instants, ascending, at which an instance of the function is started
   * whatever happens: asked once, before the first event. Empty but for
   * policies that know the future. One before the beginning (negative) is an
   * instance that the run begins with.
   */
  plannedStartsMs(functionIndex: number): Float64Array;
  /**
   * Priority of an idle instance when memory is needed: the lowest goes first.
   * Asked when it becomes idle.
   */
  evictionPriority(functionIndex: number, nowMs: number): number;
  /**
   * An idle instance with this priority was evicted for memory; called before
   * {@linkcode prewarmAtMs}, where it was the function's last.
   */
  onEviction(functionIndex: number, priority: number): void;
  /**
   * Instances to keep of each function, busy and starting ones included, asked
   * every {@linkcode tickMs}: the owner starts what is missing at once, and
   * until the next asking lets no idle instance go, but for memory, that would
   * leave fewer. Beyond that many, {@linkcode keepUntilMs} holds.
   */
  desiredInstances(functionIndex: number, nowMs: number): number;
}
