"""Counts the invocations of traces with pandas, and of Parquet with DuckDB too.

Reads lines of JSON `{"folder": …, "format": …}` and writes for each a list of totals,
`null` where a library cannot tell.
"""
import glob
import gzip
import io
import json
import re
import sys
import warnings

import duckdb
import pandas as pd

warnings.simplefilter("ignore")


def table(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, encoding="utf-8-sig",
                       skip_blank_lines=True)


def rows(folder, pattern, columns):
    total = 0
    for path in sorted(glob.glob(f"{folder}/{pattern}", recursive=True)):
        frame = table(path)
        names = [str(name).strip().lower() for name in frame.columns]
        if any(column not in names for column in columns):
            return None
        filled = frame.apply(lambda cells: cells.str.strip() != "")
        total += int(filled.any(axis=1).sum())
    return total


def cells(folder, pattern, column):
    total = 0.0
    for path in sorted(glob.glob(f"{folder}/{pattern}", recursive=True)):
        frame = table(path)
        chosen = [name for name in frame.columns if re.search(column, str(name).strip())]
        if not chosen:
            return None
        text = frame[chosen].apply(lambda part: part.str.strip())
        values = text.where(~text.isin(["", "NaN", "nan"])).apply(pd.to_numeric)
        total += float(values.sum().sum())
    return total


TEXT = {
    "Azure Functions 2019": lambda f: cells(f, "invocations*", r"(?i)^(minute_)?\d+(_minute)?$"),
    "Azure Functions 2021":
        lambda f: rows(f, "*.txt", ["app", "func", "end_timestamp", "duration"]),
    "Azure LLM inference 2023":
        lambda f: rows(f, "*.csv", ["timestamp", "contexttokens", "generatedtokens"]),
    "Azure LMM inference 2025":
        lambda f: rows(f, "*.gz", ["timestamp", "contexttokens", "generatedtokens", "numimages"]),
    "Huawei 2023": lambda f: cells(f, "**/day_*", r"^\d+$"),
    "Huawei 2025, counts": lambda f: cells(f, "**/requests/day_*", "---"),
    "Huawei 2025, requests":
        lambda f: rows(f, "**/*.csv", ["time_worker", "podid", "userid", "totalcost_worker"]),
    "Ilúvatar": lambda f: rows(f, "in.csv", ["func_name", "invoke_time_ms"]),
    "FaaSRail": lambda f: cells(f, "*.csv", r"^\d+(-\d+)?$"),
}


def parquet(folder):
    totals = []
    counts = glob.glob(f"{folder}/counts.parquet")
    path = (counts or glob.glob(f"{folder}/invocations.parquet"))[0]

    def by_pandas():
        frame = pd.read_parquet(path)
        return float(frame["invocations"].sum()) if counts else len(frame["function"])

    def by_duckdb():
        what = "sum(invocations)" if counts else "count(function)"
        return float(duckdb.sql(f"select {what} from '{path}'").fetchall()[0][0])

    for read in (by_pandas, by_duckdb):
        totals.append(attempt(read))
    return totals


def attempt(read):
    try:
        total = read()
    except Exception:
        return None
    return total if total is not None and total == total and abs(total) < 2**53 else None


for line in sys.stdin:
    variant = json.loads(line)
    read = TEXT.get(variant["format"])
    if read is None:
        found = parquet(variant["folder"])
    else:
        found = [attempt(lambda: read(variant["folder"]))]
    print(json.dumps(found), flush=True)
