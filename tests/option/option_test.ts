import assert from "node:assert/strict";
import {
  bareNameOf,
  byBareName,
  choiceListOption,
  durationOption,
  formatDuration,
  integerOption,
  parseDurationMs,
  parseOptionValue,
  withDefault,
} from "../../lib/option/option.ts";

Deno.test("parseDurationMs: units", () => {
  const cases: [string, number][] = [
    ["500ms", 500],
    ["20s", 20_000],
    ["1.5s", 1500],
    ["3min", 180_000],
    ["1h", 3_600_000],
    ["0", 0],
    ["0s", 0],
  ];
  for (const [text, durationMs] of cases) assert.equal(parseDurationMs(text), durationMs, text);
});

Deno.test("parseDurationMs: anything else says how to write it", () => {
  for (const text of ["", "20", "20 s", "-3s", "s", "1d", "1e3ms", "20S"]) {
    assert.throws(() => parseDurationMs(text), /write it as 500ms, 20s, 3min or 1h/, text);
  }
});

Deno.test("formatDuration: what is written is read back", () => {
  for (const durationMs of [0, 1, 250, 1000, 1500, 24_000, 60_000, 90_000, 3_600_000, 1234]) {
    assert.equal(parseDurationMs(formatDuration(durationMs)), durationMs);
  }
  assert.equal(formatDuration(90_000), "1.5min");
  assert.equal(formatDuration(24_000), "24s");
});

Deno.test("choiceListOption: some of the words, each once", () => {
  const option = choiceListOption(["a", "b", "c"], { meaning: "letters", default: ["b"] });
  assert.deepEqual(parseOptionValue("letters", option, "c, a"), ["c", "a"]);
  assert.equal(option.show(["c", "a"]), "c,a");
  assert.throws(
    () => parseOptionValue("letters", option, "a,d"),
    /--letters: "d" is none of a, b, c/,
  );
  assert.throws(() => parseOptionValue("letters", option, "a,b,a"), /names one twice/);
});

Deno.test("withDefault: another default, the same everywhere", () => {
  const option = integerOption("n", {
    meaning: "n",
    default: { local: 1, cluster: 2 },
    minimum: 0,
    maximum: 9,
  });
  assert.deepEqual(withDefault(option, 5).defaults, { local: 5, cluster: 5 });
  assert.deepEqual(option.defaults, { local: 1, cluster: 2 });
});

Deno.test("bareNameOf: what a flag is called is the value's name without its unit", () => {
  const patience = durationOption({ meaning: "p", default: 1, minimum: 0, maximum: 9 });
  assert.equal(bareNameOf("patienceMs", patience), "patience");
  assert.throws(() => bareNameOf("patience", patience), /must end in its unit, Ms/);
  const table = { patienceMs: patience };
  assert.deepEqual(byBareName(table, { patienceMs: 3, other: 4 }), { patience: 3, other: 4 });
});
