# SPDX-License-Identifier: Apache-2.0
"""Sets in the last dimension of tensors."""
import numpy as np

from golden_values import arr, i32, i64, text, types

KINDS = ("a-b", "b-a", "intersection", "union")


def values(dt, *shape):
    return arr(dt, *shape, lo=-2, hi=3)


def sparse(dt, which, rows, shape, **more):
    """Elements at rows, which are in order."""
    index = np.array(rows, "int64").reshape(len(rows), len(shape))
    return {which + "_indices": index, which + "_values": values(dt, len(rows)), which + "_shape": i64(*shape), **more}


SOME, OTHERS = [(0, 0), (0, 2), (1, 1), (1, 2), (1, 3), (3, 0)], [(0, 1), (1, 0), (1, 1), (2, 2), (3, 0), (3, 1), (3, 2)]


def dense():
    for dt in types("DenseToDenseSetOperation"):
        for kind in KINDS:
            yield "DenseToDenseSetOperation", dict(set1=values(dt, 3, 4), set2=values(dt, 3, 5), set_operation=kind)
            yield "DenseToSparseSetOperation", dict(set1=values(dt, 4, 3), set_operation=kind, **sparse(dt, "set2", SOME, (4, 4)))
    for kind in KINDS:
        for a, b in (((2, 2, 3), (2, 2, 1)), ((0, 2), (0, 3)), ((2, 0), (2, 3)), ((2, 3), (2, 0)), ((2, 3), (3, 3)), ((2, 3), (2, 2, 3)), ((3,), (3,)), ((), ())):
            yield "DenseToDenseSetOperation", dict(set1=values("int32", *a), set2=values("int32", *b), set_operation=kind)
    words = [text("b", "a", "", "ab", "a", "\0", "a\0", "Z").reshape(2, 4), text("a", "b", "c", "\0", "Z", "zz").reshape(2, 3)]
    for kind in KINDS + ("UNION", "A-B", "xor"):
        yield "DenseToDenseSetOperation", dict(set1=words[0], set2=words[1], set_operation=kind, validate_indices=False)
    for wrong in (dict(set1=values("int32", 3, 3)), dict(set1=values("int32", 4)), dict(set2_shape=i64(4)), dict(set2_shape=i64(4, 2)), dict(set2_shape=i64(4, 4, 4)), dict(set2_values=values("int32", 3)),
                  dict(set2_indices=np.array(SOME[::-1])), dict(set2_indices=np.array([SOME[0]] * 6)), dict(set2_indices=np.array(SOME) - 1)):
        for validates in (True, False):
            if validates or "set2_indices" not in wrong:
                yield "DenseToSparseSetOperation", {**dict(set1=values("int32", 4, 3), set_operation="union", validate_indices=validates, **sparse("int32", "set2", SOME, (4, 4))), **wrong}
    yield "DenseToSparseSetOperation", dict(set1=values("int32", 4, 3), set_operation="a-b", **sparse("int32", "set2", [], (4, 4)))


def both_sparse():
    for dt in types("SparseToSparseSetOperation"):
        for kind in KINDS:
            yield "SparseToSparseSetOperation", dict(set_operation=kind, **sparse(dt, "set1", SOME, (4, 4)), **sparse(dt, "set2", OTHERS, (4, 3)))
    for kind in KINDS:
        yield "SparseToSparseSetOperation", dict(set_operation=kind, validate_indices=False, **sparse("int64", "set1", [(0, 1, 1), (1, 0, 2), (1, 0, 3)], (2, 2, 4)), **sparse("int64", "set2", [(0, 1, 0), (1, 1, 1)], (2, 2, 2)))
        yield "SparseToSparseSetOperation", dict(set_operation=kind, **sparse("int32", "set1", [], (4, 4)), **sparse("int32", "set2", OTHERS, (4, 3)))
        yield "SparseToSparseSetOperation", dict(set_operation=kind, **sparse("int32", "set1", [], (0, 4)), **sparse("int32", "set2", [], (0, 3)))
        yield "SparseToSparseSetOperation", dict(set_operation=kind, **sparse("int32", "set1", SOME, (4, 4)), **sparse("int32", "set2", [], (4, 0)))
    ok = dict(set_operation="union", **sparse("int32", "set1", SOME, (4, 4)), **sparse("int32", "set2", OTHERS, (4, 3)))
    for wrong in (dict(set2_shape=i64(5, 3)), dict(set2_shape=i64(4, 3, 1)), dict(set1_shape=i64(4)), dict(set1_shape=i64(4, 3)), dict(set1_values=values("int32", 2)), dict(set1_indices=np.array(SOME[::-1])), dict(set1_shape=i64(-4, 4))):
        yield "SparseToSparseSetOperation", {**ok, **wrong}


def sizes():
    for dt in types("SetSize"):
        yield "SetSize", sparse(dt, "set", SOME, (4, 4))
        yield "SetSize", sparse(dt, "set", [(0, 1, 1), (1, 0, 2), (1, 0, 3)], (2, 2, 4))
    yield "SetSize", sparse("int32", "set", [], (2, 3))
    yield "SetSize", sparse("int32", "set", [], (0, 3))
    yield "SetSize", sparse("int32", "set", SOME, (4, 4), validate_indices=False)
    for wrong in (dict(set_shape=i64(4)), dict(set_shape=i64(3, 4)), dict(set_shape=i64(4, 3)), dict(set_values=values("int32", 2)), dict(set_indices=np.array(SOME[::-1])), dict(set_indices=np.array([SOME[0]] * 6))):
        yield "SetSize", {**sparse("int32", "set", SOME, (4, 4)), **wrong}
