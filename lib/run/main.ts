import { errorMessage, LoaderError } from "../base/error.ts";

/**
 * Runs the main program of a script and exits with its status; a mistake that it
 * tells of is one sentence on standard error, and exits with the mistake's own.
 *
 * @param main returns the exit status; nothing: 0
 */
export async function runMain(main: () => Promise<number | void>): Promise<never> {
  let status: number;
  try {
    status = await main() ?? 0;
  } catch (error) {
    if (!(error instanceof LoaderError)) throw error;
    console.error(`Error: ${errorMessage(error)}`);
    status = error.exitStatus;
  }
  Deno.exit(status);
}
