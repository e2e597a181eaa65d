#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, and has a guard that no other header has.

A header of src/kernels without a guard is a template: bodies that a file includes after it has defined what they need.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess

import tree


def compile_command():
    """Compiler and flags of one of our own objects, as the build has them."""
    database = pathlib.Path(os.environ["TENSORD_BUILD"]) / "compile_commands.json"
    for entry in json.loads(database.read_text()):
        if entry["file"].endswith("/src/main.c"):
            words = shlex.split(entry["command"])
            flags = [w for w in words if w.startswith(("-D", "-W", "-std", "-march", "-I"))]
            for i, word in enumerate(words):
                if word in ("-isystem", "-include"):
                    flags += words[i:i + 2]
            compiler = next(w for w in words if not w.endswith("ccache"))
            return [compiler, *flags]
    raise SystemExit("no main.c in compile_commands.json")


def check(command, path):
    source = f'#include "{path}"\ntypedef int td_not_empty;\n'
    done = subprocess.run([*command, "-fsyntax-only", "-x", "c", "-"], input=source, capture_output=True,
                          text=True)
    return f"{path.relative_to(tree.ROOT)}: does not compile alone\n{done.stderr}" if done.returncode else None


def main():
    command, problems, guards = compile_command(), [], {}
    headers = []
    for path in tree.files("src", "include", suffixes=(".h",)):
        guard = re.search(r"^#ifndef (\w+)\n#define \1\n", path.read_text(), re.M)
        if not guard and "kernels" in path.parts:
            continue
        headers.append(path)
        if not guard:
            problems.append(f"{path.relative_to(tree.ROOT)}: no include guard")
        elif guard[1] in guards:
            problems.append(f"{path.relative_to(tree.ROOT)}: guard {guard[1]} is taken by {guards[guard[1]]}")
        else:
            guards[guard[1]] = path.relative_to(tree.ROOT)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems += [p for p in pool.map(lambda h: check(command, h), headers) if p]
    tree.finish(problems)


main()
