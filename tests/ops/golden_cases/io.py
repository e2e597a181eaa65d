# SPDX-License-Identifier: Apache-2.0
"""Serialized Examples and tensors, raw and compressed bytes, CSV."""
import gzip
import zlib

import numpy as np
import tensorflow as tf

from golden_values import ALL, arr, edges, text
from golden_writer import FILE, Graph


def _feature(**k):
    return tf.train.Example(features=tf.train.Features(feature=k)).SerializeToString()


def _floats(*v):
    return tf.train.Feature(float_list=tf.train.FloatList(value=v))


def _ints(*v):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=v))


def _names(*v):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=v))


MANY = text(_feature(f=_floats(1, 2), i=_ints(7), s=_names(b"q", b"")), _feature(f=_floats(3, 4), v=_ints(1, 2, 3)), _feature(f=_floats(0, 0), s=_names(b"zz")))


def parse():
    key = lambda s: np.array(s, object)
    for examples in (MANY, MANY[:1], MANY[:0], text(b"\x0b")):
        yield "ParseExample", dict(serialized=examples, names=text(), sparse_keys=[key(b"s"), key(b"i")], dense_keys=[key(b"f")], dense_defaults=[np.array([], "float32")],
                                   sparse_types=[tf.string, tf.int64], dense_shapes=[[2]])
        yield "ParseExampleV2", dict(serialized=examples, names=text(), sparse_keys=text(b"s"), dense_keys=text(b"f", b"v"), ragged_keys=text(b"i", b"w"),
                                     dense_defaults=[np.array([], "float32"), np.array(5, "int64")], num_sparse=1, sparse_types=[tf.string], ragged_value_types=[tf.int64, tf.int64],
                                     ragged_split_types=[tf.int32, tf.int64], dense_shapes=[[2], [None]])
    yield "ParseExampleV2", dict(serialized=MANY[0], names=text(), sparse_keys=text(b"s", b"i"), dense_keys=text(b"f"), ragged_keys=text(), dense_defaults=[np.array([], "float32")], num_sparse=2,
                                 sparse_types=[tf.string, tf.int64], ragged_value_types=[], ragged_split_types=[], dense_shapes=[[2]])
    for name, kind, default, shape in (("s", "string", text(b"none"), [1]), ("i", "int64", np.array([-1]), [1]), ("f", "float32", np.float32([7, 8]), [2]), ("f", "float32", np.array([], "float32"), [3]),
                                       ("missing", "float32", np.float32([7, 8]), [2]), ("missing", "int64", np.array([], "int64"), [1]), ("f", "int64", np.array([], "int64"), [2])):
        for examples in (MANY, MANY[:2]):
            yield "ParseExample", dict(serialized=examples, names=text(b"a", b"b", b"c")[:len(examples)], sparse_keys=[], dense_keys=[key(name.encode())], dense_defaults=[default],
                                       sparse_types=[], dense_shapes=[shape])
    for kind in (tf.float32, tf.int64, tf.string):
        for name in (b"f", b"v", b"s", b"missing"):
            yield "ParseExample", dict(serialized=MANY, names=text(), sparse_keys=[key(name)], dense_keys=[], dense_defaults=[], sparse_types=[kind], dense_shapes=[])
            yield "ParseExampleV2", dict(serialized=MANY, names=text(), sparse_keys=text(), dense_keys=text(), ragged_keys=text(name), dense_defaults=[], num_sparse=0, sparse_types=[],
                                         ragged_value_types=[kind], ragged_split_types=[tf.int64], dense_shapes=[])


def raw():
    some = text(bytes(range(16)), bytes(range(16, 32)))
    for dt in ALL + ["uint32"]:
        for little in (True, False):
            for words in (some, some.reshape(1, 2, 1), some[0:1], some[:0], np.array(bytes(16), object), text(b"", b""), text(b"\x00\x01\x02\xff" * 4)):
                yield "DecodeRaw", dict(bytes=words, out_type=tf.as_dtype(dt), little_endian=little)
            for length in (16, 32, 8, 4, 3, 0, -16):
                yield "DecodePaddedRaw", dict(input_bytes=text(bytes(range(1, 30)), b"\x01\x02\x03", b""), fixed_length=np.array(length, "int32"), out_type=tf.as_dtype(dt), little_endian=little)
    yield "DecodeRaw", dict(bytes=text(b"abc", b"abcd"), out_type=tf.uint8)
    yield "DecodeRaw", dict(bytes=text(b"", b"abcd"), out_type=tf.int32)
    yield "DecodeRaw", dict(bytes=text(b"abc"), out_type=tf.int32)
    yield "DecodePaddedRaw", dict(input_bytes=text(), fixed_length=np.array(4, "int32"), out_type=tf.int32)
    yield "DecodePaddedRaw", dict(input_bytes=text(b"abcd"), fixed_length=np.array([4], "int32"), out_type=tf.int32)


