#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every flag of flags.inc is in the manual and in docs/flags.md, as flags.inc words it, and nothing else is; so are the
passes of passes.inc in the manual, and the metrics of metrics.inc in docs/metrics.md.

    test_docs.py            checks
    test_docs.py --write    writes those sections
"""
import ast
import re
import sys

import tree

MAN, FLAGS, METRICS = (tree.ROOT / "docs" / name for name in ("tensord.1", "flags.md", "metrics.md"))
FLAG = re.compile(r'^TD_FLAG\((\w+),\s*(\w+),\s*(.+?),\s*(\w+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)', re.M)
PASS = re.compile(r'^TD_PASS\((\w+), "([^"]+)"\)$', re.M)
STRING = r'"(?:[^"\\]|\\.)*"'
METRIC = re.compile(r"^TD_(GROUP|METRIC|READING)\((.*?)\)$", re.M | re.S)
ARGUMENT = re.compile(rf"((?:{STRING}\s*)+|[^\",]+?)\s*(?:,\s*|$)")
BY = {"NOTHING": "", "CODE": "code", "STATUS": "status", "STATUS_CODE": "status_code", "STAGE": "stage", "OUTCOME": "status"}
KINDS = {"BOOL": "true or false", "I32": "integer", "I64": "integer", "F32": "number", "STR": "text"}
MAN_KINDS = {"BOOL": "BOOL", "I32": "INTEGER", "I64": "INTEGER", "F32": "NUMBER", "STR": "TEXT"}
STATES = {"ACTIVE": "", "INERT": "Accepted; there is nothing to do for it here.",
          "TUNES": "Not built yet: accepted, without effect, with a warning.",
          "REFUSED": "Not built yet: the server does not start with it."}


def read_flags():
    text = (tree.ROOT / "src" / "config" / "flags.inc").read_text()
    found = [(kind, name, default, state, "".join(ast.literal_eval(s) for s in re.findall(r'"(?:[^"\\]|\\.)*"', words)))
             for kind, name, default, state, words in FLAG.findall(text)]
    if len(found) != len(re.findall(r"^TD_FLAG\(", text, re.M)):
        tree.finish(["flags.inc has a line that this script cannot read"])
    return found


def passes_section():
    text = (tree.ROOT / "src" / "config" / "passes.inc").read_text()
    return ".RS\n" + "".join(f".TP\n.B {name}\n{meaning}.\n" for name, meaning in PASS.findall(text)) + ".RE\n"


def between(text, begin, end, middle):
    """text with what stands between the two marker lines replaced."""
    head, rest = text.split(begin + "\n")
    return head + begin + "\n" + middle + end + "\n" + rest.split(end + "\n")[1]


def man_section(flags):
    escape = lambda s: s.replace("\\", "\\e").replace("-", "\\-").replace(". ", ".\n")
    lines = []
    for kind, name, default, state, words in flags:
        lines += [".TP", f".BI \\-\\-{name}= {MAN_KINDS[kind]}"]
        text = escape(words) + (f" ({default})" if default.strip('"') else "")
        lines.append(text + (f".\n{escape(STATES[state])}" if STATES[state] else "."))
    return "\n".join(lines) + "\n"


def page(flags):
    rows = [f"| `--{name}` | {KINDS[kind]} | {default.strip(chr(34))} | {words.replace('|', '&#124;')}"
            f"{'. ' + STATES[state] if STATES[state] else ''} |" for kind, name, default, state, words in flags]
    return ("# Flags of `tensord serve`\n\nWritten by `tests/lint/test_docs.py --write` from `src/config/flags.inc`. "
            "TensorFlow Serving's come first.\n\n| flag | kind | default | meaning |\n|---|---|---|---|\n"
            + "\n".join(rows) + "\n")


def arguments(text):
    """Of a macro's call: words, and strings as they are once joined."""
    return ["".join(ast.literal_eval(part) for part in re.findall(STRING, a)) if a[0] == '"' else a
            for a in ARGUMENT.findall(text)]


def read_metrics():
    """page -> (name, kind, labels, help), in their order."""
    text = (tree.ROOT / "src" / "obs" / "metrics.inc").read_text()
    pages, group = {"TENSORD": [], "TF": []}, None
    for what, call in METRIC.findall(text):
        if what == "GROUP":
            _, *group = arguments(call)
        elif what == "METRIC":
            _, kind, name, by, _, words = arguments(call)
            pages[group[0]].append((name, kind.lower(), ",".join(filter(None, [group[1], BY[by]])), words))
        else:
            _, page, kind, name, labels, words = arguments(call)
            pages[page].append((name, kind.lower(), labels, words))
    if sum(map(len, pages.values())) != len(re.findall(r"^TD_(?:METRIC|READING)\(", text, re.M)):
        tree.finish(["metrics.inc has a line that this script cannot read"])
    return pages


def metrics_section(metrics):
    rows = "".join(f"| `{name}` | {kind} | {labels.replace(',', ', ')} | {words} |\n" for name, kind, labels, words in metrics)
    return "\n| metric | kind | labels | meaning |\n|---|---|---|---|\n" + rows + "\n"


def metrics_page():
    text = METRICS.read_text()
    for page, metrics in read_metrics().items():
        text = between(text, f"<!-- {page}: written by tests/lint/test_docs.py --write from src/obs/metrics.inc -->",
                       f"<!-- end of {page} -->", metrics_section(metrics))
    return text


def unread(flags):
    """ACTIVE flags that nothing reads: promises."""
    code = "".join(path.read_text() for path in sorted((tree.ROOT / "src" / "cli").glob("*.c")))
    return [f"src/config/flags.inc: --{name} is ACTIVE and src/cli reads it nowhere"
            for _, name, _, state, _ in flags
            if state == "ACTIVE" and not re.search(rf"\b(?:f|flags)(?:->|\.){name}\b", code)]


def main():
    flags = read_flags()
    written = '.\\" {0}: written by tests/lint/test_docs.py --write from src/config/{0}.inc'
    manual = between(MAN.read_text(), written.format("flags"), '.\\" end of flags', man_section(flags))
    manual = between(manual, written.format("passes"), '.\\" end of passes', passes_section())
    wanted = {MAN: manual,
              FLAGS: page(flags),
              METRICS: metrics_page()}
    problems = unread(flags)
    for path, text in wanted.items():
        if "--write" in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            problems.append(f"{path.relative_to(tree.ROOT)}: differs from the lists; run tests/lint/test_docs.py --write")
    tree.finish(problems)


if __name__ == "__main__":
    main()
