#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A file may include its own room, a room with a lower number, include/tensord, and libraries.

A folder of src/ops may include itself, what lies beside it in src/ops, and the few tools that SHARED lists.
src/exec is a tower: a file may include itself and what TOWER lists before it.

    test_layers.py          checks
    test_layers.py --draw   prints who uses whom, top room first
"""
import collections
import re
import sys

import tree

ROOMS = ["base", "obs", "config", "device", "tensor", "kernels", "graph", "formats", "ops", "passes", "exec", "batch",
         "serve", "api", "codec", "net", "cli"]
NUMBER = {room: number for number, room in enumerate(ROOMS)}
SHARED = {"ops/array/array.h", "ops/array/scatter.h", "ops/flow/rounds.h", "ops/list/list_util.h",
          "ops/math/elementwise.h", "ops/nn/epilogue.h", "ops/nn/geometry.h", "ops/nn/window.h",
          "ops/random/source.h", "ops/state/lookup.h", "ops/text/encoding.h", "ops/text/regex.h",
          "ops/text/script.h"}
TOWER = ["memory.h", "files.h", "files.c", "lane.h", "lane.c", "workspace.h", "workspace.c", "program.h", "program.c", "apart.h", "apart.c",
         "infer.h", "infer.c", "plan.h", "memplan.h", "memplan.c", "segment.h", "segment.c", "plan.c", "frame.h",
         "frame.c", "frame_run.c", "cache.h", "cache.c", "partial.h", "partial.c", "idle.h",
         "idle.c", "result.h", "result.c", "region.h", "region.c", "rows_fact.h", "rows_fact.c", "rows_proof.h",
         "rows_proof.c", "rows.h", "rows.c", "compile.h", "compile.c", "objects.h", "objects.c", "entry.h", "entry.c",
         "estimate.h", "estimate.c", "stash.h", "stash.c", "turn.h", "turn.c", "load.h", "twin.h", "twin.c", "joint.h", "joint.c", "warmup.h", "warmup.c", "load.c", "session.c"]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def room_of(path):
    """The room of a path below src/; main.c lives with cli."""
    return path.parts[0] if len(path.parts) > 1 else "cli"


def target_of(source, name):
    """The room that an include names, "tensord" for the public API, None for a library."""
    if name.startswith("tensord/"):
        return "tensord"
    if (tree.ROOT / "src" / name).exists():
        return name.split("/")[0]
    if (source.parent / name).exists():
        return room_of((source.parent / name).resolve().relative_to(tree.ROOT / "src"))
    return None


def crosses_families(inside, name):
    """Does a file of one folder of src/ops include a file of another?"""
    here, there = inside.parts, name.split("/")
    return (here[0] == "ops" and there[0] == "ops" and len(there) == 3 and name not in SHARED
            and (len(here) < 3 or here[1] != there[1]))


def leaves_tower(inside, name):
    """Does a file of src/exec include one above it, or is it nowhere in the tower?"""
    if inside.parts[0] != "exec" or not name.startswith("exec/"):
        return inside.parts[0] == "exec" and inside.name not in TOWER
    there = name.split("/")[1]
    return inside.name not in TOWER or there not in TOWER or TOWER.index(there) > TOWER.index(inside.name)


def main():
    problems, uses = [], collections.defaultdict(collections.Counter)
    for path in tree.files("src", suffixes=(".c", ".h", ".inc", ".cu")):
        inside = path.relative_to(tree.ROOT / "src")
        room = room_of(inside)
        if room not in NUMBER:
            problems.append(f"src/{inside}: {room} is no room (docs/ARCHITECTURE.md lists them)")
            continue
        for name in INCLUDE.findall(path.read_text()):
            target = target_of(path, name)
            if crosses_families(inside, name) and path.suffix != ".inc":
                problems.append(f'src/{inside}: includes "{name}" of another family of ops')
            if leaves_tower(inside, name):
                problems.append(f'src/{inside}: "{name}" does not lie below it in TOWER')
            if target in NUMBER:
                uses[room][target] += target != room
                if NUMBER[target] > NUMBER[room]:
                    problems.append(f'src/{inside}: includes "{name}" of the higher room {target}')
    for path in tree.files("include", suffixes=(".h",)):
        for name in INCLUDE.findall(path.read_text()):
            if not name.startswith("tensord/"):
                problems.append(f'{path.relative_to(tree.ROOT)}: the public API includes "{name}"')
    if "--draw" in sys.argv:
        for room in reversed(ROOMS):
            below = sorted((r for r, n in uses[room].items() if n), key=NUMBER.get, reverse=True)
            print(f"{NUMBER[room]:2} {room:8} -> {' '.join(below)}")
        return
    tree.finish(problems)


main()
