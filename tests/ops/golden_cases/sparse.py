# SPDX-License-Identifier: Apache-2.0
"""Sparse and ragged tensors."""
import numpy as np
import tensorflow as tf

from golden_values import ALL, COMPLEX, FLOATS, NUMBERS, SIGNED, arr, edges, i32, i64, real, text, types
from golden_writer import Graph

SOME = ["float32", "int64", "string", "bool", "float16", "complex64", "uint8"]
INDEX, OTHER = i64(0, 1, 1, 0, 2, 3).reshape(3, 2), i64(0, 0, 1, 0).reshape(2, 2)
NONE = i64().reshape(0, 2)


def moves():
    for dt in SOME:
        v = arr(dt, 3)
        yield "SparseToDense", dict(sparse_indices=INDEX, output_shape=i64(3, 4), sparse_values=v, default_value=arr(dt)[()])
        yield "SparseReorder", dict(input_indices=INDEX[::-1].copy(), input_values=v, input_shape=i64(3, 4))
        for dim in (0, 1, -1):
            yield "SparseConcat", dict(indices=[INDEX, OTHER], values=[v, arr(dt, 2)], shapes=[i64(3, 4), i64(3, 4)], concat_dim=dim)
        yield "SparseSlice", dict(indices=INDEX, values=v, shape=i64(3, 4), start=i64(1, 0), size=i64(2, 3))
        yield "SparseSplit", dict(split_dim=np.int64(1), indices=INDEX, values=v, shape=i64(3, 4), num_split=3)
        yield "SparseFillEmptyRows", dict(indices=INDEX, values=v, dense_shape=i64(5, 4), default_value=arr(dt)[()])
    for validate in (True, False):
        yield "SparseToDense", dict(sparse_indices=i64(1, 3), output_shape=i64(5), sparse_values=arr("float32", 2), default_value=np.float32(0), validate_indices=validate)
    yield "SparseToDense", dict(sparse_indices=i64(3, 1), output_shape=i64(5), sparse_values=arr("float32", 2), default_value=np.float32(0), validate_indices=True)
    yield "SparseToDense", dict(sparse_indices=i64(3, 1), output_shape=i64(5), sparse_values=arr("float32", 2), default_value=np.float32(0), validate_indices=False)
    yield "SparseToDense", dict(sparse_indices=i32(2), output_shape=i32(5), sparse_values=np.float32(7), default_value=np.float32(0))
    yield "SparseToDense", dict(sparse_indices=np.int32(2), output_shape=i32(5), sparse_values=np.float32(7), default_value=np.float32(0))
    yield "SparseToDense", dict(sparse_indices=i64(5), output_shape=i64(5), sparse_values=arr("float32", 1), default_value=np.float32(0))
    yield "SparseToDense", dict(sparse_indices=NONE, output_shape=i64(2, 2), sparse_values=arr("float32", 0), default_value=np.float32(3))
    for shape, new in (((3, 4), (2, -1)), ((3, 4), (5, 2)), ((3, 4), (12,)), ((3, 4), (2, 3, 2)), ((3, 4), (-1, -1)), ((0, 4), (2, -1)), ((3, 4), (3, 4))):
        yield "SparseReshape", dict(input_indices=INDEX if shape[0] else NONE, input_shape=i64(*shape), new_shape=i64(*new))
    yield "SparseSlice", dict(indices=INDEX, values=arr("float32", 3), shape=i64(3, 4), start=i64(5, 0), size=i64(2, 3))
    yield "SparseSlice", dict(indices=INDEX, values=arr("float32", 3), shape=i64(3, 4), start=i64(0, 0), size=i64(9, 9))
    for dim, n in ((0, 2), (1, 4), (-1, 2), (1, 5), (2, 1)):
        yield "SparseSplit", dict(split_dim=np.int64(dim), indices=INDEX, values=arr("float32", 3), shape=i64(3, 4), num_split=n)
    yield "SparseConcat", dict(indices=[INDEX, OTHER], values=[arr("float32", 3), arr("float32", 2)], shapes=[i64(3, 4), i64(2, 4)], concat_dim=1)
    yield "SparseFillEmptyRows", dict(indices=NONE, values=arr("float32", 0), dense_shape=i64(3, 4), default_value=np.float32(1))
    yield "SparseFillEmptyRows", dict(indices=NONE, values=arr("float32", 0), dense_shape=i64(0, 4), default_value=np.float32(1))
    yield "SparseFillEmptyRows", dict(indices=INDEX, values=arr("float32", 3), dense_shape=i64(2, 4), default_value=np.float32(1))
    for dt in ("float32", "int64", "bool"):
        yield "SparseFillEmptyRowsGrad", dict(reverse_index_map=i64(2, 0, 3), grad_values=arr(dt, 5)) if dt != "bool" else dict(reverse_index_map=i64(1), grad_values=arr(dt, 2))
    yield "SparseFillEmptyRowsGrad", dict(reverse_index_map=i64(2, 9), grad_values=arr("float32", 3))