def compressed():
    data = b"some data, " * 40
    z, g = zlib.compress(data), gzip.compress(data, mtime=0)
    deflate = zlib.compressobj(wbits=-15)
    raw_deflate = deflate.compress(data) + deflate.flush()
    for kind in ("", "ZLIB", "GZIP", "zlib"):
        for b in (b"junk", b"", z, z[:-6], z[:10], z[:1], z + z, z + b"tail", z[:-1] + bytes([z[-1] ^ 1]), g, g + g, g[:-4], g[:5], g + b"tail", g[:-5] + b"x" + g[-4:], g + g[:12], raw_deflate,
                  zlib.compress(b""), gzip.compress(b"", mtime=0)):
            yield "DecodeCompressed", dict(bytes=text(b), compression_type=kind)
    yield "DecodeCompressed", dict(bytes=text(z, z[:10], b"", zlib.compress(b"x")).reshape(2, 2), compression_type="ZLIB")
    yield "DecodeCompressed", dict(bytes=text(), compression_type="GZIP")
    yield "DecodeCompressed", dict(bytes=text(gzip.compress(bytes(66000), mtime=0)), compression_type="GZIP")
    yield "DecodeCompressed", dict(bytes=np.array(g, object), compression_type="GZIP")


def csv():
    key = lambda *s: np.array(s, object)
    defaults = [np.array([], "int32"), np.float32([9.5]), key(b"def"), np.array([0], "int64")]
    lines = (b"1,2.5,abc,7", b"4,,\"quoted, str\",8", b"-3,1e3,\"say \"\"hi\"\"\",9", b"1,2", b"x,2,abc,7", b",2,abc,7", b"1,2,\"abc,7", b"1,2,abc,7,8", b"", b"\n", b"1,2,a\nb,3", b"1,2,a\"b,3",
             b"1,2,\"a\nb\",3", b"\n1,2,\rc,3\n", b"1,2,\"\",3", b"1,2,c,", b",,,", b"1,,,", b"1,2,\"a\"b,3", b"1,2,\"a\"\"\",3", b"\"1\",\"2\",c,\"3\"", b"1,2,c,\"3", b"1,2,c,\"", b"1,2,c,\"\"", b"1,2,c,\"\"\"", b"1,2,\xff\x00,3",
             b" 1 , 2 , c , 3 ", b"1,nan,c,3", b"99999999999,2,c,3", b"1,2,c,99999999999", b"1,0x10,c,3", b"1,2,c,3\r\n", b"1,2,c,3\n4,5,d,6")
    for line in lines:
        yield "DecodeCSV", dict(records=text(line), record_defaults=defaults)
        yield "DecodeCSV", dict(records=text(line), record_defaults=[key(b"")] * 4, use_quote_delim=False)
        yield "DecodeCSV", dict(records=text(line), record_defaults=[key(b"none")] * 2, select_cols=[1, 3])
        yield "DecodeCSV", dict(records=text(line), record_defaults=[key(b"none")] * 4, na_value="2")
    yield "DecodeCSV", dict(records=text(*lines[:3]), record_defaults=defaults)
    yield "DecodeCSV", dict(records=text(*lines[:2], *lines[:2]).reshape(2, 2), record_defaults=defaults)
    yield "DecodeCSV", dict(records=text(), record_defaults=defaults)
    yield "DecodeCSV", dict(records=np.array(b"1;2", object), record_defaults=[np.array([0], "int32"), np.array([0.])], field_delim=";")
    yield "DecodeCSV", dict(records=text(b"1,NA,x", b"NA,2,y"), record_defaults=[np.array([5], "int32"), np.float32([6]), key(b"")], na_value="NA")
    yield "DecodeCSV", dict(records=text(b"1,2"), record_defaults=[np.array(0, "int32"), np.array(0, "int32")])
    for k in (dict(field_delim=";;"), dict(field_delim=""), dict(select_cols=[0]), dict(select_cols=[1, 0]), dict(select_cols=[-1, 0]), dict(select_cols=[0, 5]), dict(select_cols=[0, 0])):
        yield "DecodeCSV", dict(records=text(b"1,2"), record_defaults=[np.array([0], "int32")] * 2, **k)
    for bad in (np.array([0, 1], "int32"), np.array([[0]], "int32")):
        yield "DecodeCSV", dict(records=text(b"1"), record_defaults=[bad])


