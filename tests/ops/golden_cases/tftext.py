# SPDX-License-Identifier: Apache-2.0
"""Ops of TensorFlow Text: tokenizers, and what is done before and after them."""
import struct

import numpy as np
import tensorflow as tf
import tensorflow_text
from tensorflow.python.framework import op_def_library, op_def_registry
from tensorflow_text.core.pybinds import pywrap_fast_wordpiece_tokenizer_model_builder
from tensorflow_text.core.pybinds import pywrap_whitespace_tokenizer_config_builder

from golden_values import arr, i32, i64, text
from golden_writer import Graph

TEXTS = text(b"", b"Hello, world!", b"  two  spaces\tand\nlines ", "Äöü € ẞİ caf\u00e9 e\u0301".encode(), "日本語 のテキスト。".encode(), b"a\xff\xc3 \xe2\x82 b", b"nul\x00in it", b" ",
             "\u3000wide\u3000\u2003space\u00a0x".encode(), "don't stop-me.now 3.14 (x)".encode(), "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 text".encode(), "\U0001F600 ok\U0001F600!!".encode(), b"a" * 130 + b" b")
SPACES = np.array(pywrap_whitespace_tokenizer_config_builder.build_whitespace_tokenizer_config(), object)


def _op(name, **args):
    """The outputs of an op that has no function of its own."""
    d = op_def_registry.get(name)
    inferred = {x for a in d.input_arg for x in (a.type_attr, a.number_attr)}
    return op_def_library.apply_op(name, **{**{a.name: None for a in d.attr if a.HasField("default_value") and a.name not in inferred}, **args})


def whitespace():
    op = "TFText>WhitespaceTokenizeWithOffsetsV2"
    yield op, dict(input_values=TEXTS, input_config=SPACES)
    for t in TEXTS:
        yield op, dict(input_values=text(t), input_config=SPACES)
    yield op, dict(input_values=text(), input_config=SPACES)
    yield op, dict(input_values=TEXTS, input_config=np.array(b"", object))
    yield op, dict(input_values=TEXTS, input_config=np.array(b"\xff" * 16, object))
    yield op, dict(input_values=TEXTS, input_config=np.array(b"\x00\x00\x00\x00\x01", object))


def _codes(*words):
    rows = [[ord(c) for c in w] for w in words]
    return i32(*[c for r in rows for c in r]), np.cumsum([0] + [len(r) for r in rows])


def scripts():
    words = ("", "Hello, world!", "! ? x", "  a  b ", "日本語 のテキスト。abc", "\u0440\u0443\u0441 text", "\u3000x\u2003y", "a\u0301b", " ", "?!", "\U0001F600ok \U0001F600", "x1 2y", "\u061d\u1b7d")
    for rows in (words, words[1:2], (), ("",)):
        values, splits = _codes(*rows)
        for dt in ("int32", "int64"):
            if len(values):  # TensorFlow does not survive that there are no words
                yield "WhitespaceTokenizeWithOffsets", dict(input_values=values, input_splits=splits.astype(dt))
            for keep in (False, True):
                yield "UnicodeScriptTokenizeWithOffsets", dict(input_values=values, input_splits=splits.astype(dt), keep_whitespace=keep)
    odd = i32(-1, 65, 0x110000, 66, 0xd800, 32, 2**31 - 1, -2**31, 103)
    for splits in (i64(0, 9), i64(0, 3, 9), i64(2, 4), i64(0, 0, 9, 9)):
        yield "WhitespaceTokenizeWithOffsets", dict(input_values=odd, input_splits=splits)
        for keep in (False, True):
            yield "UnicodeScriptTokenizeWithOffsets", dict(input_values=odd, input_splits=splits, keep_whitespace=keep)


