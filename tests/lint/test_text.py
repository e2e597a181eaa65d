#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plain hygiene of every text file: no path of somebody's machine, no trailing blanks, no tabs in C, a last newline; in
source files the licence's line among the first three, and comments that no formatter has torn."""
import re

import tree

TEXT = (".c", ".h", ".inc", ".py", ".md", ".txt", ".cmake", ".json", ".proto", ".sh", ".yml", ".1", "dev", "run",
        "Dockerfile")
SOURCE = (".c", ".h", ".inc", ".cu", ".proto", ".py", ".sh", ".cmake", "CMakeLists.txt", "dev", ".ci/run", "Dockerfile")
LICENCE = "SPDX-License-Identifier: Apache-2.0"
MACHINE = re.compile(r"(?<![\w.])/(?:work|opt/tf|root|home/\w+|tmp/w)(?:/|\b)")


# A declaration cut in two to make room for what is said behind it, and a comment's end alone on a line behind one or
# two lines of text: both were the formatter's work.
TORN = re.compile(r"^ +(?:const )?\w[\w ]*\n +\*?\w+;? /\*|^ *[^/\n]*[=(]\n +[^/\n;]*[;,] /\*", re.M)
ORPHAN = re.compile(r"^ */\*[^*\n]*(?:\n *\*(?!/)[^*\n]*)?\n *\*/$", re.M)


def check_source(path, text, name):
    if not any(LICENCE in line for line in text.split("\n", 3)[:3]):
        yield f"{name}: lacks the line {LICENCE}"
    if name.suffix in (".c", ".h", ".inc"):
        for torn in (TORN, ORPHAN):
            for match in torn.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                yield f"{name}:{line}: a comment longer than the margin goes above, and ends with its text"


def check(path):
    text = path.read_text()
    name = path.relative_to(tree.ROOT)
    if path != tree.pathlib.Path(__file__).resolve():
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE.search(line):
                yield f"{name}:{number}: a path of one machine: {MACHINE.search(line)[0]}"
    if re.search(r"[ \t]$", text, re.M):
        yield f"{name}: blanks at the end of a line"
    if text and not text.endswith("\n"):
        yield f"{name}: no newline at the end"
    if name.suffix in (".c", ".h") and "\t" in text:
        yield f"{name}: a tab"
    if str(name).endswith(SOURCE):
        yield from check_source(path, text, name)


def main():
    tree.finish([p for path in tree.files(suffixes=TEXT) if "corpus" not in path.parts for p in check(path)])


main()
