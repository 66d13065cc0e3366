import { join } from "node:path";
import { freePort, PeerProcess } from "../support/peer_process.ts";
import { INSTALLED } from "./peer.ts";

/** A web server that writes access logs, in front of a server of the test's. */
export interface LogWriter {
  readonly name: string;
  /** Files without which it cannot be started. */
  readonly needs: readonly string[];
  /** Logs that it writes, with what its user would say of each. */
  readonly logs: readonly WrittenLog[];
  /** Starts it, with its logs in a folder, in front of a server on a port. */
  start(folder: string, upstream: number): Promise<PeerProcess>;
}

/** A log in a format of its own. */
export interface WrittenLog {
  readonly file: string;
  readonly logFormat?: string;
  /** How finely it tells instants; 0: it tells no duration. */
  readonly resolutionMs: number;
  readonly tellsDuration: boolean;
}

const APACHE = join(INSTALLED, "bin/apache2");
const CADDY = join(INSTALLED, "bin/caddy");
const ENVOY = join(INSTALLED, "bin/envoy");
const NGINX = join(INSTALLED, "bin/nginx");

const NGINX_TIMED =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent ' +
  '"$http_referer" "$http_user_agent" rt=$request_time';
const NGINX_MSEC = "$msec $request_method $request_uri $status ${request_time}s";
const NGINX_JSON = '{"time_iso8601":"$time_iso8601","request_method":"$request_method",' +
  '"request_uri":"$request_uri","status":$status,"request_time":$request_time}';

