import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { findCircles, findLayerViolations, readModules } from "../../scripts/check_layers.ts";

const PROJECT = readModules(fileURLToPath(new URL("../..", import.meta.url)));

Deno.test("layers: the project's imports go strictly downward", () => {
  const modules = PROJECT;
  assert.ok(modules.length > 50, "the files were found");
  assert.ok(modules.some(({ imports }) => imports.length > 0), "the imports were found");
  assert.deepEqual(findLayerViolations(modules), []);
});

Deno.test("layers: an import that goes up, sideways or out is told", () => {
  const cases: [string, string, RegExp | null][] = [
    ["lib/trace/a.ts", "lib/model/trace.ts", null],
    ["lib/trace/a.ts", "lib/trace/b.ts", null],
    ["lib/run/a.ts", "lib/report/b.ts", null],
    ["lib/stats/a.ts", "lib/base/error.ts", null],
    ["lib/base/a.ts", "lib/stats/b.ts", /siblings/],
    ["lib/trace/a.ts", "lib/schedule/b.ts", /siblings/],
    ["lib/platform/local/a.ts", "lib/report/b.ts", /siblings/],
    ["lib/model/a.ts", "lib/trace/b.ts", /above/],
    ["lib/invoke/a.ts", "lib/run/b.ts", /above/],
    ["lib/invoke/a.ts", "experiments/burst.ts", /outside lib/],
    ["lib/new/a.ts", "lib/base/b.ts", /no layer/],
    ["lib/platform/local/a.ts", "workloads/trace_function/b.ts", null],
    ["workloads/a.ts", "lib/base/b.ts", /siblings/],
    ["experiments/a.ts", "mod.ts", null],
    ["experiments/a.ts", "lib/base/b.ts", /mod.ts alone/],
  ];
  for (const [file, target, expected] of cases) {
    const found = findLayerViolations([{ file, imports: [target] }]);
    if (expected === null) assert.deepEqual(found, [], `${file} → ${target}`);
    else assert.match(found.join(), expected);
  }
});

/** Files by what they import, each as a letter. */
function filesOf(imports: Readonly<Record<string, string>>) {
  return Object.entries(imports).map(([file, targets]) => ({ file, imports: [...targets] }));
}

Deno.test("layers: no files of the project import each other in a circle", () => {
  assert.deepEqual(findCircles(PROJECT), []);
});

Deno.test("layers: circles are told whole, whatever leads into them and out of them", () => {
  const cases: [Readonly<Record<string, string>>, string[]][] = [
    [{ a: "bc", b: "c", c: "d", d: "" }, []],
    [{ a: "b", b: "a" }, ["a, b"]],
    [{ a: "b", b: "c", c: "d", d: "be", e: "" }, ["b, c, d"]],
    [{ a: "b", b: "ac", c: "d", d: "c" }, ["c, d", "a, b"]],
    [{ a: "bd", b: "c", c: "a", d: "e", e: "a", f: "a" }, ["a, b, c, d, e"]],
    // One import on the way to a circle that was found before is none of it.
    [{ a: "b", b: "a", c: "a", d: "c" }, ["a, b"]],
    [{ a: "b" }, []],
  ];
  for (const [imports, circles] of cases) {
    assert.deepEqual(
      findCircles(filesOf(imports)),
      circles.map((files) => `${files} import each other in a circle.`),
    );
  }
});