BERT = (r"|".join([r"\s+", r"|".join([r"[!-/]", r"[:-@]", r"[\[-`]", r"[{-~]", r"[\p{P}]"]), r"|".join([r"[\x{4E00}-\x{9FFF}]", r"[\x{3400}-\x{4DBF}]", r"[\x{20000}-\x{2A6DF}]"])]),
        r"|".join([r"|".join([r"[!-/]", r"[:-@]", r"[\[-`]", r"[{-~]", r"[\p{P}]"]), r"|".join([r"[\x{4E00}-\x{9FFF}]", r"[\x{3400}-\x{4DBF}]", r"[\x{20000}-\x{2A6DF}]"])]))
SPLITS = ((r"(\s)", ""), (r"(\s)", r"\s"), (r"(\s+)", " "), (r"([,.!])", r"[,!]"), (r"\s", r"\s"), (r"a(b)c", "b"), (r"(o)|(l)", "o"), (r"(^H)", "H"), (r"(\bw)", "w"), (r"x(y?)", ""), (r"([", ""), (r"(a)", "["),
          (r"(\p{P})", r"\p{P}"), (r"(.)", ""), (r"(.)", r"[a-z]"), ("(語)", "語"), ("(" + BERT[0] + ")", BERT[1]), (r"", r""), (r"(l+)", r"l"), (r"(?i)(W)", r".*"))


def regex_splits():
    def scalar(s):
        return np.array(s.encode(), object)
    texts = np.concatenate([TEXTS[:5], TEXTS[6:], text(b"abcabc", b"xayxz")])
    for delimiter, keep in SPLITS:
        yield "RegexSplitWithOffsets", dict(input=texts if delimiter not in (r"(o)|(l)", r"x(y?)") else text(b"foo", b"xy"), delim_regex_pattern=scalar(delimiter), keep_delim_regex_pattern=scalar(keep))
    yield "RegexSplitWithOffsets", dict(input=text(), delim_regex_pattern=scalar(r"(\s)"), keep_delim_regex_pattern=scalar(""))
    yield "RegexSplitWithOffsets", dict(input=texts.reshape(-1, 2)[:2] if len(texts) % 2 == 0 else texts[:4].reshape(2, 2), delim_regex_pattern=scalar(r"(\s)"), keep_delim_regex_pattern=scalar(""))
    yield "RegexSplitWithOffsets", dict(input=texts, delim_regex_pattern=text(b"(a)"), keep_delim_regex_pattern=scalar(""))
    yield "RegexSplitWithOffsets", dict(input=texts, delim_regex_pattern=scalar("(a)"), keep_delim_regex_pattern=text(b"(a)"))


VOCABULARY = ["[UNK]", "un", "##aff", "##able", "a", "##b", "##c", "abcdx", "the", "##ness", "tread", "don", "'", "t", "\u65e5", "##\u672c", "##\u672c\u8a9e", "caf\u00e9", "##s", "##", "##\u00e9", "caf", "[PAD]"]
WORDS = text(b"unaffable", b"", b"abc", b"abcd", b"abcdx", b"treadness", b"the", b"don", b"'", b"zzz", "日本語".encode(), "日本x".encode(), "café".encode(), "cafés".encode(), b"a\xff", b"\xff", b"the" * 40, b"##", b"a##b", b"t")


def wordpieces():
    defaults = dict(suffix_indicator="##", max_bytes_per_word=100, use_unknown_token=True, unknown_token="[UNK]")
    changes = (dict(), dict(use_unknown_token=False), dict(split_unknown_characters=True), dict(split_unknown_characters=True, use_unknown_token=False), dict(max_bytes_per_word=5),
               dict(max_bytes_per_word=5, use_unknown_token=False), dict(max_chars_per_token=2), dict(max_chars_per_token=3, split_unknown_characters=True), dict(max_chars_per_token=-1), dict(suffix_indicator=""),
               dict(suffix_indicator="a"), dict(output_row_partition_type="row_splits"), dict(unknown_token=""), dict(max_bytes_per_word=0), dict(max_bytes_per_word=-1))
    for change in changes:
        def build(inits, words, change=change):
            table = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="t")
            inits.append(tf.raw_ops.LookupTableImportV2(table_handle=table, keys=tf.constant(VOCABULARY), values=tf.range(len(VOCABULARY), dtype=tf.int64)))
            out = _op("WordpieceTokenizeWithOffsets", input_values=words, vocab_lookup_table=table, **{**defaults, **change})
            return dict(values=out[0], rows=out[1], starts=out[2], limits=out[3])
        yield Graph("wordpieces, %s" % (", ".join("%s %s" % x for x in change.items()) or "as usual"), build, dict(words=WORDS), dict(words=WORDS[:0]), dict(words=WORDS[:4].reshape(2, 2)))