def protos():
    for dt in ALL:
        for a in (arr(dt, 3, 2), arr(dt), arr(dt, 0), arr(dt, 2, 0, 3), edges(dt)):
            yield "SerializeTensor", dict(tensor=a)
            p = tf.make_tensor_proto(a, dtype=dt).SerializeToString()
            yield "ParseTensor", dict(serialized=np.array(p, object), out_type=tf.as_dtype(dt))
    p = tf.make_tensor_proto(np.arange(3, dtype="float32")).SerializeToString()
    for b in (p, b"junk", b"", p[:-1], p + b"\x08", b"\x08\x01\x12\x0b\x12\x09\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x08\x01\x12\x04\x12\x02\x08\x05\x2d\x00\x00\x80\x3f"):
        for dt in (tf.float32, tf.int32, tf.string):
            yield "ParseTensor", dict(serialized=np.array(b, object), out_type=dt)
    yield "ParseTensor", dict(serialized=text(p), out_type=tf.float32)


def _steps(*features):
    return tf.train.FeatureList(feature=features)


def _sequence(context, **lists):
    return tf.train.SequenceExample(context=tf.train.Features(feature=context), feature_lists=tf.train.FeatureLists(feature_list=lists)).SerializeToString(deterministic=True)


NOTHING = tf.train.Feature()
SEQUENCES = text(_sequence(dict(c=_floats(1), t=_names(b"x"), i=_ints(7, 8), j=_ints(7, 8), s=_names(b"x")), o=_steps(_ints(1), NOTHING, _ints(2, 3)), u=_steps(_names(b"a"), _names(b"b", b"c")), w=_steps(_names(b"a"), _names(b"b", b"c")), v=_steps(_floats(1, 2), _floats(3, 4)), n=_steps(_ints(1), NOTHING, _ints(2, 3))),
                 _sequence(dict(c=_floats(2), s=NOTHING), u=_steps(_names(b"d")), w=_steps(_names(b"d")), v=_steps(_floats(5, 6))),
                 _sequence(dict(c=_floats(3), t=_names(b"y", b""), i=_ints(), j=_ints(), s=_names(b"y", b"")), u=_steps(), o=_steps(_ints()), v=_steps(), n=_steps(_ints())))


