#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/ops.md lists exactly the ops that the binary has.

    test_ops_doc.py                                     checks ($TENSORD is the binary)
    test_ops_doc.py --write [--report REPORT.json --index INDEX.json]
                                                        writes the page; with the report of a conformance run
                                                        (and the battery's index), its counts, too
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "ops.md"
ROW = re.compile(r"^\| `([\w>]+)` \| ([^|]*) \|$", re.M)
HEAD = """# Ops

Every op that tensord has. The second column says how many of the op's cases, compared with TensorFlow 2.21 over gRPC by the
conformance battery (seed 1), agree; no entry: the battery has none for it. Written by `tests/ops/test_ops_doc.py --write`.

Every op has goldens, too: TensorFlow's answers to small calls and graphs at the edges of types, shapes and attributes, in
`tests/ops/goldens`, made by `tests/ops/make_goldens.py`. The tests fail when an op has none. Ops of TensorFlow Text, which
TensorFlow Serving links in, are among them; those of SentencePiece give the best pieces only, none drawn at random. So are
those of TensorFlow Decision Forests; [forests](decisions/forests.md) says which models they load.

{summary}
Those that do not agree are of complex numbers, each the last element of a tensor that no vector width divides: there TensorFlow takes other code
than for the elements before, and answers Sign with another last bit, and Cast of what no integer can hold with another integer.

## What stays out

- **Training**: optimizers (`Apply…`, `ResourceApply…`), accumulators, `Save…`, gradients but for those that inference graphs
  were seen to hold. A server does not train; what is left of it in a model is pruned unless an answer needs it.
- **Input pipelines**: datasets, iterators, queues, readers, barriers, stages. A request is the input; a graph frozen behind a pipeline
  has to be cut where its tensors come out.
- **Other devices and processes**: TPUs, collectives, DTensor, remote procedure calls, GPU libraries' own ops (`CudnnRNN…`).
- **XLA's programs**: `XlaCallModule`, `Xla…`. jax2tf writes ops of TensorFlow with `native_serialization=False, enable_xla=False`, where its version still takes them.
- **Python**: `PyFunc`, `EagerPyFunc`. Their code is not in the model.
- **Summaries and debuggers**: `WriteSummary`, `…Summary`, `DebugIdentity…`. There is no log to write to.
- **Boosted trees of TensorFlow 1**: TensorFlow has no kernels for them any more. Decision Forests' are served.

## What is there

| op | cases |
|---|---|
{rows}
"""


def ops():
    out = subprocess.run([os.environ["TENSORD"], "ops"], check=True, capture_output=True, text=True).stdout
    return [line.split("\t")[0] for line in out.splitlines()]


def counts(report, index):
    """op -> "passed / cases", and a sentence."""
    failed = {}
    for f in report["failures"]:
        failed[f["op"]] = failed.get(f["op"], 0) + 1
    cells = {op: f"{i['cases'] - failed.get(op, 0)} / {i['cases']}" for op, i in index["ops"].items()}
    full = sum(op not in failed for op in index["ops"])
    total = report["passed"] + report["failed"]
    return cells, (f"{full} of the battery's {len(index['ops'])} ops pass every case; "
                   f"{report['passed']} of {total} cases pass, those of ops that tensord lacks counted as failed.")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--write", action="store_true")
    ap.add_argument("--report")
    ap.add_argument("--index")
    a = ap.parse_args()
    old = PAGE.read_text() if PAGE.exists() else ""
    if a.write:
        cells = dict(ROW.findall(old))
        summary = next((line for line in old.splitlines() if " of the battery's " in line), "")
        if a.report:
            cells, summary = counts(json.load(open(a.report)), json.load(open(a.index)))
        rows = "\n".join(f"| `{op}` | {cells.get(op, '')} |" for op in ops())
        PAGE.write_text(HEAD.format(summary=summary, rows=rows))
        return 0
    have, listed = set(ops()), {name for name, _ in ROW.findall(old)}
    for name in sorted(have - listed):
        print(f"docs/ops.md lacks {name}: run tests/ops/test_ops_doc.py --write")
    for name in sorted(listed - have):
        print(f"docs/ops.md lists {name}, which the binary lacks")
    return have != listed


if __name__ == "__main__":
    sys.exit(main())
