import { RealClock } from "../clock/clock.ts";
import { errorMessage, LoaderError } from "../base/error.ts";
import { formatAddress } from "../base/address.ts";
import { parseEndpoints } from "../platform/endpoints/parse_endpoints.ts";
import { checkServer } from "../platform/endpoints/server_check.ts";
import { type Finding, okay, problem } from "../platform/finding.ts";
import type { CommonOptions } from "../run/common_options.ts";

/** Longest wait for a server's first words. */
const FIRST_WORDS_MS = 5000;

/** Whether each server is there and speaks HTTP/2. */
export async function diagnoseEndpoints(
  { endpoints }: CommonOptions,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (endpoints === null) {
    return [
      problem("servers", "--platform endpoints needs --endpoints: host:port, or a YAML file."),
    ];
  }
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
