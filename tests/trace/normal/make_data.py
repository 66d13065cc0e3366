"""Writes the files in data/: one trace as other people's libraries write it.

    .peers/data_frames/bin/python tests/trace/normal/make_data.py tests/trace/normal/data

Each folder holds the same counts (or the same invocations) in another order, with
other types, encodings and codecs: what the libraries make of them by default, and
what else they can.
"""
import datetime
import pathlib
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

OUT = pathlib.Path(sys.argv[1])

COUNTS = {
    "function": ["resize", "thumbnail", "resize", "größe", "resize", "thumbnail"],
    "slot": [7, 0, 2, 3, 0, 5],
    "invocations": [3, 1, 70_000, 2, 5, 4],
}
START = datetime.datetime(2026, 1, 31, 8, 0, tzinfo=datetime.timezone.utc)
ARRIVALS_MS = [1500.25, 0, 61_000, 61_000, 500, 120_000]
INVOCATIONS = {
    "function": ["a", "b", "a", "a", "a", "b"],
    "arrival_ms": ARRIVALS_MS,
    "runtime_ms": [10.5, 20.0, 30.0, 40.0, 50.0, 60.0],
    "memory_mib": [128.0, 64.0, 128.0, 130.0, 132.0, 66.0],
}
FUNCTIONS = {
    "function": ["größe", "resize", "thumbnail", "never"],
    "app": ["pictures", "pictures", "pictures", "other"],
    "owner": ["o", "o", "o", None],
    "trigger": ["http", "queue", None, "timer"],
    "runtime_ms_mean": [12.5, 20.0, 3.0, 1.0],
    "runtime_ms_p50": [10.0, 15.0, 3.0, 1.0],
    "runtime_ms_p99_9": [40.0, 90.0, 3.0, 1.0],
    "memory_mib_p50": [100.0, 200.0, 300.0, 64.0],
}


def place(name, file):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder / file)


# pandas: text, whole numbers and the order of the rows as they come.
frame = pd.DataFrame(COUNTS)
frame.to_parquet(place("pandas", "counts.parquet"))
pd.DataFrame(FUNCTIONS).to_parquet(place("pandas", "functions.parquet"))
# An index that is left over from a choice of rows, categories, whole numbers that may be missing.
odd = pd.concat([frame, frame]).iloc[6:][::-1].astype({"function": "category", "slot": "Int64"})
odd["invocations"] = odd["invocations"].astype("float64")
odd.to_parquet(place("pandas_odd", "counts.parquet"))

pl.DataFrame(COUNTS).write_parquet(place("polars", "counts.parquet"))
pl.DataFrame(FUNCTIONS).write_parquet(place("polars", "functions.parquet"))
pl.DataFrame(COUNTS).sort("slot").with_columns(
    pl.col("slot").cast(pl.UInt8), pl.col("invocations").cast(pl.UInt32),
    pl.col("function").cast(pl.Categorical),
).write_parquet(place("polars_odd", "counts.parquet"), compression="lz4", row_group_size=2)

arrow = pa.table(COUNTS)
duckdb.sql(f"copy arrow to '{place('duckdb', 'counts.parquet')}'")
functions = pa.table(FUNCTIONS)
duckdb.sql(f"copy functions to '{place('duckdb', 'functions.parquet')}'")
# The sum of whole numbers is a HUGEINT, which Parquet does not have: it becomes a DOUBLE.
duckdb.sql(
    'copy (select "function", slot, sum(invocations) as invocations, 60000 as slot_ms '
    "from arrow group by all order by slot desc) "
    f"to '{place('duckdb_sum', 'counts.parquet')}' (compression gzip)"
)

for name, options in {
    "arrow_v2": {"data_page_version": "2.0", "compression": "brotli"},
    "arrow_plain": {"use_dictionary": False, "compression": "none", "data_page_size": 1},
    "arrow_delta": {
        "use_dictionary": False, "compression": "zstd", "data_page_version": "2.0",
        "column_encoding": {
            "function": "DELTA_BYTE_ARRAY", "slot": "DELTA_BINARY_PACKED",
            "invocations": "BYTE_STREAM_SPLIT",
        },
    },
    "arrow_lengths": {
        "use_dictionary": False, "compression": "lz4",
        "column_encoding": {"function": "DELTA_LENGTH_BYTE_ARRAY"},
        "write_page_checksum": True,
    },
}.items():
    pq.write_table(arrow, place(name, "counts.parquet"), **options)

# Slots of a second that begin at an instant, in two parts.
seconds = pd.DataFrame({**COUNTS, "slot_ms": 1000, "start": pd.Timestamp(START)})
seconds.iloc[:3].to_parquet(place("seconds/counts.parquet", "part-0.parquet"))
seconds.iloc[3:].to_parquet(place("seconds/counts.parquet", "part-1.parquet"))

pd.DataFrame(INVOCATIONS).to_parquet(place("pandas_invocations", "invocations.parquet"))
stamps = [START + datetime.timedelta(milliseconds=ms) for ms in ARRIVALS_MS]
stamped = {k: v for k, v in INVOCATIONS.items() if k != "arrival_ms"} | {"arrival": stamps}
pd.DataFrame(stamped).to_parquet(place("pandas_stamps", "invocations.parquet"))
pl.DataFrame(stamped).with_columns(pl.col("arrival").dt.cast_time_unit("ns")).write_parquet(
    place("polars_stamps", "invocations.parquet"))
local = pa.table({**stamped, "arrival": pa.array(stamps, pa.timestamp("us"))})
duckdb.sql(
    'copy (select "function", arrival, runtime_ms::decimal(9, 3) as runtime_ms, '
    "memory_mib::decimal(20, 2) as memory_mib from local order by runtime_ms desc) "
    f"to '{place('duckdb_stamps', 'invocations.parquet')}'"
)
# Differences of time stamps: whole numbers in Parquet, their unit in Arrow's metadata alone.
lasting = {
    **INVOCATIONS,
    "arrival_ms": [datetime.timedelta(milliseconds=ms) for ms in ARRIVALS_MS],
    "runtime_ms": [datetime.timedelta(milliseconds=ms) for ms in INVOCATIONS["runtime_ms"]],
}
pd.DataFrame(lasting).to_parquet(place("pandas_durations", "invocations.parquet"))
pl.DataFrame(lasting).with_columns(pl.col("runtime_ms").dt.cast_time_unit("ns")).write_parquet(
    place("polars_durations", "invocations.parquet"))
numbers = pa.table({"function": pa.array([2**62 + 1, 7, 7], pa.int64()),
                    "arrival_ms": pa.array([1, 2, 3], pa.int32())})
pq.write_table(numbers, place("numbers", "invocations.parquet"))
