import fc from "fast-check";
import assert from "node:assert/strict";
import { MessageReader, type MessageState } from "../../../lib/rpc/grpc/message_reader.ts";

const MAX_BYTES = 60;

/** What has come, by the specification, octet by octet. */
function expected(octets: Uint8Array): MessageState {
  if (octets.length === 0) return "none";
  if (octets.length < 5) return "part";
  const length = new DataView(octets.buffer).getUint32(1);
  if (octets[0] !== 0) return "compressed";
  if (length > MAX_BYTES) return "too_large";
  if (octets.length < 5 + length) return "part";
  return octets.length > 5 + length ? "several" : "whole";
}

Deno.test("MessageReader: a message is the same in any parts", () => {
  const message = fc.record({
    flag: fc.constantFrom(0, 0, 0, 0, 1, 255),
    body: fc.uint8Array({ maxLength: MAX_BYTES + 3 }),
    // What is missing at the end, or there in excess.
    lack: fc.constantFrom(0, 0, 0, 1, 5, 1000),
    excess: fc.constantFrom(0, 0, 0, 1, 70),
    cuts: fc.array(fc.integer({ min: 0, max: 80 }), { minLength: 1, maxLength: 10 }),
  });
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 4 }), (messages) => {
      const reader = new MessageReader();
      for (const { flag, body, lack, excess, cuts } of messages) {
        const whole = new Uint8Array(5 + body.length + excess);
        whole[0] = flag;
        new DataView(whole.buffer).setUint32(1, body.length);
        whole.set(body, 5);
        const octets = whole.slice(0, Math.max(0, whole.length - lack));
        reader.reset();
        let at = 0;
        for (let turn = 0; at < octets.length; turn++) {
          // Never stuck: the first of the cuts may be 0.
          const count = Math.min(octets.length - at, Math.max(turn % 2, cuts[turn % cuts.length]));
          const before = reader.state;
          // In front of and behind what is given lie other bytes.
          const memory = new Uint8Array(count + 6).fill(0xee);
          memory.set(octets.subarray(at, at + count), 3);
          reader.push(memory, 3, 3 + count, MAX_BYTES);
          at += count;
          if (reader.state === "whole" && before !== "whole") {
            const message = reader.bytes.subarray(reader.start, reader.end);
            assert.deepEqual([...message], [...body]);
          }
        }
        assert.equal(reader.state, expected(octets));
      }
    }),
    { seed: 11, numRuns: 500 },
  );
});