def sequences():
    one, two, none = np.float32([9]), np.array([-1, -2]), np.array([], "float32")
    key = lambda *s: np.array(s, object)
    for examples in (SEQUENCES, SEQUENCES[:1], SEQUENCES[1:], np.array(SEQUENCES[0], object), np.array(SEQUENCES[2], object), text(b"junk"), text(b"\x0a\x05abc"), np.array(b"", object), SEQUENCES.reshape(3, 1)):
        for names in (text(), text(b"p", b"q", b"r")):
            for missing in (True, False):
                k = dict(serialized=examples, debug_name=names)
                dense = dict(context_dense_defaults=[none, two], context_dense_shapes=[[], [2]])
                ragged = dict(context_ragged_keys=text(b"j", b"s"), feature_list_ragged_keys=text(b"o", b"u"), context_ragged_value_types=[tf.int64, tf.string], context_ragged_split_types=[tf.int32, tf.int64],
                              feature_list_ragged_value_types=[tf.int64, tf.string], feature_list_ragged_split_types=[tf.int64, tf.int32])
                if examples.ndim == 0:  # TensorFlow leaves splits as memory was
                    ragged = dict(context_ragged_keys=text(), feature_list_ragged_keys=text(), context_ragged_value_types=[], context_ragged_split_types=[],
                                  feature_list_ragged_value_types=[], feature_list_ragged_split_types=[])
                yield "ParseSequenceExampleV2", dict(
                    k, context_sparse_keys=text(b"t", b"i"), context_dense_keys=text(b"c", b"z"), feature_list_sparse_keys=text(b"w", b"n"),
                    feature_list_dense_keys=text(b"v", b"m"), feature_list_dense_missing_assumed_empty=np.array([False, missing]), Ncontext_sparse=2,
                    context_sparse_types=[tf.string, tf.int64], Nfeature_list_sparse=2,
                    Nfeature_list_dense=2, feature_list_dense_types=[tf.float32, tf.string], feature_list_sparse_types=[tf.string, tf.int64], feature_list_dense_shapes=[[2], [1, 3]], **dense, **ragged)
                yield "ParseSequenceExample", dict(
                    k, feature_list_dense_missing_assumed_empty=["m"] if missing else [], context_sparse_keys=["t", "i"], context_dense_keys=["c", "z"], feature_list_sparse_keys=["w", "n"],
                    feature_list_dense_keys=["v", "m"], Ncontext_sparse=2, Ncontext_dense=2, Nfeature_list_sparse=2, Nfeature_list_dense=2, context_sparse_types=[tf.string, tf.int64],
                    feature_list_dense_types=[tf.float32, tf.string], feature_list_sparse_types=[tf.string, tf.int64], feature_list_dense_shapes=[[2], [1, 3]], **dense)
    for kind, default in ((tf.float32, one), (tf.int64, two), (tf.string, text(b"q")), (tf.float32, none)):
        for name in (b"c", b"t", b"i", b"z"):
            for shape in ([], [1], [2]):
                yield "ParseSequenceExample", dict(serialized=SEQUENCES, debug_name=text(), feature_list_dense_missing_assumed_empty=[], context_sparse_keys=[], context_dense_keys=[name],
                                                   feature_list_sparse_keys=[], feature_list_dense_keys=[], Ncontext_dense=1, context_dense_defaults=[default], context_dense_shapes=[shape])
    for shape in ([], [1], [2]):
        yield "ParseSequenceExampleV2", dict(
            serialized=SEQUENCES, debug_name=text(), context_sparse_keys=text(), context_dense_keys=text(b"c"), context_ragged_keys=text(), feature_list_sparse_keys=text(),
            feature_list_dense_keys=text(b"v"), feature_list_ragged_keys=text(), feature_list_dense_missing_assumed_empty=np.array([True]), context_dense_defaults=[none], context_dense_shapes=[shape],
            Nfeature_list_dense=1, feature_list_dense_types=[tf.float32], feature_list_dense_shapes=[shape])
    for kind in (tf.float32, tf.int64, tf.string):
        for name in (b"v", b"w", b"n", b"z"):
            for shape in ([], [1], [2]):
                yield "ParseSequenceExample", dict(serialized=SEQUENCES, debug_name=text(), feature_list_dense_missing_assumed_empty=["w", "n", "z"], context_sparse_keys=[], context_dense_keys=[],
                                                   feature_list_sparse_keys=[name] if shape == [1] else [b"x"], feature_list_dense_keys=[name], Nfeature_list_sparse=1, Nfeature_list_dense=1, context_dense_defaults=[],
                                                   feature_list_dense_types=[kind], feature_list_sparse_types=[kind], feature_list_dense_shapes=[shape])


def single():
    for e in list(MANY) + [b"", _feature(f=_floats(1)), _feature(f=_ints(1, 2))]:
        for shape, default in (([2], np.array([], "float32")), ([2], np.float32([7, 8])), ([None], np.array([], "float32")), ([None, 2], np.float32([5])), ([], np.float32(3))):
            yield "ParseSingleExample", dict(serialized=np.array(e, object), dense_defaults=[default, np.array([-1])], num_sparse=2, sparse_keys=["s", "i"], dense_keys=["f", "v"],
                                             sparse_types=[tf.string, tf.int64], dense_shapes=[shape, [1]])
        yield "ParseSingleExample", dict(serialized=np.array(e, object), dense_defaults=[], num_sparse=0, sparse_keys=[], dense_keys=[], sparse_types=[], dense_shapes=[])
    yield "ParseSingleExample", dict(serialized=np.array(b"junk", object), dense_defaults=[np.array([], "float32")], num_sparse=0, sparse_keys=[], dense_keys=["f"], sparse_types=[], dense_shapes=[[2]])
    yield "ParseSingleExample", dict(serialized=MANY[:1], dense_defaults=[], num_sparse=1, sparse_keys=["s"], dense_keys=[], sparse_types=[tf.string], dense_shapes=[])


def files():
    def build(inits, x):
        return dict(text=tf.raw_ops.ReadFile(filename=FILE), x=x)
    for data in (b"", b"line\n\x00\xff"):
        yield Graph("a file of %d bytes" % len(data), build, dict(x=np.float32(1)), file=data)

    def asked(inits, name):
        return dict(text=tf.raw_ops.ReadFile(filename=name))
    yield Graph("files that are not there", asked, dict(name=np.array(b"/nowhere/at/all", object)), dict(name=text(b"a", b"b")), dict(name=np.array(b"", object)))


