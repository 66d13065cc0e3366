import assert from "node:assert/strict";
import fc from "fast-check";
import type { Column } from "../../../lib/model/table.ts";
import { formatRow } from "../../../lib/store/write/csv_sink.ts";
import { LONGEST_NUMBER, writeDecimal, writeNumber } from "../../../lib/store/write/number_text.ts";

const INTEGER: Column = { name: "a", type: "integer", meaning: "a" };
const NUMBER: Column = { name: "a", type: "number", meaning: "a" };

function written(value: number, write = writeNumber): string {
  const bytes = new Uint8Array(LONGEST_NUMBER + 2).fill(0x23);
  const end = write(bytes, 1, value);
  const text = new TextDecoder().decode(bytes);
  assert.equal(text[0], "#", "nothing is written before");
  assert.equal(text.slice(end), "#".repeat(bytes.length - end), "nothing is written behind");
  return text.slice(1, end);
}

function formatted(value: number, column = INTEGER): string {
  return formatRow([column], [value]).trimEnd();
}

/** Both ways of writing, each beside the text of its type of column. */
function assertAsFormatted(value: number): void {
  assert.equal(written(value), formatted(value));
  assert.equal(written(value, writeDecimal), formatted(value, NUMBER));
}

Deno.test("writeNumber: to three decimals, without zeros at the end", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0"],
    [-0, "0"],
    [7, "7"],
    [1234567890, "1234567890"],
    [12.34567, "12.346"],
    [0.5, "0.5"],
    [0.05, "0.05"],
    [0.005, "0.005"],
    [100.01, "100.01"],
    [-0.0004, "0"],
    [-0.0006, "-0.001"],
    [-12.5, "-12.5"],
    [0.9996, "1"],
    [1e15, "1000000000000000"],
    [123456789012.345, "123456789012.345"],
    [1e21, "1e+21"],
    [Infinity, "Infinity"],
  ];
  for (const [value, text] of cases) assert.equal(written(value), text);
});

Deno.test("writeDecimal: no number without a decimal", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0.0"],
    [-0, "0.0"],
    [3_600_000, "3600000.0"],
    [3_600_002.912, "3600002.912"],
    [-7, "-7.0"],
    [0.9996, "1.0"],
    [-0.0004, "0.0"],
    [2 ** 31, "2147483648.0"],
    [-(2 ** 31 - 1), "-2147483647.0"],
    [1e15, "1000000000000000.0"],
    [-9007199254740991, "-9007199254740991.0"],
    [1e21, "1e+21"],
    [Infinity, "Infinity"],
  ];
  for (const [value, text] of cases) assert.equal(written(value, writeDecimal), text);
});

Deno.test("writeNumber, writeDecimal: the same text as formatRow", () => {
  const thousandth = fc.integer({ min: -4_000_000, max: 4_000_000 }).map((n) => n / 1000);
  const halfThousandth = fc.integer({ min: -2_000_000, max: 2_000_000 }).map((n) =>
    n / 1000 + 0.0005
  );
  const numbers = fc.oneof(
    thousandth,
    halfThousandth,
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    // Where the whole part leaves 32 bits, and where a double leaves the thousandths.
    fc.double({ min: 2 ** 31 - 3, max: 2 ** 31 + 3, noNaN: true }),
    fc.double({ min: 1e9, max: 1e13, noNaN: true }),
    fc.double({ min: -1e15, max: 1e15, noNaN: true }),
    fc.double({ noNaN: true }),
  );
  fc.assert(
    fc.property(numbers, assertAsFormatted),
    { seed: 61, numRuns: 20_000 },
  );
});

Deno.test("writeNumber: every thousandth of a few seconds, and half of one beside it", () => {
  for (let n = -2_100; n <= 12_100; n++) {
    for (const value of [n / 1000, n / 1000 + 0.0005, n / 1000 - 0.0005]) {
      assertAsFormatted(value);
    }
  }
});
