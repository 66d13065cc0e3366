#!/usr/bin/env bash
# Arrivals in seconds are folded to minutes with the operator for whole division. DuckDB
# has one, //, and gives whole numbers for whole ones only: where the seconds have
# fractions it is the same as /, so that grouping by it makes a group of every instant,
# without an error. Python, from which the sign is known, rounds down either way;
# floor(s / 60) does in DuckDB.
#
# Seen with DuckDB 2.0.1. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check duckdb==2.0.1
cat > fold.py <<'PY'
import duckdb
arrivals = [10.5, 20.25, 70.5]
rows = ", ".join(f"({s})" for s in arrivals)
count = lambda s: duckdb.execute(
    f"SELECT count(DISTINCT {s}) FROM (VALUES {rows}) arrivals(s)").fetchone()[0]
print(f"Python: {len({s // 60 for s in arrivals})} minutes")
print(f"whole: {count('s::BIGINT // 60')}, DOUBLE: {count('s::DOUBLE // 60')}, "
      f"DECIMAL: {count('s // 60')}, floor: {count('floor(s / 60)')}")
PY
said=$(python/bin/python fold.py)
echo "$said"
[[ $said == "Python: 2 minutes
whole: 2, DOUBLE: 3, DECIMAL: 3, floor: 2" ]]
