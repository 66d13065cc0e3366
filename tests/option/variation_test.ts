import assert from "node:assert/strict";
import { parseVariation, variationOfYaml } from "../../lib/option/variation.ts";

Deno.test("a variation: axes, options that go together, values with commas", () => {
  assert.deepEqual(parseVariation("policy=knative, oracle"), [
    { names: ["policy"], values: [["knative"], ["oracle"]] },
  ]);
  assert.deepEqual(
    parseVariation("nodes=1,2 with max-scale=10,20; start-delay=log-normal(1ms, 0.3),2ms"),
    [
      { names: ["nodes", "max-scale"], values: [["1", "10"], ["2", "20"]] },
      { names: ["start-delay"], values: [["log-normal(1ms, 0.3)"], ["2ms"]] },
    ],
  );
  assert.deepEqual(parseVariation("--sizes=10,20|30"), [
    { names: ["sizes"], values: [["10,20"], ["30"]] },
  ]);
});

Deno.test("a variation: what is wrong is said", () => {
  const cases: readonly (readonly [text: string, message: RegExp])[] = [
    ["policy", /"policy" is no option with its values/],
    ["policy=", /"policy=" is no option with its values/],
    ["a=1,2;", /"" is no option with its values/],
    ["policy=knative", /policy has one value, knative; give it as an option of its own/],
    ["nodes=1,,2", /a value of nodes is empty/],
    ["nodes=1,1", /nodes has the value 1 twice/],
    ["nodes=1,2; nodes=3,4", /"nodes" is varied twice/],
    ["nodes=1,2 with cores=1,2,3", /nodes has 2 values and cores has 3; .* need as many/],
  ];
  for (const [text, message] of cases) assert.throws(() => parseVariation(text), { message });
});

Deno.test("a variation in YAML: a mapping is crossed, mappings of a list go together", () => {
  assert.equal(
    variationOfYaml({ policy: ["knative", "oracle"], nodes: [1, 2] }),
    "policy=knative|oracle;nodes=1|2",
  );
  assert.equal(
    variationOfYaml([{ nodes: [1, 2], "max-scale": [10, 20] }, { sizes: [[10, 20], 30] }]),
    "nodes=1|2 with max-scale=10|20;sizes=10,20|30",
  );
  for (const wrong of [[], {}, { nodes: 1 }, [["nodes"]], 7, null]) {
    assert.equal(variationOfYaml(wrong), null, JSON.stringify(wrong));
  }
});
