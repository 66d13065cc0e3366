"""What Grafana's own model of a dashboard does not know of one, or reads as something else.

    python grafana_dashboard.py DASHBOARD

A line for each; none, and the dashboard is all that it says.
"""

import json
import sys

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard


def differences(given, read, path=""):
    if isinstance(given, dict) and isinstance(read, dict):
        for key, value in given.items():
            if key in read:
                yield from differences(value, read[key], f"{path}/{key}")
            else:
                yield f"{path}/{key} is unknown"
    elif isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        for i, (a, b) in enumerate(zip(given, read)):
            yield from differences(a, b, f"{path}/{i}")
    elif given != read:
        yield f"{path}: {given!r} is read as {read!r}"


plugins.register_default_plugins()
with open(sys.argv[1], encoding="utf-8") as file:
    dashboard = json.load(file)
model = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(dashboard)))
for difference in differences(dashboard, model):
    print(difference)
