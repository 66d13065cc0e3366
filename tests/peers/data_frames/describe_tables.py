"""Reads tables as its argument says, and prints of every column type, values and sum, as JSON.

    describe_tables.py <program> <defaults|schema> <columns.csv> <table> <file>…
"""

import csv
import json
import sys


def sum_up(kind, values):
    """Of the values that are known: how many, and their sum; of texts, of their lengths."""
    known = [v for v in values if v is not None and v == v and v != ""]
    if not known:
        return {"type": kind, "known": 0, "sum": 0}
    if isinstance(known[0], str):
        return {"type": kind, "known": len(known), "sum": sum(len(v) for v in known)}
    return {"type": kind, "known": len(known), "sum": float(sum(known))}


KINDS = [
    (("bool",), "boolean"),
    (("int", "bigint"), "integer"),
    (("float", "double"), "number"),
    (("str", "object", "varchar", "large_string"), "text"),
    (("null",), "null"),
]


def kind_of(dtype):
    name = str(dtype).lower()
    return next((kind for starts, kind in KINDS if name.startswith(starts)), name)


def describe_pandas(files, types):
    import pandas as pd

    frame = pd.concat([pd.read_csv(f, dtype=types) for f in files]) if len(files) > 1 else pd.read_csv(
        files[0], dtype=types
    )
    described = {}
    for name in frame.columns:
        values = frame[name].dropna().tolist()
        kind = kind_of(frame[name].dtype)
        # Booleans of which some are unknown are objects.
        if kind == "text" and values and all(isinstance(v, bool) for v in values):
            kind = "boolean"
        described[name] = sum_up(kind, values)
    return described


def describe_polars(files, types):
    import polars as pl

    overrides = None if types is None else {name: getattr(pl, t) for name, t in types.items()}
    frame = pl.scan_csv(files, schema_overrides=overrides).collect()
    return {name: sum_up(kind_of(frame[name].dtype), frame[name].to_list()) for name in frame.columns}


def describe_pyarrow(files, types):
    import pyarrow as pa
    import pyarrow.dataset

    schema = None if types is None else pa.schema([(n, pa.type_for_alias(t)) for n, t in types.items()])
    table = pa.dataset.dataset(files, format="csv", schema=schema).to_table()
    return {
        field.name: sum_up(kind_of(field.type), table[field.name].to_pylist()) for field in table.schema
    }


def describe_duckdb(files, types):
    import duckdb

    relation = duckdb.read_csv(files)
    return {
        name: sum_up(kind_of(dtype), [row[0] for row in relation.select(f'"{name}"').fetchall()])
        for name, dtype in zip(relation.columns, relation.dtypes)
    }


PROGRAMS = {
    "pandas": (describe_pandas, "pandas"),
    "polars": (describe_polars, "polars"),
    "pyarrow": (describe_pyarrow, "arrow"),
    "duckdb": (describe_duckdb, None),
}


def main():
    jobs = json.load(sys.stdin)
    results = []
    for job in jobs:
        describe, names = PROGRAMS[job["program"]]
        types = None
        if job["mode"] == "schema":
            with open(job["columns"]) as rows:
                types = {
                    row["column"]: row[names]
                    for row in csv.DictReader(rows)
                    if row["table"] == job["table"]
                }
        results.append(describe(job["files"], types))
    json.dump(results, sys.stdout)


main()
