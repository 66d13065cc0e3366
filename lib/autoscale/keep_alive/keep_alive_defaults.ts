import type { KeepAlivePolicy } from "./keep_alive_policy.ts";

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
