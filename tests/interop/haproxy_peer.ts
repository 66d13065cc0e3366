import { join } from "node:path";
import { freePort, PeerProcess } from "../support/peer_process.ts";
import { temporaryFolder } from "../support/script.ts";
import { GO, INSTALLED, type Peer, type RunningPeer } from "./peer.ts";

const BINARY = join(INSTALLED, "bin/haproxy");

/** HAProxy with the server of grpc-go behind it. */
export const HAPROXY: Peer = {
  name: "haproxy",
  instance: GO.instance,
  needs: [BINARY, ...GO.needs],
  start: startHaproxy,
};

/** Starts HAProxy, HTTP/2 in the clear, in front of a Go server of its own. */
async function startHaproxy(): Promise<RunningPeer> {
  await using started = new AsyncDisposableStack();
  const { path } = started.use(await temporaryFolder());
  const upstream = started.use(await GO.start());
  const port = freePort();
  await Deno.writeTextFile(
    join(path, "haproxy.cfg"),
    `defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend all
    bind 127.0.0.1:${port} proto h2
    default_backend go
backend go
    server go 127.0.0.1:${upstream.port} proto h2
`,
  );
  const front = started.use(
    await PeerProcess.start({
      command: BINARY,
      args: ["-db", "-f", join(path, "haproxy.cfg")],
      port,
    }),
  );
  const all = started.move();
  return {
    port,
    address: front.address,
    kill: () => front.kill(),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