def _wordpiece_model(vocabulary=VOCABULARY, most=100, indicator="##", unknown="[UNK]", words=False, detokenizes=True):
    return np.frombuffer(pywrap_fast_wordpiece_tokenizer_model_builder.build_fast_wordpiece_model(vocabulary, most, indicator, unknown, words, detokenizes), "uint8")


MANY = text(b"un", b"the unaffable  treadness, don't!", b"abcd abcdx abc the.the", "日本語 日本 日本x café cafés".encode(), b"## ##a a## a##b #", b"a\xff b \xff\xffthe", b"the" * 40 + b" a", b"thethe the\tthe\nthe ",
            "\u4e00\u4e01a\u3000t".encode(), "\u00a1a\u00bf\u2014t \u061d\u1b7d".encode(), b"...a...", b" ", b"a zzz a", b"zzz,a")


def fast_wordpieces():
    op = "FastWordpieceTokenizeWithOffsets"
    texts = np.concatenate([TEXTS, WORDS, MANY])
    yield op, dict(input_values=texts, wp_model=_wordpiece_model(words=True))
    yield op, dict(input_values=texts, wp_model=_wordpiece_model(words=True, most=5))
    yield op, dict(input_values=texts, wp_model=_wordpiece_model(words=True, indicator="", detokenizes=False))
    yield op, dict(input_values=texts, wp_model=_wordpiece_model(["<u>", "a", "ab", "##c", "abc", "##d", "##cd"], words=True, unknown="<u>"))
    yield op, dict(input_values=texts, wp_model=_wordpiece_model(["<u>", "a", "#", "###", "##b"], words=True, unknown="<u>"))
    yield op, dict(input_values=text(), wp_model=_wordpiece_model(words=True))
    yield op, dict(input_values=texts, wp_model=_wordpiece_model(VOCABULARY + [",", "!", "\u4e00", "##,", "."], most=6, detokenizes=False))


def detokenized():
    op = "TFText>FastWordpieceDetokenize"
    model = _wordpiece_model(words=True)
    n = len(VOCABULARY)
    for splits in (i64(0, n), i64(0, 3, 3, n), i64(2, 4)):
        yield op, dict(input_values=np.arange(n, dtype="int32"), input_row_splits=splits, wp_model=model)
    yield op, dict(input_values=i32(), input_row_splits=i64(0, 0), wp_model=model)
    yield op, dict(input_values=i32(1, 2), input_row_splits=i64(0, 2), wp_model=_wordpiece_model(words=True, detokenizes=False))


def _trie(numbers):
    """A double array of Darts-clone: {bytes: number}, no bytes being 0."""
    units, taken = {}, {0}

    def place(node, label, words):
        heads = sorted({w[:1] for w in words})  # b"": a leaf
        base = next(b for b in range(2**20) if not any(b ^ (h[0] if h else 0) in taken for h in heads))
        taken.update(base ^ (h[0] if h else 0) for h in heads)
        units[node] = (node ^ base) << 10 | (b"" in heads) << 8 | label
        for h in heads:
            if h:
                place(base ^ h[0], h[0], {w[1:]: v for w, v in words.items() if w[:1] == h})
            else:
                units[base] = 1 << 31 | words[b""]
    place(0, 0, numbers)
    return np.array([units.get(i, 0x800000ff) for i in range(max(taken) + 257)], "<u4").tobytes()


