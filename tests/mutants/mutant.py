# SPDX-License-Identifier: Apache-2.0
"""mutant.py -- a fault in the form of a patch: what it breaks, which tests notice, and which lines it changes.

A patch is a unified diff below two lines, `Breaks: ...` and `Tests: NAME...` (of ctest). Lines are found by what they
say, not by number: each hunk's old text must occur once in its file. So a patch lives as long as its lines do.
"""
import pathlib

HERE = pathlib.Path(__file__).resolve().parent


class Mutant:
    def __init__(self, path):
        self.name = path.stem
        self.hunks = []  # (file, old text, new text)
        self.breaks, self.tests = "", []
        file = None
        for line in path.read_text().splitlines():
            if line.startswith("Breaks: "):
                self.breaks = line[8:]
            elif line.startswith("Tests: "):
                self.tests = line[7:].split()
            elif line.startswith("+++ b/"):
                file = line[6:]
            elif line.startswith("@@"):
                self.hunks.append([file, "", ""])
            elif self.hunks and line[:1] in (" ", "-", "+") and not line.startswith("--- a/"):
                self.hunks[-1][1] += line[1:] + "\n" if line[0] != "+" else ""
                self.hunks[-1][2] += line[1:] + "\n" if line[0] != "-" else ""

    def problems(self, root):
        """Why it cannot be applied to the tree at root; an empty list: it can."""
        found = [f"no line `{what}: `" for what, value in (("Breaks", self.breaks), ("Tests", self.tests)) if not value]
        if not self.hunks:
            found.append("changes nothing")
        for file, old, new in self.hunks:
            path = root / file
            times = path.read_text().count(old) if path.is_file() else 0
            if times != 1 or old == new:
                found.append(f"{file}: its lines occur {times} times")
        return found

    def apply(self, root):
        """Changes the tree; returns what undo() wants."""
        before = {}
        for file, old, new in self.hunks:
            text = (root / file).read_text()
            before.setdefault(file, text)
            (root / file).write_text(text.replace(old, new))
        return before


def undo(root, before):
    for file, text in before.items():
        (root / file).write_text(text)


def all_mutants():
    return [Mutant(path) for path in sorted(HERE.glob("*.patch"))]
