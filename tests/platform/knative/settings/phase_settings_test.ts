import assert from "node:assert/strict";
import fc from "fast-check";
import {
  deriveRestoration,
  extendMarker,
  parseMarker,
  type SettingsMarker,
  settingsOfPhase,
  type SettingValues,
} from "../../../../lib/platform/knative/settings/phase_settings.ts";

const FRESH: SettingsMarker = {
  run: "run",
  host: "host",
  since: "2026-11-23T10:00:00.000Z",
  before: {},
  after: {},
};

/** A config map after a merge patch. */
function patched(data: Readonly<Record<string, string>>, values: SettingValues) {
  const result: Record<string, string> = { ...data };
  for (const [key, value] of Object.entries(values)) {
    if (value === null) delete result[key];
    else result[key] = value;
  }
  return result;
}

Deno.test("the settings of the phases are those of In-Vitro", () => {
  const allowing = { "allow-zero-initial-scale": "true" };
  assert.deepEqual(settingsOfPhase("warmup", allowing), {
    "enable-scale-to-zero": "false",
    "max-scale-up-rate": "1000000.0",
    "max-scale-down-rate": "1.1",
    "scale-down-delay": "15m",
  });
  const measurement = {
    "enable-scale-to-zero": "true",
    "max-scale-up-rate": "1000.0",
    "max-scale-down-rate": "2.0",
    "scale-down-delay": "0s",
  };
  assert.deepEqual(settingsOfPhase("measurement", allowing), {
    ...measurement,
    "initial-scale": "0",
  });
  assert.deepEqual(
    settingsOfPhase("measurement", {}),
    measurement,
    "Knative would refuse the zero",
  );
});

Deno.test("whatever the phases change is put back exactly, from the marker alone", () => {
  const keys = [
    "enable-scale-to-zero",
    "max-scale-up-rate",
    "scale-down-delay",
    "initial-scale",
    "allow-zero-initial-scale",
    "stable-window",
  ];
  const data = fc.dictionary(fc.constantFrom(...keys), fc.constantFrom("true", "1", "30s"));
  fc.assert(
    fc.property(
      data,
      fc.array(fc.constantFrom("warmup" as const, "measurement" as const), { maxLength: 5 }),
      (before, phases) => {
        let current: Record<string, string> = { ...before };
        let marker = FRESH;
        for (const phase of phases) {
          const values = settingsOfPhase(phase, current);
          marker = extendMarker(marker, current, values);
          current = patched(current, values);
        }
        const read = parseMarker(JSON.stringify(marker));
        assert.deepEqual(read, marker);
        const { values, foreign } = deriveRestoration(read!, current);
        assert.deepEqual(foreign, []);
        assert.deepEqual(patched(current, values), { ...before });
      },
    ),
    { seed: 42, numRuns: 300 },
  );
});

Deno.test("a key that someone else has set since is left alone", () => {
  const values = settingsOfPhase("warmup", {});
  const marker = extendMarker(FRESH, { "scale-down-delay": "1s" }, values);
  const now = { ...patched({}, values), "scale-down-delay": "2m" };
  const { values: restored, foreign } = deriveRestoration(marker, now);
  assert.deepEqual(foreign, ["scale-down-delay"]);
  assert.equal("scale-down-delay" in restored, false);
  assert.equal(restored["enable-scale-to-zero"], null);
});

Deno.test("what is no marker of ours is none", () => {
  assert.equal(parseMarker(undefined), null);
  for (const text of ["", "{", "[]", "null", "7", '{"run":"r"}', '{"run":1,"host":"h"}']) {
    assert.equal(parseMarker(text), null, text);
  }
  assert.equal(parseMarker(JSON.stringify({ ...FRESH, before: { a: 1 } })), null);
});
