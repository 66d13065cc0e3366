#!/usr/bin/env bash
# A long computation that goes on by setImmediate lets Node hear a signal within a turn
# or two. On Deno the same program hears it only after some 30 turns (every 61st turn
# looks at the operating system), so with turns of 5 ms Ctrl-C takes 0.15 s, and with
# turns of 50 ms more than a second. Going on by setTimeout(…, 0) is heard at once.
#
# Seen with Deno 2.9.6 and Node 20: medians of 143 ms (Deno, immediates), 7 ms (Deno,
# timers), 9 ms (Node, immediates). Fails when immediates are as good as timers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-fund --no-audit deno@2.9.6
cat > turns.mjs <<'JS'
const [, , how] = process.argv;
process.on("SIGUSR2", () => process.exit(0));
function turn() {
  const endMs = performance.now() + 5;
  while (performance.now() < endMs);
  if (how === "immediate") setImmediate(turn);
  else setTimeout(turn, 0);
}
console.log("ready");
turn();
JS
cat > median.mjs <<'JS'
import { spawn } from "node:child_process";
const [, , command, ...args] = process.argv;
const waitsMs = [];
for (let i = 0; i < 7; i++) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const beganMs = performance.now();
  child.kill("SIGUSR2");
  await new Promise((resolve) => child.once("exit", resolve));
  waitsMs.push(performance.now() - beganMs);
}
console.log(Math.round(waitsMs.sort((a, b) => a - b)[3]));
JS
# Not through npx, which would have to pass the signal on.
deno=$(npx deno eval 'console.log(Deno.execPath())')
immediates=$(node median.mjs "$deno" run --quiet --allow-all turns.mjs immediate)
timers=$(node median.mjs "$deno" run --quiet --allow-all turns.mjs timer)
node_immediates=$(node median.mjs node turns.mjs immediate)
echo "Deno, immediates: $immediates ms; Deno, timers: $timers ms; Node, immediates: $node_immediates ms"
((immediates > 4 * timers))
((immediates > 4 * node_immediates))
