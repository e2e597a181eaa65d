#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""packaging/opened.txt lists the libraries that the code opens when they are first needed: packages and the image have
them from there."""
import re

import tree

LIBRARY = re.compile(r'"(lib[\w+-]+\.so(?:\.\d+)*)"')


def main():
    listed = [line.split()[0] for line in (tree.ROOT / "packaging" / "opened.txt").read_text().splitlines()]
    opened = {name for path in tree.files("src", suffixes=(".c",)) for name in LIBRARY.findall(path.read_text())}
    problems = [f"packaging/opened.txt: lacks {name}, which src opens" for name in sorted(opened - set(listed))]
    problems += [f"packaging/opened.txt: {name}, which src opens nowhere" for name in sorted(set(listed) - opened)]
    tree.finish(problems)


main()
