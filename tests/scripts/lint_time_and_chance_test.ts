import assert from "node:assert/strict";
import plugin from "../../scripts/lint_time_and_chance.ts";

function messages(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map(({ message }) => message);
}

Deno.test("lint: time and chance are told outside lib/base and lib/clock", () => {
  const sources = [
    "const t = Date.now();",
    "const t = performance.now();",
    "const x = Math.random();",
    "setTimeout(() => {}, 5);",
    "setInterval(() => {}, 5);",
    "const d = new Date();",
  ];
  for (const source of sources) {
    assert.equal(messages("/project/lib/invoke/a.ts", source).length, 1, source);
    assert.deepEqual(messages("/project/lib/base/a.ts", source), []);
    assert.deepEqual(messages("/project/tests/a.ts", source), []);
  }
});

Deno.test("lint: a given instant and other members are fine", () => {
  for (const source of ["new Date(0);", "Math.floor(1.5);", "clock.now();", "Date.UTC(2020);"]) {
    assert.deepEqual(messages("/project/lib/invoke/a.ts", source), []);
  }
});
