import { fileURLToPath } from "node:url";
import type { OwnProgram } from "../../base/own_program.ts";

/**
 * Environment of a function, where Deno exports spans (OTEL_DENO=true): it makes one of each
 * request to a server, and is to make one of those alone whose caller traces them.
 */
export const TRACED_CALLERS_ONLY = { OTEL_TRACES_SAMPLER: "parentbased_always_off" } as const;

/** The gateway starts instances, serves, and reads its code. */
export const GATEWAY: OwnProgram = {
  verb: "local-gateway",
  script: fileURLToPath(new URL("./gateway_main.ts", import.meta.url)),
  permissions: [
    "--no-prompt",
    "--allow-net=127.0.0.1",
    "--allow-read",
    "--allow-env",
    "--allow-sys",
    "--allow-run",
  ],
};

/** The function server listens on loopback, reads its code and its environment. */
export const FUNCTION_SERVER: OwnProgram = {
  verb: "function-server",
  script: fileURLToPath(new URL("../../../workloads/trace_function/main.ts", import.meta.url)),
  permissions: [
    "--no-prompt",
    "--allow-net=127.0.0.1",
    "--allow-read",
    "--allow-env",
    // `fs.access` asks who we are.
    "--allow-sys=uid,gid",
  ],
};
