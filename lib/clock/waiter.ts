import { eventIntervalTurns } from "./event_interval.ts";
import { findLoopDescriptor } from "./loop_descriptor.ts";

/** Keeps this thread from running until it is time, without using the CPU. */
export interface Waiter {
  /**
   * Waits for so long at most; less, where the event loop has something to do. It must have had
   * its turns before ({@linkcode turnsBetweenWaits}): what it knows of already wakes nobody.
   */
  wait(durationMs: number): void;
  /** A sentence where it is not the way that is punctual and cheap; else `null`. */
  readonly note: string | null;
}

/**
 * Turns of the event loop between two waits: one in which it looks at what has woken it, one in
 * which that is worked off.
 */
export function turnsBetweenWaits(): number {
  return 1 + eventIntervalTurns();
}

let waiter: Waiter | undefined;

/** The best that this thread can have. */
export function waiterOfThread(): Waiter {
  waiter ??= createWaiter();
  return waiter;
}

function createWaiter(): Waiter {
  const because = (reason: string) => new SliceWaiter(reason);
  if (Deno.build.os !== "linux") return because("it is made for Linux alone");
  const { state } = Deno.permissions.querySync({ name: "ffi", path: LIBRARY });
  if (state !== "granted") return because("Deno was started without --allow-ffi");
  const descriptor = findLoopDescriptor();
  if (descriptor === null) return because("the event loop's descriptor was not found");
  try {
    return new KernelWaiter(openLibrary(), descriptor);
  } catch {
    return because(`${LIBRARY} could not be loaded`);
  }
}

/** The C library of GNU, which Deno itself needs on Linux. */
const LIBRARY = "libc.so.6";

/** prctl(2): how late the kernel may wake this thread, ns; 0 is what it was at first (50 µs). */
const PR_SET_TIMERSLACK = 29;

/** poll(2): there is something to read. */
const POLLIN = 1;

function openLibrary() {
  return Deno.dlopen(LIBRARY, {
    ppoll: { parameters: ["buffer", "u64", "buffer", "pointer"], result: "i32" },
    prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  });
}

/** Waits in ppoll(2) for the event loop's own descriptor: whatever that learns of ends the wait. */
class KernelWaiter implements Waiter {
  readonly note = null;
  readonly #library: ReturnType<typeof openLibrary>;
  /** struct pollfd: the descriptor, then what is waited for. */
  readonly #polled: Int32Array<ArrayBuffer>;
  /** struct timespec: seconds and nanoseconds, 64 bits each; waits are shorter than a second. */
  readonly #timeout = new Int32Array(4);

  constructor(library: ReturnType<typeof openLibrary>, descriptor: number) {
    this.#library = library;
    this.#polled = Int32Array.of(descriptor, POLLIN);
  }

  wait(durationMs: number): void {
    this.#timeout[2] = Math.max(0, Math.floor(Math.min(durationMs, 999) * 1e6));
    const { ppoll, prctl } = this.#library.symbols;
    // Set back at once: processes and threads that this one starts would inherit it.
    prctl(PR_SET_TIMERSLACK, 1n, 0n, 0n, 0n);
    ppoll(this.#polled, 1n, this.#timeout, null);
    prctl(PR_SET_TIMERSLACK, 0n, 0n, 0n, 0n);
  }
}

/** Where the event loop looks at its sockets each turn, and where each sixtieth costs 60 µs. */
const SLICE_MS = { ofOneTurn: 0.1, ofMany: 0.5 };

/** Waits a little and looks again, since nothing that the event loop learns of ends its waits. */
export class SliceWaiter implements Waiter {
  readonly note: string;
  readonly #sliceMs: number;
  /** Nobody ever notifies of it. */
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));

  constructor(reason: string) {
    this.#sliceMs = eventIntervalTurns() === 1 ? SLICE_MS.ofOneTurn : SLICE_MS.ofMany;
    this.note =
      `The loader waited for due times in slices of ${this.#sliceMs} ms, since it could ` +
      `not wait for its sockets meanwhile (${reason}): replies may have been read that much later.`;
  }

  wait(durationMs: number): void {
    if (durationMs > 0) Atomics.wait(this.#cell, 0, 0, Math.min(durationMs, this.#sliceMs));
  }
}
