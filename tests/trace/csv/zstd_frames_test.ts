import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { constants, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { LoaderError } from "../../../lib/base/error.ts";
import { unpackZstandard } from "../../../lib/trace/csv/zstd_frames.ts";

const CHECKED = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const TEXT = Buffer.from(
  Array.from({ length: 5_000 }, (_, i) => `o,a,f${i % 977},${i * 7919 % 1000}\n`).join(""),
);

/** A frame that holds nothing of the content: its magic, its length, anything. */
const SKIPPED = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);

async function unpack(packed: Uint8Array, blockBytes = 1000): Promise<Buffer> {
  const blocks = function* () {
    for (let at = 0; at < packed.length; at += blockBytes) {
      yield packed.slice(at, at + blockBytes);
    }
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of unpackZstandard(blocks(), "x.zst")) chunks.push(chunk);
  return Buffer.concat(chunks);
}

Deno.test("frames one after the other, with checksums and without, in blocks of any size", async () => {
  const packed = Buffer.concat([
    zstdCompressSync(TEXT, CHECKED),
    SKIPPED,
    zstdCompressSync(Buffer.alloc(300_000, "same")),
    zstdCompressSync(Buffer.alloc(0), CHECKED),
    zstdCompressSync(TEXT),
  ]);
  const expected = Buffer.concat([TEXT, Buffer.alloc(300_000, "same"), TEXT]);
  for (const blockBytes of [1, 7, 4096, packed.length]) {
    assert.ok((await unpack(packed, blockBytes)).equals(expected), `${blockBytes} bytes`);
  }
  assert.equal((await unpack(Buffer.alloc(0))).length, 0);
});

Deno.test("a frame with a checksum is as it was, or refused, whichever byte is another", async () => {
  const packed = zstdCompressSync(TEXT, CHECKED);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(packed.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, by) => {
        const damaged = Buffer.from(packed);
        damaged[at] ^= by;
        try {
          assert.ok((await unpack(damaged)).equals(TEXT), `byte ${at}`);
        } catch (error) {
          // The library's own errors are made sentences by whoever reads the file.
          assert.ok(error instanceof LoaderError || error instanceof Error);
          assert.ok(!(error instanceof assert.AssertionError), `byte ${at}`);
        }
      },
    ),
    { seed: 12, numRuns: 150 },
  );
});

Deno.test("a file that breaks off anywhere, or goes on with something else, is refused", async () => {
  const packed = zstdCompressSync(TEXT, CHECKED);
  for (let length = 1; length < packed.length; length += 499) {
    await assert.rejects(unpack(packed.subarray(0, length)), { code: "input" }, `${length} bytes`);
  }
  await assert.rejects(unpack(Buffer.concat([packed, Buffer.from("f,1\n")])), {
    code: "input",
    message: /damaged \(there is no frame where one should begin\); fetch or pack it again/,
  });
  const other = Buffer.from(packed);
  other[other.length - 1] ^= 1;
  await assert.rejects(unpack(other), { message: /its content does not fit its checksum/ });
});
