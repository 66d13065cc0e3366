/**
 * Runs before `loader.ts` where a test makes it behave as a compiled program, which cannot be made
 * here: its executable is the program that `LOADER_PROGRAM` names, and nothing else is there.
 */
const program = Deno.env.get("LOADER_PROGRAM")!;
Object.defineProperty(Deno, "build", { value: { ...Deno.build, standalone: true } });
Object.defineProperty(Deno, "execPath", { value: () => program });
