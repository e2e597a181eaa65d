#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts each fault of tests/mutants/ into a copy of the tree and runs the tests that should notice: ./dev mutants [NAME...]

Exits with 1 when a mutant survives, does not apply or does not compile, or when its tests fail without it.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time

import mutant

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRATCH = ROOT / "build" / "mutants"
TREE, BUILD = SCRATCH / "tree", SCRATCH / "build"
PARTS = ["CMakeLists.txt", "cmake", "docs", "include", "models", "proto", "src", "tests"]


def copy_tree():
    """Brings the copy up to date; files that are the same keep their time, so that little is built again."""
    wanted = set()
    for part in PARTS:
        for source in [ROOT / part] if (ROOT / part).is_file() else (ROOT / part).rglob("*"):
            if not source.is_file() or "__pycache__" in source.parts:
                continue
            to = TREE / source.relative_to(ROOT)
            wanted.add(to)
            if not to.is_file() or to.read_bytes() != source.read_bytes():
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, to)
    for old in [path for path in TREE.rglob("*") if path.is_file() and path not in wanted]:
        old.unlink()


def quiet(*command):
    """True when it succeeds."""
    log = SCRATCH / "log"
    with open(log, "a") as out:
        return subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, cwd=TREE).returncode == 0


def targets_of(tests):
    found = set()
    for test in tests:
        kind = test.split(".")[0]
        found |= {"unit": {test}, "kernels": {"check"}, "graphs": {"graphs"}, "fuzz": {test.replace(".", "_")}}.get(kind, {"tensord", "proto_py"})
    return sorted(found)


def build(tests):
    return quiet("cmake", "--build", str(BUILD), "--target", *targets_of(tests))


def passes(tests):
    pattern = "^(" + "|".join(test.replace(".", r"\.") for test in tests) + ")$"
    return quiet("ctest", "--test-dir", str(BUILD), "--no-tests=error", "--timeout", "100", "-R", pattern)


def verdict(m):
    problems = m.problems(TREE)
    if problems:
        return "does not apply: " + "; ".join(problems)
    before = m.apply(TREE)
    try:
        if not build(m.tests):
            return "does not compile"
        return "SURVIVED" if passes(m.tests) else "killed"
    finally:
        mutant.undo(TREE, before)


def main(names):
    mutants = [m for m in mutant.all_mutants() if not names or m.name in names]
    tests = sorted({test for m in mutants for test in m.tests})
    os.makedirs(SCRATCH, exist_ok=True)
    (SCRATCH / "log").unlink(missing_ok=True)
    copy_tree()
    if not (BUILD / "build.ninja").is_file():
        quiet("cmake", "-S", str(TREE), "-B", str(BUILD), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release")
    print(f"building {len(tests)} tests without a mutant", flush=True)
    if not build(tests) or not passes(tests):
        print(f"they do not pass as it is: see {SCRATCH / 'log'}")
        return 1
    wrong = 0
    for m in mutants:
        start = time.monotonic()
        said = verdict(m)
        wrong += said != "killed"
        print(f"{said:10} {time.monotonic() - start:5.1f} s  {m.name}: {m.breaks}", flush=True)
    print(f"{len(mutants)} mutants, {wrong} not killed")
    return 1 if wrong or not mutants else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
