#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A function that a file of src exports has a user: another file of src, or whoever includes include/tensord.

Tests alone do not count: what only they call is dead code with a test, or wants to be static.
"""
import os
import pathlib
import re
import subprocess

import tree

# The plain body of a kernel: picked in its own file, and the tests' definition of right. Lists of variants: checks walk them.
BODY = re.compile(r"_(ref|variants)$")
ALLOWED = {
    "td_batching_parse": "own file; tests and fuzzers need no file on disk",
    "td_edit_distance": "own file; a test walks its cases",
    "td_conv_bodies": "own file; checks walk the list",
    "td_product_bodies": "own file; checks walk the list",
    "td_rnn_bodies": "own file; checks walk the list",
    "td_cpu_parse": "own file; tests need no environment",
    "td_crc32c_portable": "own file where the CPU lacks the instruction; a test compares both",
    "td_elt_table_count": "own file; checks walk the tables",
    "td_elt_tables": "own file; checks walk the tables",
    "td_gemm_cut_make": "own file; checks run pieces one by one",
    "td_gemm_run_piece": "own file; checks run pieces one by one",
    "td_lanes_waiting": "tests start a run when another waits",
    "td_memplan_on_heap": "own file",
    "td_mem_faults_here": "tests make allocations fail",
    "td_metrics_forget": "own file; tests say how late it is",
    "td_savedmodel_parse": "own file; tests and fuzzers need no file on disk",
    "td_team_free": "teams of the server live as long as it does",
    "td_tflite_parse": "own file; tests and fuzzers need no file on disk",
    "td_tokens_parse": "own file; tests and fuzzers need no file on disk",
    "td_vec_take": "own file; part of what an array that grows is for",
}


def symbols(path, *flags):
    """The names that nm lists."""
    done = subprocess.run(["nm", *flags, str(path)], capture_output=True, text=True, check=True)
    return {line.split()[-1] for line in done.stdout.splitlines() if line.strip()}


def main():
    build = pathlib.Path(os.environ["TENSORD_BUILD"])
    library = build / "libtensord_core.a"
    public = "\n".join(p.read_text() for p in tree.files("include", suffixes=(".h",)))
    exported = {name for name in symbols(library, "-g", "--defined-only") if name.startswith("td_")}
    used = symbols(library, "-u") | set(re.findall(r"\btd_\w+", public))
    used |= set(re.findall(r"\btd_\w+", (tree.ROOT / "src" / "main.c").read_text()))
    if len(exported) < 500:
        tree.finish([f"{library}: nm found only {len(exported)} functions"])
    problems = [f"{name}: exported, and no other file of src uses it: delete it or make it static"
                for name in sorted(exported - used - ALLOWED.keys()) if not BODY.search(name)]
    problems += [f"{name}: in the list of tests/lint/test_exports.py for nothing"
                 for name in sorted(ALLOWED.keys() & used)]
    tree.finish(problems)


main()
