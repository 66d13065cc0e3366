import { EVENT_INTERVAL_VARIABLE, eventIntervalTurns } from "../clock/event_interval.ts";

/**
 * Makes this program begin anew, as the same process, where its event loop looks at its sockets
 * in each sixtieth turn only: how often it does is decided before a program starts. The tasks of
 * `deno.json` begin as they should. Where that cannot be done nothing happens, and replies are
 * read a little later.
 */
export function restartForEachTurn(): void {
  if (Deno.build.os !== "linux" || !isGranted() || eventIntervalTurns() === 1) return;
  try {
    const args = Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(0, -1);
    const environment = { ...Deno.env.toObject(), [EVENT_INTERVAL_VARIABLE]: "1" };
    execute(args, Object.entries(environment).map(([name, value]) => `${name}=${value}`));
  } catch {
    // Not for us to read or to load.
  }
}

/** What it is decided by is in the environment: where that cannot be seen it would never end. */
function isGranted(): boolean {
  const needed = [{ name: "env" }, { name: "ffi" }] as const;
  return needed.every((one) => Deno.permissions.querySync(one).state === "granted");
}

/** execve(2): returns only when it fails. */
function execute(args: readonly string[], environment: readonly string[]): void {
  const { symbols } = Deno.dlopen("libc.so.6", {
    execve: { parameters: ["buffer", "buffer", "buffer"], result: "i32" },
  });
  const [texts, values] = [args, environment].map((list) => list.map(terminated));
  symbols.execve(terminated("/proc/self/exe"), pointersTo(texts), pointersTo(values));
}

function terminated(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** The addresses of the texts, and a 0 behind them. */
function pointersTo(texts: readonly Uint8Array<ArrayBuffer>[]): BigUint64Array<ArrayBuffer> {
  const addresses = texts.map((text) =>
    BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(text)))
  );
  return BigUint64Array.of(...addresses, 0n);
}
