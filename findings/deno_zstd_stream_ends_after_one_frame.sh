#!/usr/bin/env bash
# A log or a trace that was packed in parts and joined with cat is one Zstandard file of
# several frames (RFC 8878, section 3.1), as pzstd and rotation write them. Deno's
# node:zlib gives the first frame and ends as if that were all, by stream and at once, so
# the rest is missing without an error. Python's zstandard reads both frames.
#
# Seen with Deno 2.9.6 and zstandard 0.25.0. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-fund --no-audit deno@2.9.6
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check zstandard==0.25.0
cat > pack.py <<'PY'
import io
import zstandard
pack = zstandard.ZstdCompressor().compress
with open("joined.zst", "wb") as file:
    file.write(pack(b"mon\n" * 60_000) + pack(b"tue\n" * 60_000))
with open("joined.zst", "rb") as file:
    reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    print(f"zstandard: {io.TextIOWrapper(reader).read().count(chr(10))} rows")
PY
cat > read.mjs <<'JS'
import { createReadStream, readFileSync } from "node:fs";
import { createZstdDecompress, zstdDecompressSync } from "node:zlib";
let rows = 0;
for await (const block of createReadStream("joined.zst").pipe(createZstdDecompress())) {
  for (const byte of block) rows += byte === 10 ? 1 : 0;
}
console.log(`stream: ${rows} rows`);
console.log(`at once: ${zstdDecompressSync(readFileSync("joined.zst")).length / 4} rows`);
JS
said=$(python/bin/python pack.py; npx deno run --quiet --allow-read read.mjs)
echo "$said"
[[ $said == "zstandard: 120000 rows
stream: 60000 rows
at once: 60000 rows" ]]
