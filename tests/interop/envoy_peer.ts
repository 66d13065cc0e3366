import { join } from "node:path";
import { parse } from "yaml";
import { freePort, PeerProcess } from "../support/peer_process.ts";
import { PROJECT, temporaryFolder } from "../support/script.ts";
import { GO, INSTALLED, type Peer, type PeerOptions, type RunningPeer } from "./peer.ts";

const BINARY = join(INSTALLED, "bin/envoy");
const CONFIGURATION = join(PROJECT, "tests/peers/envoy/envoy.yaml");

/** Envoy with the server of grpc-go behind it. */
export const ENVOY: Peer = {
  name: "envoy",
  instance: GO.instance,
  needs: [BINARY, ...GO.needs],
  start: startEnvoy,
};

/** Envoy and the server behind it. */
export interface RunningEnvoy extends RunningPeer {
  readonly upstream: RunningPeer;
}

/** Starts Envoy in front of a Go server of its own. */
export async function startEnvoy(options: PeerOptions = {}): Promise<RunningEnvoy> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(await temporaryFolder());
  const upstream = started.use(await GO.start());
  const port = options.port ?? freePort();
  const path = join(folder.path, "envoy.json");
  const configuration = configure(port, upstream.port, options);
  await Deno.writeTextFile(path, JSON.stringify(configuration));
  const front = started.use(
    await PeerProcess.start({
      command: BINARY,
      args: [
        ["--config-path", path],
        ["--concurrency", "1"],
        ["--log-level", "warning"],
        // Several may run at once.
        ["--disable-hot-restart"],
      ].flat(),
      port,
    }),
  );
  const all = started.move();
  return {
    port,
    address: front.address,
    upstream,
    async kill() {
      await front.kill();
      await all.disposeAsync();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

interface SocketAddress {
  readonly socket_address: { port_value: number };
}

/** The part of the configuration that is filled in. */
interface Configuration {
  readonly static_resources: {
    readonly listeners: readonly [
      { readonly address: SocketAddress; readonly filter_chains: [Record<string, unknown>] },
    ];
    readonly clusters: readonly [{
      readonly load_assignment: {
        readonly endpoints: readonly [{
          readonly lb_endpoints: readonly [
            { readonly endpoint: { readonly address: SocketAddress } },
          ];
        }];
      };
    }];
  };
}

function configure(port: number, upstreamPort: number, options: PeerOptions): Configuration {
  const configuration = parse(Deno.readTextFileSync(CONFIGURATION)) as Configuration;
  const { listeners: [listener], clusters: [cluster] } = configuration.static_resources;
  listener.address.socket_address.port_value = port;
  const [{ endpoint }] = cluster.load_assignment.endpoints[0].lb_endpoints;
  endpoint.address.socket_address.port_value = upstreamPort;
  if (options.certificates !== undefined) {
    listener.filter_chains[0].transport_socket = downstreamTls(options.certificates);
  }
  return configuration;
}

function downstreamTls(certificates: string): unknown {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
      common_tls_context: {
        alpn_protocols: ["h2"],
        tls_certificates: [{
          certificate_chain: { filename: join(certificates, "server.pem") },
          private_key: { filename: join(certificates, "server.key") },
        }],
      },
    },
  };
}