def math():
    for dt in types("SparseTensorDenseMatMul"):
        v = arr(dt, 3, lo=-3, hi=4)
        for aa, ab in ((False, False), (True, False), (False, True), (True, True)):
            b = arr(dt, *((2, 3 if aa else 4) if ab else (3 if aa else 4, 2)), lo=-3, hi=4)
            yield "SparseTensorDenseMatMul", dict(a_indices=INDEX, a_values=v, a_shape=i64(3, 4), b=b, adjoint_a=aa, adjoint_b=ab)
    yield "SparseTensorDenseMatMul", dict(a_indices=INDEX.astype("int32"), a_values=arr("float32", 3), a_shape=i64(3, 4), b=arr("float32", 4, 2))
    yield "SparseTensorDenseMatMul", dict(a_indices=INDEX, a_values=arr("float32", 3), a_shape=i64(3, 4), b=arr("float32", 5, 2))
    yield "SparseTensorDenseMatMul", dict(a_indices=NONE, a_values=arr("float32", 0), a_shape=i64(3, 4), b=arr("float32", 4, 2))
    yield "SparseTensorDenseMatMul", dict(a_indices=INDEX, a_values=arr("float32", 3), a_shape=i64(2, 4), b=arr("float32", 4, 2))
    for dt in types("SparseTensorDenseAdd"):
        for t in ("int32", "int64"):
            yield "SparseTensorDenseAdd", dict(a_indices=INDEX.astype(t), a_values=arr(dt, 3), a_shape=np.array([3, 4], t), b=arr(dt, 3, 4))
    for op in ("Add", "Mul", "Div"):
        for dt in types("SparseDenseCwise" + op):
            for dense in ((4,), (3, 1), (3, 4), ()):
                yield "SparseDenseCwise" + op, dict(sp_indices=INDEX, sp_values=arr(dt, 3), sp_shape=i64(3, 4), dense=arr(dt, *dense, lo=1, hi=4))
        yield "SparseDenseCwise" + op, dict(sp_indices=INDEX, sp_values=arr("float32", 3), sp_shape=i64(3, 4), dense=arr("float32", 2))
        yield "SparseDenseCwise" + op, dict(sp_indices=NONE, sp_values=arr("float32", 0), sp_shape=i64(3, 4), dense=arr("float32", 4))
    for dt in NUMBERS:
        real_dt = {"complex64": "float32", "complex128": "float64"}.get(dt, dt)
        for thresh in (0, 3):
            yield "SparseAdd", dict(a_indices=INDEX, a_values=arr(dt, 3), a_shape=i64(3, 4), b_indices=OTHER, b_values=arr(dt, 2), b_shape=i64(3, 4), thresh=np.array(thresh).astype(arr(real_dt).dtype))
    yield "SparseAdd", dict(a_indices=INDEX, a_values=arr("float32", 3), a_shape=i64(3, 4), b_indices=OTHER, b_values=arr("float32", 2), b_shape=i64(3, 5), thresh=np.float32(0))
    yield "SparseAdd", dict(a_indices=NONE, a_values=arr("float32", 0), a_shape=i64(3, 4), b_indices=NONE, b_values=arr("float32", 0), b_shape=i64(3, 4), thresh=np.float32(0))
    for op in ("SparseReduceSum", "SparseReduceSumSparse", "SparseReduceMax", "SparseReduceMaxSparse"):
        for dt in types(op):
            if dt in COMPLEX and "Max" in op:
                continue
            yield op, dict(input_indices=INDEX, input_values=arr(dt, 3), input_shape=i64(3, 4), reduction_axes=i32(1))
        for axes in ((0,), (0, 1), (-1,), (), (1, 0)):
            for keep in (False, True):
                yield op, dict(input_indices=np.concatenate([INDEX, [[2, 1]]])[[0, 1, 3, 2]], input_values=arr("float32", 4), input_shape=i64(3, 4), reduction_axes=i32(*axes), keep_dims=keep)
        yield op, dict(input_indices=NONE, input_values=arr("float32", 0), input_shape=i64(3, 4), reduction_axes=i32(1))
        yield op, dict(input_indices=INDEX, input_values=arr("float32", 3), input_shape=i64(3, 4), reduction_axes=i32(2))
        yield op, dict(input_indices=i64(0, 0, 0, 1, 1, 0, 1, 1).reshape(4, 2), input_values=np.float32([np.nan, 1, 1, np.nan]), input_shape=i64(2, 2), reduction_axes=i32(1))
    for dt in types("SparseSoftmax"):
        yield "SparseSoftmax", dict(sp_indices=i64(0, 0, 0, 2, 1, 1).reshape(3, 2), sp_values=real(dt, 3, odd=False), sp_shape=i64(3, 4))
    yield "SparseSoftmax", dict(sp_indices=NONE, sp_values=arr("float32", 0), sp_shape=i64(3, 4))
    yield "SparseSoftmax", dict(sp_indices=i64(0, 1).reshape(2, 1), sp_values=arr("float32", 2), sp_shape=i64(3))
    for op in ("SparseSparseMaximum", "SparseSparseMinimum"):
        for dt in types(op):
            if dt not in COMPLEX:
                yield op, dict(a_indices=INDEX, a_values=arr(dt, 3), a_shape=i64(3, 4), b_indices=OTHER, b_values=arr(dt, 2), b_shape=i64(3, 4))
        yield op, dict(a_indices=INDEX, a_values=np.float32([np.nan, 1, 2]), a_shape=i64(3, 4), b_indices=INDEX, b_values=np.float32([1, np.nan, -np.inf]), b_shape=i64(3, 4))
        yield op, dict(a_indices=INDEX, a_values=arr("float32", 3), a_shape=i64(3, 4), b_indices=OTHER, b_values=arr("float32", 2), b_shape=i64(3, 5))