const NGINX_WRITER: LogWriter = {
  name: "nginx",
  needs: [NGINX],
  logs: [
    { file: "combined.log", resolutionMs: 1000, tellsDuration: false },
    { file: "timed.log", resolutionMs: 1000, tellsDuration: true },
    { file: "msec.log", logFormat: NGINX_MSEC, resolutionMs: 1, tellsDuration: true },
    { file: "json.log", resolutionMs: 1000, tellsDuration: true },
  ],
  async start(folder, upstream) {
    const port = freePort();
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${folder}/${name};`).join("\n    ");
    const configuration = join(folder, "nginx.conf");
    await Deno.writeTextFile(
      configuration,
      `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr crit;
events {}
http {
    ${temporary}
    log_format timed '${NGINX_TIMED}';
    log_format msec '${NGINX_MSEC}';
    log_format json escape=json '${NGINX_JSON}';
    access_log ${folder}/combined.log combined;
    access_log ${folder}/timed.log timed;
    access_log ${folder}/msec.log msec;
    access_log ${folder}/json.log json;
    server {
        listen 127.0.0.1:${port};
        location / {
            proxy_pass http://127.0.0.1:${upstream};
        }
    }
}
`,
    );
    return await PeerProcess.start({
      command: NGINX,
      args: ["-p", folder, "-c", configuration],
      port,
    });
  },
};

const APACHE_MICROSECONDS = '%h %l %u %t "%r" %>s %b %D';
const APACHE_MILLISECONDS = '%{usec}t %{ms}T %s "%r" %v';

const APACHE_WRITER: LogWriter = {
  name: "Apache",
  needs: [APACHE],
  logs: [
    { file: "common.log", resolutionMs: 1000, tellsDuration: false },
    {
      file: "microseconds.log",
      logFormat: APACHE_MICROSECONDS,
      resolutionMs: 1000,
      tellsDuration: true,
    },
    {
      file: "milliseconds.log",
      logFormat: APACHE_MILLISECONDS,
      resolutionMs: 1,
      tellsDuration: true,
    },
  ],
  async start(folder, upstream) {
    const port = freePort();
    // Modules are beside the binary that the link leads to.
    const modules = join(await Deno.realPath(APACHE), "../../lib/apache2/modules");
    const loaded = ["mpm_event", "authz_core", "proxy", "proxy_http"];
    const configuration = join(folder, "apache.conf");
    const quoted = (format: string) => format.replaceAll('"', '\\"');
    await Deno.writeTextFile(
      configuration,
      `${loaded.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join("\n")}
ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/apache.pid
DefaultRuntimeDir ${folder}
ErrorLog ${folder}/error.log
User daemon
Group daemon
Listen 127.0.0.1:${port}
CustomLog ${folder}/common.log "%h %l %u %t \\"%r\\" %>s %b"
CustomLog ${folder}/microseconds.log "${quoted(APACHE_MICROSECONDS)}"
CustomLog ${folder}/milliseconds.log "${quoted(APACHE_MILLISECONDS)}"
ProxyPass / http://127.0.0.1:${upstream}/
`,
    );
    return await PeerProcess.start({
      command: APACHE,
      args: ["-f", configuration, "-D", "FOREGROUND"],
      port,
    });
  },
};

const CADDY_WRITER: LogWriter = {
  name: "Caddy",
  needs: [CADDY],
  logs: [{ file: "caddy.log", resolutionMs: 1, tellsDuration: true }],
  async start(folder, upstream) {
    const port = freePort();
    const configuration = join(folder, "Caddyfile");
    await Deno.writeTextFile(
      configuration,
      `{
    admin off
    auto_https off
}
http://127.0.0.1:${port} {
    log {
        output file ${folder}/caddy.log
    }
    reverse_proxy 127.0.0.1:${upstream}
}
`,
    );
    const homes = [`HOME=${folder}`, `XDG_DATA_HOME=${folder}`, `XDG_CONFIG_HOME=${folder}`];
    return await PeerProcess.start({
      command: "env",
      args: [...homes, CADDY, "run", "--config", configuration, "--adapter", "caddyfile"],
      port,
    });
  },
};

const ENVOY_FORMAT =
  '%START_TIME(%s.%3f)% %REQ(:METHOD)% "%REQ(:PATH)%" %RESPONSE_CODE% %DURATION%';

const ENVOY_WRITER: LogWriter = {
  name: "Envoy",
  needs: [ENVOY],
  logs: [
    { file: "default.log", resolutionMs: 1, tellsDuration: true },
    { file: "format.log", logFormat: ENVOY_FORMAT, resolutionMs: 1, tellsDuration: true },
    { file: "json.log", resolutionMs: 1, tellsDuration: true },
  ],
  async start(folder, upstream) {
    const port = freePort();
    const configuration = join(folder, "envoy.json");
    const typed = (name: string, fields: object) => ({
      "@type": `type.googleapis.com/envoy.extensions.${name}`,
      ...fields,
    });
    const address = (port_value: number) => ({
      socket_address: { address: "127.0.0.1", port_value },
    });
    const log = (file: string, format: object) => ({
      name: "envoy.access_loggers.file",
      typed_config: typed("access_loggers.file.v3.FileAccessLog", {
        path: join(folder, file),
        ...format,
      }),
    });
    const json = {
      start_time: "%START_TIME%",
      method: "%REQ(:METHOD)%",
      path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
      response_code: "%RESPONSE_CODE%",
      duration: "%DURATION%",
    };
    const manager = typed("filters.network.http_connection_manager.v3.HttpConnectionManager", {
      stat_prefix: "front",
      access_log: [
        log("default.log", {}),
        log("format.log", {
          log_format: { text_format_source: { inline_string: `${ENVOY_FORMAT}\n` } },
        }),
        log("json.log", { log_format: { json_format: json } }),
      ],
      route_config: {
        virtual_hosts: [{
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, route: { cluster: "behind", timeout: "0s" } }],
        }],
      },
      http_filters: [{
        name: "envoy.filters.http.router",
        typed_config: typed("filters.http.router.v3.Router", {}),
      }],
    });
    const behind = { endpoint: { address: address(upstream) } };
    await Deno.writeTextFile(
      configuration,
      JSON.stringify({
        static_resources: {
          listeners: [{
            address: address(port),
            filter_chains: [{
              filters: [{
                name: "envoy.filters.network.http_connection_manager",
                typed_config: manager,
              }],
            }],
          }],
          clusters: [{
            name: "behind",
            connect_timeout: "5s",
            load_assignment: {
              cluster_name: "behind",
              endpoints: [{ lb_endpoints: [behind] }],
            },
          }],
        },
      }),
    );
    return await PeerProcess.start({
      command: ENVOY,
      args: [
        ["--config-path", configuration],
        ["--concurrency", "1"],
        ["--log-level", "warning"],
        // Several may run at once.
        ["--disable-hot-restart"],
      ].flat(),
      port,
    });
  },
};

/** The servers whose logs are read: another is another line. */
export const LOG_WRITERS: readonly LogWriter[] = [
  NGINX_WRITER,
  APACHE_WRITER,
  CADDY_WRITER,
  ENVOY_WRITER,
];
