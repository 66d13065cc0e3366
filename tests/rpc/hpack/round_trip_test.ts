import assert from "node:assert/strict";
import fc from "fast-check";
import { HpackDecoder } from "../../../lib/rpc/hpack/decoder.ts";
import { type HeaderField, HpackEncoder } from "../../../lib/rpc/hpack/encoder.ts";
import { createDecoder, encodeFields, entriesOf, pairsOf } from "./notation.ts";

/** Names and values that repeat, of the tables and not, short, long and of any octets. */
const anyOctets = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 })
  .map((characters) => String.fromCharCode(...characters));
const name = fc.oneof(
  fc.constantFrom(":method", ":path", "te", "content-type", "x-request-id", "grpc-timeout"),
  anyOctets,
);
const value = fc.oneof(
  fc.constantFrom("", "GET", "POST", "/", "trailers", "application/grpc", "1S", "x".repeat(200)),
  anyOctets,
);
const field: fc.Arbitrary<HeaderField> = fc.record({
  name,
  value,
  indexing: fc.constantFrom("index", "literal", "never"),
});

/** What happens on a connection: a block, the peer's settings, or a block kept and sent again. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ fields: fc.array(field, { maxLength: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ replay: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      tableSize: fc.oneof(
        fc.constantFrom(0, 32, 100, 4096, 65_536),
        fc.integer({ min: 0, max: 5000 }),
      ),
    }),
  },
);

/** A block whose octets may be sent again. */
interface Kept {
  readonly bytes: Uint8Array;
  readonly fields: readonly HeaderField[];
  readonly generation: number;
}

Deno.test("what is encoded is decoded, over many blocks, sizes and replays on one connection", () => {
  let replays = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const encoder = new HpackEncoder();
      const decoder = createDecoder({ maxTableSize: 65_536 });
      let kept: Kept[] = [];
      for (const step of steps) {
        if ("tableSize" in step) {
          encoder.setMaxTableSize(step.tableSize);
        } else if ("fields" in step) {
          const { generation } = encoder;
          const bytes = encodeFields(encoder, step.fields);
          expectFields(decoder, bytes, step.fields);
          assert.deepEqual(entriesOf(decoder.table), entriesOf(encoder.table));
          assert.ok(encoder.table.size <= encoder.table.maxSize);
          if (encoder.generation === generation) kept.push({ bytes, ...step, generation });
        } else {
          kept = kept.filter((k) => k.generation === encoder.generation);
          if (kept.length === 0) continue;
          const { bytes, fields } = kept[step.replay % kept.length];
          expectFields(decoder, bytes, fields);
          replays++;
        }
      }
    }),
    { seed: 7541, numRuns: 300 },
  );
  assert.ok(replays > 100, `${replays} blocks were sent again`);
});

Deno.test("the same fields, all to be indexed, settle on the same octets and the same block", () => {
  const fields = fc.array(field, { minLength: 1, maxLength: 20 })
    .map((list) => list.map((f) => ({ ...f, indexing: "index" as const })));
  fc.assert(
    fc.property(fields, fc.integer({ min: 0, max: 2000 }), (fields, tableSize) => {
      const encoder = new HpackEncoder();
      encoder.setMaxTableSize(tableSize);
      const decoder = createDecoder();
      expectFields(decoder, encodeFields(encoder, fields), fields);
      const second = encodeFields(encoder, fields);
      const { generation } = encoder;
      expectFields(decoder, second, fields);
      assert.deepEqual(encodeFields(encoder, fields), second);
      assert.equal(encoder.generation, generation);
    }),
    { seed: 7541, numRuns: 200 },
  );
});

/** Decodes twice where that is the same, so that the remembered block is checked as well. */
function expectFields(
  decoder: HpackDecoder,
  bytes: Uint8Array,
  fields: readonly HeaderField[],
): void {
  const expected = fields.map(({ name, value }) => [name, value]);
  const { changes } = decoder.table;
  assert.deepEqual(pairsOf(decoder.decode(bytes, 0, bytes.length)), expected);
  if (decoder.table.changes !== changes) return;
  assert.deepEqual(pairsOf(decoder.decode(bytes, 0, bytes.length)), expected);
}
