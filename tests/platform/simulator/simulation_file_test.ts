import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { LoaderError } from "../../../lib/base/error.ts";
import { readSimulationFile } from "../../../lib/platform/simulator/simulation_file.ts";
import {
  settleSimulatorOptions,
  SIMULATOR_DEFAULTS,
} from "../../../lib/platform/simulator/simulator_options.ts";
import { temporaryFolder } from "../../support/script.ts";

async function read(text: string) {
  await using folder = await temporaryFolder();
  const file = `${folder.path}/simulation.yaml`;
  await Deno.writeTextFile(file, text);
  return readSimulationFile(file);
}

Deno.test("simulation file: the one that is shipped says what the defaults are", () => {
  const file = fileURLToPath(new URL("../../../config/simulation.yaml", import.meta.url));
  assert.deepEqual(settleSimulatorOptions(readSimulationFile(file)), SIMULATOR_DEFAULTS);
});

Deno.test("simulation file: numbers, words and distributions", async () => {
  const options = await read(
    "nodes: 3\ncpu: dedicated\nimage-cache: false\nstart-delay: exponential(1s)\nnetwork-delay: 2\n",
  );
  assert.deepEqual(options, {
    nodes: 3,
    cpu: "dedicated",
    imageCache: false,
    startMs: { kind: "exponential", mean: 1000 },
    networkMs: { kind: "constant", value: 2 },
  });
});

Deno.test("simulation file: an empty one changes nothing", async () => {
  assert.deepEqual(await read("# nothing\n"), {});
});

for (
  const [text, line, words] of [
    ["nodes: 3\nnode-core: 4\n", 2, '"node-core"'],
    ["nodes: 3\n\nnode-cores: many\n", 3, "node-cores"],
    ["nodes: 1.5\n", 1, "whole number"],
    ["cpu: shared\n", 1, "sharing, dedicated"],
    ["policy: fixed\n", 1, "fixed-10min"],
    ["nodes: 1\nstart-delay: uniform(1, 2)\n", 2, "uniform(1, 2)"],
    ["image-cache: sometimes\n", 1, "image-cache"],
    ["nodes: [1\n", 2, "YAML"],
  ] as const
) {
  Deno.test(`simulation file, mistake: ${JSON.stringify(text)}`, async () => {
    await assert.rejects(read(text), (error: unknown) => {
      assert.ok(error instanceof LoaderError);
      assert.equal(error.code, "input");
      assert.equal(error.place.line, line, error.message);
      assert.ok(error.message.includes(words), error.message);
      return true;
    });
  });
}
