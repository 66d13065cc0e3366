#!/usr/bin/env bash
# A log's time stamps have a fraction of a second except where it is zero, as in the Azure
# LLM traces of 2024 and in what many libraries write. read_csv(parse_dates=[...]) takes
# the format from the first row, meets one that it does not fit, and leaves the whole
# column as text, without an error and without a warning: sorting still works, differences
# and resampling fail later or elsewhere. format="ISO8601" reads both.
#
# Seen with pandas 3.1.1. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check pandas==3.1.1
cat > read.py <<'PY'
import io
import warnings
import pandas
warnings.simplefilter("error")
LOG = "time\n2024-05-12 00:00:00.004876+00:00\n2024-05-12 00:00:01+00:00\n"
asked = pandas.read_csv(io.StringIO(LOG), parse_dates=["time"])["time"].dtype
text = pandas.read_csv(io.StringIO(LOG))["time"]
told = pandas.to_datetime(text, format="ISO8601").dtype
print(f"parse_dates: {asked}; ISO8601: {told}")
PY
said=$(python/bin/python read.py)
echo "$said"
[[ $said == "parse_dates: str; ISO8601: datetime64[us, UTC]" ]]
