# SPDX-License-Identifier: Apache-2.0
"""tree.py -- what the lints share: the repository's files, and how to complain."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIP = {".git", "build", ".cache", "__pycache__"}


def files(*tops, suffixes=None):
    """Every file below the named top directories (all of them when none is named), sorted."""
    found = []
    for top in tops or ("",):
        for folder, folders, names in os.walk(ROOT / top):
            folders[:] = [f for f in folders if f not in SKIP and not f.startswith("build-")]
            found += [pathlib.Path(folder) / n for n in names if suffixes is None or n.endswith(suffixes)]
    return sorted(found)


def finish(problems):
    for problem in problems:
        print(problem)
    print(f"{pathlib.Path(sys.argv[0]).stem}: {len(problems)} problems")
    sys.exit(1 if problems else 0)
