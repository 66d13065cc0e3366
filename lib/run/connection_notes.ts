import type { ConnectionGroup } from "../invoke/connection_ledger.ts";

/** Most kinds of ends that are noted, those of most calls lost first. */
const MOST_NOTED = 3;

/**
 * What a reader should know of how connections ended: those that broke, or ended
 * with an error, or did not come about. Those that did their work say nothing.
 */
export function describeConnections(groups: readonly ConnectionGroup[]): readonly string[] {
  const ended = groups.filter(({ wasReady }) => wasReady)
    .filter(({ endedBy, code, callsLost }) =>
      callsLost > 0 || endedBy === "network" || (code !== null && code !== "NO_ERROR")
    )
    .toSorted((a, b) => b.callsLost - a.callsLost || b.connections - a.connections);
  return [...ended.slice(0, MOST_NOTED).map(describeEnd), ...describeFailures(groups)];
}

function describeEnd(group: ConnectionGroup): string {
  const { endedBy, code, detail, connections, callsLost, resetsSent } = group;
  const why = [code, detail].filter((part) => part !== null).join(" ");
  const who = {
    peer: `The server ended ${count(connections, "connection")}`,
    loader: `The loader gave up ${count(connections, "connection")}`,
    network: `${count(connections, "connection")} broke`,
  }[endedBy];
  if (callsLost === 0) return `${who}: ${why}.`;
  const lost = `${count(callsLost, "call")} ${callsLost === 1 ? "was" : "were"} lost with ` +
    (connections === 1 ? "it" : "them");
  const after = resetsSent === 0
    ? ""
    : `, after the loader had given up ${count(resetsSent, "call")} by a reset (servers count ` +
      "those: see --expired-calls and --timeout)";
  return `${who}: ${why}; ${lost}${after}.`;
}

function describeFailures(groups: readonly ConnectionGroup[]): readonly string[] {
  const failed = groups.filter(({ wasReady, endedBy }) => !wasReady && endedBy !== "loader");
  if (failed.length === 0) return [];
  const attempts = failed.reduce((sum, { connections }) => sum + connections, 0);
  const [{ code, detail }] = failed;
  const why = [code, detail].filter((part) => part !== null).join(" ");
  return [
    `${count(attempts, "attempt")} to connect failed${
      failed.length === 1 ? "" : ", most of them"
    }: ${why}.`,
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
