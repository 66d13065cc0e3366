import assert from "node:assert/strict";
import { Rng } from "../../../lib/base/rng.ts";
import { DEFAULT_ASSUMPTIONS } from "../../../lib/trace/assumed.ts";
import { InstantReader } from "../../../lib/trace/azure_llm/instant.ts";
import { readTrace } from "../../../lib/trace/read_trace.ts";
import { temporaryFiles } from "../../support/trace_files.ts";

/** As released: CRLF, seven decimals, no zone, no newline at the end. */
const CODE = [
  "TIMESTAMP,ContextTokens,GeneratedTokens",
  "2023-11-16 18:17:03.9799600,4808,10",
  "2023-11-16 18:17:04.0319600,3180,8",
  "2023-11-16 19:14:19.9280160,549,173",
].join("\r\n");
const CONVERSATION = [
  "TIMESTAMP,ContextTokens,GeneratedTokens",
  "2023-11-16 18:15:46.6805900,374,44",
  "2023-11-16 18:15:50.9951690,396,109",
].join("\r\n");
const CODE_FILE = "AzureLLMInferenceTrace_code.csv";
const CONVERSATION_FILE = "AzureLLMInferenceTrace_conv.csv";

Deno.test("a service is a function; the trace starts with the minute of the first request", async () => {
  await using folder = await temporaryFiles({
    [CODE_FILE]: CODE,
    [CONVERSATION_FILE]: CONVERSATION,
  });
  const trace = await readTrace(folder.path);
  assert.equal(trace.startMs, Date.UTC(2023, 10, 16, 18, 15));
  assert.equal(trace.slots, 60);
  const [code, conversation] = trace.functions;
  assert.deepEqual([code.id, conversation.id], ["code", "conv"]);
  assert.deepEqual(toNanoseconds(code.recorded!.arrivalMs), [
    123_979_960_000,
    124_031_960_000,
    3_559_928_016_000,
  ]);
  assert.deepEqual(
    toNanoseconds(conversation.recorded!.arrivalMs),
    [46_680_590_000, 50_995_169_000],
  );
  assert.equal(code.invocationsPerSlot.total, 3);
});

Deno.test("runtime and memory follow from the tokens by a model that is told and can be changed", async () => {
  await using folder = await temporaryFiles({ [CODE_FILE]: CODE });
  const trace = await readTrace(folder.path);
  const [code] = trace.functions;
  const close = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual - expected) < 0.01, `${actual} is not ${expected}`);
  close(code.recorded!.runtimeMs![0], 480.8 + 300);
  close(code.recorded!.memoryMib![0], 4818 * 0.3125);
  assert.match(trace.assumptions![0], /0\.1 ms .* 30 ms .*Llama 2 70B.*Splitwise/);
  assert.match(trace.assumptions!.join("\n"), /Time stamps have no zone; UTC is assumed/);
  const other = await readTrace(folder.path, {
    assume: {
      tokens: { ...DEFAULT_ASSUMPTIONS.tokens, prefillMsPerToken: 0, decodeMsPerToken: 5 },
      memory: { kind: "fixed", memoryMib: 100 },
    },
  });
  assert.deepEqual([...other.functions[0].recorded!.runtimeMs!], [50, 40, 865]);
  assert.equal(other.functions[0].recorded!.memoryMib![0], 100);
});

Deno.test("the zone of 2024, its missing fractions and the multimodal form are read", async () => {
  await using folder = await temporaryFiles({
    "AzureLLMInferenceTrace_code_1week.csv": "TIMESTAMP,ContextTokens,GeneratedTokens\n" +
      "2024-05-10 00:00:00.009930+00:00,2162,5\n2024-05-10 00:00:01+00:00,2399,6\n" +
      "2024-05-10 02:00:02+02:00,10,0\n",
  });
  const trace = await readTrace(folder.path);
  assert.deepEqual(toNanoseconds(trace.functions[0].recorded!.arrivalMs), [
    9_930_000,
    1_000_000_000,
    2_000_000_000,
  ]);
  assert.equal(trace.startMs, Date.UTC(2024, 4, 10));
  assert.ok(!trace.assumptions!.some((sentence) => sentence.includes("zone")));
  assert.deepEqual(trace.repairs.map(({ defect, count }) => [defect, count]), [
    ["request without generated tokens", 1],
  ]);
  await using images = await temporaryFiles({
    "AzureLMMInferenceTrace_multimodal.csv.gz":
      "TIMESTAMP,NumImages,ContextTokens,GeneratedTokens\n2024-10-15T12:00:00.269Z,1,770,491\n",
  });
  const multimodal = await readTrace(images.path);
  assert.equal(multimodal.functions[0].id, "multimodal");
  assert.deepEqual(toNanoseconds(multimodal.functions[0].recorded!.arrivalMs), [269_000_000]);
  assert.match(multimodal.assumptions!.join("\n"), /Images are not accounted for/);
});

