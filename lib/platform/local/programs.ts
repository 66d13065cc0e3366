import { fileURLToPath } from "node:url";
import type { OwnProgram } from "../../base/own_program.ts";

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
