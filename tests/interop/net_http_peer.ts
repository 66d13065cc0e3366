import { join } from "node:path";
import { PeerProcess } from "../support/peer_process.ts";
import { INSTALLED, type RunningPeer } from "./peer.ts";

/** The HTTP/2 server of Go's standard library. */
export const NET_HTTP = join(INSTALLED, "bin/net-http-peer");

/** Starts it in the clear; it answers no call. */
export function startNetHttp(): Promise<RunningPeer> {
  return PeerProcess.start({ command: NET_HTTP, args: [] });
}
