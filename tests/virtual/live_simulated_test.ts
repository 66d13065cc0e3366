import assert from "node:assert/strict";
import { readRun } from "../support/run_files.ts";
import { Script, temporaryFolder } from "../support/script.ts";

interface Told {
  readonly event: string;
  // deno-lint-ignore no-explicit-any -- of many shapes
  readonly data: any;
}

async function readEvents(url: string): Promise<Told[]> {
  const text = await (await fetch(`${url}events`)).text();
  return text.trim().split("\n\n").map((part) => {
    const [, event, data] = /^event: (.+)\ndata: (.+)$/.exec(part)!;
    return { event, data: JSON.parse(data) };
  });
}

Deno.test("live: simulated hours are told in few steps, and nothing of them is lost", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/out`;
  await using script = Script.start("experiments/burst.ts", [
    ..."--platform simulator --rps 2 --duration 6h --live --output".split(" "),
    output,
  ]);
  const [, url] = await script.said(/Live: +(http:\S+)/);
  const events = await readEvents(url);
  const { status, stderr } = await script.result;
  assert.equal(status, 0, stderr);
  const [first, ...rest] = events;
  assert.equal(first.data.experiment.isVirtual, true);
  // What was before the page was opened is in the state.
  const samples = [
    ...first.data.samples,
    ...rest.filter(({ event }) => event === "second").map(({ data }) => data.sample),
  ];
  const { plan } = readRun(output, "burst");
  const due = samples.reduce((sum: number, sample: { due: number }) => sum + sample.due, 0);
  assert.equal(due, plan.invocations);
  assert.ok(samples.length < plan.durationMs / 1000 / 4, `${samples.length} samples`);
  assert.equal(rest.at(-1)!.event, "end");
  assert.ok(rest.some(({ event }) => event === "runEnd"));
});
