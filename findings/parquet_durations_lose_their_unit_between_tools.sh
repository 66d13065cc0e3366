#!/usr/bin/env bash
# pandas and Polars write a difference of two times to Parquet as a whole number without a
# logical type, for the format has none for durations; its unit stands only in Arrow's own
# schema in the metadata. DuckDB does not look there: 1.5 s are 1500000, and a column that
# was arrivals in milliseconds by its name is wrong by a thousand.
#
# Seen with pandas 3.1.1, pyarrow 26.0.1, Polars 2.1.0, DuckDB 2.0.1. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check \
  pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1
cat > write.py <<'PY'
import duckdb
import pandas
import polars
times = pandas.to_datetime(pandas.Series(["2024-05-12 00:00:00", "2024-05-12 00:00:01.500"]),
                           format="ISO8601")
pandas.DataFrame({"arrival_ms": times - times.min()}).to_parquet("pandas.parquet")
polars.DataFrame({"arrival_ms": times - times.min()}).write_parquet("polars.parquet")
for name in ["pandas", "polars"]:
    value, kind = duckdb.execute(
        f"SELECT max(arrival_ms), typeof(max(arrival_ms)) FROM '{name}.parquet'").fetchone()
    print(f"{name}: {value} {kind}")
PY
said=$(python/bin/python write.py)
echo "$said"
[[ $said == "pandas: 1500000 BIGINT
polars: 1500000 BIGINT" ]]
