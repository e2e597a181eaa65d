# SPDX-License-Identifier: Apache-2.0
"""Serialized Examples."""
import numpy as np
import tensorflow as tf

from golden_values import text


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