def twins():
    """Keys that two features have: TensorFlow finds nothing then."""
    for keys in ((b"s", b"f"), (b"s", b"s")):
        yield "ParseExampleV2", dict(serialized=MANY, names=text(), sparse_keys=text(*keys[:1]), dense_keys=text(b"f"), ragged_keys=text(b"i", keys[1]), dense_defaults=[np.array([-1], "float32")],
                                     num_sparse=1, sparse_types=[tf.string], ragged_value_types=[tf.int64, tf.string if keys[1] == b"s" else tf.float32], ragged_split_types=[tf.int64, tf.int32], dense_shapes=[[None]])
    for names in (["s", "i"], ["s", "s"]):
        types = [tf.string, tf.int64 if names[1] == "i" else tf.string]
        yield "ParseExample", dict(serialized=MANY, names=text(), sparse_keys=[np.array(n.encode(), object) for n in names], dense_keys=[], dense_defaults=[], sparse_types=types, dense_shapes=[])
        yield "ParseSingleExample", dict(serialized=np.array(MANY[0], object), dense_defaults=[], num_sparse=2, sparse_keys=names, dense_keys=[], sparse_types=types, dense_shapes=[])


def json_examples():
    def case(*texts):
        return "DecodeJSONExample", dict(json_examples=text(*texts))
    feature = '{"features": {"feature": {%s}}}'
    whole = feature % '"a": {"floatList": {"value": [1,2.5]}}, "b": {"int64_list": {"value": ["7", -1, 3.0, 1e3]}}, "c": {"bytesList": {"value": ["YWI=","_-8","YQ"]}}'
    yield "DecodeJSONExample", dict(json_examples=text(whole, "{}", " {} ", feature % '"a": {}').reshape(2, 2))
    yield "DecodeJSONExample", dict(json_examples=text())
    for t in ("", "null", "[]", "{} x", '{"features": null}', '{"features": {}}', '{"features": {"feature": {}}}', '{"features": {"feature": null}}', '{"bad": 1}', '{"features": {"bad": null}}',
              '{"features": {"feature": []}}', '{"features": {}, "features": {"feature": {"a": {}}}}', '{"features":{"feature":null,"feature":{"a":{}}}}', '{"features":{"feature":{"a":{}},"feature":{"a":{}}}}',
              '{"features":[{}]}', "{,}", '{"features":{},}', '{"features":{},,}', "{features:{}}", '{"features":nulll}', '{"feat\\u0075res":{}}', '{"features"}', '{"features":}', '{"features":{}"x":1}',
              '{"FEATURES":{}}', '{"@type": "x"}', "// c\n{}", "\v{}", "{", '{"', '{"\\', '{"features":{"feature":{"a":{', whole[:-1], whole + "\0", '{"features" : {"feature" :{ "\n":{}}}}'):
        yield case(t)
    for key in ('"a": null', '"a": 1', '"": {}', '"\\u00e9\\n\\ud83d\\ude00\\"": {}', '"\\ud83d": {}', '"\\ude00": {}', '"\\ud83d\\u0041": {}', '"\\u00zz": {}', '"\\u00', '"\\u20aC": {}', '"é": {}', '"a\\x": {}',
                "'a': {}", "a: {}", '"a": {},', '"a\\u0000b": {}', '"a\tb": {}', '"\\/\\b\\f\\r\\t\\\'": {}', '"\\v": {}', '"a-b": {}, a_1: {}', "$c: {}", "1d: {}", "null: {}", "true: {}", "a-b: {}", "a.b: {}", "é: {}",
                '"a": {}, "a": {}', '"a": {"bad": 1}', '"a": {"floatList": {}}', '"a": {"floatList": null}', '"a": {"floatList": null, "int64List": {}}', '"a": {"floatList": {}, "floatList": {}}',
                '"a": {"floatList": {"value": [1]}, "int64List": {"value": [2]}}', '"a": {"floatlist": {}}', '"a": {"floatList": []}', '"b": {}, "a": {"floatList":{"value":[]}}', '"a": {"bytes_list": {"bad": []}}',
                '"a": {"float_list": {"value": [1], "value": [2]}}'):
        yield case(feature % key)
    yield "DecodeJSONExample", dict(json_examples=np.array([b'{"features": {"feature": {"\xff": {}}}}'], object))
    for v in ("[]", "null", "1", "[1,]", "[,]", "[1,,2]", "[1 2]", "[[1],[2,[3]]]", "{}", '"1"', "true", "[null, 1]", '["NaN","Infinity","-Infinity","1.5"]', '["nan"]', "[NaN]", "[1e39]", "[-1e39]", '["1e39"]',
              '["1e400"]', "[1e400]", "[1e-50]", "[0.1, 16777217, -0.0]", "[3.4028235e38]", "[3.4028236e38]", "[3.40282356e38]", "[3.4028235677973366e38]", '[" 1.5"]', '["1.5 "]', '["inf"]', '["0x1p3"]',
              '[""]', '["a"]', '["+1"]', "[1E5,1e+5,1e-5]", "[01]", "[.5]", "[5.]", "[+5]", "[1e]", "[-]", "[0]", "[1"):
        yield case(feature % ('"a": {"floatList": {"value": %s}}' % v))
    for v in ("9007199254740992.0", "9007199254740994.0", "1e15", "1e16", "-9e15", '"9e15"', '"1e16"', '"0x10"', '"1 "', '" 1"', "null", "true", "-0", '"-0"', "9223372036854775807", '"-9223372036854775808"',
              "9223372036854775808", '"9223372036854775808"', "1e-1", "100e-2", '""', '"NaN"', "{}", "1.5", '"1.0"', '"1e2"', '"+1"', "9007199254740993", "1e18", "[[1]]"):
        yield case(feature % ('"a": {"int64List": {"value": [%s]}}' % v))
    for v in ('"*"', '"YWI==="', '"Y"', '"YR=="', '""', "1", '"Y WI="', "null", '"YWI"', "'YWI='", '"Y=Wi"', '"=="', '"===="', '"Y==="', '"+/-_"', '"\\u0059WI="', '"YQ","YQ",', "[]"):
        yield case(feature % ('"a": {"bytesList": {"value": [%s]}}' % v))
    yield case(feature % '"a": {"bytesList": {"value": "YQ"}}')