Deno.test("a renamed file and one file of several are read; two releases together are refused", async () => {
  await using folder = await temporaryFiles({
    "requests.txt": CODE,
    "old/a.csv": CODE,
    "old/b.csv":
      "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,2162,5\n",
  });
  assert.equal((await readTrace(folder.path)).functions[0].id, "requests");
  assert.equal((await readTrace(`${folder.path}/old/b.csv`)).functions[0].id, "b");
  await assert.rejects(readTrace(`${folder.path}/old`), {
    code: "input",
    message: /The files begin 176 days apart, so they are of several releases; give one of them/,
  });
});

Deno.test("what is no instant is told with its place", async () => {
  for (
    const text of ["16/11/2023 18:17", "2023-13-01 00:00:00", "2023-02-30 00:00:00", "1700158623"]
  ) {
    await using folder = await temporaryFiles({
      [CODE_FILE]: `TIMESTAMP,ContextTokens,GeneratedTokens\n${text},1,1\n`,
    });
    await assert.rejects(readTrace(folder.path), {
      code: "input",
      message:
        `${folder.path}/${CODE_FILE}:2, column TIMESTAMP: Expected a date and time such as ` +
        `2023-11-16 18:17:03.9799600, got ${JSON.stringify(text)}.`,
    });
  }
  await using none = await temporaryFiles({
    [CODE_FILE]: "TIMESTAMP,ContextTokens,GeneratedTokens\n",
  });
  await assert.rejects(readTrace(none.path), { message: /no row after the header/ });
});

/** What a text is; `null`: no instant. */
function read(text: string): InstantReader | null {
  const bytes = new TextEncoder().encode(`<${text}>`);
  const instant = new InstantReader();
  return instant.read(bytes, 1, bytes.length - 1) ? instant : null;
}

Deno.test("instants are what Date says, and keep what Date does not", () => {
  for (
    const text of [
      "2023-11-16T18:17:03.979Z",
      "2024-02-29T23:59:59.999z",
      "1970-01-01T00:00:00+05:30",
      "2024-12-31T23:00:00-0130",
      "2024-12-31 23:00:00 UTC",
    ]
  ) {
    const iso = text.replace(/([+-]\d\d)(\d\d)$/, "$1:$2").replace(" UTC", "Z").replace(" ", "T");
    const instant = read(text)!;
    assert.equal(Math.round(instant.epochMs), Date.parse(iso), text);
    assert.ok(instant.hasZone);
  }
  const { msOfDay, hasZone } = read("2023-11-16 18:17:03.9799601")!;
  assert.deepEqual(toNanoseconds([msOfDay % 1000]), [979_960_100]);
  assert.ok(!hasZone);
});

Deno.test("instants at random are read as Date writes them, and broken ones are none", () => {
  const rng = Rng.fromSeed(5, "instants");
  for (let i = 0; i < 2000; i++) {
    const text = new Date(rng.nextBelow(4e9) * 1000 + rng.nextBelow(1000)).toISOString();
    assert.equal(Math.round(read(text)!.epochMs), Date.parse(text), text);
    const at = rng.nextBelow(text.length - 1);
    const broken = text.slice(0, at) + "?x,:"[rng.nextBelow(3)] + text.slice(at + 1);
    assert.equal(read(broken), null, broken);
  }
  for (
    const text of [
      ...["2023-11-16", "2023-11-16 18:17", "2023-11-16 18:17:03.", "2023-11-16 24:00:00"],
      ...[
        "2023-00-16 18:17:03",
        "2023-02-29 18:17:03",
        "2023-11-16 18:17:03+1",
        "2023-11-16 18:17:03 ",
      ],
      ...["2023-11-16 18:17:03+01:00:00", "2023-11-16 18:60:03", "2023-11-16 18:17:03 CET"],
    ]
  ) assert.equal(read(text), null, text);
});

/** Milliseconds as whole nanoseconds: 100 of them are what the data set tells. */
function toNanoseconds(timesMs: Iterable<number>): number[] {
  return Array.from(timesMs, (timeMs) => Math.round(timeMs * 1e6));
}
