import type { EndedConnection } from "../model/platform.ts";
import type { TableSink } from "../model/table.ts";

/** Rows for connections that did their work; more of them are summed. */
const MOST_HEALTHY_ROWS = 1000;
/** Rows for the others; more of them are summed, too. */
const MOST_ROWS = 10_000;
/** Sums, and groups; the words of peers may be without end. */
const MOST_GROUPS = 100;

/** Connections that ended alike. */
export interface ConnectionGroup {
  readonly endedBy: EndedConnection["endedBy"];
  readonly code: string | null;
  readonly detail: string | null;
  /** True if they could be used; else the attempts to connect failed. */
  readonly wasReady: boolean;
  connections: number;
  requests: number;
  resetsSent: number;
  resetsReceived: number;
  callsLost: number;
}

/** A group of one address, over the time in which they were there. */
interface Sum extends ConnectionGroup {
  readonly address: string;
  openedMs: number;
  endedMs: number;
}

/**
 * True if a connection did its work: it could be used, and ended without a call on
 * it or an error.
 */
export function isHealthy(
  { readyMs, callsLost, code, endedBy }: EndedConnection,
): boolean {
  return !Number.isNaN(readyMs) && callsLost === 0 && endedBy !== "network" &&
    (code === "NO_ERROR" || code === null);
}

/**
 * Writes the table `connections` as connections end, and remembers how they did.
 * A run may have one for every invocation: what is beyond the bounds goes into rows
 * for several, so that nothing is left out of the sums.
 */
export class ConnectionLedger {
  readonly #sink: TableSink | undefined;
  readonly #groups = new Map<string, ConnectionGroup>();
  readonly #sums = new Map<string, Sum>();
  /** What ended before there was a run start. */
  #early: EndedConnection[] = [];
  #runStartMs: number | null = null;
  #healthyRows = 0;
  #rows = 0;

  /** Without a sink there are groups, and no rows. */
  constructor(sink: TableSink | undefined) {
    this.#sink = sink;
  }

  /** The run start, on the clock. */
  begin(runStartMs: number): void {
    this.#runStartMs = runStartMs;
    for (const connection of this.#early) this.#write(connection);
    this.#early = [];
  }

  record(connection: EndedConnection): void {
    count(this.#groupOf(connection), connection);
    if (this.#runStartMs === null) this.#early.push(connection);
    else this.#write(connection);
  }

  /** Writes the rows for several; nothing ends after this. */
  end(): void {
    // A run that did not start has no time to count from.
    if (this.#runStartMs === null) return;
    for (const sum of this.#sums.values()) {
      this.#writeRow(sum, sum.connections, sum.openedMs, NaN, sum.endedMs);
    }
    this.#sums.clear();
  }

  /** How connections ended, the most first. */
  groups(): readonly ConnectionGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.connections - a.connections);
  }

  #write(connection: EndedConnection): void {
    const healthy = isHealthy(connection);
    if (healthy ? this.#healthyRows < MOST_HEALTHY_ROWS : this.#rows < MOST_ROWS) {
      if (healthy) this.#healthyRows++;
      else this.#rows++;
      const { openedMs, readyMs, endedMs } = connection;
      return this.#writeRow(connection, 1, openedMs, readyMs, endedMs);
    }
    const sum = this.#sumOf(connection);
    count(sum, connection);
    sum.openedMs = Math.min(sum.openedMs, connection.openedMs);
    sum.endedMs = Math.max(sum.endedMs, connection.endedMs);
  }

  #writeRow(
    row: Omit<EndedConnection, "openedMs" | "readyMs" | "endedMs">,
    connections: number,
    openedMs: number,
    readyMs: number,
    endedMs: number,
  ): void {
    const startMs = this.#runStartMs!;
    this.#sink?.write([
      openedMs - startMs,
      Number.isNaN(readyMs) ? null : readyMs - startMs,
      endedMs - startMs,
      row.address,
      connections,
      row.endedBy,
      row.code,
      row.detail,
      row.requests,
      row.resetsSent,
      row.resetsReceived,
      row.callsLost,
    ]);
  }

  #groupOf(connection: EndedConnection): ConnectionGroup {
    return groupIn(this.#groups, "", connection, () => ({}));
  }

  #sumOf(connection: EndedConnection): Sum {
    const { address, openedMs, endedMs } = connection;
    return groupIn<Sum>(
      this.#sums,
      address,
      connection,
      (isRest) => ({ address: isRest ? "" : address, openedMs, endedMs }),
    );
  }
}

/** The group of a connection; where there are too many, one for all that are new. */
function groupIn<G extends ConnectionGroup>(
  groups: Map<string, G>,
  prefix: string,
  { endedBy, code, detail, readyMs }: EndedConnection,
  more: (isRest: boolean) => Omit<G, keyof ConnectionGroup>,
): G {
  const wasReady = !Number.isNaN(readyMs);
  const own = [prefix, endedBy, code, detail, wasReady].join("\n");
  const isRest = !groups.has(own) && groups.size >= MOST_GROUPS;
  const key = isRest ? [endedBy, wasReady].join("\n") : own;
  let group = groups.get(key);
  if (group === undefined) {
    group = {
      ...more(isRest),
      endedBy,
      code: isRest ? null : code,
      detail: isRest ? "different reasons" : detail,
      wasReady,
      connections: 0,
      requests: 0,
      resetsSent: 0,
      resetsReceived: 0,
      callsLost: 0,
    } as G;
    groups.set(key, group);
  }
  return group;
}

function count(group: ConnectionGroup, connection: EndedConnection): void {
  group.connections++;
  group.requests += connection.requests;
  group.resetsSent += connection.resetsSent;
  group.resetsReceived += connection.resetsReceived;
  group.callsLost += connection.callsLost;
}
