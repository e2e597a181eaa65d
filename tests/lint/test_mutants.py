#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every mutant (tests/mutants/) still finds the lines that it changes, and names tests that there are."""
import sys

import tree

sys.path.insert(0, str(tree.ROOT / "tests" / "mutants"))
import mutant  # noqa: E402


def test_file(test):
    """The source of a ctest name."""
    kind, _, rest = test.partition(".")
    if kind == "unit":
        folder, _, name = rest.rpartition(".")
        return tree.ROOT / "tests/unit" / folder.replace(".", "/") / f"test_{name}.c"
    if kind == "kernels":
        return tree.ROOT / "tests/kernels/check.c"
    if kind == "graphs":
        return tree.ROOT / "tests/graphs/main.c"
    return tree.ROOT / "tests" / kind / (f"fuzz_{rest}.c" if kind == "fuzz" else f"test_{rest}.py")


def main():
    problems = []
    for m in mutant.all_mutants():
        problems += [f"{m.name}: {problem}" for problem in m.problems(tree.ROOT)]
        problems += [f"{m.name}: there is no test {test}" for test in m.tests if not test_file(test).is_file()]
    tree.finish(problems)


main()
