import assert from "node:assert/strict";
import { type ErrorCode, errorMessage, LoaderError } from "../../lib/base/error.ts";

Deno.test("LoaderError: the place stands in front of the sentence", () => {
  const cases: [ConstructorParameters<typeof LoaderError>[2], string][] = [
    [{}, "Wrong."],
    [{ file: "a.csv" }, "a.csv: Wrong."],
    [{ file: "a.csv", line: 3 }, "a.csv:3: Wrong."],
    [{ file: "a.csv", line: 3, column: "Average" }, "a.csv:3, column Average: Wrong."],
    [{ column: "Average" }, "column Average: Wrong."],
  ];
  for (const [place, message] of cases) {
    assert.equal(new LoaderError("input", "Wrong.", place).message, message);
  }
});

Deno.test("LoaderError: 2 for the user's mistakes, 130 when stopped, 1 for failures", () => {
  const statuses: [ErrorCode, number][] = [
    ["usage", 2],
    ["input", 2],
    ["interrupted", 130],
    ["platform", 1],
    ["generator", 1],
    ["result", 1],
  ];
  for (const [code, status] of statuses) {
    assert.equal(new LoaderError(code, "x").exitStatus, status);
  }
});

Deno.test("errorMessage: of anything that was thrown", () => {
  assert.equal(errorMessage(new Error("a")), "a");
  assert.equal(errorMessage("b"), "b");
});
