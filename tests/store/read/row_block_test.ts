import assert from "node:assert/strict";
import { parseNumberCell } from "../../../lib/store/read/row_block.ts";

Deno.test("parseNumberCell: numbers, infinite ones, and empty for unknown", () => {
  const cases: [string, number][] = [
    ["0", 0],
    ["-0.5", -0.5],
    ["1e+21", 1e21],
    ["Infinity", Infinity],
    ["-Infinity", -Infinity],
    ["", NaN],
  ];
  for (const [text, number] of cases) assert.equal(parseNumberCell(text), number, text);
});

Deno.test("parseNumberCell: what is no number is none, not even 0", () => {
  for (const text of [" ", "\t", "null", "NaN", "inf", "1,5", "1 2", "-"]) {
    assert.equal(parseNumberCell(text), undefined, text);
  }
});
