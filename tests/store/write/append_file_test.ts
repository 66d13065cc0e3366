import assert from "node:assert/strict";
import { LoaderError } from "../../../lib/base/error.ts";
import { AppendFile } from "../../../lib/store/write/append_file.ts";
import { temporaryFolder } from "../../support/script.ts";

const LINE_BYTES = 100;
const LINES_A_MIB = Math.ceil(2 ** 20 / LINE_BYTES);
/** More than may wait. */
const MANY_LINES = 12 * LINES_A_MIB;

function line(index: number): string {
  return `${index} `.padEnd(LINE_BYTES - 1, "x") + "\n";
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("");
}

function append(file: AppendFile, text: string): void {
  const bytes = new TextEncoder().encode(text);
  file.reserve(bytes.length);
  file.buffer.set(bytes, file.length);
  file.length += bytes.length;
}

function unwritable(path: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof LoaderError && error.code === "result" &&
    error.message ===
      `${path}: The table could not be written further; make room on the disk and run again.`;
}

type Write = (this: Deno.FsFile, bytes: Uint8Array) => Promise<number>;

/** Replaces what writes a file in the background, until disposed of. */
function replaceWrite(createReplacement: (original: Write) => Write): Disposable {
  const original = Deno.FsFile.prototype.write;
  Deno.FsFile.prototype.write = createReplacement(original);
  return {
    [Symbol.dispose]() {
      Deno.FsFile.prototype.write = original;
    },
  };
}

Deno.test("AppendFile: a file that is there is never overwritten", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/table.csv`;
  await Deno.writeTextFile(path, "precious");
  assert.throws(() => new AppendFile(path, "head\n"), {
    code: "result",
    message: `${path}: The table cannot be made here; nothing is overwritten.`,
  });
  assert.equal(await Deno.readTextFile(path), "precious");
});

Deno.test("AppendFile: the head is there at once, the rest after close, in order", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/table.csv`;
  const file = new AppendFile(path, "head\n");
  assert.equal(await Deno.readTextFile(path), "head\n");
  for (let i = 0; i < 5000; i++) {
    append(file, line(i));
    if (i % 1000 === 0) file.flush();
    // So that some writes end in between.
    if (i % 500 === 0) await Promise.resolve();
  }
  await file.close();
  assert.ok(await Deno.readTextFile(path) === "head\n" + lines(5000));
  assert.equal(file.blockingWrites, 0);
  await file.close();
});

Deno.test("AppendFile: what is larger than a buffer", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/table.csv`;
  const file = new AppendFile(path, "");
  const texts = ["a", "b".repeat(1_000_000), "c", "d".repeat(131_072), "e".repeat(131_073), "f"];
  for (const text of texts) append(file, text);
  await file.close();
  assert.ok(await Deno.readTextFile(path) === texts.join(""));
});

Deno.test("AppendFile: a write that takes only a part is gone on with", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/table.csv`;
  using _ = replaceWrite((original) =>
    function (bytes) {
      return original.call(this, bytes.subarray(0, 1000));
    }
  );
  const file = new AppendFile(path, "head\n");
  for (let i = 0; i < 5000; i++) append(file, line(i));
  await file.close();
  assert.ok(await Deno.readTextFile(path) === "head\n" + lines(5000));
});

Deno.test("AppendFile: a disk that stands still costs bounded memory, and nothing of the order", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/table.csv`;
  const gate = Promise.withResolvers<void>();
  using _ = replaceWrite((original) =>
    async function (bytes) {
      await gate.promise;
      return await original.call(this, bytes);
    }
  );
  const buffers = new Set<Uint8Array>();
  const file = new AppendFile(path, "head\n");
  for (let i = 0; i < MANY_LINES; i++) {
    append(file, line(i));
    buffers.add(file.buffer);
    if (i % 5000 === 0) file.flush();
  }
  assert.ok(file.blockingWrites > 0);
  const heldMib = [...buffers].reduce((sum, buffer) => sum + buffer.length, 0) / 2 ** 20;
  assert.ok(heldMib < 10, `${heldMib} MiB`);
  gate.resolve();
  // And in the background again.
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  for (let i = MANY_LINES; i < MANY_LINES + 5000; i++) append(file, line(i));
  await file.close();
  assert.ok(await Deno.readTextFile(path) === "head\n" + lines(MANY_LINES + 5000));
});

Deno.test("AppendFile: flush tells of a write that failed, and so does close", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/table.csv`;
  const failed = Promise.withResolvers<void>();
  using _ = replaceWrite(() => () => {
    failed.resolve();
    return Promise.reject(new Error("No space left on device"));
  });
  const file = new AppendFile(path, "head\n");
  append(file, line(0));
  file.flush();
  await failed.promise;
  await Promise.resolve();
  assert.throws(() => file.flush(), unwritable(path));
  // Rows that come all the same do no harm, and take no memory.
  const buffer = file.buffer;
  for (let i = 0; i < 5000; i++) append(file, line(i));
  assert.equal(file.buffer, buffer);
  await assert.rejects(file.close(), unwritable(path));
  await file.close();
  assert.equal(await Deno.readTextFile(path), "head\n");
});

Deno.test("AppendFile: close alone tells of a write that failed", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/table.csv`;
  using _ = replaceWrite(() => () => Promise.reject(new Error("No space left on device")));
  const file = new AppendFile(path, "head\n");
  append(file, line(0));
  await assert.rejects(file.close(), unwritable(path));
});

Deno.test("AppendFile: no hole stays where a write failed that others have overtaken", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/table.csv`;
  const gate = Promise.withResolvers<void>();
  using _ = replaceWrite((original) =>
    async function (bytes) {
      await original.call(this, bytes.subarray(0, 250));
      await gate.promise;
      throw new Error("No space left on device");
    }
  );
  const file = new AppendFile(path, "head\n");
  for (let i = 0; i < MANY_LINES; i++) append(file, line(i));
  assert.ok(file.blockingWrites > 0);
  gate.resolve();
  await assert.rejects(file.close(), unwritable(path));
  assert.equal(await Deno.readTextFile(path), "head\n");
});
