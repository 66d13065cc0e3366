/**
 * One entry to the experiments and the tools:
 *
 *     deno run -P loader.ts --help
 *     deno run -P loader.ts burst --rps 40
 *
 * `deno task compile` makes one program of it.
 *
 * @module
 */
import { runOwnProgram } from "./lib/cli/own_programs.ts";

/** The tools; a new one is a script with a `command`, and a line here. */
export const TOOLS = {
  preflight: () => import("./scripts/preflight.ts"),
  doctor: () => import("./scripts/doctor.ts"),
  calibrate: () => import("./scripts/calibrate.ts"),
  report: () => import("./scripts/report.ts"),
  merge: () => import("./scripts/merge.ts"),
  compare: () => import("./scripts/compare.ts"),
  role: () => import("./scripts/role.ts"),
  clean: () => import("./scripts/clean.ts"),
  image: () => import("./scripts/image.ts"),
  "trace:doctor": () => import("./scripts/trace_doctor.ts"),
  "trace:sample": () => import("./scripts/trace_sample.ts"),
  "trace:synthesize": () => import("./scripts/trace_synthesize.ts"),
  "trace:convert": () => import("./scripts/trace_convert.ts"),
  "trace:import": () => import("./scripts/trace_import.ts"),
} as const;

if (import.meta.main) {
  await runOwnProgram(Deno.args);
  // Loaded only now, so that a program of its own, such as an instance, starts fast.
  const { runVerb } = await import("./lib/cli/verbs.ts");
  await runVerb(
    { experiments: new URL("./experiments/", import.meta.url), tools: TOOLS },
    Deno.args,
  );
}
