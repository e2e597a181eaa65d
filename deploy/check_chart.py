#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_chart.py [NAME=VALUE]... -- renders the chart, by helm where there is one, else by Go and helm/render.go; values in
dots, as helm's --set takes them. The manifests go to standard output, for check_manifests.py."""
import json
import pathlib
import shutil
import subprocess
import sys

import yaml

CHART = pathlib.Path(__file__).resolve().parent / "helm" / "tensord"


def main():
    if shutil.which("helm"):
        sets = [word for value in sys.argv[1:] for word in ("--set", value)]
        sys.exit(subprocess.run(["helm", "template", "tensord", CHART, *sets]).returncode)
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for word in sys.argv[1:]:
        path, value = word.split("=", 1)
        *parents, last = path.split(".")
        place = values
        for parent in parents:
            place = place[parent]
        place[last] = yaml.safe_load(value)
    data = {"Release": {"Name": "tensord"}, "Chart": {"Name": chart["name"], "AppVersion": chart["appVersion"]}, "Values": values}
    sys.exit(subprocess.run(["go", "run", CHART.parent / "render.go", CHART], input=json.dumps(data).encode()).returncode)


main()