def _descriptors():
    """A message with an optional, a defaulted and a repeated field of each type, one within another, and enums."""
    from google.protobuf import descriptor_pb2
    kind = descriptor_pb2.FieldDescriptorProto
    files = descriptor_pb2.FileDescriptorSet()
    files.file.add(name="other.proto", package="t.other").message_type.add(name="M")
    f = files.file.add(name="t.proto", package="t", syntax="proto2")
    enum = f.enum_type.add(name="E")
    for name, number in (("A", 3), ("B", -5)):
        enum.value.add(name=name, number=number)
    m = f.message_type.add(name="M")
    inner = m.nested_type.add(name="Inner")
    inner.field.add(name="x", number=536870911, type=kind.TYPE_INT32, label=kind.LABEL_OPTIONAL)
    inner.nested_type.add(name="Last").field.add(name="y", number=1, type=kind.TYPE_STRING, label=kind.LABEL_OPTIONAL)
    inner.enum_type.add(name="E").value.add(name="C", number=7)
    defaults = dict(double="-1.5", float="inf", int64="-9223372036854775808", uint64="18446744073709551615", int32="-7", fixed64="5", fixed32="4294967295", bool="true", string=r"a\b", bytes=r'\001\n\"x\377\\',
                    uint32="4294967295", enum="B", sfixed32="-1", sfixed64="-2", sint32="-3", sint64="-4")
    for i, t in enumerate(_PROTO_TYPES):
        for k, (prefix, label) in enumerate((("o_", kind.LABEL_OPTIONAL), ("d_", kind.LABEL_OPTIONAL), ("r_", kind.LABEL_REPEATED))):
            field = m.field.add(name=prefix + t, number=3 * i + k + 1, type=getattr(kind, "TYPE_" + t.upper()), label=label)
            if t == "enum":
                field.type_name = ".t.E" if k else ".t.M.Inner.E"
            if t == "message":
                field.type_name = ".t.M"
            if prefix == "d_" and t in defaults:
                field.default_value = defaults[t]
    return files


_PROTO_TYPES = {"double": "float64", "float": "float32 float64", "int64": "int64", "uint64": "uint64", "int32": "int32 int64", "fixed64": "uint64", "fixed32": "uint32 uint64", "bool": "bool", "string": "string",
                "message": "string", "bytes": "string", "uint32": "uint32 uint64", "enum": "int32", "sfixed32": "int32 int64", "sfixed64": "int64", "sint32": "int32 int64", "sint64": "int64"}


