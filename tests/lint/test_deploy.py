#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/ speaks of what there is: the metrics that the dashboard, the autoscaler and its adapter ask for are in metrics.inc, with
the labels they ask by, and the flags of manifests in flags.inc."""
import ast
import json
import re

import tree

DEPLOY = tree.ROOT / "deploy"
STRING = r'"(?:[^"\\]|\\.)*"'
NAME = re.compile(r"\b(?:tensord|process)_[a-z_]+\b")
CLAUSE = re.compile(r"\b(?:by|ignoring|on)\s*\(([^)]*)\)")
FLAG = re.compile(r"--([a-z_0-9]+)=")
SCRAPED = {"job", "instance", "namespace", "pod", "le"}  # what Prometheus adds
WORDS = {"tensord_rest", "tensord_grpc"}  # names of proxies' lists


def read_metrics():
    """Every series name -> True, and all labels."""
    text = (tree.ROOT / "src" / "obs" / "metrics.inc").read_text()
    names = set()
    for call in re.findall(r"^TD_(?:METRIC|READING)\((.*?)\)$", text, re.M | re.S):
        kind = re.search(r"\b(COUNTER|GAUGE|HISTOGRAM)\b", call)
        name = next((n for n in (ast.literal_eval(s) for s in re.findall(STRING, call)) if NAME.fullmatch(n)), None)
        if name and kind:
            names |= {name + suffix for suffix in (("_sum", "_count", "_bucket") if kind[1] == "HISTOGRAM" else ("",))}
    labels = {label for quoted in re.findall(STRING, text) for label in ast.literal_eval(quoted).split(",")
              if re.fullmatch(r"[a-z_]+", label)}
    return names, labels | {"code", "status", "stage"}


def check_expression(where, text, names, labels):
    for name in sorted(set(NAME.findall(text)) - names):
        yield f"{where}: {name} is no metric of tensord's"
    asked = {label.strip() for clause in CLAUSE.findall(text) for label in clause.split(",") if label.strip()}
    asked |= set(re.findall(r"[{,]\s*([a-z_]+)\s*(?:=~|!=|!~|=)", text))
    for label in sorted(asked - labels - SCRAPED):
        yield f"{where}: {label} is no label of tensord's"


def check_dashboard(names, labels):
    dashboard = json.loads((DEPLOY / "grafana" / "tensord.json").read_text())
    expressions = [(p["title"], t["expr"]) for p in dashboard["panels"] for t in p["targets"]]
    if len(expressions) < 15:
        yield "deploy/grafana/tensord.json: where are its expressions?"
    for title, text in expressions:
        yield from check_expression(f"deploy/grafana/tensord.json, {title}", text, names, labels)


def check_files(names):
    flags = set(re.findall(r"^TD_FLAG\(\w+,\s*(\w+),", (tree.ROOT / "src" / "config" / "flags.inc").read_text(), re.M))
    for path in tree.files("deploy", suffixes=(".yaml", ".tpl", ".conf", ".cfg", ".service")):
        text, where = path.read_text(), path.relative_to(tree.ROOT)
        ours = "\n".join(line for line in text.splitlines() if ".py" not in line)  # not those of a script
        for flag in sorted(set(FLAG.findall(ours)) - flags):
            yield f"{where}: --{flag} is no flag"
        for name in sorted(set(NAME.findall(text)) - names - WORDS):
            yield f"{where}: {name} is no metric"


def main():
    names, labels = read_metrics()
    if len(names) < 20:
        tree.finish(["metrics.inc has lines that this script cannot read"])
    tree.finish([*check_dashboard(names, labels), *check_files(names)])


main()
