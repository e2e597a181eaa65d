#!/usr/bin/env python3
"""Plain hygiene of every text file: no path of somebody's machine, no trailing blanks, no tabs in C, a last newline."""
import re

import tree

TEXT = (".c", ".h", ".inc", ".py", ".md", ".txt", ".cmake", ".json", ".proto", ".sh", ".yml", ".1", "dev", "run",
        "Dockerfile")
MACHINE = re.compile(r"(?<![\w.])/(?:work|opt/tf|root|home/\w+|tmp/w)(?:/|\b)")


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


def main():
    tree.finish([p for path in tree.files(suffixes=TEXT) if "corpus" not in path.parts for p in check(path)])


main()