def ragged():
    for dt in SOME:
        yield "RaggedGather", dict(params_nested_splits=[i64(0, 2, 3), i64(0, 1, 4, 6)], params_dense_values=arr(dt, 6, 2), indices=i64(1, 0, 1, 1).reshape(2, 2), OUTPUT_RAGGED_RANK=3)
        yield "RaggedTensorToSparse", dict(rt_nested_splits=[i64(0, 2, 2, 3)], rt_dense_values=arr(dt, 3, 2))
        yield "RaggedFillEmptyRows", dict(value_rowids=i64(0, 2, 2), values=arr(dt, 3), nrows=np.int64(5), default_value=arr(dt)[()])
        for kinds, parts in ((["ROW_SPLITS"], [i64(0, 2, 2, 5)]), (["FIRST_DIM_SIZE", "VALUE_ROWIDS"], [np.int64(4), i64(0, 0, 2, 2, 3)])):
            for shape in (i64(-1, -1), i64(2, 2), i64(5, -1)):
                yield "RaggedTensorToTensor", dict(shape=shape, values=arr(dt, 5), default_value=arr(dt)[()], row_partition_tensors=parts, row_partition_types=kinds)
    yield "RaggedTensorToTensor", dict(shape=i64(-1, -1, -1), values=arr("float32", 6), default_value=np.float32(9), row_partition_tensors=[i64(0, 2, 3), i64(0, 1, 4, 6)],
                                       row_partition_types=["ROW_SPLITS", "ROW_SPLITS"])
    yield "RaggedTensorToTensor", dict(shape=i32(-1, -1, 2), values=arr("float32", 3, 2), default_value=np.float32([7, 8]), row_partition_tensors=[i32(0, 1, 1, 3)], row_partition_types=["ROW_SPLITS"])
    yield "RaggedTensorToTensor", dict(shape=np.int64(-1), values=arr("float32", 3), default_value=np.float32(0), row_partition_tensors=[i64(0, 1, 3)], row_partition_types=["ROW_SPLITS"])
    for index in (i32(1, 0), i32(2), i32(), i32(-1)):
        yield "RaggedGather", dict(params_nested_splits=[i32(0, 2, 3)], params_dense_values=arr("float32", 3), indices=index, OUTPUT_RAGGED_RANK=1)
    yield "RaggedTensorToSparse", dict(rt_nested_splits=[i64(0, 3, 2, 5)], rt_dense_values=arr("float32", 5))
    yield "RaggedTensorToSparse", dict(rt_nested_splits=[i32(0, 2, 3), i32(0, 1, 4, 4)], rt_dense_values=arr("float32", 4))
    yield "RaggedTensorToSparse", dict(rt_nested_splits=[i64(0)], rt_dense_values=arr("float32", 0))
    yield "RaggedFillEmptyRows", dict(value_rowids=i64(), values=arr("float32", 0), nrows=np.int64(2), default_value=np.float32(1))
    yield "RaggedFillEmptyRows", dict(value_rowids=i64(3), values=arr("float32", 1), nrows=np.int64(2), default_value=np.float32(1))
    for dt in types("RaggedRange"):
        for split in ("int32", "int64"):
            yield "RaggedRange", dict(starts=arr(dt, 3, lo=0, hi=2), limits=arr(dt, 3, lo=2), deltas=np.array(1).astype(arr(dt).dtype), Tsplits=split)
        yield "RaggedRange", dict(starts=arr(dt, 2, lo=5, hi=9), limits=np.array(0).astype(arr(dt).dtype), deltas=np.array([-1, -3]).astype(arr(dt).dtype))
        yield "RaggedRange", dict(starts=arr(dt), limits=arr(dt), deltas=np.array(0).astype(arr(dt).dtype))


def crosses():
    """Strong hashes of dense numbers are left out: TensorFlow crashes."""
    words = text(b"", b"a", b"bc", b"a", b"\xff")
    a, b = i64(0, 0, 0, 1, 2, 0, 2, 1, 2, 2).reshape(5, 2), i64(0, 0, 1, 0, 2, 0, 2, 1).reshape(4, 2)
    shapes = [i64(3, 3), i64(3, 2)]
    numbers = i64(7, -1, 2**40 + 7, 0)
    for values in ([words, words[1:]], [words, numbers], [numbers.repeat(2)[:5], numbers]):
        for dense in ([], [words[:3].reshape(3, 1)], [i64(1, 2, 3, -4, 5, 6).reshape(3, 2)], [text().reshape(3, 0)], [words[:3].reshape(3, 1), i64(1, 2, 3).reshape(3, 1)]):
            sparse = dict(indices=[a, b], values=values, shapes=shapes, dense_inputs=dense)
            for buckets in (0, 10):
                for key in (956888297470, -3):
                    yield "SparseCross", dict(sparse, hashed_output=True, num_buckets=buckets, hash_key=key, out_type=tf.int64, internal_type=tf.int64)
                yield "SparseCross", dict(sparse, hashed_output=True, num_buckets=buckets, hash_key=5, out_type=tf.int64, internal_type=tf.string)
            yield "SparseCross", dict(sparse, hashed_output=False, num_buckets=0, hash_key=0, out_type=tf.string, internal_type=tf.int64)
            is_text = all(x.dtype == object for x in values + dense)
            if is_text:
                yield "SparseCross", dict(sparse, hashed_output=False, num_buckets=0, hash_key=0, out_type=tf.string, internal_type=tf.string)
            for sep in (b"_X_", b"", b"\x00"):
                yield "SparseCrossV2", dict(sparse, sep=np.array(sep, object))
            for buckets in (0, 100, -5):
                for strong in (False, True):
                    if not strong or all(x.dtype == object for x in dense):
                        yield "SparseCrossHashed", dict(sparse, num_buckets=np.array(buckets), strong_hash=np.array(strong), salt=i64(137, -173))
    none = i64().reshape(0, 2)
    for k in (dict(indices=[none], values=[text()], shapes=[i64(2, 3)], dense_inputs=[]), dict(indices=[none], values=[text()], shapes=[i64(0, 3)], dense_inputs=[]),
              dict(indices=[], values=[], shapes=[], dense_inputs=[words[:4].reshape(2, 2)]), dict(indices=[a], values=[words], shapes=[i64(3, 3)], dense_inputs=[words[:4].reshape(2, 2)]),
              dict(indices=[a], values=[words[1:]], shapes=[i64(3, 3)], dense_inputs=[]), dict(indices=[a], values=[words], shapes=[i64(3)], dense_inputs=[]),
              dict(indices=[i64(1, 2)], values=[words[:2]], shapes=[i64(3, 3)], dense_inputs=[]), dict(indices=[a], values=[words], shapes=[i64(3, 3)], dense_inputs=[words[:3]])):
        yield "SparseCrossV2", dict(k, sep=np.array(b"-", object))
        yield "SparseCrossHashed", dict(k, num_buckets=np.array(0), strong_hash=np.array(True), salt=i64(1, 2))
    yield "SparseCrossV2", dict(indices=[a], values=[words], shapes=[i64(3, 3)], dense_inputs=[], sep=text(b"-"))


