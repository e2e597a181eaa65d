#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-format agrees with every C file (./dev format makes it so)."""
import shutil
import subprocess

import tree


def main():
    if not shutil.which("clang-format"):
        tree.finish(["clang-format is missing"])
    sources = tree.files("src", "include", "tests", "bench", suffixes=(".c", ".h"))
    problems = []
    for start in range(0, len(sources), 50):
        batch = [str(s) for s in sources[start:start + 50]]
        done = subprocess.run(["clang-format", "--dry-run", *batch], capture_output=True, text=True)
        where = {line.split(":")[0] for line in done.stderr.splitlines() if "[-Wclang-format-violations]" in line}
        problems += sorted(f"{w}: not formatted" for w in where)
        if done.returncode:
            problems.append(done.stderr)
    tree.finish(problems)


main()
