/**
 * Environment variable of Deno's: after how many turns of the event loop it looks at its sockets
 * while something is always due (Tokio's `event_interval`). It is read as the process starts.
 */
export const EVENT_INTERVAL_VARIABLE = "DENO_TOKIO_EVENT_INTERVAL";

/** Where nothing is set. */
const DEFAULT_INTERVAL = 61;

let interval: number | undefined;

/**
 * Turns of the event loop after which it looks at its sockets. The first to ask takes the variable
 * out of the environment: programs that this one starts are not meant.
 */
export function eventIntervalTurns(): number {
  interval ??= takeInterval();
  return interval;
}

function takeInterval(): number {
  const { state } = Deno.permissions.querySync({ name: "env", variable: EVENT_INTERVAL_VARIABLE });
  if (state !== "granted") return DEFAULT_INTERVAL;
  const text = Deno.env.get(EVENT_INTERVAL_VARIABLE);
  Deno.env.delete(EVENT_INTERVAL_VARIABLE);
  return text === undefined ? DEFAULT_INTERVAL : Number(text);
}
