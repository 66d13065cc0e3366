#!/usr/bin/env bash
# A proxy answers a gRPC call with HTTP 502 and the text "Bad Gateway". grpc-js maps
# that to UNAVAILABLE with "Received HTTP status code 502", says its own source, and
# does so on Node 20. On Deno the same package reads the text as a gRPC message of
# 1,633,951,815 bytes ("ad G" as a big-endian length) and reports RESOURCE_EXHAUSTED:
# a gateway that is broken passes for a client with too small a limit.
#
# Seen with @grpc/grpc-js 1.14.7 on Deno 2.9.6 and on Node 20. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-fund --no-audit @grpc/grpc-js@1.14.7 deno@2.9.6
cat > call.mjs <<'JS'
import http2 from "node:http2";
import grpc from "@grpc/grpc-js";
const server = http2.createServer();
server.on("stream", (stream) => {
  stream.respond({ ":status": 502, "content-type": "text/plain" });
  stream.end("Bad Gateway");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `127.0.0.1:${server.address().port}`;
const client = new grpc.Client(address, grpc.credentials.createInsecure());
const asItIs = (bytes) => bytes;
client.makeUnaryRequest("/a.B/C", asItIs, asItIs, Buffer.alloc(0), (error) => {
  console.log(`${error.code} ${error.details}`);
  process.exit(0);
});
JS
on_node=$(node call.mjs)
on_deno=$(npx deno run --quiet --allow-all call.mjs)
echo "Node: $on_node"
echo "Deno: $on_deno"
[[ $on_node == "14 Received HTTP status code 502" ]]
[[ $on_deno == "8 Received message larger than max (1633951815 vs 4194304)" ]]
