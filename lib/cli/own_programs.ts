/** The programs of this project that others of its programs start, by their verb. */
const OWN_PROGRAMS: Readonly<Record<string, () => Promise<OwnProgramModule>>> = {
  "local-gateway": () => import("../platform/local/gateway_main.ts"),
  "function-server": () => import("../../workloads/trace_function/main.ts"),
  "echo-server": () => import("../rpc/executor/echo_server_main.ts"),
};

interface OwnProgramModule {
  main(args: readonly string[]): Promise<unknown>;
}

/**
 * Becomes the program that the first argument asks for, if it does, and then never
 * returns: a compiled loader starts itself so, as there is no Deno to start a script with.
 * Only the code of that program is loaded, so that an instance starts as fast as from its
 * script.
 */
export async function runOwnProgram([verb, ...args]: readonly string[]): Promise<void> {
  if (verb === undefined || !Object.hasOwn(OWN_PROGRAMS, verb)) return;
  const { main } = await OWN_PROGRAMS[verb]();
  await main(args);
  await new Promise(() => {/* It serves until it exits by itself. */});
}
