/** What scripts show at a terminal, which is a real one: its screen, not the bytes. */
import assert from "node:assert/strict";
import { runScript, Script, temporaryFolder } from "../support/script.ts";
import { TerminalScript } from "../support/terminal.ts";

const BURST = "experiments/burst.ts";
const SIMULATED = "--platform simulator --rps 20".split(" ");

/** So long that no machine comes to its end before it is stopped. */
const ENDLESS = "--platform simulator --rps 1 --duration 24h".split(" ");

const BAR = /^burst {2}[━─]+ +\d+ % .* left/;

// deno-lint-ignore no-control-regex -- colors are control characters
const COLOR = /\x1b\[[\d;]*m/;

Deno.test("terminal: a bar with the time left, also when it gets narrow; Ctrl-C leaves all whole", async () => {
  await using folder = await temporaryFolder();
  const args = [...ENDLESS, "--output", `${folder.path}/out`];
  await using script = new TerminalScript(BURST, args, 100);
  await script.until((lines) => lines.some((line) => BAR.test(line) && /in flight$/.test(line)));
  await script.resize(50);
  await script.until((lines) => lines.some((line) => BAR.test(line) && line.length < 50));
  await script.resize(12);
  await script.until(() => /^burst {2}/.test(script.cursor.line) && script.cursor.column < 12);
  await script.resize(100);
  await script.until(() => BAR.test(script.cursor.line) && script.cursor.line.length > 50);
  await script.type("\x03");
  assert.equal(await script.status, 130);
  const { lines } = script;
  assert.ok(lines.some((line) => line.startsWith("Stopping: what is out is cancelled")));
  assert.ok(lines.some((line) => line.startsWith("burst: interrupted")));
  const last = lines.findLast((line) => line !== "")!;
  assert.match(last, /report\.html$/);
  // No rest of a bar behind the run's end, and the prompt has a line of its own.
  assert.ok(
    !lines.slice(lines.findIndex((line) => line.startsWith("Stopping"))).some((line) =>
      BAR.test(line)
    ),
  );
  assert.deepEqual(script.cursor, { line: "", column: 0 });
  assert.ok(!script.bytes.includes("\x1b[?25l"), "the cursor was never hidden");
});

Deno.test("terminal: a second Ctrl-C ends at once, and leaves no line half written", async () => {
  await using folder = await temporaryFolder();
  const args = [...ENDLESS, "--output", `${folder.path}/out`];
  await using script = new TerminalScript(BURST, args, 80);
  await script.until(() => BAR.test(script.cursor.line));
  await script.type("\x03\x03");
  assert.equal(await script.status, 130);
  assert.equal(script.cursor.column, 0);
});

Deno.test("terminal: NO_COLOR has a bar without colors, TERM=dumb no bar, FORCE_COLOR wins", async () => {
  await using folder = await temporaryFolder();
  const run = async (name: string, env: Record<string, string>) => {
    const args = [...SIMULATED, "--duration", "2min", "--output", `${folder.path}/${name}`];
    await using script = new TerminalScript(BURST, args, 100, env);
    assert.equal(await script.status, 0, script.bytes);
    return script.bytes;
  };
  assert.match(await run("plain", {}), COLOR);
  const colorless = await run("no_color", { NO_COLOR: "1" });
  assert.doesNotMatch(colorless, COLOR);
  assert.match(colorless, /[━─]{8}/);
  assert.match(await run("forced", { NO_COLOR: "1", FORCE_COLOR: "1" }), COLOR);
  assert.ok(!(await run("dumb", { TERM: "dumb" })).includes("\x1b"));
});

Deno.test("no terminal: a line for each phase of a run, and colors only where they are forced", async () => {
  await using folder = await temporaryFolder();
  const args = (name: string) =>
    [
      "experiments/trace_sweep.ts",
      ["--platform", "simulator", "--sizes", "3,6", "--duration", "20s", "--repetitions", "1"]
        .concat("--output", `${folder.path}/${name}`),
    ] as const;
  const { status, stderr } = await runScript(...args("quiet"));
  assert.equal(status, 0, stderr);
  const about = stderr.split("\n").filter((line) => line.startsWith("functions-"));
  assert.deepEqual(about.map((line) => line.replace(/, [\d,]+ invocations| \(.*\)$/g, "")), [
    "functions-3_repetition-0 (1 of 2): deploying, 3 functions …",
    "functions-3_repetition-0 (1 of 2): simulating, 20 s",
    "functions-3_repetition-0: finished, VALID",
    "functions-6_repetition-0 (2 of 2): deploying, 6 functions …",
    "functions-6_repetition-0 (2 of 2): simulating, 20 s",
    "functions-6_repetition-0: finished, VALID",
  ]);
  assert.ok(!stderr.includes("\x1b"));
  const [path, given] = args("forced");
  await using forced = Script.start(path, given, undefined, { FORCE_COLOR: "1" });
  assert.match((await forced.result).stderr, COLOR);
});