def _normalizer_model(changes, of_nul=0):
    """A FastBertNormalizerModel that changes so many characters only: those of TensorFlow Text are large."""
    pool, numbers = b"", {}
    for character, other in changes.items():
        numbers[character.encode()] = 1 << 30 | len(pool) << 6 | len(other.encode())
        pool += other.encode()
    trie = _trie(numbers)
    return np.frombuffer(struct.pack("<IHHHHHHi4xIiI", 16, 12, 20, 4, 8, 12, 16, 12, 12, of_nul, 8 + len(trie)) + struct.pack("<I", len(trie) // 4) + trie + struct.pack("<I", len(pool)) + pool, "uint8")


def bert_normalized():
    texts = np.concatenate([TEXTS, text("ÀÉÎÕÜ ñ Å ﬁ ① ½ \u212b \u1e9e \u0130".encode(), "\u0301x\u0345 \ufb03".encode(), b"a\x00b\x01\x7f\t", "\ufffd \u200b\u00ad\u2028\U0001F600 \U00010400".encode(), "한국어 \uac00".encode(),
                                        b"\xe2\x82", b"\xf0\x9f\x98", b"ABC", b"\xc0\x80\xed\xa0\x80")])
    changes = {"À": "a", "É": "e", "A": "a", "B": "b", "ﬁ": "fi", "½": "1\u20442", "\u0301": "", "\t": " ", "\U0001F600": "", "한": "\u1112\u1161\u11ab", "\u200b": "", "日": "day", "\u20ac": "EUR"}
    for of_nul in (0, 1 << 30, 1 << 30 | 3 << 6 | 2):
        for offsets in (True, False):
            yield "FastBertNormalize", dict(input_values=texts, fast_bert_normalizer_model=_normalizer_model(changes, of_nul), get_offsets=offsets)
    yield "FastBertNormalize", dict(input_values=text(), fast_bert_normalizer_model=_normalizer_model(changes), get_offsets=True)


def trims():
    a, b, c = i64(0, 4, 4, 7, 10), i64(0, 1, 5, 5, 15), i64(0, 2, 4, 6, 8)
    for op in ("TFText>RoundRobinTrim", "TFText>RoundRobinGenerateMasks"):
        for dt in ("int32", "int64", "string", "bool", "float32", "float64", "uint8", "int8", "uint16", "int16", "uint32", "uint64"):
            yield op, dict(max_sequence_length=np.int32(7), input_values=[arr(dt, 10), arr(dt, 15), arr(dt, 8)], input_row_splits=[a, b, c])
        for limit in (0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 100, 2**31 - 1):
            yield op, dict(max_sequence_length=np.int32(limit), input_values=[arr("int32", 10), arr("int32", 15), arr("int32", 8)], input_row_splits=[x.astype("int32") for x in (a, b, c)])
            yield op, dict(max_sequence_length=np.int32(limit), input_values=[arr("int64", 15)], input_row_splits=[b])
            yield op, dict(max_sequence_length=np.int32(limit), input_values=[arr("int64", 6), arr("int64", 6)], input_row_splits=[i64(0, 3, 6), i64(0, 3, 6)])
        yield op, dict(max_sequence_length=np.int32(5), input_values=[arr("int64", 0), arr("int64", 0)], input_row_splits=[i64(0), i64(0)])
        yield op, dict(max_sequence_length=np.int32(5), input_values=[arr("int64", 9), arr("int64", 9)], input_row_splits=[i64(2, 5, 8), i64(1, 8, 9)])
        yield op, dict(max_sequence_length=np.int32(-1), input_values=[arr("int64", 4), arr("int64", 4)], input_row_splits=[i64(0, 4), i64(0, 4)])


def joins():
    op, words = "TFText>NgramsStringJoin", text(b"a", b"", b"bc", b"d e", b"\xff", "ü".encode(), b"g", b"h")
    for width in (1, 2, 3, 4, 9):
        for separator in ("|", "", ", "):
            yield op, dict(input_values=words, input_row_splits=[], width=width, axis=-1, string_separator=separator)
            yield op, dict(input_values=words.reshape(2, 4), input_row_splits=[], width=width, axis=-1, string_separator=separator)
            yield op, dict(input_values=words, input_row_splits=[i64(0, 3, 3, 4, 8)], width=width, axis=-1, string_separator=separator)
            yield op, dict(input_values=words, input_row_splits=[i64(0, 1, 3), i64(0, 2, 2, 8)], width=width, axis=-1, string_separator=separator)
    yield op, dict(input_values=words.reshape(2, 2, 2), input_row_splits=[], width=2, axis=-1, string_separator=" ")
    yield op, dict(input_values=words[:0], input_row_splits=[i64(0, 0)], width=2, axis=-1, string_separator=" ")
    yield op, dict(input_values=words, input_row_splits=[], width=2, axis=0, string_separator=" ")


NORMAL = text("株式会社 ㈱ド".encode(), "e\u0301e\u0301x".encode(), "\u0301e\u0301".encode(), "½⅓ﬁﬂ".encode(), "\u1112\u1161\u11ab\u1112\u1161\uac00\u11a8".encode(), "a\u0323\u0307 q\u0307\u0323".encode(),
              "Åé\u0323 x\u0344".encode(), "カ\u3099ガ \uff76\uff9e".encode(), "\u212b\u2126 ÅÀÉß ẞ İ ſ ς".encode(), "ＡＢＣ 한글 ǅ".encode(), "\ufdfa \u00ad\u200bx\u2060\u2065\ufff5\U000e0080".encode(), "\u0345\u0391\u0345".encode(),
              "\U0001D15E\U0001D165 \u0958 \u2adc".encode(), "a\u0300\u0315\u0327\u0301".encode(), "\u09c7\u09be\u0b47\u0b57".encode(), b"a\xff b", b"\xe2\x82", b"\xc3(", b"\xed\xa0\x80x", b"\xf4\x90\x80\x80", b"e\xcc\x81\xff\xcc\x81",
              b"a\x00B", b"", b"plain ASCII", "Plain \u0301 Tail\u0301".encode(), ("a" + "\u0315\u0300" * 40).encode())


def normal_forms():
    yield "CaseFoldUTF8", dict(input=NORMAL)
    yield "CaseFoldUTF8", dict(input=np.array("ÀB".encode(), object))
    yield "CaseFoldUTF8", dict(input=NORMAL[:4].reshape(2, 2))
    for form in ("NFC", "NFD", "NFKC", "NFKD", "nfkc", "x", ""):
        yield "NormalizeUTF8", dict(input=NORMAL, normalization_form=form)
    yield "NormalizeUTF8", dict(input=text(), normalization_form="NFC")


def offsets():
    for form in ("NFC", "NFD", "NFKC", "NFKD", "Nfkd"):
        for dt in ("int64", "int32"):
            def build(inits, words, places, splits, form=form, dt=dt):
                out = _op("NormalizeUTF8WithOffsetsMap", input=words, normalization_form=form)
                return dict(texts=out[0], sources=_op("FindSourceOffsets", offsets_map=out[1], input_offsets_values=places, input_offsets_splits=tf.cast(splits, dt)))
            n = len(NORMAL)
            every = np.tile(np.arange(-1, 24, dtype="int64"), n)
            yield Graph("offsets of %s, splits of %s" % (form, dt), build, dict(words=NORMAL, places=every, splits=np.arange(n + 1, dtype="int64") * 25),
                        dict(words=NORMAL[:2], places=i64(0, 1, 2), splits=i64(0, 2, 2, 3)), dict(words=NORMAL[:2], places=i64(0, 1, 2), splits=i64(0, 2, 3)),
                        dict(words=NORMAL[:2], places=i64(0, 1, 2), splits=i64(0, 3)), dict(words=NORMAL[:2], places=i64(2**32 + 1, 1, 2**31), splits=i64(0, 1, 3)))


def _field(number, value):
    """A field of a protocol buffer: bytes, a float, a truth or a number."""
    def varint(n):
        return bytes([n & 0x7f | 0x80]) + varint(n >> 7) if n > 0x7f else bytes([n])
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3) + varint(int(value))


UNKNOWN, CONTROL, USER, UNUSED, BYTE = 2, 3, 4, 5, 6
COMMON = [("<unk>", 0., UNKNOWN), ("<s>", 0., CONTROL), ("</s>", 0., CONTROL)]
SCORED = COMMON + [(p, -s, t) for p, s, t in (
    ("\u2581", 3., 1), ("\u2581the", 2.5, 1), ("\u2581a", 3.2, 1), ("a", 4., 1), ("b", 4.1, 1), ("ab", 5., 1), ("abc", 9., 1), ("c", 4.3, 1), ("\u2581quick", 8., 1), ("q", 7., 1), ("u", 5.5, 1), ("i", 5.1, 1), ("k", 6.2, 1),
    ("ck", 6.25, 1), ("qui", 9.75, 1), ("e", 3.9, 1), ("h", 4.4, 1), ("t", 4.2, 1), ("th", 5.1, 1), ("he", 5.2, 1), ("\u65e5\u672c", 7.1, 1), ("\u65e5", 6., 1), ("\u8a9e", 6.5, 1), (".", 3.1, 1), ("..", 4., 1), ("x", 5., UNUSED),
    ("xy", 5., UNUSED), ("<sep>", 0., USER), ("<se", 0., USER), ("\u2581\u2581", 6., 1), ("A", 5., 1))]
MERGED = COMMON + [(p, -float(i), t) for i, (p, t) in enumerate((("\u2581t", 1), ("he", 1), ("\u2581the", 1), ("ab", 1), ("abc", UNUSED), ("ck", 1), ("ui", 1), ("qui", UNUSED), ("\u2581qui", UNUSED), ("quick", UNUSED), ("\u65e5\u672c", 1), ("..", 1), ("...", 1), ("xy", UNUSED),
          ("xyx", UNUSED), ("\u2581", 1), ("a", 1), ("b", 1), ("c", 1), ("t", 1), ("h", 1), ("e", 1), ("q", 1), ("u", 1), ("i", 1), ("k", 1), (".", 1), ("x", 1), ("y", 1), ("\u65e5", 1), ("\u672c", 1), ("<sep>", USER), ("A", 1)))]
BYTES = [("<0x%02X>" % b, 0., BYTE) for b in range(256)]
SENTENCES = text(b"the quick", b"", b" ", b"  the   a b  ", b"abcab c", "日本語 日".encode(), b"zzz the zz", b"a<sep>b <se <sep>the", b"x xy xyx xyxy", b"....", b"a\xff\xc3b", "ÀB ﬁ\t\u00a0x \u2581a".encode(), b"THE Aa", b"quickquickly", b"a\x00b", "\ufffd\U0001F600".encode(), b"the" * 20)
REPLACED = {"À".encode(): "A", "B".encode(): "b", "ﬁ".encode(): "fi", b"\t": " ", "\u00a0".encode(): " ", b"T": "t", b"TH": "th", b"E": "", "\U0001F600".encode(): "  :)  "}


def _charsmap(changes):
    texts, numbers = b"", {}
    for old, new in changes.items():
        numbers[old] = len(texts)
        texts += new.encode() + b"\0"
    trie = _trie(numbers)
    return struct.pack("<I", len(trie)) + trie + texts


def _sentencepieces(pieces, kind=1, trainer=b"", rules=b"", charsmap=b"", denormal=None):
    model = b"".join(_field(1, _field(1, p.encode()) + _field(2, s) + (_field(3, t) if t != 1 else b"")) for p, s, t in pieces)
    model += _field(2, _field(3, kind) + trainer) + _field(3, rules + (_field(2, charsmap) if charsmap else b""))
    return model + (_field(5, denormal) if denormal is not None else b"")


def _models():
    charsmap = _charsmap(REPLACED)
    yield "scores", _sentencepieces(SCORED, charsmap=charsmap)
    yield "scores, plain", _sentencepieces(SCORED, rules=_field(3, False) + _field(4, False) + _field(5, False))
    yield "scores, spaces kept", _sentencepieces(SCORED, rules=_field(4, False), charsmap=charsmap)
    yield "scores, no prefix", _sentencepieces(SCORED, rules=_field(3, False), charsmap=charsmap)
    yield "scores, spaces last", _sentencepieces(SCORED, trainer=_field(24, True) + _field(44, b"??") + _field(46, b"<sep>") + _field(47, b"a"))
    yield "scores, bytes", _sentencepieces(SCORED + BYTES, trainer=_field(35, True))
    yield "merges", _sentencepieces(MERGED, 2, charsmap=charsmap)
    yield "merges, bytes", _sentencepieces(MERGED + BYTES, 2, trainer=_field(35, True), rules=_field(4, False), denormal=_field(2, _charsmap({b"t": "T", b"qu": "kw"})) + _field(3, False) + _field(4, False) + _field(5, False))
    yield "words", _sentencepieces(SCORED, 3)
    yield "characters", _sentencepieces(SCORED, 4)


def sentencepieces():
    for name, model in _models():
        for kind in (tf.int32, tf.string):
            for dt in (tf.int64, tf.int32):
                if name != "scores" and (kind == tf.string) != (dt == tf.int32):
                    continue

                def build(inits, words, bos, eos, reverse, model=model, kind=kind, dt=dt):
                    handle = _op("SentencepieceOp", model=model, shared_name="m", container="c")
                    args = dict(sp_handle=handle, input=words, nbest_size=tf.constant(0), alpha=tf.constant(1.), add_bos=bos, add_eos=eos, reverse=reverse, out_type=kind, Tsplits=dt)
                    ids, rows = _op("SentencepieceTokenizeOp", **args)
                    found = _op("SentencepieceTokenizeWithOffsetsOp", **args)
                    back = _op("SentencepieceDetokenizeOp", sp_handle=handle, input_values=ids, input_splits=rows, add_bos=bos, add_eos=eos, reverse=reverse)
                    same = tf.constant(False)
                    return dict(ids=ids, rows=rows, found=found[0], begins=found[2], ends=found[3], back=back, size=_op("SentencepieceVocabSizeOp", sp_handle=handle),
                                plain=_op("SentencepieceDetokenizeOp", sp_handle=handle, input_values=ids, input_splits=rows, add_bos=same, add_eos=same, reverse=same))
                runs = [dict(words=SENTENCES, bos=np.array(b), eos=np.array(e), reverse=np.array(r)) for b, e, r in ((False, False, False), (True, True, False), (True, False, True), (False, True, True))]
                yield Graph("pieces by %s, %s in rows of %s" % (name, kind.name, dt.name), build, *runs, dict(words=text(), bos=np.array(True), eos=np.array(False), reverse=np.array(False)))

        if name not in ("scores", "scores, plain", "merges, bytes"):
            continue

        def asked(inits, words, ids, model=model):
            handle = _op("SentencepieceOp", model=model, use_node_name_sharing=True)
            return dict(ids=_op("SentencepieceStringToIdOp", sp_handle=handle, input=words), texts=_op("SentencepieceIdToStringOp", sp_handle=handle, input=ids))
        yield Graph("vocabulary of " + name, asked, dict(words=text(b"<unk>", b"</s>", "\u2581the".encode(), b"", b"the", b"x", b"<sep>", b"<0x41>", b"nothing"), ids=np.arange(30, dtype="int32")), dict(words=text(), ids=i32()))

        def joined(inits, words, splits, model=model):
            handle, no = _op("SentencepieceOp", model=model), tf.constant(False)
            return dict(texts=_op("SentencepieceDetokenizeOp", sp_handle=handle, input_values=words, input_splits=splits, add_bos=no, add_eos=no, reverse=no))
        marks = text("\u2581\u2581the".encode(), b"<unk>", b"zz", "\u2581".encode(), "\u2581a".encode(), b"<s>", "\u2581the\u2581b".encode(), b"<0xE6>", b"<0x97>", b"<0xA5>", b"<0xFF>", b"<0xE6>", b"a", b"x")
        yield Graph("texts of " + name, joined, dict(words=marks, splits=i64(0, 4, 4, 7, 14)), dict(words=marks[::-1].copy(), splits=i64(0, 5, 14)), dict(words=text(), splits=i64(0, 0)))
        yield Graph("texts of numbers of " + name, joined, dict(words=np.arange(30, dtype="int32"), splits=i64(0, 10, 30)), dict(words=i32(1, 30000), splits=i64(0, 2)), dict(words=i32(-1), splits=i64(0, 1)))


def damaged_sentencepieces():
    good = _sentencepieces(SCORED)
    broken = dict(nothing=b"", bytes=b"\xff\xff\xff", no_unknown=_sentencepieces(SCORED[1:]), two_unknown=_sentencepieces(SCORED + [("<u>", 0., UNKNOWN)]), twice=_sentencepieces(SCORED + [("a", 0., 1)]), empty=_sentencepieces(SCORED + [("", 0., 1)]),
                  byte_pieces=_sentencepieces(SCORED + BYTES), few_bytes=_sentencepieces(SCORED + BYTES[1:], trainer=_field(35, True)), odd_byte=_sentencepieces(SCORED + BYTES + [("<0xaa>", 0., BYTE)], trainer=_field(35, True)),
                  short_map=_sentencepieces(SCORED, charsmap=b"abc"), long_map=_sentencepieces(SCORED, charsmap=struct.pack("<I", 99) + b"abcd"), alone=_sentencepieces(COMMON), cut=good[:-3], no_ends=_sentencepieces(SCORED[:1] + SCORED[3:]))
    for name, model in broken.items():
        def build(inits, words, model=model):
            yes = tf.constant(True)
            return dict(ids=_op("SentencepieceTokenizeOp", sp_handle=_op("SentencepieceOp", model=model), input=words, nbest_size=tf.constant(0), alpha=tf.constant(1.), add_bos=yes, add_eos=yes, reverse=yes)[0])
        yield Graph("damaged: " + name, build, dict(words=SENTENCES[:1]))


def preprocessing():
    """What models of BERT begin with, whole."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "quick", "brown", "fox", "##es", "jump", "##ed", "over", "un", "##aff", "##able", "dog", ",", ".", "!", "'", "a", "##b", "\u65e5", "\u672c", "cafe", "caf", "##\u00e9", "s", "?"]
    words = text(b"The quick brown foxes jumped over, the UNAFFABLE dog!", b"", "Caf\u00e9 \u65e5\u672c a b ab's".encode(), b"What? The [unused1] dog", b"[UNK] zz " + b"the " * 20)

    def build(inits, words):
        table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(vocabulary, tf.range(len(vocabulary), dtype=tf.int64)), 1)
        inits.append(table._initialize())
        ids = tensorflow_text.BertTokenizer(table, lower_case=True).tokenize(words)
        rows = tf.gather(ids.values.row_splits, ids.row_splits)
        trimmed = _op("TFText>RoundRobinTrim", max_sequence_length=tf.constant(12), input_values=[ids.flat_values], input_row_splits=[rows])
        return dict(ids=trimmed[0][0], rows=trimmed[1][0])
    yield Graph("BERT", build, dict(words=words), dict(words=words[:1]), shapes=dict(words=[None]))
