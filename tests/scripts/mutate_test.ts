import { parse } from "@babel/parser";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { findMutations } from "../../scripts/mutate.ts";

function mutants(source: string): string[] {
  return findMutations(source).map(({ start, end, replacement }) =>
    source.slice(0, start) + replacement + source.slice(end)
  );
}

Deno.test("mutate: a comparison, its bound and its branch are changed one at a time", () => {
  assert.deepEqual(mutants("if (a < 2) f();").sort(), [
    "if (a < (2 + 1)) f();",
    "if (a < 2) ;",
    "if (a <= 2) f();",
    "if (a >= 2) f();",
    "if (false) f();",
    "if (true) f();",
  ]);
});

Deno.test("mutate: types, errors and imports stay as they are", () => {
  const source = `
    import { a } from "./a.ts";
    interface B { readonly c: 1 | 2 }
    function d(e: 1): void { throw new Error(\`\${e + 1} is wrong\`); }
  `;
  assert.deepEqual(findMutations(source), []);
});

Deno.test("mutate: every change of a real file is a program still, and differs", () => {
  const path = fileURLToPath(new URL("../../lib/stats/quantile.ts", import.meta.url));
  const source = Deno.readTextFileSync(path);
  const found = mutants(source);
  assert.ok(found.length > 20);
  for (const mutant of found) {
    assert.notEqual(mutant, source);
    parse(mutant, { sourceType: "module", plugins: ["typescript"] });
  }
});