def serialized():
    rows = i64(0, 0, 1, 0, 0, 3, 2, 1, 0, 2, 1, 2).reshape(4, 3)
    for dt in ["float32", "string", "int64", "bool", "complex64", "bfloat16"]:
        v = arr(dt, 4)
        yield "SerializeSparse", dict(sparse_indices=rows, sparse_values=v, sparse_shape=i64(5, 2, 4))
        yield "SerializeManySparse", dict(sparse_indices=rows, sparse_values=v, sparse_shape=i64(5, 2, 4))
        one = written(rows, v, i64(5, 2, 4))
        yield "DeserializeSparse", dict(serialized_sparse=one, dtype=tf.as_dtype(dt))
        yield "DeserializeManySparse", dict(serialized_sparse=np.stack([one, written(rows[:2], v[:2], i64(3, 3, 7))]), dtype=tf.as_dtype(dt))
        yield "DeserializeSparse", dict(serialized_sparse=np.stack([one] * 6).reshape(2, 3, 3), dtype=tf.as_dtype(dt))
        yield "DeserializeSparse", dict(serialized_sparse=one, dtype=tf.as_dtype("int8"))
    none = i64().reshape(0, 3)
    v = arr("float32", 4)
    for n in (0, 2):
        yield "SerializeManySparse", dict(sparse_indices=none, sparse_values=v[:0], sparse_shape=i64(n, 2, 4))
    yield "SerializeSparse", dict(sparse_indices=none, sparse_values=text(), sparse_shape=i64(0, 2, 4))
    yield "SerializeSparse", dict(sparse_indices=rows, sparse_values=v[:3], sparse_shape=i64(5, 2, 4))
    yield "SerializeSparse", dict(sparse_indices=rows[0], sparse_values=v, sparse_shape=i64(5, 2, 4))
    yield "SerializeSparse", dict(sparse_indices=rows, sparse_values=v.reshape(2, 2), sparse_shape=i64(5, 2, 4))
    yield "SerializeSparse", dict(sparse_indices=rows, sparse_values=v, sparse_shape=np.int64(5))
    for k in (dict(sparse_indices=rows[::-1].copy()), dict(sparse_indices=rows[[0, 1, 1, 2]]), dict(sparse_shape=i64(2, 2, 4)), dict(sparse_shape=i64(5, 2, 3)),
              dict(sparse_indices=rows[:, :1].copy(), sparse_shape=i64(5)), dict(sparse_shape=i64(5, 2)), dict(sparse_values=v[:3])):
        yield "SerializeManySparse", dict(dict(sparse_indices=rows, sparse_values=v, sparse_shape=i64(5, 2, 4)), **k)
    one, flat = written(rows, v, i64(5, 2, 4)), written(rows[:, :1].copy(), v, i64(5))
    for x in (np.stack([one, flat]), one[:2], one[[1, 0, 2]], one[[0, 0, 2]], one[[0, 1, 1]], one[[0, 1, 0]], np.stack([one])[:0], text(b"", b"", b""), text(b"\xff", b"\xff", b"\xff"),
              np.array([one[0], flat[1], written(rows, v, i64(1, 1))[2]], object), np.array([one[0], written(rows[:3], v[:3], i64(1, 1))[1], one[2]], object), np.array(one[0], object),
              written(i64().reshape(2, 0), v[:2], i64())):
        yield "DeserializeSparse", dict(serialized_sparse=x, dtype=tf.float32)
        if x.ndim == 2:
            yield "DeserializeManySparse", dict(serialized_sparse=x, dtype=tf.float32)

    def through_variants(many):
        def build(init, i, v, s):
            made = (tf.raw_ops.SerializeManySparse if many else tf.raw_ops.SerializeSparse)(sparse_indices=i, sparse_values=v, sparse_shape=s, out_type=tf.variant)
            r = tf.raw_ops.DeserializeSparse(serialized_sparse=made, dtype=v.dtype)
            twice = tf.raw_ops.DeserializeSparse(serialized_sparse=tf.stack([made, made]), dtype=v.dtype)
            return dict(i=r.sparse_indices, v=r.sparse_values, s=r.sparse_shape, ii=twice.sparse_indices, vv=twice.sparse_values, ss=twice.sparse_shape)
        return build
    for many in (False, True):
        yield Graph("SerializeSparse, many %s, to variants" % many, through_variants(many), *[dict(i=rows, v=arr(dt, 4), s=i64(5, 2, 4)) for dt in ("string",)],
                    dict(i=none, v=text(), s=i64(1, 2, 4)), dict(i=rows[::-1].copy(), v=arr("string", 4), s=i64(5, 2, 4)))

    def mistaken(init, x, v):
        r = tf.raw_ops.DeserializeSparse(serialized_sparse=tf.raw_ops.SerializeSparse(sparse_indices=x, sparse_values=v, sparse_shape=tf.constant(i64(9, 9)), out_type=tf.variant),
                                         dtype=tf.int32)
        return dict(i=r.sparse_indices)
    yield Graph("DeserializeSparse of another type", mistaken, dict(x=i64(1, 2).reshape(1, 2), v=arr("float32", 1)))


