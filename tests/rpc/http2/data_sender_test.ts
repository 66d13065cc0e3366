import assert from "node:assert/strict";
import { RealClock } from "../../../lib/clock/clock.ts";
import { ClientStream } from "../../../lib/rpc/http2/client_stream.ts";
import { DataSender } from "../../../lib/rpc/http2/data_sender.ts";
import { OutBuffer } from "../../../lib/rpc/http2/out_buffer.ts";
import { FLAG, FRAME } from "../../../lib/rpc/http2/protocol.ts";

const SILENT = { onSent() {}, onWritten() {}, onFailed() {} };

/** A stream of number 1 with a window, and what is written for it; nothing goes to a socket. */
function createSender(sendWindow: number) {
  const socket = {
    read: () => Promise.resolve(null),
    write: (bytes: Uint8Array) => Promise.resolve(bytes.length),
    close() {},
  };
  const out = new OutBuffer(socket, new RealClock(), SILENT);
  const stream = new ClientStream();
  stream.open(1, { onDispatched() {}, onHeaders() {}, onData() {}, onAborted() {} }, sendWindow, 0);
  return { out, stream, sender: new DataSender<ClientStream>(out, () => {}) };
}

Deno.test("DataSender: the end of a stream without octets needs no window, not even a negative one", () => {
  for (const sendWindow of [5, 0, -5]) {
    const { out, stream, sender } = createSender(sendWindow);
    assert.ok(sender.send(stream, new Uint8Array(), 0, 0, true));
    assert.deepEqual([...out.writer.view()], [0, 0, 0, FRAME.data, FLAG.endStream, 0, 0, 0, 1]);
    assert.equal(stream.sendWindow, sendWindow);
  }
});

Deno.test("DataSender: behind octets that wait, the end waits too", () => {
  const { out, stream, sender } = createSender(-1);
  assert.equal(sender.send(stream, Uint8Array.of(7), 0, 1, false), false);
  assert.equal(sender.send(stream, new Uint8Array(), 0, 0, true), false);
  assert.equal(out.writer.length, 0);
  assert.ok(sender.widenStream(stream, 2));
  assert.deepEqual(
    [...out.writer.view()],
    [0, 0, 1, FRAME.data, FLAG.endStream, 0, 0, 0, 1, 7],
  );
});
