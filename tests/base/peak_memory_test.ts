import assert from "node:assert/strict";
import { ownPeakMemoryMib } from "../../lib/base/process.ts";
import { PROJECT } from "../support/script.ts";

Deno.test({
  name: "the peak of a process is its own, not that of a large one that started it",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const touched = new Uint8Array(512 << 20).fill(1);
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["eval", "-q"],
        `import { ownPeakMemoryMib } from "${PROJECT}/lib/base/process.ts"; ` +
        "console.log(ownPeakMemoryMib());",
      ],
      stdout: "piped",
    }).output();
    assert.equal(code, 0);
    const peakMib = Number(new TextDecoder().decode(stdout));
    assert.ok(peakMib > 20 && peakMib < 400, `${peakMib} MiB`);
    assert.ok(ownPeakMemoryMib() > touched.length / 2 ** 20);
  },
});
