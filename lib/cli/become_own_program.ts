/** Runs before a compiled experiment, whose own imports would be loaded first otherwise. */
import { runOwnProgram } from "./own_programs.ts";

if (Deno.build.standalone) await runOwnProgram(Deno.args);
