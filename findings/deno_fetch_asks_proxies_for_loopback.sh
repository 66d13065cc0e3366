#!/usr/bin/env bash
# HTTP_PROXY is set, as on many company machines, and a program scrapes its own server
# at 127.0.0.1. Go leaves loopback addresses out of its proxy rules; Deno's fetch sends
# them to the proxy, as curl does, so that metrics of a process on the same machine are
# asked of a proxy that cannot reach it. Node's http module, on Deno too, asks nobody.
#
# Seen with Deno 2.9.6. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-fund --no-audit deno@2.9.6
cat > ask.mjs <<'JS'
import http from "node:http";
const [, , url] = process.argv;
const viaFetch = (await fetch(url)).status;
const viaHttp = await new Promise((resolve) => http.get(url, (reply) => resolve(reply.statusCode)));
console.log(`fetch ${viaFetch}, node:http ${viaHttp}`);
process.exit(0);
JS
cat > main.mjs <<'JS'
import { spawn } from "node:child_process";
import http from "node:http";
const listen = (status) =>
  new Promise((resolve) => {
    const server = http.createServer((_, reply) => reply.writeHead(status).end());
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
const metrics = await listen(200);
const proxy = await listen(502);
const child = spawn("npx", ["deno", "run", "--quiet", "--allow-all", "ask.mjs", metrics], {
  env: { ...process.env, HTTP_PROXY: proxy, http_proxy: proxy, NO_PROXY: "", no_proxy: "" },
  stdio: ["ignore", "inherit", "inherit"],
});
child.on("exit", (code) => process.exit(code));
JS
said=$(node main.mjs)
echo "$said"
[[ $said == "fetch 502, node:http 200" ]]