def written(*parts):
    """A sparse tensor as SerializeSparse has it."""
    out = []
    for p in parts:
        t = tf.make_tensor_proto(p, tf.string if p.dtype == object else None)
        out.append(t.SerializeToString())
    return np.array(out, object)


def counts():
    for dt in ("int32", "int64"):
        v = np.array([2, 0, 2, 5, 1, 2], dt)
        at = i64(0, 1, 0, 3, 1, 0, 3, 0, 3, 1, 3, 2).reshape(6, 2)
        for w in ("int32", "int64", "float32", "float64"):
            weights = real(w, 6) if w[0] == "f" else arr(w, 6)
            for some in (weights, weights[:0]):
                for more in (dict(binary_output=False), dict(binary_output=True), dict(binary_output=False, minlength=9), dict(binary_output=False, maxlength=3),
                             dict(binary_output=False, minlength=2, maxlength=30), dict(binary_output=True, minlength=0, maxlength=0)):
                    yield "DenseCountSparseOutput", dict(values=v, weights=some, **more)
                    yield "DenseCountSparseOutput", dict(values=v.reshape(2, 3), weights=some.reshape(2, -1) if some.size else some, **more)
                    yield "SparseCountSparseOutput", dict(indices=at, values=v, dense_shape=i64(5, 4), weights=some, **more)
                    yield "RaggedCountSparseOutput", dict(splits=i64(0, 2, 2, 5, 6, 6), values=v, weights=some, **more)
    v, w = i64(2, 0, 2, 5), np.float32([])
    for x in (i64(), i64().reshape(0, 3), i64().reshape(2, 0), v.reshape(1, 2, 2), np.int64(3), -v, i64(2**31 - 2), i64(2**40)):
        yield "DenseCountSparseOutput", dict(values=x, weights=w, binary_output=False)
        yield "DenseCountSparseOutput", dict(values=x, weights=w, binary_output=False, maxlength=4)
    yield "DenseCountSparseOutput", dict(values=v, weights=np.float32([1, 2, 3]), binary_output=False)
    yield "DenseCountSparseOutput", dict(values=v, weights=np.float32([[1, 2, 3, 4]]), binary_output=False)
    for more in (dict(weights=np.float32([1, 2])), dict(indices=i64(0, 1, 0, 3, 1, 0, 5, 0).reshape(4, 2)), dict(indices=i64(0, 1, 0, 3, -1, 0, 1, 0).reshape(4, 2)),
                 dict(dense_shape=i64(5)), dict(dense_shape=i64(0, 4)), dict(dense_shape=i64(2**40, 4)), dict(values=-v), dict(values=v[:3]), dict(values=v.reshape(2, 2)), dict(dense_shape=i64(5, 4, 1)),
                 dict(indices=i64(4, 3, 2, 1).reshape(4, 1), dense_shape=i64(5)), dict(indices=i64().reshape(4, 0), dense_shape=i64()), dict(indices=NONE, values=v[:0]),
                 dict(indices=i64(1, 2, 3, 4)), dict(dense_shape=np.int64(4)),
                 dict(indices=i64(1, 3, 0, 0, 1, 0, 2, 1, 1, 1, 0, 0).reshape(4, 3), dense_shape=i64(3, 4, 2)), dict(indices=np.concatenate([INDEX, INDEX[:1]])[::-1].copy())):
        yield "SparseCountSparseOutput", dict(dict(indices=np.concatenate([INDEX, INDEX[:1]]), values=v, dense_shape=i64(5, 4), weights=w, binary_output=False), **more)
    for splits in (i64(), i64(0), i64(0, 4), i64(0, 3), i64(1, 4), i64(0, 3, 2, 4), i64(0, 4, 2, 4), i64(0, 0, 4, 4), i64(0, 2, 2, 4).reshape(2, 2), i64(0, 9, 2, 4), i64(0, -3, 4)):
        yield "RaggedCountSparseOutput", dict(splits=splits, values=v, weights=w, binary_output=False)
    yield "RaggedCountSparseOutput", dict(splits=i64(0, 0), values=v[:0], weights=w, binary_output=False)
    yield "RaggedCountSparseOutput", dict(splits=i64(0, 4), values=-v, weights=w, binary_output=False)
    yield "RaggedCountSparseOutput", dict(splits=i64(0, 4), values=v.reshape(2, 2), weights=w, binary_output=False)
    yield "RaggedCountSparseOutput", dict(splits=i64(0, 4), values=v, weights=np.float32([1, 2]), binary_output=False)


