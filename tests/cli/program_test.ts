import assert from "node:assert/strict";
import { print } from "../../lib/cli/program.ts";

Deno.test("print: a terminal that is gone does not end the program", () => {
  const { log, error } = console;
  const written: string[] = [];
  try {
    console.log = (line: string) => void written.push(line);
    console.error = () => {
      throw new Error("Input/output error (os error 5)");
    };
    print("stderr", "to nobody");
    print("stdout", "to somebody");
  } finally {
    console.log = log;
    console.error = error;
  }
  assert.deepEqual(written, ["to somebody"]);
});
