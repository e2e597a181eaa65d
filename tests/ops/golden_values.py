# SPDX-License-Identifier: Apache-2.0
"""Arrays for goldens: small numbers that every type holds exactly, and the values at the edges of each type."""
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_registry

rng = np.random.default_rng(7)
RENAMED = {"float": "float32", "double": "float64", "half": "float16"}
SIGNED, UNSIGNED = ["int8", "int16", "int32", "int64"], ["uint8", "uint16", "uint32", "uint64"]
FLOATS, INTS, COMPLEX = ["float32", "float64", "float16", "bfloat16"], SIGNED + UNSIGNED, ["complex64", "complex128"]
NUMBERS = FLOATS + INTS + COMPLEX
ALL = NUMBERS + ["bool", "string"]
SOME = ["float32", "int8", "float16", "int64", "complex64", "complex128", "string", "bool"]
NUM = ["float32", "float64", "bfloat16", "int32", "uint8", "int64"]


def np_type(dt):
    return tf.as_dtype(dt).as_numpy_dtype


def types(op, attr="T"):
    """The types that the op's declaration allows, of those that a client can send."""
    for a in op_def_registry.get(op).attr:
        if a.name == attr:
            names = [tf.as_dtype(t).name for t in a.allowed_values.list.type]
            return [t for t in ALL if not names or t in names]
    raise KeyError(attr)


def arr(dt, *shape, lo=-9, hi=9):
    """Small numbers that every type holds exactly."""
    n = int(np.prod(shape))
    if dt == "string":
        words = np.array([b"", b"a", b"bc", b"def", b"\x00\xff"], object)
        return words[rng.integers(0, len(words), n)].reshape(shape)
    if dt == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    a = rng.integers(0 if dt[0] == "u" else lo, hi, shape)
    if dt.startswith("complex"):
        a = a + 1j * rng.integers(lo, hi, shape)
    return a.astype(np_type(dt))


def real(dt, *shape, lo=-3., hi=3., odd=True):
    """Numbers of a range, with NaN, infinities and zeros among them."""
    a = rng.uniform(lo, hi, shape)
    if odd and a.size > 8:
        a.reshape(-1)[:6] = [np.nan, np.inf, -np.inf, 0., -0., 1.]
    return np.asarray(a).astype(np_type(dt))


def edges(dt, few=False):
    """What goes wrong first: the ends of the type, zeros, ones, and numbers that are none."""
    if dt == "string":
        return np.array([b"", b"a", b"B", b"\x00", b"\xff\xfe", "Äß".encode()], object)
    if dt == "bool":
        return np.array([False, True])
    if dt in INTS:
        i = np.iinfo(dt)
        return np.array([i.min, i.max, 0, 1, 7] + ([] if i.min == 0 else [-1, -3]), dt)
    if dt in COMPLEX:
        return np.array([0, 1, -1, 1j, -2j, 1.5 - 2j, -3 + .5j] + ([] if few else [complex(-0., -0.), 4 + 3j]), dt)
    a = [np.nan, np.inf, -np.inf, 0., -0., 1., -1., 2.5, -3.]
    if not few:
        info = tf.as_dtype(dt)
        a += [.5, -1.5, 1e-3, float(info.max), float(info.min)]
    return np.array(a).astype(np_type(dt))


def i32(*v):
    return np.array(v, "int32")


def i64(*v):
    return np.array(v, "int64")


def text(*v):
    return np.array([x.encode() if isinstance(x, str) else x for x in v] + [None], object)[:-1]


def scalar(v, dt):
    return np.array(v).astype(np_type(dt))
