"""Makes pickles like those of the IBM Cloud Code Engine traces of 2025, small and made up.

    python make_pickles.py FOLDER [--invocations N] [--apps N]

Prints what is in them, as pandas itself reads it, in JSON. They name the same classes and functions
as the published app_configs.pickle does (its opcodes were looked at, with pickletools): tables of
objects, protocol 5. Beside them are pickles that name something else.
"""

import argparse
import collections
import datetime
import json
import pickle
from pathlib import Path

import numpy
import pandas

ORIGIN_S = 17_999
DAY_S = 86_400
APPS = (("n1", "a"), ("n1", "b"), ("n2", "a"))


def table(columns):
    """A table of objects, as pandas 2 makes it where a column holds lists."""
    frame = pandas.DataFrame({
        name: pandas.Series(values, dtype=object if type(values[0]) is not int else "int64")
        for name, values in columns.items()
    })
    frame.columns = pandas.Index(list(columns), dtype=object)
    return frame


def make_week(week, invocations, others, rng):
    rows = collections.defaultdict(list)
    apps = [*APPS, *(("n9", f"app{i}") for i in range(others))]
    for place, (namespace, app) in enumerate(apps):
        # The third application is silent in the first week.
        count = 0 if (week, place) == (1, 2) else invocations * (place + 1) // 6
        if others > 0:
            count = invocations // len(apps)
        start_s = ORIGIN_S + (week - 1) * 7 * DAY_S
        times = numpy.sort(rng.uniform(start_s, start_s + 7 * DAY_S, count)).round(3)
        runtimes = rng.lognormal(3, 2, count).round(3)
        # Written once and referred to, as 27 bytes an invocation in the published files tell.
        names = [f"pod-{namespace}-{app}-{i}" for i in range(3)]
        pods = [names[i % 3] for i in range(count)]
        values = [float(time) for time in times]
        if (week, place) == (1, 0):
            # Before the first day; out of order; a whole number; not known.
            values[0] = ORIGIN_S - 10.5
            values[3], values[4] = values[4], values[3]
            values[5] = int(values[5])
            runtimes[7] = numpy.nan
        rows["NamespaceHash"].append(namespace)
        rows["AppHash"].append(app)
        rows["NumEvents"].append(count)
        rows["InvocationTimes"].append(values)
        rows["AppExecTimes"].append([float(runtime) for runtime in runtimes])
        rows["TotalExecTimes"].append([float(runtime) + 2 for runtime in runtimes])
        rows["PodHash"].append(pods)
    return table(rows)


def make_configurations():
    days = 14
    return table({
        "NamespaceHash": [namespace for namespace, _ in APPS],
        "AppHash": [app for _, app in APPS],
        "AppContainerRequestCpu": [[1.0] * days, [float("nan")] * days, [0.125] * days],
        "AppContainerRequestMemory": [
            [4.0] * days,
            [float("nan")] * days,
            [float("nan")] * 3 + [0.5] * (days - 3),
        ],
        "AppContainerConcurrency": [[100.0] * days, [float("nan")] * days, [1.0] * days],
        "AppMinScale": [[0] * days, [1] * days, [0] * 5 + [2] * (days - 5)],
    })


# Harmless, and not of a table: each is to be refused by its name.
OTHERS = {
    "collections.OrderedDict": collections.OrderedDict(a=1),
    "datetime.date": datetime.date(2026, 11, 27),
}


def describe(frames):
    """Invocations by application and minute, and the sum of their runtimes."""
    invocations = collections.Counter()
    minutes = collections.Counter()
    runtimes = collections.Counter()
    for frame in frames:
        for _, row in frame.iterrows():
            name = f"{row.NamespaceHash}/{row.AppHash}"
            for time_s, runtime_ms in zip(row.InvocationTimes, row.AppExecTimes):
                if time_s < ORIGIN_S:
                    continue
                invocations[name] += 1
                minutes[f"{name} {int((time_s - ORIGIN_S) // 60)}"] += 1
                if runtime_ms == runtime_ms:
                    runtimes[name] += runtime_ms
    return {"invocations": invocations, "minutes": minutes, "runtimes": runtimes}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--invocations", type=int, default=3000, help="of a week")
    parser.add_argument("--apps", type=int, default=0, help="more applications, for measurements")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    rng = numpy.random.default_rng(42)
    for week in (1, 2):
        path = options.folder / f"week_{week}.pickle"
        make_week(week, options.invocations, options.apps, rng).to_pickle(path, protocol=5)
    make_configurations().to_pickle(options.folder / "app_configs.pickle", protocol=5)
    for name, value in OTHERS.items():
        (options.folder / f"{name}.pkl").write_bytes(pickle.dumps(value, protocol=5))
    if options.invocations <= 100_000:
        paths = [options.folder / f"week_{week}.pickle" for week in (1, 2)]
        print(json.dumps(describe(pandas.read_pickle(path) for path in paths)))


if __name__ == "__main__":
    main()
