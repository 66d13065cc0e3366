#!/usr/bin/env bash
# A benchmark that holds its data in memory starts a small program and asks the kernel for
# the largest resident memory of it (ru_maxrss of wait4(2), which GNU time and many
# harnesses print). It is told its own: Linux keeps the peak of a process through exec, so
# a child begins with what its parent had. The same program, started by a small parent,
# is told to need a few per cent of that. VmHWM in /proc/PID/status begins anew and tells the program's own.
#
# Seen with Linux 6.18, numpy 2.3.4, esbuild 0.25.12. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent --no-fund --no-audit esbuild@0.25.12
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check numpy==2.3.4
cat > measure.py <<'PY'
import os
import sys
import numpy
program = os.path.realpath("node_modules/@esbuild/linux-x64/bin/esbuild")
def peak_mib():
    child = os.posix_spawn(program, ["esbuild", "--version"], os.environ)
    _, status, usage = os.wait4(child, 0)
    assert status == 0
    return usage.ru_maxrss / 1024
small = peak_mib()
data = numpy.ones(100_000_000)
large = peak_mib()
print(f"from a small parent {small:.0f} MiB, from one of {data.nbytes >> 20} MiB {large:.0f} MiB",
      file=sys.stderr)
print(small < 100 and large >= data.nbytes >> 20)
PY
said=$(python/bin/python measure.py | tail -1)
echo "$said"
[[ $said == True ]]
