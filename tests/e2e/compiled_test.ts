import assert from "node:assert/strict";
import { readExperiment, readRows } from "../support/run_files.ts";
import { PROJECT, temporaryFolder } from "../support/script.ts";

/** A program that is called as a compiled loader is; every process that it starts is itself. */
function writeProgram(folder: string): string {
  const program = `${folder}/loader`;
  const command = [
    ...[Deno.execPath(), "run", "-q", "-P", "--config", `${PROJECT}/deno.json`],
    ...["--preload", `${PROJECT}/tests/support/as_compiled.ts`, `${PROJECT}/loader.ts`],
  ];
  const words = command.map((word) => `'${word}'`).join(" ");
  Deno.writeTextFileSync(program, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  return program;
}

Deno.test("a compiled loader is its own gateway and its own instances", async () => {
  await using folder = await temporaryFolder();
  const program = writeProgram(folder.path);
  const output = `${folder.path}/burst`;
  const command = new Deno.Command(program, {
    args: [
      ..."burst --rps 8 --slot 500ms --duration 2s --burst 10 --runtime 5ms".split(" "),
      ...["--drain", "20s", "--output", output],
    ],
    cwd: folder.path,
    env: { LOADER_PROGRAM: program, NO_COLOR: "1" },
    stdin: "null",
  });
  const { code, stderr } = await command.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.deepEqual(readExperiment(output).command.slice(0, 2), ["loader", "burst"]);
  const rows = readRows(`${output}/runs/burst/invocations.csv`);
  assert.ok(rows.some((row) => row.outcome === "ok"));
  assert.ok(Deno.readTextFileSync(`${output}/report.html`).includes("</html>"));
});
