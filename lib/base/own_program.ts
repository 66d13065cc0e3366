/** A program of this project that another of its programs starts as a process of its own. */
export interface OwnProgram {
  /** What a compiled loader is called with to be this program; see `lib/cli/own_programs.ts`. */
  readonly verb: string;
  /** Path of its script. */
  readonly script: string;
  /** What it needs of Deno, as flags. */
  readonly permissions: readonly string[];
}

/**
 * The command that starts a program of this project: Deno with its script. In a compiled
 * loader there is neither, so there it is the loader itself with the program's verb.
 */
export function ownProgramCommand(
  { verb, script, permissions }: OwnProgram,
  executable: string = Deno.execPath(),
  isCompiled: boolean = Deno.build.standalone,
): string[] {
  return isCompiled ? [executable, verb] : [executable, "run", "--quiet", ...permissions, script];
}
