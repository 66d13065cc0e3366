import assert from "node:assert/strict";
import fc from "fast-check";
import { formatJson, jsonNumber } from "../../lib/base/json.ts";

Deno.test("formatJson: infinite is told from unknown, at any depth", () => {
  const text = formatJson({ a: [Infinity, -Infinity, NaN, null, 0], b: { c: Infinity } }, 0);
  assert.equal(text, '{"a":["Infinity","-Infinity",null,null,0],"b":{"c":"Infinity"}}');
});

Deno.test("jsonNumber: reads every number that formatJson writes, and no other text", () => {
  const numbers = fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(Infinity, -Infinity));
  fc.assert(
    fc.property(numbers, (number) => {
      // JSON does not tell 0 from −0.
      assert.equal(jsonNumber.parse(JSON.parse(formatJson(number))) + 0, number + 0);
    }),
    { seed: 71 },
  );
  for (const wrong of ["infinity", "NaN", "1", null, undefined]) {
    assert.equal(jsonNumber.safeParse(wrong).success, false, `${wrong}`);
  }
});