def ragged_crosses():
    """Left out: splits of two types, where TensorFlow crashes, and too few values, where it reads beyond them."""
    words, numbers = text(b"", b"a", b"bc", b"a", b"\xff"), i64(7, -1, 2**40 + 7, 0, 3)
    a, b = i64(0, 0, 0, 1, 2, 0, 2, 1, 2, 2).reshape(5, 2), i64(0, 0, 1, 0, 2, 0, 2, 1).reshape(4, 2)
    ragged = dict(ragged_values=[words, numbers], ragged_row_splits=[i64(0, 2, 2, 5), i64(0, 1, 3, 5)])
    sparse = dict(sparse_indices=[a, b], sparse_values=[numbers, words[:4]], sparse_shape=[i64(3, 3), i64(3, 2)])
    dense = dict(dense_inputs=[i64(1, 2, 3, -4, 5, 6).reshape(3, 2), words[:3].reshape(3, 1)])
    none = dict(ragged_values=[], ragged_row_splits=[], sparse_indices=[], sparse_values=[], sparse_shape=[], dense_inputs=[])
    hashed = dict(hashed_output=True, out_values_type=tf.int64)
    joined = dict(hashed_output=False, out_values_type=tf.string)
    for k, order in ((ragged, "RR"), (sparse, "SS"), (dense, "DD"), ({**ragged, **sparse}, "RSSR"), ({**ragged, **dense}, "DRRD"), ({**ragged, **sparse, **dense}, "SDRSRD"),
                     ({**ragged, **sparse, **dense}, "RRSSDD")):
        for splits in (tf.int32, tf.int64):
            k = {**none, **k, "ragged_row_splits": [x.astype(splits.as_numpy_dtype) for x in k.get("ragged_row_splits", [])]}
            for buckets in (0, 10):
                for key in (956888297470, -3):
                    yield "RaggedCross", dict(k, input_order=order, num_buckets=buckets, hash_key=key, out_row_splits_type=splits, **hashed)
            yield "RaggedCross", dict(k, input_order=order, num_buckets=0, hash_key=0, out_row_splits_type=splits, **joined)

    def one(values, splits, order="R", **more):
        return "RaggedCross", {**none, **hashed, **dict(ragged_values=[values], ragged_row_splits=[splits], input_order=order, num_buckets=0, hash_key=1, out_row_splits_type=tf.int64), **more}
    for splits in (i64(0, 2, 5), i64(0), i64(), i64(0, 3), i64(1, 5), i64(0, 5, 3), i64(0, 3, 2, 5), i64(0, 9, 5), np.int64(0), i64(0, 5).reshape(2, 1)):
        yield one(numbers, splits)
    yield one(numbers.reshape(5, 1), i64(0, 5))
    yield one(numbers[:0], i64(0, 0))
    for k, order in ((dict(dense_inputs=[i64(1, 2).reshape(2, 1)]), "RD"), (dict(dense_inputs=[i64(1, 2, 3)]), "RD"), (dict(dense_inputs=[i64(1, 2, 3).reshape(3, 1)]), "RD"),
                     (dict(sparse_indices=[a[::-1].copy()], sparse_values=[numbers], sparse_shape=[i64(3, 3)]), "RS"), (dict(sparse_indices=[a], sparse_values=[numbers], sparse_shape=[i64(2, 3)]), "RS"),
                     (dict(sparse_indices=[a[:, :1].copy()], sparse_values=[numbers], sparse_shape=[i64(3)]), "RS"),
                     (dict(sparse_indices=[a], sparse_values=[numbers], sparse_shape=[i64(3)]), "RS"),
                     (dict(sparse_indices=[NONE], sparse_values=[numbers[:0]], sparse_shape=[i64(3, 3)]), "RS")):
        yield one(numbers, i64(0, 2, 2, 5), order, **k)


def ragged_variants():
    def there_and_back(batched, in_rank, out_rank, ragged_rank, shape=None):
        def build(init, v, **splits):
            made = tf.raw_ops.RaggedTensorToVariant(rt_nested_splits=[splits["s%d" % i] for i in range(ragged_rank)], rt_dense_values=v, batched_input=batched)
            if shape is not None:
                made = tf.reshape(made, shape)
            r = tf.raw_ops.RaggedTensorFromVariant(encoded_ragged=made, input_ragged_rank=in_rank, output_ragged_rank=out_rank, Tvalues=v.dtype,
                                                   Tsplits=splits["s0"].dtype if splits else tf.int64)
            return dict(v=r.output_dense_values, **{"s%d" % i: s for i, s in enumerate(r.output_nested_splits)}, n=tf.shape(made))
        return build

    def graph(build, *runs):
        name = "RaggedTensorToVariant, batched %s, %s -> %s of %s, %s" % build
        return Graph(name, there_and_back(*build), *runs, shapes={k: None for k in runs[0]})
    for dt in ("float32", "string", "bool", "complex64"):
        for split in ("int32", "int64"):
            two = dict(s0=np.array([0, 2, 2, 3], split), s1=np.array([0, 1, 4, 6], split), v=arr(dt, 6, 2))
            one = dict(s0=np.array([0, 2, 2, 6], split), v=arr(dt, 6))
            yield graph((True, 1, 2, 2, None), two, dict(two, s0=np.array([0, 3], split)), dict(two, s0=np.array([0], split), s1=np.array([0], split), v=two["v"][:0]))
            yield graph((False, 2, 2, 2, None), two)
            yield graph((True, 0, 1, 1, None), one, dict(one, s0=np.array([0], split), v=one["v"][:0]))
    yield graph((False, -1, 2, 2, None), two)
    yield graph((True, -1, 2, 2, None), two)
    yield graph((True, 1, 3, 2, (1, 3)), two)
    yield graph((True, 1, 3, 2, (3, 1)), two)
    yield graph((True, 0, 2, 1, (1, 3)), one)
    yield graph((True, 0, 3, 1, (1, 1, 3)), one)
    yield graph((True, 0, 0, 1, None), dict(one, s0=np.array([0, 2, 4, 6], split)), one)
    yield graph((False, 0, 0, 0, None), dict(v=arr("float32", 2)), dict(v=np.float32(3)))
    yield graph((False, 0, 1, 0, (1,)), dict(v=arr("float32", 2)), dict(v=np.float32(3)))
    yield graph((False, 0, 0, 0, (1,)), dict(v=arr("float32", 2)), dict(v=np.float32(3)))
    yield graph((True, 0, 1, 1, None), *[dict(one, s0=i64(*x)) for x in ((0, 2, 1, 6), (1, 6), (0, 5), (0, 7), ())])
    yield graph((False, 1, 1, 1, None), *[dict(one, s0=i64(*x)) for x in ((0, 2, 1, 6), (1, 6), (0, 5), (0, 7), ())])
    yield graph((True, 1, 1, 1, None), one)
    yield graph((True, 1, 2, 1, None), one)
    yield graph((True, -1, 0, 2, None), two)

    def mistaken(init, v, s):
        made = tf.raw_ops.RaggedTensorToVariant(rt_nested_splits=[s], rt_dense_values=v, batched_input=False)
        other = tf.raw_ops.OptionalFromValue(components=[v])
        r = [tf.raw_ops.RaggedTensorFromVariant(encoded_ragged=tf.cond(tf.size(v) > n, lambda: x, lambda: made), input_ragged_rank=1, output_ragged_rank=1, Tvalues=t, Tsplits=st)
             for n, x, t, st in ((0, other, tf.int64, tf.int64), (2, made, tf.int64, tf.int32), (1, made, tf.float32, tf.int64))]
        return {"v%d" % i: x.output_dense_values for i, x in enumerate(r)}
    yield Graph("RaggedTensorFromVariant of something else", mistaken, dict(v=i64(1, 2, 3), s=i64(0, 3)))

    def uneven(init, a, b):
        made = [tf.raw_ops.RaggedTensorToVariant(rt_nested_splits=[], rt_dense_values=x, batched_input=False) for x in (a, b)]
        r = tf.raw_ops.RaggedTensorFromVariant(encoded_ragged=tf.stack(made), input_ragged_rank=0, output_ragged_rank=1, Tvalues=tf.int64, Tsplits=tf.int64)
        return dict(v=r.output_dense_values, s=r.output_nested_splits[0])
    yield Graph("RaggedTensorFromVariant of values of many shapes", uneven, *[dict(a=x, b=y) for x, y in ((i64(1, 2), i64(3)), (i64(1, 2).reshape(1, 2), i64(3, 4, 5, 6).reshape(2, 2)),
                (i64(1, 2).reshape(1, 2), i64(3, 4, 5).reshape(1, 3)), (i64(1, 2).reshape(1, 2), i64(3)))], shapes=dict(a=None, b=None))

    def seven(init, v):
        made = tf.stack([tf.raw_ops.RaggedTensorToVariant(rt_nested_splits=[], rt_dense_values=v, batched_input=False) for _ in range(12)])
        r = tf.raw_ops.RaggedTensorFromVariant(encoded_ragged=tf.reshape(made, (2, 3, 2)), input_ragged_rank=0, output_ragged_rank=3, Tvalues=tf.int64, Tsplits=tf.int64)
        return dict(v=r.output_dense_values, **{"s%d" % i: s for i, s in enumerate(r.output_nested_splits)})
    yield Graph("RaggedTensorFromVariant of a cube", seven, dict(v=i64(1, 2)))

    def mapped(init, v, s):
        rows = tf.RaggedTensor.from_row_splits(v, s, validate=False)
        sums = tf.map_fn(tf.reduce_sum, rows, fn_output_signature=tf.float32)
        twice = tf.map_fn(lambda r: tf.concat([r, r], 0), rows, fn_output_signature=tf.RaggedTensorSpec([None], tf.float32))
        return dict(sums=sums, v=twice.flat_values, s=twice.row_splits)
    yield Graph("map_fn over ragged rows", mapped, dict(v=np.float32([1, 2, 3, 4]), s=i64(0, 2, 2, 4)), dict(v=np.float32([]), s=i64(0)), shapes=dict(v=(None,), s=(None,)))


