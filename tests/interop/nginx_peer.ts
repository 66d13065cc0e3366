import { join } from "node:path";
import { freePort, PeerProcess } from "../support/peer_process.ts";
import { temporaryFolder } from "../support/script.ts";
import { GO, INSTALLED, type Peer, type RunningPeer } from "./peer.ts";

const BINARY = join(INSTALLED, "bin/nginx");

/** More of the configuration of nginx: of `http`, and of the server. */
export interface NginxOptions {
  readonly http?: string;
  readonly server?: string;
}

/** nginx with the server of grpc-go behind it. */
export const NGINX: Peer = {
  name: "nginx",
  instance: GO.instance,
  needs: [BINARY, ...GO.needs],
  start: () => startNginx(),
};

/** Starts nginx, HTTP/2 in the clear, in front of a Go server of its own. */
export async function startNginx({ http = "", server = "" }: NginxOptions = {}): Promise<
  RunningPeer
> {
  await using started = new AsyncDisposableStack();
  const { path } = started.use(await temporaryFolder());
  const upstream = started.use(await GO.start());
  const port = freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${path}/${name};`).join("\n    ");
  await Deno.writeTextFile(
    join(path, "nginx.conf"),
    `daemon off;
master_process off;
pid ${path}/nginx.pid;
error_log stderr crit;
events {}
http {
    access_log off;
    ${temporary}
    ${http}
    server {
        listen 127.0.0.1:${port} http2;
        ${server}
        location / {
            grpc_set_header Host $host;
            grpc_pass grpc://127.0.0.1:${upstream.port};
        }
    }
}
`,
  );
  const front = started.use(
    await PeerProcess.start({
      command: BINARY,
      args: ["-p", path, "-c", join(path, "nginx.conf")],
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
