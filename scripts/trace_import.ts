/**
 * Makes a trace of one's own logs, in the normal form that every experiment takes:
 *
 *     deno task trace:import /var/log/nginx/access.log* --output results/friday
 *     deno task trace:import http://localhost:9090 --metric http_server_request_duration_seconds \
 *       --from 2026-11-27 --to 2026-11-28 --output results/friday
 *
 * Access logs, logs in JSON and CSV, spans in OTLP's JSON, and counters of Prometheus; the kind is
 * found out from the files. docs/guide/own_logs.md goes through it.
 *
 * @module
 */
import { LoaderError } from "../lib/base/error.ts";
import { type Command, print, runCommand, ToolOutput } from "../lib/cli/program.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import { readHttpText } from "../lib/scrape/http_text.ts";
import { describeImport } from "../lib/trace/import/import_text.ts";
import { importTrace } from "../lib/trace/import/import_trace.ts";
import {
  gatherRepeated,
  IMPORT_OPTIONS,
  settleImport,
  splitSources,
} from "../lib/trace/import/import_options.ts";
import { listSources } from "../lib/trace/import/log_source.ts";
import { type PrometheusAnswer } from "../lib/trace/import/prometheus_answer.ts";
import { type PrometheusQuery, queryPrometheus } from "../lib/trace/import/prometheus_query.ts";
import { checkOutput, writeImport } from "../lib/trace/import/write_import.ts";

const SUMMARY = "Make a trace of one's own logs, spans or Prometheus counters";

/** A query has this long to be answered. */
const PATIENCE_MS = 120_000;

async function run(args: readonly string[]): Promise<void> {
  const { sources, rest } = splitSources(args);
  const { values, help } = parseOptions(
    "trace:import <source>…",
    SUMMARY,
    IMPORT_OPTIONS,
    gatherRepeated(rest),
  );
  if (help !== null) return print("stdout", help);
  const { output, queries, options, runtimeMs, memoryMib } = settleImport(sources, values);
  await checkOutput(output);
  const asked: PrometheusAnswer[] = [];
  for (const query of queries) asked.push(...await ask(query));
  const files = sources.filter((source) => !queries.some(({ url }) => url === source));
  const trace = await importTrace(
    await listSources(files),
    { ...options, onProgress: tell },
    asked,
  );
  const words = new ToolOutput(values);
  for (const line of describeImport(trace)) words.say(line);
  const written = await writeImport(output, trace, {
    command: ["trace:import", ...args],
    runtimeMs,
    memoryMib,
  });
  for (const file of written) words.say(`Written: ${file}`);
  words.tell({ ...trace.summary, files: written });
}

function tell(file: string, requests: number): void {
  print("stderr", `${file}: ${requests.toLocaleString("en")} requests so far`);
}

async function ask(query: PrometheusQuery): Promise<PrometheusAnswer[]> {
  return await queryPrometheus(query, async (url) => {
    try {
      return (await readHttpText(url, AbortSignal.timeout(PATIENCE_MS))).text;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new LoaderError("input", `Prometheus does not answer (${why}).`, {
        file: query.url,
        cause,
      });
    }
  });
}

export const command: Command = { name: "trace:import", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
