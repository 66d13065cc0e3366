import { basename } from "node:path";
import { errorMessage, LoaderError } from "../base/error.ts";
import { formatJson } from "../base/json.ts";
import type { OptionTable, OptionValues } from "../option/option.ts";
import { parseOptions } from "../option/parse_options.ts";
import { type Derivation, type DerivationOptions, makeDerivation } from "../run/derivation.ts";
import { makeReport } from "../run/make_report.ts";
import { withExamples } from "./help_text.ts";
import { describeFailure, listenForInterrupt, print } from "./program.ts";

/** The main program of an experiment that makes no runs; returns the exit status. */
export async function runDerivation<O extends OptionTable>(
  derivation: Derivation<O>,
  args: readonly string[],
): Promise<number> {
  using interrupt = listenForInterrupt(() => {});
  try {
    const { name, question } = derivation;
    const parsed = parseOptions(name, question, derivation.options, args);
    if (parsed.help !== null) {
      print("stdout", withExamples(parsed.help, name, derivation.examples));
      return 0;
    }
    const options = parsed.values as OptionValues<O> & DerivationOptions;
    print(options.json ? "stderr" : "stdout", derivation.describe(options));
    if (options.dryRun) {
      if (options.json) print("stdout", formatJson({ dryRun: true }));
      return 0;
    }
    const command = Deno.build.standalone
      ? [basename(Deno.execPath()), ...Deno.args]
      : ["deno", "task", `exp:${name}`, ...args];
    const folder = await makeDerivation(derivation, options, command, interrupt.signal);
    const { html } = await makeReport({ folder, compat: false }, interrupt.signal);
    if (options.json) print("stdout", formatJson({ folder, report: html, status: "finished" }));
    else print("stdout", `Report:  ${html}`);
    return 0;
  } catch (error) {
    print("stderr", `Error: ${errorMessage(error)}`);
    if (args.includes("--json")) print("stdout", formatJson(describeFailure(error)));
    if (interrupt.signal.aborted) return 130;
    if (error instanceof LoaderError) return error.exitStatus;
    print("stderr", Deno.inspect(error));
    return 1;
  }
}
