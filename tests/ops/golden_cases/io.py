# SPDX-License-Identifier: Apache-2.0
"""Serialized Examples and tensors, raw and compressed bytes, CSV."""
import gzip
import zlib

import numpy as np
import tensorflow as tf

from golden_values import ALL, arr, edges, text


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