def compressed():
    """Products of matrices of different ranks are left out: TensorFlow crashes."""
    r = tf.raw_ops
    flat, cube = i64(0, 1, 0, 3, 1, 0, 2, 3).reshape(4, 2), i64(0, 0, 1, 1, 1, 0, 1, 1, 3, 1, 2, 3).reshape(4, 3)

    def made(i, v, s):
        return r.SparseTensorToCSRSparseMatrix(indices=i, values=v, dense_shape=s)

    def shown(m, dt):
        s = r.CSRSparseMatrixToSparseTensor(sparse_matrix=m, type=dt)
        return dict(i=s.indices, v=s.values, s=s.dense_shape)

    def parts(init, i, v, s, at):
        m = made(i, v, s)
        p = r.CSRSparseMatrixComponents(csr_sparse_matrix=m, index=at, type=v.dtype)
        return dict(shown(m, v.dtype), d=r.CSRSparseMatrixToDense(sparse_input=m, type=v.dtype), n=r.SparseMatrixNNZ(sparse_matrix=m), rows=p.row_ptrs, cols=p.col_inds, values=p.values)

    def graph(title, build, *runs):
        """TensorFlow wants to know ranks, so a graph for each."""
        def known(k, v):
            return (len(v),) if k in "st" else (None,) * np.ndim(v) if k in "db" else (None,) * (np.ndim(v) - 1) + v.shape[-1:] if k in "ij" else np.shape(v) if k == "at" else None
        shapes = [{k: known(k, v) for k, v in x.items()} for x in runs]
        for i, these in enumerate(x for n, x in enumerate(shapes) if x not in shapes[:n]):
            yield Graph("%s (%d)" % (title, i), build, *[x for x, y in zip(runs, shapes) if y == these], shapes=these)
    for dt in types("SparseTensorToCSRSparseMatrix"):
        v = arr(dt, 4)
        one = dict(i=flat, v=v, s=i64(3, 4), at=np.int32(0))
        three = dict(i=cube, v=v, s=i64(2, 3, 4), at=np.int32(1))
        yield from graph("CSRSparseMatrix of " + dt, parts, one, three, dict(one, i=NONE, v=v[:0]), dict(one, i=NONE, v=v[:0], s=i64(0, 4)), dict(one, i=NONE, v=v[:0], s=i64(3, 0)),
                    dict(one, i=flat[::-1].copy()), dict(one, i=flat[[0, 0, 1, 1]]))
        for conjugate in (False, True):
            yield from graph("SparseMatrixTranspose of %s, %s" % (dt, conjugate),
                        lambda init, i, v, s: shown(r.SparseMatrixTranspose(input=made(i, v, s), type=v.dtype, conjugate=conjugate), v.dtype),
                        *[{k: x[k] for k in "ivs"} for x in (one, three)])
        for k in (dict(), dict(transpose_a=True), dict(transpose_b=True), dict(adjoint_a=True), dict(adjoint_b=True), dict(adjoint_a=True, transpose_b=True))[:1 if dt[-2:] in ("64", "28") and dt != "complex64" else None]:
            for swap, conj in ((False, False), (True, False), (False, True), (True, True)) if dt == "complex64" else ((False, False),):
                b = [3, 2] if "transpose_a" in k or "adjoint_a" in k else [4, 2]
                b = b[::-1] if "transpose_b" in k or "adjoint_b" in k else b
                yield from graph("SparseMatrixMatMul of %s, %s, %s, %s" % (dt, k, swap, conj),
                            lambda init, i, v, s, b: dict(c=r.SparseMatrixMatMul(a=made(i, v, s), b=b, transpose_output=swap, conjugate_output=conj, **k)),
                            dict(i=flat, v=v, s=i64(3, 4), b=arr(dt, *b)), dict(i=cube, v=v, s=i64(2, 3, 4), b=arr(dt, 2, *b)))
            other = {(): (4, 3), ("transpose_a",): (3, 4), ("adjoint_a",): (3, 4), ("transpose_b",): (3, 4), ("adjoint_b",): (3, 4), ("adjoint_a", "transpose_b"): (4, 3)}[tuple(k)]
            turn = 1 if other == (3, 4) else -1
            yield from graph("SparseMatrixSparseMatMul of %s, %s" % (dt, k),
                        lambda init, i, v, s, j, w, t: shown(r.SparseMatrixSparseMatMul(a=made(i, v, s), b=made(j, w, t), type=v.dtype, **k), v.dtype),
                        dict(i=flat, v=v, s=i64(3, 4), j=i64(0, 0, 0, 1, 0, 2, 1, 2, 2, 0, 2, 1).reshape(6, 2), w=arr(dt, 6), t=i64(*other)),
                        dict(i=cube, v=v, s=i64(2, 3, 4), j=np.concatenate([cube[:, :1], cube[:, 1:] % 3], 1)[[0, 1, 3]], w=arr(dt, 3), t=i64(2, *other)),
                        dict(i=flat, v=v, s=i64(3, 4), j=NONE, w=v[:0], t=i64(*other)))
        yield from graph("DenseToCSRSparseMatrix of " + dt, lambda init, d, i: shown(r.DenseToCSRSparseMatrix(dense_input=d, indices=i), d.dtype),
                    *[dict(d=arr(dt, *s), i=i) for s, i in (((3, 4), flat), ((2, 3, 4), cube), ((3, 4), flat[:0]), ((3, 4), flat[::-1].copy()), ((3, 3), flat))])
    bad = [(flat, v, i64(2, 4)), (flat, v, i64(3, 3)), (-flat, v, i64(3, 4)), (flat, v[:3], i64(3, 4)), (cube, v, i64(1, 3, 4)), (cube[:0], v[:0], i64(0, 3, 4))]
    yield from graph("CSRSparseMatrix of what makes none", parts, *[dict(i=i, v=v, s=s, at=np.int32(0)) for i, v, s in bad])
    yield from graph("CSRSparseMatrixComponents of no matrix", parts, *[dict(i=cube, v=v, s=i64(2, 3, 4), at=np.array(at, "int32")) for at in (-1, 2)])
    v = np.float32([1, np.nan, -np.inf, 4])
    yield from graph("SparseMatrixMatMul of what does not fit", lambda init, i, v, s, b: dict(c=r.SparseMatrixMatMul(a=made(i, v, s), b=b)),
                *[dict(i=i, v=v, s=s, b=arr("float32", *b)) for i, s, b in ((flat, i64(3, 4), (4, 2)), (flat, i64(3, 4), (3, 2)), (cube, i64(2, 3, 4), (1, 4, 2)),
                                                                            (flat, i64(3, 4), (4, 0)), (NONE, i64(0, 4), (4, 2)))])
    yield from graph("SparseMatrixSparseMatMul of what does not fit", lambda init, i, v, s, j, w, t: shown(r.SparseMatrixSparseMatMul(a=made(i, v, s), b=made(j, w, t), type=v.dtype), v.dtype),
                *[dict(i=i, v=v, s=i64(*s), j=j, w=v, t=i64(*t)) for i, s, j, t in ((flat, (3, 4), flat, (3, 4)), (cube, (2, 3, 4), cube, (3, 4, 4)), (flat, (3, 4), flat, (4, 4)))])

    def others(op):
        def build(init, i, v, s):
            m, f64 = made(i, v, s), tf.cast(v, tf.float64)
            return dict(x={"d": lambda: r.CSRSparseMatrixToDense(sparse_input=m, type=tf.float64), "s": lambda: r.CSRSparseMatrixToSparseTensor(sparse_matrix=m, type=tf.float64).values,
                           "t": lambda: r.SparseMatrixNNZ(sparse_matrix=r.SparseMatrixTranspose(input=m, type=tf.float64)),
                           "c": lambda: r.CSRSparseMatrixComponents(csr_sparse_matrix=m, index=0, type=tf.float64).values,
                           "m": lambda: r.SparseMatrixMatMul(a=m, b=tf.reshape(f64, (4, 1))), "p": lambda: r.SparseMatrixNNZ(sparse_matrix=r.SparseMatrixSparseMatMul(a=m, b=made(i, f64, s), type=tf.float64))}[op]())
        return build
    for op in "dstcmp":
        yield from graph("CSRSparseMatrix of another type, " + op, others(op), dict(i=flat % 3, v=v, s=i64(4, 4)))
