import assert from "node:assert/strict";
import { TestClient } from "./test_client.ts";

Deno.test("HTTP/2 keep-alive: a process that is stopped is found dead within 15 s", async () => {
  await using server = await EchoProcess.start();
  await using client = await TestClient.connect([server.address]);
  const wellMs = client.clock.nowMs();
  client.send(0);
  await client.expectEnd(0, "ok", 0);
  server.signal("SIGSTOP");
  client.send(1, { deadlineMs: 900_000 });
  client.send(2, { deadlineMs: 900_000 });
  // The kernel still takes what is sent.
  client.clock.advance(13_999);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(client.endings.length, 1);
  client.clock.advance(1);
  for (const slot of [1, 2]) {
    const { outcome } = await client.ended(slot);
    assert.notEqual(outcome, "ok");
    assert.ok(client.calls.completedMs[slot] - wellMs <= 15_000);
  }
  server.signal("SIGCONT");
  client.send(3);
  await client.expectEnd(3, "ok", 0);
});

/** The server that answers at once, as a process. */
class EchoProcess implements AsyncDisposable {
  private constructor(readonly process: Deno.ChildProcess, readonly address: string) {}

  static async start(): Promise<EchoProcess> {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-check", "--allow-net", "lib/rpc/executor/echo_server_main.ts"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error("the server ended before it printed its port");
      text += value;
    }
    await reader.cancel();
    return new EchoProcess(process, `127.0.0.1:${JSON.parse(text).port}`);
  }

  signal(signal: Deno.Signal): void {
    this.process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.stdin.abort().catch(() => {});
    await this.process.status;
  }
}
