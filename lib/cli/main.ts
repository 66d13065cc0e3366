import { errorMessage, LoaderError } from "../base/error.ts";
import { print } from "./print.ts";

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
    const isTold = error instanceof LoaderError;
    print("stderr", isTold ? `Error: ${errorMessage(error)}` : Deno.inspect(error));
    status = isTold ? error.exitStatus : 1;
  }
  Deno.exit(status);
}
