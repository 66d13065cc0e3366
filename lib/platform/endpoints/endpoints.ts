import { formatAddress } from "../../base/address.ts";
import { errorMessage, LoaderError } from "../../base/error.ts";
import { RealClock } from "../../clock/clock.ts";
import { type OptionValues, textOption } from "../../option/option.ts";
import { definePlatform, type PlatformTraits } from "../definition.ts";
import { type Finding, okay, problem } from "../finding.ts";
import { CALL_OPTIONS, SCRAPE_OPTIONS } from "../shared_options.ts";
import { loadTransport } from "../transport_choice.ts";
import type { EndpointsSettings } from "./endpoints_platform.ts";

const TRAITS: PlatformTraits = {
  isVirtual: false,
  isCluster: false,
  sharesMachine: false,
  hasTwins: false,
};

const OPTIONS = {
  endpoints: textOption<string | null>("address|file", {
    readsFile: true,
    meaning:
      "servers that the load goes to, as host:port or https://host:port, with commas between " +
      "several, or a YAML file (see config/endpoints.yaml)",
    default: null,
  }),
  ...CALL_OPTIONS,
  ...SCRAPE_OPTIONS,
};

/** Servers that are already there. */
export const ENDPOINTS = definePlatform<
  "endpoints",
  typeof OPTIONS,
  & Partial<OptionValues<typeof OPTIONS>>
  & Omit<Partial<EndpointsSettings>, "createTransport" | "endpoints">
>({
  name: "endpoints",
  traits: TRAITS,
  options: OPTIONS,

  async create({ transport, connections, expiredCalls, endpoints = null, ...settings }) {
    if (endpoints === null) {
      throw new LoaderError(
        "usage",
        "--platform endpoints needs --endpoints with the servers: host:port, or a YAML file.",
      );
    }
    const [{ createEndpointsPlatform }, createTransport] = await Promise.all([
      import("./endpoints_platform.ts"),
      loadTransport({ transport, connections, expiredCalls }, false),
    ]);
    return createEndpointsPlatform({
      ...settings,
      endpoints,
      createTransport,
    });
  },

  diagnose: (options, { signal }) => diagnoseEndpoints(options, signal),

  model: {
    describe: null,
    reason: "what serves at the endpoints, and how it scales, is not known here",
  },
});

/** Longest wait for a server's first words. */
const FIRST_WORDS_MS = 5000;

/** Looks whether each server is there and speaks HTTP/2. */
async function diagnoseEndpoints(
  { endpoints }: OptionValues<typeof OPTIONS>,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (endpoints === null) {
    return [
      problem("servers", "--platform endpoints needs --endpoints: host:port, or a YAML file."),
    ];
  }
  const [{ parseEndpoints }, { checkServer }] = await Promise.all([
    import("./endpoints_file.ts"),
    import("./server_check.ts"),
  ]);
  try {
    const map = parseEndpoints(endpoints);
    const servers = [...map.functions.values(), ...map.endpoints];
    const clock = new RealClock();
    return await Promise.all(servers.map(async (server) => {
      try {
        await checkServer(server, clock, FIRST_WORDS_MS, signal);
        return okay("servers", `${formatAddress(server.address)} is there and speaks HTTP/2.`);
      } catch (error) {
        signal.throwIfAborted();
        return problem("servers", errorMessage(error));
      }
    }));
  } catch (error) {
    if (!(error instanceof LoaderError)) throw error;
    return [problem("servers", error.message)];
  }
}
