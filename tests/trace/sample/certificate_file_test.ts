import assert from "node:assert/strict";
import { join } from "node:path";
import { CERTIFICATE_FILE } from "../../../lib/trace/sample/certificate_file.ts";
import { readTrace, readTraceSamples } from "../../../lib/trace/read_trace.ts";
import { SAMPLE_TRACE } from "../../../lib/run/common_options.ts";
import { command } from "../../../scripts/trace_sample.ts";
import { temporaryFiles } from "../../support/trace_files.ts";

Deno.test("trace:sample writes traces that are read with their certificate, in either form", async () => {
  await using folder = await temporaryFiles({});
  for (const format of ["azure2019", "normal"]) {
    const output = join(folder.path, format);
    await command.run([
      SAMPLE_TRACE,
      "--sizes",
      "10,20",
      "--output",
      output,
      "--format",
      format,
      "--seed",
      "7",
    ]);
    const [small, large] = await Promise.all(
      ["10", "20"].map((size) => readTrace(join(output, size))),
    );
    assert.deepEqual([small.functions.length, large.functions.length], [10, 20]);
    assert.ok(small.functions.every(({ id }) => large.functions.some((other) => other.id === id)));
    assert.equal(large.certificate?.size, 20);
    assert.equal(large.certificate.seed, 7);
    assert.equal(large.certificate.method, "stratified");
    assert.match(large.certificate.program!, /^loader \d/);
    assert.equal(large.certificate.sampleHash, large.hash);
    assert.equal(large.certificate.trace.invoked, 200);
    assert.deepEqual(large.notes ?? [], []);
    // A sample of a sample has a certificate of its own.
    const [part] = await readTraceSamples(join(output, "20"), [5]);
    assert.equal(part.certificate?.trace.functions, 20);
  }
});

Deno.test("a certificate of other files, or none at all, is left out with a sentence", async () => {
  await using folder = await temporaryFiles({});
  await command.run([SAMPLE_TRACE, "--sizes", "5", "--output", folder.path]);
  const certificate = join(folder.path, CERTIFICATE_FILE);
  const durations = join(folder.path, "durations.csv");
  const text = await Deno.readTextFile(durations);
  await Deno.writeTextFile(durations, text.trimEnd() + "\n\n");
  const changed = await readTrace(folder.path);
  assert.equal(changed.certificate, undefined);
  assert.match(changed.notes!.join(), /is the certificate of other files than those beside it/);
  await Deno.writeTextFile(certificate, "{}");
  const unknown = await readTrace(folder.path);
  assert.match(unknown.notes!.join(), /is no certificate of a sample that this version reads/);
});
