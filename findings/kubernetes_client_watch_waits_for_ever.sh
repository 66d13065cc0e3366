#!/usr/bin/env bash
# The Watch of the Kubernetes client for JavaScript makes a signal that ends a request
# without an answer after 30 s, and overwrites it in the next line: an API server that
# takes the connection and stays silent is waited for without end, and as the call has
# not returned, the caller has nothing yet to abort it with.
#
# Seen with @kubernetes/client-node 1.4.0 (dist/watch.js): nothing after 40 s. Fails
# when the watch ends by itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-fund --no-audit @kubernetes/client-node@1.4.0
grep -n "AbortSignal.timeout" node_modules/@kubernetes/client-node/dist/watch.js
cat > watch.mjs <<'JS'
import net from "node:net";
import { KubeConfig, Watch } from "@kubernetes/client-node";
const silent = net.createServer((socket) => socket.resume().on("error", () => {}));
await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
const config = new KubeConfig();
config.loadFromClusterAndUser(
  { name: "silent", server: `http://127.0.0.1:${silent.address().port}`, skipTLSVerify: true },
  { name: "nobody" },
);
let outcome = "still waiting after 40 s";
const ended = () => outcome = "it ended by itself";
new Watch(config).watch("/api/v1/pods", {}, () => {}, ended).catch(ended);
await new Promise((resolve) => setTimeout(resolve, 40_000));
console.log(outcome);
process.exit(0);
JS
said=$(node watch.mjs)
echo "$said"
[[ $said == "still waiting after 40 s" ]]
