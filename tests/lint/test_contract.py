#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each statement of contract.txt, and each flag of TensorFlow Serving, has tests, and they are there; docs/contract.md is the
table of them.

    test_contract.py            checks
    test_contract.py --write    writes docs/contract.md
"""
import ast
import collections
import re
import sys

import tree
from test_docs import STATES, read_flags

STATEMENTS, FLAGS = 59, 48
PAGE = tree.ROOT / "docs" / "contract.md"
# A function that a list of cmocka tests names, by itself or by the file's own macro.
UNIT = re.compile(r"\b(?:cmocka_unit_test\w*|CASE|TEST)\((\w+)")
HEAD = """# What is promised to users of TensorFlow Serving

Written by `tests/lint/test_contract.py --write` from `tests/lint/contract.txt`: each statement and each flag, the tests that
prove it (below `tests/`; they run in `./dev test`), and where tensord differs on purpose.
"""

Entry = collections.namedtuple("Entry", "key words tests differs")


def read_entries():
    entries = []
    for line in (tree.ROOT / "tests" / "lint" / "contract.txt").read_text().splitlines():
        if line.startswith("    = "):
            entries[-1].differs.append(line[6:])
        elif line.startswith("    "):
            path, *names = line.split()
            entries[-1].tests.append((path, names))
        elif line and not line.startswith("#"):
            key, _, words = line.partition(" ")
            entries.append(Entry(key, words, [], []))
    return entries


def methods(path):
    """Class.test of a Python file, those of bases in the same file as well."""
    found = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            own = {f.name for f in node.body if isinstance(f, ast.FunctionDef) and f.name.startswith("test_")}
            found[node.name] = own.union(*(found.get(b.id, ()) for b in node.bases if isinstance(b, ast.Name)))
    return {f"{name}.{test}" for name, tests in found.items() for test in tests}


def tests_of(path):
    if not path.is_file():
        return set()
    return methods(path) if path.suffix == ".py" else set(UNIT.findall(path.read_text()))


def check(entries, flags):
    wanted = [str(n + 1) for n in range(STATEMENTS)] + [f"--{name}" for name in flags]
    keys = [e.key for e in entries]
    if keys != wanted:
        yield f"contract.txt: its entries are not 1 to {STATEMENTS} and the {FLAGS} flags in the order of flags.inc: " + \
              ", ".join(sorted(set(keys) ^ set(wanted)) or ["the order"])
    for entry in entries:
        if not any(names for _, names in entry.tests):
            yield f"contract.txt: {entry.key} has no test"
        for path, names in entry.tests:
            for name in sorted(set(names) - tests_of(tree.ROOT / "tests" / path)):
                yield f"contract.txt: {entry.key}: there is no {name} in tests/{path}"


def cell(text):
    return text.replace("|", "&#124;")


def proofs(entry):
    return "<br>".join(f"`{path}`: " + ", ".join(f"`{name}`" for name in names) for path, names in entry.tests)


def page(entries, flags):
    text = HEAD + "\n## Statements\n\n| | statement | proof | tensord differs |\n|---|---|---|---|\n"
    for entry in entries[:STATEMENTS]:
        text += f"| {entry.key} | {cell(entry.words)} | {proofs(entry)} | {cell('; '.join(entry.differs))} |\n"
    text += "\n## Flags\n\nWhat each means is in [flags.md](flags.md).\n\n| flag | proof | |\n|---|---|---|\n"
    for entry in entries[STATEMENTS:]:
        text += f"| `{entry.key}` | {proofs(entry)} | {STATES[flags[entry.key[2:]]]} |\n"
    return text


def main():
    flags = {name: state for _, name, _, state, _ in read_flags()[:FLAGS]}
    entries = read_entries()
    problems = list(check(entries, flags))
    if not problems and "--write" in sys.argv:
        PAGE.write_text(page(entries, flags))
    elif not problems and (not PAGE.is_file() or PAGE.read_text() != page(entries, flags)):
        problems.append("docs/contract.md is not as contract.txt has it: run tests/lint/test_contract.py --write")
    tree.finish(problems)


if __name__ == "__main__":
    main()
