# SPDX-License-Identifier: Apache-2.0
"""Strings, patterns, distances."""
import numpy as np

from golden_values import ALL, COMPLEX, arr, i64, text

WORDS = text(b"", b" aB ", "Äöü€ẞİ".encode(), b"a1b22c333", b"x.y", b"\xff\xc3", b"a\x00b", b"\t\n tab\v")


def strings():
    for op in ("StringStrip", "StringLength", "StringLower", "StringUpper"):
        yield op, dict(input=WORDS)
        yield op, dict(input=text())
        yield op, dict(input=np.array(b"Ab ", object))
    yield "StringLength", dict(input=WORDS, unit="UTF8_CHAR")
    yield "StringJoin", dict(inputs=[WORDS, np.array(b"-", object), WORDS], separator="+")
    yield "StringJoin", dict(inputs=[WORDS[:2], WORDS[2:4]])
    yield "StringJoin", dict(inputs=[WORDS[:2], WORDS[:3]])
    yield "StringJoin", dict(inputs=[text(), text()])
    yield "StringJoin", dict(inputs=[np.array(b"a", object)] * 3, separator=", ")
    yield "Add", dict(x=WORDS, y=np.array(b"!", object))
    yield "Add", dict(x=WORDS[:3].reshape(3, 1), y=WORDS[3:5])
    yield "Equal", dict(x=WORDS, y=WORDS[::-1].copy())
    yield "NotEqual", dict(x=WORDS, y=np.array(b"x.y", object))


PATTERNS = ((r"[0-9]+", r"<\0>"), (r"", "_"), (r"(a)(.)?", r"\2\1"), (r"[", ""), (r".*", r"\0\0"), (r"\bx", r"\\"), (r"(?i)AB", "z"), (r"^", ">"), (r"a|b", r"\1"),
            (r"\p{L}", "L"), (r"(\d)(\d)", r"\2\1"), (r"\s+", ""), (r".", "ü"), (r"x\.y", r"\9"), (r"[^a-z]", "."), (r"(?P<n>b)", r"[\1]"))


def patterns():
    for pattern, rewrite in PATTERNS:
        for every in (True, False):
            yield "StaticRegexReplace", dict(input=WORDS[:5], pattern=pattern, rewrite=rewrite, replace_global=every)
            yield "RegexReplace", dict(input=WORDS[:5], pattern=np.array(pattern.encode(), object), rewrite=np.array(rewrite.encode(), object), replace_global=every)
        yield "StaticRegexFullMatch", dict(input=WORDS[:5], pattern=pattern)
        yield "RegexFullMatch", dict(input=WORDS[:5], pattern=np.array(pattern.encode(), object))
    for rewrite in (r"\q", "x\\", r"a\1b", r"\0\q", r"\\1", "\\"):
        for pattern in ("a", "(a)"):
            for every in (True, False):
                yield "StaticRegexReplace", dict(input=text(b"xaya", b"zz", b""), pattern=pattern, rewrite=rewrite, replace_global=every)
    yield "StaticRegexReplace", dict(input=text(), pattern="a", rewrite="b")
    yield "RegexFullMatch", dict(input=text(), pattern=np.array(b"a", object))


def distances():
    index, other = i64(0, 0, 0, 1, 1, 0).reshape(3, 2), i64(0, 0, 2, 0, 2, 1).reshape(3, 2)
    for dt in ALL:
        if dt in COMPLEX + ["bool"]:
            continue
        for normalize in (True, False):
            yield "EditDistance", dict(hypothesis_indices=index, hypothesis_values=arr(dt, 3, lo=0, hi=3), hypothesis_shape=i64(2, 2), truth_indices=other,
                                       truth_values=arr(dt, 3, lo=0, hi=3), truth_shape=i64(3, 2), normalize=normalize)
    none = i64().reshape(0, 2)
    for normalize in (True, False):
        yield "EditDistance", dict(hypothesis_indices=none, hypothesis_values=text(), hypothesis_shape=i64(2, 2), truth_indices=other, truth_values=text(b"a", b"b", b"a"),
                                   truth_shape=i64(3, 2), normalize=normalize)
        yield "EditDistance", dict(hypothesis_indices=other, hypothesis_values=text(b"a", b"b", b"a"), hypothesis_shape=i64(3, 2), truth_indices=none, truth_values=text(),
                                   truth_shape=i64(3, 2), normalize=normalize)
    yield "EditDistance", dict(hypothesis_indices=index, hypothesis_values=arr("int32", 3), hypothesis_shape=i64(2, 2), truth_indices=other, truth_values=arr("int32", 2), truth_shape=i64(3, 2))
