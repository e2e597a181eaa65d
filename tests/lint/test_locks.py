#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every lock has a rank: only base/mutex takes pthread's. Every rank of locks.inc has a lock."""
import re

import tree

RAW = re.compile(r"\bpthread_(mutex|rwlock|spin|cond)_\w+\s*\(|\bpthread_(mutex|rwlock|cond)_t\b")


def main():
    problems, used = [], set()
    for path in tree.files("src", suffixes=(".c", ".h")):
        inside = path.relative_to(tree.ROOT / "src")
        text = path.read_text()
        used.update(re.findall(r"TD_LOCK_(\w+)", text))
        used.update(re.findall(r"TD_MUTEX_INIT\((\w+)\)", text))
        if inside.parent.name != "base" or inside.stem != "mutex":
            problems += [f"src/{inside}: {raw.group(0)} has no rank; take td_mutex" for raw in RAW.finditer(text)]
    for rank in re.findall(r"TD_LOCK\((\w+), \"", (tree.ROOT / "src/base/locks.inc").read_text()):
        if rank not in used:
            problems.append(f"src/base/locks.inc: {rank} is nobody's")
    tree.finish(problems)


main()
