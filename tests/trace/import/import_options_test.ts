import assert from "node:assert/strict";
import { parseOptions } from "../../../lib/option/parse_options.ts";
import {
  gatherRepeated,
  IMPORT_OPTIONS,
  settleImport,
  splitSources,
} from "../../../lib/trace/import/import_options.ts";

function settle(args: readonly string[]) {
  const { sources, rest } = splitSources(args);
  const { values } = parseOptions("trace:import", "", IMPORT_OPTIONS, gatherRepeated(rest));
  return settleImport(sources, values);
}

Deno.test("options: sources anywhere, flags that may be repeated, words and numbers", () => {
  const args = ["--name-method", "a.log", "--output", "o", "-", "--to", "x", "b.log"];
  assert.deepEqual(splitSources(args).sources, ["a.log", "-", "b.log"]);
  const { output, options } = settle([
    "a.log",
    "-",
    "--output=out",
    "--path-template",
    "/a/{b},{c}",
    "--path-template=/d/{e}",
    "--method",
    "GET,POST",
    "--method",
    "PUT",
    "--status",
    "2xx",
    "--no-replace-ids",
    "--from",
    "2026-11-27",
    "--to=2026-11-27T12:00",
    "--time-zone",
    "+01:00",
    "--slot",
    "1s",
    "--bad-lines",
    "0.5%",
    "--span-kind",
    "SERVER,consumer",
  ]);
  assert.equal(output, "out");
  assert.deepEqual(options.paths, { templates: ["/a/{b},{c}", "/d/{e}"], replacesIds: false });
  assert.deepEqual(options.methods, ["GET", "POST", "PUT"]);
  assert.deepEqual(options.statuses, ["2xx"]);
  assert.deepEqual(options.spanKinds, ["server", "consumer"]);
  assert.deepEqual([options.fromMs, options.toMs], [
    Date.UTC(2026, 10, 26, 23),
    Date.UTC(2026, 10, 27, 11),
  ]);
  assert.deepEqual([options.slotMs, options.badRows], [1000, { share: 0.005 }]);
});

Deno.test("options: a Prometheus is a source by its address", () => {
  const url = "http://localhost:9090";
  const { queries } = settle([
    ...[url, "--output", "o", "--metric", "m", "--from", "2026-11-27", "--to", "2026-11-28"],
    ...["--matchers", 'job="shop"', "--step", "15s"],
  ]);
  assert.deepEqual(queries, [{
    url,
    metric: "m",
    matchers: 'job="shop"',
    fromMs: Date.UTC(2026, 10, 27),
    toMs: Date.UTC(2026, 10, 28),
    stepMs: 15_000,
  }]);
});

Deno.test("options: what is missing or wrong is told with its flag", () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["--output", "o"], /Name the logs: files/],
    [["a.log"], /--output/],
    [["a.log", "--output", "o", "--from", "Friday"], /--from: expected an instant/],
    [["a.log", "--output", "o", "--from", "2026-11-27", "--to", "2026-11-27"], /--to: expected/],
    [["a.log", "--output", "o", "--time-zone", "CET"], /--time-zone: expected an offset/],
    [["a.log", "--output", "o", "--bad-lines", "few"], /--bad-lines: expected a share/],
    [["a.log", "--output", "o", "--stamp", "middle"], /--stamp: "middle" is none of start, end/],
    [["http://localhost:9090", "--output", "o"], /--metric from --from to --to; give all three/],
  ];
  for (const [args, message] of wrong) {
    assert.throws(() => settle(args), { code: "usage", message }, args.join(" "));
  }
});