def decoded_protos():
    from google.protobuf import descriptor_pool, message_factory
    files = _descriptors()
    pool = descriptor_pool.DescriptorPool()
    for f in files.file:
        pool.Add(f)
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName("t.M"))
    source = b"bytes://" + files.SerializeToString()
    values = dict(double=[-0.5, np.inf], float=[1.25, np.nan], int64=[-2**63, 5], uint64=[2**64 - 1, 7], int32=[-2**31, 9], fixed64=[2**63, 1], fixed32=[2**32 - 1, 2], bool=[True, False], string=["", "Äb"],
                  bytes=[b"\xff\x00", b"z"], uint32=[2**32 - 1, 3], enum=[-5, 3], sfixed32=[-2**31, 4], sfixed64=[-2**63, 5], sint32=[-2**31, 6], sint64=[-2**63, 7])
    full = message()
    for t, v in values.items():
        setattr(full, "o_" + t, v[0] if t != "enum" else 7)
        setattr(full, "d_" + t, v[1])
        getattr(full, "r_" + t).extend(v + v[:1])
    full.r_message.add().o_int32 = 5
    full.o_message.r_string.append("x")
    data = full.SerializeToString()

    def case(names, types, *messages, **more):
        args = dict(bytes=text(*messages), message_type="t.M", field_names=names, output_types=[tf.as_dtype(t) for t in types], descriptor_source=source)
        return "DecodeProtoV2", {**args, **more}
    for t, dtypes in _PROTO_TYPES.items():
        for dt in dtypes.split():
            yield case([p + t for p in ("o_", "d_", "r_")], [dt] * 3, data, b"")
        yield case(["o_" + t], ["int8"], b"")
        yield case(["o_" + t], ["float32" if t != "float" else "int32"], b"")
    numbers = {f.name: f.number for f in files.file[1].message_type[0].field}

    def field(name, wire, rest):
        n = numbers[name] << 3 | wire
        return (bytes([n]) if n < 128 else bytes([n & 127 | 128, n >> 7])) + rest
    big = b"\xff" * 9 + b"\x01"
    for name, dt, m in (("o_int32", "int64", field("o_int32", 0, b"\x05") + field("o_int32", 0, b"\x06")), ("o_int32", "int64", field("o_int32", 0, big)), ("o_uint32", "uint64", field("o_uint32", 0, big)),
                        ("o_sint32", "int64", field("o_sint32", 0, big)), ("o_bool", "bool", field("o_bool", 0, b"\x05")), ("o_bool", "bool", field("o_bool", 0, b"\x80\x80\x80\x80\x10")),
                        ("o_enum", "int32", field("o_enum", 0, b"\x63")), ("o_enum", "int32", field("o_enum", 0, big)),
                        ("r_int32", "int32", field("r_int32", 2, b"\x03\x01\x02\x03") + field("r_int32", 0, b"\x07")), ("r_int32", "int32", field("r_int32", 2, b"\x00")), ("r_int32", "int32", field("r_int32", 2, b"\x01\xff")),
                        ("o_int32", "int32", field("o_int32", 2, b"\x03\x01\x02\x03")), ("o_int32", "int32", field("o_int32", 2, b"\x00")), ("r_float", "float64", field("r_float", 2, b"\x08" + np.float32([1, 2]).tobytes())),
                        ("r_float", "float32", field("r_float", 2, b"\x07" + b"1234567")), ("r_double", "float64", field("r_double", 2, b"\x10" + np.float64([1, 2]).tobytes())),
                        ("r_string", "string", field("r_string", 2, b"\x01a") + field("r_string", 2, b"\x00")), ("o_int32", "int32", field("o_int32", 5, b"1234")), ("o_string", "string", field("o_string", 0, b"\x01")),
                        ("o_string", "string", field("o_string", 2, b"\x09a")), ("o_string", "string", b"\xff"), ("o_string", "string", b"\x00\x01"), ("o_int32", "int32", b"\xa3\x06\xa4\x06" + field("o_int32", 0, b"\x05")),
                        ("o_int32", "int32", b"\x0c"), ("o_int32", "int32", b"\xa3\x06"), ("o_int32", "int32", b"\xa0\x06\x05"), ("o_fixed32", "uint32", field("o_fixed32", 5, b"12")),
                        ("o_message", "string", field("o_message", 2, b"\x01\x00") + field("o_message", 2, b"\x02ab"))):
        yield case([name], [dt], m, b"")
    yield case(["o_int32", "o_string", "r_bool"], ["int64", "string", "bool"], data, b"", data[:len(data) // 2] + b"\xff", bytes=text(data, b"", b"", data, data, b"").reshape(3, 2))
    yield case(["o_int32"], ["int64"], bytes=np.array(data, object))
    yield case(["o_int32", "r_int64"], ["int64", "int64"], data, sanitize=True)
    yield case(["o_int32", "o_int32"], ["int64", "int32"], data)
    yield case(["r_sint32", "o_bytes"], ["int64", "string"], data)
    yield case([], [], data, b"")
    yield case(["o_int32"], ["int64"])
    yield case(["nothing"], ["int64"], data)
    yield case(["o_int32"], [], data)
    for name in ("t.X", "t", "", "M", "t.M.Inner.Last.More", "t.E", "t.other.M"):
        yield case(["o_int32"], ["int64"], data, message_type=name)
    yield case(["x"], ["int64"], b"\xf8\xff\xff\xff\x0f\x05", b"", message_type="t.M.Inner")
    yield case(["y"], ["string"], b"\x0a\x01z", b"", message_type="t.M.Inner.Last")
    yield case(["o_int32"], ["int64"], data, descriptor_source=b"bytes://")
    yield case(["o_int32"], ["int64"], data, message_format="other")


def encoded_protos():
    files = _descriptors()
    types = files.file[1].message_type[0].field[0]
    lists = files.file.add(name="p.proto", package="t", syntax="proto3").message_type.add(name="Lists")
    for i, t in enumerate(("int32", "float", "string", "sint64", "bool", "double")):
        for k, packed in enumerate((None, False, True)):
            field = lists.field.add(name="%s%d" % (t, k), number=3 * i + k + 1, type=getattr(types, "TYPE_" + t.upper()), label=types.LABEL_REPEATED)
            if packed is not None and t != "string":
                field.options.packed = packed
    lists.field.add(name="one", number=1000, type=types.TYPE_INT32, label=types.LABEL_OPTIONAL)
    files.file[1].message_type.add(name="Old").field.add(name="x", number=4, type=types.TYPE_INT32, label=types.LABEL_REPEATED).options.packed = True
    source = b"bytes://" + files.SerializeToString()

    def case(names, sizes, *values, **more):
        return "EncodeProto", {**dict(sizes=np.array(sizes, "int32"), values=list(values), field_names=names, message_type="t.M", descriptor_source=source), **more}
    for t, dtypes in _PROTO_TYPES.items():
        for dt in dtypes.split():
            v = edges(dt)
            yield case(["r_" + t, "o_" + t], [[v.size, 1], [0, 1], [1, 0]], np.stack([v, v, v[::-1]]), np.resize(v, 3).reshape(3, 1))
        yield case(["o_" + t], [[1]], np.array([[1]], "int8"))
    def i(*v):
        return np.array(v, "int32")
    yield case(["r_int32", "o_int64", "o_string"], [[1, 1, 1]], i([5]), np.array([[7]], "int64"), text("x").reshape(1, 1))
    yield case(["o_string", "o_int64", "r_int32"], [[1, 1, 1]], text("x").reshape(1, 1), np.array([[7]], "int64"), i([5]))
    yield case(["o_int32", "o_int32"], [[1, 1]], i([5]), i([6]))
    yield case(["o_int32"], [[2]], i([5, 6]))
    yield case(["o_int32"], [[-1]], i([5, 6]))
    yield case(["o_int32"], [[3]], i([5, 6]))
    yield case(["o_int32"], [[[1], [2]]], i([[5, 6], [7, 8]]))
    yield case(["o_int32"], [1], i(5, 6))
    yield case(["o_int32"], [[1], [2]], i([5, 6]))
    yield case(["o_int32"], [[1, 1]], i([5, 6]))
    yield case(["o_int32", "o_int64"], [[1, 1]], i([5, 6]), np.int64([[1], [2]]))
    yield case(["o_int32"], np.zeros((0, 1)), np.zeros((0, 2), "int32"))
    yield case(["o_int32"], [[0]], np.zeros((1, 0), "int32"))
    yield case(["nothing"], [[1]], i([5]))
    yield case(["o_int32"], [[1]], i([5]), message_type="t.X")
    for k in range(3):
        yield case([t + str(k) for t in ("int32", "float", "string", "sint64", "bool", "double")], [[3] * 6, [0, 1, 0, 1, 0, 1]], np.stack([edges("int32")] * 2), np.stack([edges("float32")] * 2), np.stack([edges("string")] * 2),
                   np.stack([edges("int64")] * 2), np.array([[True, False, True]] * 2), np.stack([edges("float64")] * 2), message_type="t.Lists")
    yield case(["one"], [[1]], i([5]), message_type="t.Lists")
    yield case(["x"], [[2]], i([5, 300]), message_type="t.Old")
    yield case(["x"], [[1]], i([5]), descriptor_source=b"bytes://")
