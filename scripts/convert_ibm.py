"""Converts the IBM Cloud Code Engine traces of 2025 to the normal form of traces (Parquet).

    python scripts/convert_ibm.py FOLDER --output OUTPUT [--days 1..7] [--as counts]

`deno task trace:ibm` runs it with the versions of scripts/convert_ibm_requirements.txt.

The data set is pickles of pandas: week_1.pickle to week_10.pickle and app_configs.pickle. A pickle
names functions of Python that are called when it is read, any that are installed. The reader below
knows the few of pandas and NumPy that a table of lists is rebuilt with, and refuses every other name
before it is looked up. Nothing else of the project reads a pickle.

One file is read at a time. A pickle cannot be read in part, so a week is in memory whole; its long
lists of numbers are packed while they are read (8 bytes a number where Python takes 32), and a name
that is repeated is there once.
"""

import argparse
import json
import math
import os
import pickle
import re
import sys
from array import array
from pathlib import Path

import numpy
import pandas
import pyarrow
import pyarrow.parquet

# All that a pickle may name: what the published app_configs.pickle does (pandas 2, NumPy 2, protocol
# 5), what NumPy writes a column of whole numbers with, and the names that NumPy 1 had for the same.
ALLOWED = frozenset({
    ("builtins", "slice"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy.core.numeric", "_frombuffer"),
    ("pandas._libs.internals", "_unpickle_block"),
    ("pandas.core.frame", "DataFrame"),
    ("pandas.core.indexes.base", "Index"),
    ("pandas.core.indexes.base", "_new_Index"),
    ("pandas.core.indexes.range", "RangeIndex"),
    ("pandas.core.internals.managers", "BlockManager"),
})

# Time stamps count from 05:00 less a second of the first day, as those who published an earlier
# reader of the data found; the documentation of the data set does not say.
ORIGIN_S = 17_999
DAY_MS = 86_400_000
MINUTE_MS = 60_000

# The data set names no unit for a byte; requests for memory are 0.5, 1, 2, 4 … of it.
MIB_OF_GB = 1024

ROWS_OF_GROUP = 1 << 20
SEED = 42
QUANTILES = (0, 0.01, 0.25, 0.5, 0.75, 0.99, 1)


class Refusal(Exception):
    """A mistake of the user's or of a file, in a sentence."""


class PackedList(list):
    """A list that keeps numbers as doubles of 8 bytes, as long as there is nothing else in it."""

    __slots__ = ("numbers",)

    def __init__(self):
        super().__init__()
        self.numbers = None

    def extend(self, items):
        if not self and all(type(item) in (float, int) for item in items):
            if self.numbers is None:
                self.numbers = array("d")
            self.numbers.extend(items)
            return
        self.unpack()
        super().extend(items)

    def append(self, item):
        self.extend((item,))

    def unpack(self):
        """Becomes a list like others."""
        if self.numbers is not None:
            numbers, self.numbers = self.numbers, None
            super().extend(numbers)


class RestrictedUnpickler(pickle._Unpickler):
    """Reads a pickle that names nothing but what ALLOWED lists.

    It is the one in Python, not the one in C: there lists can be packed on the way, and a run of
    floats be taken in one step.
    """

    dispatch = dict(pickle._Unpickler.dispatch)

    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise Refusal(
                f"The pickle names {module}.{name}, which no table of the data set needs and which "
                "could be anything; it is not read any further. Take the file from its publishers "
                "anew."
            )
        return super().find_class(module, name)

    def persistent_load(self, pid):
        raise Refusal("The pickle refers to something outside of itself; it is not read.")

    def load_empty_list(self):
        self.append(PackedList())

    dispatch[pickle.EMPTY_LIST[0]] = load_empty_list

    def load_build(self):
        # NumPy takes the objects of an array from a list of its own kind only.
        state = self.stack[-1]
        for item in state if type(state) is tuple else ():
            if type(item) is PackedList:
                item.unpack()
        super().load_build()

    dispatch[pickle.BUILD[0]] = load_build

    def load_binfloat(self):
        # The floats of a list follow each other in a frame: an opcode and 8 bytes each.
        frame = self._unframer.current_frame
        run = 0
        if frame is not None:
            at = frame.tell() + FLOAT_BYTES - 1
            codes = frame.getbuffer()[at:at + MOST_RUN * FLOAT_BYTES:FLOAT_BYTES]
            run = len(codes) - len(bytes(codes).lstrip(pickle.BINFLOAT))
        data = self.read(FLOAT_BYTES - 1 + FLOAT_BYTES * run)
        codes = numpy.frombuffer(pickle.BINFLOAT + data, numpy.uint8).reshape(run + 1, FLOAT_BYTES)
        self.stack.extend(codes[:, 1:].copy().view(">f8").ravel().tolist())

    dispatch[pickle.BINFLOAT[0]] = load_binfloat


# An opcode and a double; a pickle marks its lists off into pieces of 1000.
FLOAT_BYTES = 9
MOST_RUN = 1000


def read_table(path, columns):
    """The table of a pickle, with the columns that are needed of it."""
    try:
        with open(path, "rb") as file:
            table = RestrictedUnpickler(file).load()
    except Refusal as refusal:
        raise Refusal(f"{path}: {refusal}") from None
    except FileNotFoundError:
        raise Refusal(f"{path}: There is no such file; unpack the data set's archives first.") from None
    except Exception as error:  # A damaged pickle may make anything fail.
        raise Refusal(f"{path}: The pickle cannot be read ({error!r}); unpack it anew.") from None
    if not isinstance(table, pandas.DataFrame):
        raise Refusal(f"{path}: The pickle holds no table but {type(table).__name__}.")
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise Refusal(
            f"{path}: The column {missing[0]} is missing; found {', '.join(map(str, table.columns))}."
        )
    return table


def numbers_of(cell, path, app, column):
    """The numbers of a list as doubles."""
    numbers = getattr(cell, "numbers", None)
    try:
        values = numpy.asarray(cell if numbers is None else numbers, dtype=numpy.float64)
    except (TypeError, ValueError):
        raise Refusal(f"{path}: {column} of the application {app} holds something else than numbers.")
    if values.ndim != 1:
        raise Refusal(f"{path}: {column} of the application {app} is no list of numbers.")
    return values


class RuntimeHistogram:
    """How often each runtime occurred, within 1 %: enough for percentiles of any number of them."""

    STEP = math.log(1.01)
    SMALLEST_MS = 1e-3

    def __init__(self):
        self.counts = numpy.zeros(0, dtype=numpy.int64)
        self.sum = 0.0
        self.least = math.inf
        self.most = -math.inf

    def add(self, runtimes):
        if len(runtimes) == 0:
            return
        self.sum += float(runtimes.sum())
        self.least = min(self.least, float(runtimes.min()))
        self.most = max(self.most, float(runtimes.max()))
        clipped = numpy.maximum(runtimes, self.SMALLEST_MS) / self.SMALLEST_MS
        counts = numpy.bincount((numpy.log(clipped) / self.STEP).astype(numpy.int64))
        longer = max(len(counts), len(self.counts))
        self.counts = numpy.pad(self.counts, (0, longer - len(self.counts)))
        self.counts[: len(counts)] += counts

    def percentiles(self):
        """The mean and the percentiles of QUANTILES; None where there is nothing."""
        total = int(self.counts.sum())
        if total == 0:
            return None
        below = numpy.cumsum(self.counts)
        values = []
        for quantile in QUANTILES:
            at = int(numpy.searchsorted(below, max(1, math.ceil(quantile * total))))
            middle = self.SMALLEST_MS * math.exp((at + 0.5) * self.STEP)
            values.append(min(max(middle, self.least), self.most))
        return self.sum / total, [self.least, *values[1:-1], self.most]


class Tally:
    """What became of every invocation."""

    def __init__(self):
        self.read = 0
        self.taken = 0
        self.before = 0
        self.outside = 0
        self.without_time = 0
        self.without_runtime = 0


def list_weeks(folder):
    weeks = sorted(
        (int(match[1]), path)
        for path in folder.glob("week_*.pickle")
        if (match := re.fullmatch(r"week_(\d+)\.pickle", path.name))
    )
    if not weeks:
        raise Refusal(
            f"{folder}: There is no week_1.pickle … week_10.pickle; unpack the data set's archives "
            "with its decompress.sh first."
        )
    return weeks


WEEK_COLUMNS = ("NamespaceHash", "AppHash", "NumEvents", "InvocationTimes", "AppExecTimes")


def each_application(path, window, tally):
    """Namespace, application, arrivals and runtimes of each row of a week, by arrival."""
    table = read_table(path, WEEK_COLUMNS)
    first_ms, end_ms = window
    rows = zip(*(table[name] for name in WEEK_COLUMNS))
    for namespace, app, events, times, runtimes in rows:
        times_s = numbers_of(times, path, app, "InvocationTimes")
        runtimes_ms = numbers_of(runtimes, path, app, "AppExecTimes")
        if not len(times_s) == len(runtimes_ms) == int(events):
            raise Refusal(
                f"{path}: The application {app} has {int(events)} NumEvents, {len(times_s)} "
                f"InvocationTimes and {len(runtimes_ms)} AppExecTimes; unpack the file anew."
            )
        tally.read += len(times_s)
        is_known = numpy.isfinite(times_s)
        tally.without_time += int(len(times_s) - is_known.sum())
        arrivals_ms = numpy.round((times_s - ORIGIN_S) * 1000, 3)
        tally.before += int((arrivals_ms[is_known] < 0).sum())
        is_inside = is_known & (arrivals_ms >= first_ms) & (arrivals_ms < end_ms)
        is_taken = is_inside & (arrivals_ms >= 0)
        tally.outside += int((is_known & ~is_inside & (arrivals_ms >= 0)).sum())
        arrivals_ms = arrivals_ms[is_taken] - first_ms
        runtimes_ms = runtimes_ms[is_taken]
        tally.taken += len(arrivals_ms)
        tally.without_runtime += draw_missing(runtimes_ms, f"{path.name} {namespace} {app}")
        order = numpy.argsort(arrivals_ms, kind="stable")
        yield namespace, app, arrivals_ms[order], runtimes_ms[order]


def draw_missing(runtimes_ms, name):
    """Puts one of the others in the place of each runtime that is not known; tells how many."""
    is_missing = ~(runtimes_ms >= 0)
    missing = int(is_missing.sum())
    known = runtimes_ms[~is_missing]
    if missing > 0:
        rng = numpy.random.default_rng([SEED, *name.encode()])
        runtimes_ms[is_missing] = rng.choice(known, missing) if len(known) > 0 else numpy.nan
    return missing


def read_configurations(path):
    """The settings of each application: the median of its days, as they rarely change."""
    names = {
        "AppContainerRequestMemory": "memory_gb",
        "AppContainerRequestCpu": "cpu",
        "AppContainerConcurrency": "concurrency",
        "AppMinScale": "min_scale",
    }
    table = read_table(path, ("NamespaceHash", "AppHash", *names))
    settings = {}
    for _, row in table.iterrows():
        key = (row["NamespaceHash"], row["AppHash"])
        figures = {}
        for column, name in names.items():
            days = numbers_of(row[column], path, row["AppHash"], column)
            known = days[numpy.isfinite(days)]
            figures[name] = float(numpy.median(known)) if len(known) > 0 else None
        settings[key] = figures
    return settings


class Output:
    """The files of the normal form, each put in place when all of them are whole."""

    def __init__(self, folder, metadata):
        self.folder = folder
        self.metadata = metadata
        self.writers = []
        folder.mkdir(parents=True, exist_ok=True)

    def create(self, name, fields):
        schema = pyarrow.schema(fields, metadata=self.metadata)
        partial = self.folder / f"{name}.partial"
        writer = pyarrow.parquet.ParquetWriter(partial, schema, compression="zstd")
        self.writers.append((writer, partial, self.folder / name))
        return writer, schema

    def finish(self):
        for writer, partial, path in self.writers:
            writer.close()
            os.replace(partial, path)
        return [path for _, _, path in self.writers]

    def give_up(self):
        for writer, partial, _ in self.writers:
            writer.close()
            partial.unlink(missing_ok=True)


def write_functions(output, runtimes, configurations):
    """A row for each application, with what is known of it beside its invocations."""
    texts = {"function", "name", "app", "owner"}
    functions = []
    settings = []
    for namespace, app in runtimes:
        figures = configurations.get((namespace, app), {})
        memory_gb = figures.get("memory_gb")
        memory_mib = None if memory_gb is None else memory_gb * MIB_OF_GB
        mean_ms, values_ms = runtimes[(namespace, app)].percentiles() or (None, [None] * len(QUANTILES))
        function = name_function(namespace, app)
        functions.append({
            "function": function,
            "name": app,
            "app": app,
            "owner": namespace,
            "runtime_ms_mean": mean_ms,
            **{
                f"runtime_ms_p{quantile * 100:g}": value
                for quantile, value in zip(QUANTILES, values_ms)
            },
            # What the container requests, whatever an invocation takes of it.
            "memory_mib_mean": memory_mib,
            "memory_mib_p0": memory_mib,
            "memory_mib_p100": memory_mib,
        })
        settings.append({
            "function": function,
            "memory_gb": memory_gb,
            "cpu": figures.get("cpu"),
            "concurrency": figures.get("concurrency"),
            "min_scale": figures.get("min_scale"),
        })
    for name, rows in (("functions.parquet", functions), ("app_configs.parquet", settings)):
        fields = [
            (name, pyarrow.string() if name in texts else pyarrow.float64()) for name in rows[0]
        ]
        writer, schema = output.create(name, fields)
        writer.write_table(pyarrow.Table.from_pylist(rows, schema))


def name_function(namespace, app):
    return f"{namespace}/{app}"


class InvocationRows:
    """invocations.parquet: a row for each invocation."""

    def __init__(self, output):
        self.writer, self.schema = output.create("invocations.parquet", [
            ("function", pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
            ("arrival_ms", pyarrow.float64()),
            ("runtime_ms", pyarrow.float32()),
        ])

    def add(self, function, arrivals_ms, runtimes_ms):
        for start in range(0, len(arrivals_ms), ROWS_OF_GROUP):
            part = slice(start, start + ROWS_OF_GROUP)
            arrivals = arrivals_ms[part]
            runtimes = runtimes_ms[part].astype(numpy.float32)
            names = pyarrow.DictionaryArray.from_arrays(
                numpy.zeros(len(arrivals), dtype=numpy.int32), [function]
            )
            self.writer.write_table(pyarrow.Table.from_arrays([
                names,
                pyarrow.array(arrivals),
                pyarrow.array(runtimes, from_pandas=True),
            ], schema=self.schema))

    def finish(self):
        pass


class MinuteCounts:
    """counts.parquet: the number of invocations of a function in each minute that has any."""

    def __init__(self, output):
        self.writer, self.schema = output.create("counts.parquet", [
            ("function", pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
            ("slot", pyarrow.int64()),
            ("invocations", pyarrow.int64()),
        ])
        self.counts = {}

    def add(self, function, arrivals_ms, runtimes_ms):
        slots, counts = numpy.unique(
            (arrivals_ms // MINUTE_MS).astype(numpy.int64), return_counts=True
        )
        self.counts.setdefault(function, []).append((slots, counts))

    def finish(self):
        for function, parts in self.counts.items():
            # A minute in which one week ends and the next begins is in both.
            slots, inverse = numpy.unique(
                numpy.concatenate([slots for slots, _ in parts]), return_inverse=True
            )
            counts = numpy.bincount(
                inverse, weights=numpy.concatenate([counts for _, counts in parts])
            ).astype(numpy.int64)
            names = pyarrow.DictionaryArray.from_arrays(
                numpy.zeros(len(slots), dtype=numpy.int32), [function]
            )
            self.writer.write_table(pyarrow.Table.from_arrays(
                [names, pyarrow.array(slots), pyarrow.array(counts)], schema=self.schema
            ))


def convert(folder, output_folder, days, form):
    weeks = list_weeks(folder)
    first_day, last_day = days if days is not None else (1, weeks[-1][0] * 7)
    window = ((first_day - 1) * DAY_MS, last_day * DAY_MS)
    # The weeks begin with the origin's; a day more on either side costs only time.
    needed = [path for week, path in weeks if week * 7 >= first_day and (week - 1) * 7 <= last_day]
    if not needed:
        raise Refusal(f"{folder}: None of the weeks there has the days {first_day} to {last_day}.")
    configurations = read_configurations(folder / "app_configs.pickle")
    notes = [
        "Runtimes are AppExecTimes, memory is what an application's container requests.",
        f"Day 1 begins at {ORIGIN_S} s of the data set's time stamps.",
    ]
    output = Output(output_folder, {
        "loader.slot_ms": str(MINUTE_MS),
        "loader.slots": str((last_day - first_day + 1) * (DAY_MS // MINUTE_MS)),
        "loader.name": f"ibm_2025_days_{first_day}_{last_day}",
        "loader.notes": json.dumps(notes),
    })
    tally = Tally()
    runtimes = {}
    try:
        rows = InvocationRows(output) if form == "invocations" else MinuteCounts(output)
        for path in needed:
            before = tally.taken
            for namespace, app, arrivals_ms, runtimes_ms in each_application(path, window, tally):
                if len(arrivals_ms) == 0:
                    continue
                histogram = runtimes.setdefault((namespace, app), RuntimeHistogram())
                histogram.add(runtimes_ms[numpy.isfinite(runtimes_ms)])
                rows.add(name_function(namespace, app), arrivals_ms, runtimes_ms)
            print(f"{path.name}: {tally.taken - before:,} invocations", flush=True)
        if tally.taken == 0:
            raise Refusal(f"{folder}: There are no invocations on the days {first_day} to {last_day}.")
        rows.finish()
        write_functions(output, runtimes, configurations)
    except BaseException:
        output.give_up()
        raise
    written = output.finish()
    other = "counts.parquet" if form == "invocations" else "invocations.parquet"
    (output_folder / other).unlink(missing_ok=True)
    left_out = [
        (tally.without_time, "without a time"),
        (tally.before, f"before the first day ({ORIGIN_S} s)"),
        (tally.outside, "on other days"),
    ]
    print(f"Invocations: {tally.read:,} read, {tally.taken:,} taken.")
    for count, reason in left_out:
        if count > 0:
            print(f"Left out: {count:,} ({reason}).")
    if tally.without_runtime > 0:
        print(f"Without a runtime: {tally.without_runtime:,}; each has that of another one.")
    unknown = sum(1 for key in runtimes if configurations.get(key, {}).get("memory_gb") is None)
    print(f"Functions: {len(runtimes):,}; {unknown:,} without memory.")
    for path in written:
        print(f"Written: {path}")


def parse_days(text):
    match = re.fullmatch(r"(\d+)(?:\.\.(\d+))?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"expected a day or days such as 1..7, got {text!r}")
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= last <= 1000:
        raise argparse.ArgumentTypeError(f"days count from 1 and ascend, got {text!r}")
    return first, last


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="trace:ibm",
        description="Convert the IBM Cloud Code Engine traces of 2025 to the normal form.",
    )
    parser.add_argument("folder", type=Path, help="with week_1.pickle … and app_configs.pickle")
    parser.add_argument("--output", type=Path, required=True, help="folder for the trace")
    parser.add_argument("--days", type=parse_days, help="a day, or days such as 1..7 (default: all)")
    parser.add_argument(
        "--as",
        dest="form",
        choices=("invocations", "counts"),
        default="invocations",
        help="a row for each invocation (default), or their number in each minute",
    )
    options = parser.parse_args(arguments)
    try:
        convert(options.folder, options.output, options.days, options.form)
    except Refusal as refusal:
        print(f"Error: {refusal}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
