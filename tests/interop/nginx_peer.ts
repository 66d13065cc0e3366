import { join } from "node:path";
import { freePort, PeerProcess } from "../support/peer_process.ts";
import { temporaryFolder } from "../support/script.ts";
import { GO, INSTALLED, type Peer, type RunningPeer } from "./peer.ts";

const BINARY = join(INSTALLED, "bin/nginx");

/** How nginx is started. */
export interface NginxOptions {
  /** Servers behind it: one, or more. */
  readonly upstreams?: number;
  /** More of its configuration: of `http`, and of the server. */
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

/** Starts nginx, HTTP/2 in the clear, in front of Go servers of its own. */
export async function startNginx(options: NginxOptions = {}): Promise<RunningPeer> {
  const { upstreams = 1, http = "", server = "" } = options;
  await using started = new AsyncDisposableStack();
  const { path } = started.use(await temporaryFolder());
  const servers: string[] = [];
  for (let i = 0; i < upstreams; i++) {
    servers.push(`server ${started.use(await GO.start()).address};`);
  }
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
    upstream go {
        ${servers.join("\n        ")}
    }
    server {
        listen 127.0.0.1:${port} http2;
        ${server}
        location / {
            grpc_set_header Host $host;
            grpc_pass grpc://go;
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
