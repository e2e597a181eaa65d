#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gcc -fanalyzer, clang-tidy and cppcheck over src: what they find and findings.txt does not know is a failure.

    analyze.py [PATH...]     the files below src that begin with one of the paths; all without any

`./dev lint` runs it. Not a test: it takes minutes. A file of findings.txt holds lines "check | path | reason": the
check as the tool names it, the path a pattern as in a shell, and why what it says of that file is no fault.
"""
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

import tree

KNOWN = pathlib.Path(__file__).with_name("findings.txt")
TIDY = ("-*,bugprone-*,misc-redundant-expression,misc-definitions-in-headers,performance-*,"
        "readability-misleading-indentation,readability-redundant-declaration,readability-duplicate-include,"
        # the compiler has -Wconversion; small constants times an index stay small, sizes go through base/size.h;
        # pointers come from mappings and tagged words; macros are X lists; arrays of pointers are arrays; text here
        # has a length, not a NUL
        "-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions,-bugprone-reserved-identifier,"
        "-bugprone-implicit-widening-of-multiplication-result,-bugprone-macro-parentheses,"
        "-bugprone-sizeof-expression,-bugprone-not-null-terminated-result,-bugprone-branch-clone,"
        "-bugprone-assignment-in-if-condition,-performance-no-int-to-ptr")
GCC = re.compile(r"^(\S+?):(\d+):\d+: warning: (.*) \[(-Wanalyzer[\w-]+)\]$", re.M)
CLANG = re.compile(r"^(\S+?):(\d+):\d+: (?:warning|error): (.*) \[([\w.,-]+)\]$", re.M)
CPPCHECK = re.compile(r"^(\S+?):(\d+): (\w+): (.*)$", re.M)


def commands(paths):
    """(file, compile command) of each of our own files, as the build has them, without ccache."""
    database = json.loads((pathlib.Path(os.environ["TENSORD_BUILD"]) / "compile_commands.json").read_text())
    for entry in database:
        file = pathlib.Path(entry["file"])
        if not file.is_relative_to(tree.ROOT / "src") or file.suffix != ".c":
            continue
        if paths and not any(file.is_relative_to(p) for p in paths):
            continue
        words = shlex.split(entry["command"])
        while words[0].endswith("ccache"):
            words = words[1:]
        yield file, words, entry["directory"]


def run(words, directory):
    return subprocess.run(["nice", *words], cwd=directory, capture_output=True, text=True)


def gcc(file, words, directory):
    words = [w for w in words if w != "-Werror"]
    words[words.index("-o") + 1] = "/dev/null"
    done = run(["gcc", *words[1:], "-fanalyzer"], directory)
    if done.returncode:
        return [(str(file), "0", done.stderr[-2000:], "gcc-failed")]
    return GCC.findall(done.stderr)


def clang_tidy(file, words, directory):
    flags = [w for i, w in enumerate(words[1:], 1) if w.startswith(("-D", "-I", "-std", "-m"))]
    flags += [f for i, w in enumerate(words) if w == "-isystem" for f in words[i:i + 2]]
    done = run(["clang-tidy", "--quiet", "--checks=" + TIDY, str(file), "--", *flags], directory)
    return CLANG.findall(done.stdout)


def cppcheck(files, words, directory):
    """All files at once; macros as one of them has them."""
    includes = [w for w in words if w.startswith("-I")]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("\n".join(map(str, files)))
        listed.flush()
        done = run(["cppcheck", f"-j{workers()}", "--enable=warning,performance,portability", "--std=c11", "--quiet",
                    "--platform=unix64", "--max-configs=1", "--inline-suppr", "-D__x86_64__", "-D__linux__",
                    "-D__GNUC__=12", "--suppress=missingInclude", "--suppress=preprocessorErrorDirective",
                    "--template={file}:{line}: {id}: {message}", *includes, f"--file-list={listed.name}"], directory)
    return [(path, line, text, check) for path, line, check, text in CPPCHECK.findall(done.stderr)]


def workers():
    return len(os.sched_getaffinity(0))


def known():
    for line in KNOWN.read_text().splitlines():
        if line and not line.startswith("#"):
            check, path, reason = (part.strip() for part in line.split("|"))
            yield check, path, reason


def findings(paths):
    jobs = list(commands(paths))
    if not jobs:
        tree.finish([f"no file of src begins with {' or '.join(map(str, paths))}"])
    with concurrent.futures.ThreadPoolExecutor(workers()) as pool:
        for name, tool in (("gcc -fanalyzer", gcc), ("clang-tidy", clang_tidy)):
            begin, count = time.monotonic(), 0
            for found in pool.map(lambda job: tool(*job), jobs):
                count += len(found)
                yield from found
            print(f"{name}: {count} findings in {time.monotonic() - begin:.0f} s", flush=True)
    begin = time.monotonic()
    found = cppcheck([j[0] for j in jobs], *jobs[0][1:])
    yield from found
    print(f"cppcheck: {len(found)} findings in {time.monotonic() - begin:.0f} s", flush=True)


def main():
    paths = [pathlib.Path(p).resolve() for p in sys.argv[1:]]
    allowed, used, problems = list(known()), set(), set()
    for path, line, text, check in findings(paths):
        try:
            name = str(pathlib.Path(path).resolve().relative_to(tree.ROOT))
        except ValueError:
            continue # a library's header
        rule = next((r for r in allowed if r[0] in check.split(",") and fnmatch.fnmatch(name, r[1])), None)
        used.add(rule)
        if not rule:
            problems.add(f"{name}:{line}: {text} [{check}]")
    for check, path, reason in sorted(set(allowed) - used) if not paths else ():
        print(f"findings.txt: nothing of {check} in {path} any more")
    tree.finish(sorted(problems))


main()
