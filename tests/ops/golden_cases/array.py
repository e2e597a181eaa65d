# SPDX-License-Identifier: Apache-2.0
"""Shapes, slices, gathers, scatters: what moves elements without looking at them, mostly."""
import numpy as np
import tensorflow as tf

from golden_values import ALL, COMPLEX, FLOATS, INTS, NUM, NUMBERS, SIGNED, arr, edges, i32, i64, real, scalar, text, types
from golden_writer import Like

SOME = ["float32", "int8", "float16", "int64", "complex64", "complex128", "string", "bool"]


def _dims(dt, *v):
    return np.array(v, dt)


def shape():
    for dt in ALL:
        yield "Identity", dict(input=edges(dt))
        yield "Snapshot", dict(input=arr(dt, 2, 3))
        yield "ZerosLike", dict(x=edges(dt))
        if dt != "string":
            yield "OnesLike", dict(x=edges(dt))
            yield "DeepCopy", dict(x=arr(dt, 3))
        yield "Reshape", dict(tensor=arr(dt, 2, 3), shape=i32(3, -1))
        yield "ExpandDims", dict(input=arr(dt, 2), dim=np.int32(-1))
        yield "Squeeze", dict(input=arr(dt, 1, 3, 1), squeeze_dims=[-1])
        yield "Shape", dict(input=arr(dt, 2, 0, 3))
        yield "ConjugateTranspose", dict(x=arr(dt, 2, 3), perm=i32(1, 0))
        yield "Transpose", dict(x=arr(dt, 2, 3, 4), perm=i32(2, 0, 1))
    for op in ("Identity", "StopGradient", "PreventGradient", "GuaranteeConst"):
        for x in (arr("float32"), arr("float32", 0, 2), arr("string", 2), arr("float32", 1, 2, 1, 1, 2, 1, 1, 1)):
            yield op, {"input": x, **({"message": "never"} if op == "PreventGradient" else {})}
    yield "PreventGradient", dict(input=arr("int8", 2), message="")
    yield "IdentityN", dict(input=[arr("float32", 2), arr("string"), arr("bool", 0, 3)])
    yield "PlaceholderWithDefault", dict(input=arr("float32", 2), shape=[None])
    yield "PlaceholderWithDefault", dict(input=arr("float32", 2), shape=[2])
    for shp in ([2, None], [None, None], [2, 3], [3, None], None, [6]):
        yield "EnsureShape", dict(input=arr("float32", 2, 3), shape=shp)
    for t in ("int32", "int64"):
        yield "Shape", dict(input=arr("int8", 2, 0, 3), out_type=t)
        yield "Size", dict(input=arr("int8", 2, 5, 3), out_type=t)
        yield "ShapeN", dict(input=[arr("int8", 2), arr("int8"), arr("int8", 0, 1)], out_type=t)
        yield "Reshape", dict(tensor=arr("float32", 0, 3), shape=_dims(t, 3, -1))
        yield "Reshape", dict(tensor=arr("float32", 0, 3), shape=_dims(t, 0, -1))
        yield "Reshape", dict(tensor=arr("float32", 1), shape=_dims(t))
        yield "Reshape", dict(tensor=arr("float32", 6), shape=_dims(t, -1, 4))
        yield "Reshape", dict(tensor=arr("float32", 6), shape=_dims(t, -1, -1))
        yield "Reshape", dict(tensor=arr("float32", 6), shape=_dims(t, -2, 3))
        yield "Reshape", dict(tensor=arr("float32", 6), shape=_dims(t, 7))
        yield "ExpandDims", dict(input=arr("float32", 2, 3), dim=np.array(1, t))
        yield "ExpandDims", dict(input=arr("float32", 2, 3), dim=np.array(3, t))
        yield "Transpose", dict(x=arr("float32", 9, 17), perm=_dims(t, 1, 0))
        yield "Transpose", dict(x=arr("float32", 2, 1, 2, 3, 1, 2, 1, 2), perm=_dims(t, 7, 0, 6, 1, 5, 2, 4, 3))
        yield "ConjugateTranspose", dict(x=arr("complex64", 2, 3, 2), perm=_dims(t, 1, 2, 0))
    for bad in ((0, 0), (0, 2), (0,)):
        yield "Transpose", dict(x=arr("float32", 2, 3), perm=i32(*bad))
    yield "Transpose", dict(x=arr("float32", 2, 0), perm=i32(1, 0))
    yield "Transpose", dict(x=arr("float32"), perm=i32())
    yield "Rank", dict(input=arr("int8", 2, 0, 3))
    yield "Rank", dict(input=arr("string"))
    yield "Squeeze", dict(input=arr("float32", 1, 3, 1, 2, 1))
    for dims in ([0], [0, 2], [-5, -1], [1], [7]):
        yield "Squeeze", dict(input=arr("float32", 1, 3, 1, 2, 1), squeeze_dims=dims)
    for a in ("float32", "int32", "uint8", "int64", "bfloat16", "complex64", "uint16"):
        for b in ("float32", "int32", "uint8", "int64", "bfloat16", "complex64", "uint16"):
            x = arr(a, 2, 8)
            if np.dtype(x.dtype).itemsize < np.dtype(arr(b).dtype).itemsize:
                x = arr(a, 3, np.dtype(arr(b).dtype).itemsize // np.dtype(x.dtype).itemsize)
            yield "Bitcast", dict(input=x, type=b)
    yield "Bitcast", dict(input=arr("uint8", 3), type="float32")
    for op in ("BroadcastArgs", "BroadcastGradientArgs"):
        for t in ("int32", "int64"):
            for a, b in (((2, 1, 3), (4, 1)), ((), (2,)), ((1,), (1, 1)), ((0, 1), (1, 3)), ((2,), (3,)), ((5, 2), (5, 2))):
                yield op, dict(s0=_dims(t, *a), s1=_dims(t, *b))
    for dt in "float32 float64 int8 int16 int32 int64 uint8 bool string".split():
        yield "ToBool", dict(input=np.array([0]).astype(arr(dt).dtype) if dt not in ("string",) else text(b""))
        yield "ToBool", dict(input=arr(dt, 0))
        if dt != "string":
            yield "ToBool", dict(input=np.array(3).astype(arr(dt).dtype))
            yield "ToBool", dict(input=np.array(0).astype(arr(dt).dtype))
    yield "ToBool", dict(input=text(b"a")[0])
    yield "ToBool", dict(input=np.array(b"", object))


def slice_():
    for dt in ALL:
        x = arr(dt, 2, 3, 4)
        yield "Slice", dict(input=x, begin=i32(1, 0, 2), size=i32(1, -1, 2))
        yield "StridedSlice", dict(input=x, begin=i32(0, -1, 3), end=i32(0, 0, 0), strides=i32(1, 1, -2), shrink_axis_mask=2, new_axis_mask=1, ellipsis_mask=0, end_mask=4)
        yield "StridedSlice", dict(input=x, begin=i32(0, 1), end=i32(0, 4), strides=i32(1, 2), ellipsis_mask=1)
    x = arr("float32", 2, 3, 4)
    for b, e, s, masks in (((1,), (2,), (1,), {}), ((0, 1), (2, 3), (1, 1), {}), ((5, -9), (9, 9), (1, 1), {}), ((-1, -1), (-3, -4), (-1, -1), {}), ((0,), (0,), (1,), {}),
                           ((1, 1), (0, 0), (1, 1), dict(begin_mask=1, end_mask=2)), ((1, 1), (0, 0), (-1, 2), dict(begin_mask=3, end_mask=3)), ((0, 0, 1), (0, 0, 2), (1, 1, 1), dict(ellipsis_mask=2, shrink_axis_mask=1)),
                           ((0, 0, 0, 0), (1, 0, 3, 2), (1, 1, 1, 1), dict(new_axis_mask=2)), ((1, 2, 3), (0, 0, 0), (1, 1, 1), dict(shrink_axis_mask=7)), ((0,), (1,), (0,), {}), ((2,), (3,), (1,), dict(shrink_axis_mask=1)),
                           ((-3,), (3,), (1,), dict(shrink_axis_mask=1)), ((0, 0), (0, 0), (1, 1), dict(ellipsis_mask=3)), ((0,) * 5, (1,) * 5, (1,) * 5, {}), ((), (), (), {}), ((1,), (0,), (-1,), dict(shrink_axis_mask=1))):
        for t in ("int32", "int64"):
            yield "StridedSlice", dict(input=x, begin=_dims(t, *b), end=_dims(t, *e), strides=_dims(t, *s), **masks)
    yield "StridedSlice", dict(input=arr("float32", 4), begin=_dims("int16", 1), end=_dims("int16", 3), strides=_dims("int16", 1))
    yield "StridedSlice", dict(input=arr("float32", 0, 3), begin=i32(0), end=i32(9), strides=i32(1))
    yield "StridedSlice", dict(input=arr("float32", 1, 2, 1, 2, 1, 2, 1, 2), begin=i32(0), end=i32(1), strides=i32(1), shrink_axis_mask=1)
    for t in ("int32", "int64"):
        for b, n in (((0, 0), (-1, -1)), ((2, 3), (-1, -1)), ((0, 1), (2, 0)), ((3,), (2,)), ((-1, 0), (1, 1)), ((0, 0), (3, 1)), ((0, 0), (-2, 1)), ((0, 4), (1, -1))):
            yield "Slice", dict(input=arr("float32", 2, 3), begin=_dims(t, *b), size=_dims(t, *n))
    yield "Slice", dict(input=arr("float32"), begin=i32(), size=i32())
    for dt in ALL:
        yield "StridedSliceGrad", dict(shape=i32(3, 4), begin=i32(0, 1), end=i32(2, 4), strides=i32(1, 2), dy=arr(dt, 2, 2))
        yield "TensorStridedSliceUpdate", dict(input=arr(dt, 3, 4), begin=i32(0, 1), end=i32(2, 4), strides=i32(1, 2), value=arr(dt, 2, 2))
    for op, key in (("StridedSliceGrad", "dy"), ("TensorStridedSliceUpdate", "value")):
        base = dict(shape=i64(3, 4)) if key == "dy" else dict(input=arr("float32", 3, 4))
        for b, e, s, masks, out in (((1, 1), (0, 0), (1, 1), dict(begin_mask=1, end_mask=2), (0, 3)), ((1, 1), (0, 0), (-1, 2), dict(begin_mask=1, end_mask=3), (3, 2)), ((0, 0), (0, 2), (1, 1), dict(ellipsis_mask=1), (3, 2)),
                                    ((0, 0, 0), (1, 0, 3), (1, 1, 1), dict(new_axis_mask=1), (1, 0, 3)), ((1, 1), (2, 3), (1, 1), dict(shrink_axis_mask=1), (2,)), ((0, 0), (3, 4), (2, 3), {}, (2, 2)),
                                    ((0, 0), (3, 4), (1, 1), {}, (2, 2)), ((0, 0), (3, 4), (1, 0), {}, (3, 4)), ((1, 3), (0, 0), (1, -1), dict(shrink_axis_mask=1, end_mask=2), (4,))):
            yield op, dict(base, begin=i64(*b), end=i64(*e), strides=i64(*s), **{key: arr("float32", *out)}, **masks)


def concat():
    for dt in ALL:
        yield "ConcatV2", dict(values=[arr(dt, 2, 3, 4), arr(dt, 2, 1, 4), arr(dt, 2, 0, 4)], axis=np.int32(1))
        yield "Concat", dict(concat_dim=np.int32(0), values=[arr(dt, 2, 3), arr(dt, 1, 3)])
        yield "Pack", dict(values=[arr(dt, 3), arr(dt, 3)], axis=1)
        yield "ParallelConcat", dict(values=[arr(dt, 1, 3), arr(dt, 1, 3)], shape=[2, 3])
        yield "Unpack", dict(value=arr(dt, 2, 3, 4), num=3, axis=1)
        yield "SplitV", dict(value=arr(dt, 2, 3, 4), size_splits=i32(1, -1), split_dim=np.int32(-1), num_split=2)
        yield "Split", dict(split_dim=np.int32(0), value=arr(dt, 6, 2), num_split=3)
        yield "Tile", dict(input=arr(dt, 2, 3), multiples=i32(2, 2))
        yield "BroadcastTo", dict(input=arr(dt, 2, 1), shape=i32(3, 2, 2))
    yield "ConcatV2", dict(values=[arr("float32", 2, 3), arr("float32", 2, 2)], axis=np.int64(-1))
    yield "ConcatV2", dict(values=[arr("float32", 1, 2, 1, 2, 1, 2, 1, 2)] * 2, axis=np.int32(7))
    yield "ConcatV2", dict(values=[arr("float32", 2, 3), arr("float32", 3, 2)], axis=np.int32(0))
    yield "ConcatV2", dict(values=[arr("float32", 2, 3), arr("float32", 2, 3)], axis=np.int32(2))
    yield "ConcatV2", dict(values=[arr("float32"), arr("float32")], axis=np.int32(0))
    yield "ConcatV2", dict(values=[arr("float32", 0), arr("float32", 0)], axis=np.int32(0))
    yield "Concat", dict(concat_dim=np.int32(1), values=[arr("float32", 2, 3), arr("float32", 2, 1)])
    for t in ("int32", "int64"):
        yield "ConcatOffset", dict(concat_dim=np.int32(1), shape=[_dims(t, 2, 3, 4), _dims(t, 2, 1, 4), _dims(t, 2, 0, 4)])
        yield "ConcatOffset", dict(concat_dim=np.int32(-3), shape=[_dims(t, 2, 3), _dims(t, 1, 4)])
        yield "ConcatOffset", dict(concat_dim=np.int32(-1), shape=[_dims(t, 2, 3), _dims(t, 2, 4)])
        yield "SplitV", dict(value=arr("float32", 5), size_splits=_dims(t, 2, 0, 3), split_dim=np.int32(0), num_split=3)
        yield "SplitV", dict(value=arr("float32", 5), size_splits=_dims(t, 2, 2), split_dim=np.int32(0), num_split=2)
        yield "SplitV", dict(value=arr("float32", 5), size_splits=_dims(t, 2, -2), split_dim=np.int32(0), num_split=2)
        yield "SplitV", dict(value=arr("float32", 5), size_splits=_dims(t, -1, -1), split_dim=np.int32(0), num_split=2)
        for m in ((0, 2), (1, 1), (3, 1), (-1, 1), (2,)):
            yield "Tile", dict(input=arr("float32", 2, 3), multiples=_dims(t, *m))
        for s in ((2, 3), (0, 2, 3), (4, 2, 3), (3, 3), (3,)):
            yield "BroadcastTo", dict(input=arr("float32", 2, 3), shape=_dims(t, *s))
        yield "BroadcastTo", dict(input=arr("float32"), shape=_dims(t))
        yield "BroadcastTo", dict(input=arr("float32", 1, 1), shape=_dims(t, 0, 5))
        yield "BroadcastTo", dict(input=arr("float32", 2, 1), shape=_dims(t, -1, 5))
    for axis in (0, -1, 2, 3):
        yield "Pack", dict(values=[arr("float32", 2, 3)] * 3, axis=axis)
        yield "Unpack", dict(value=arr("float32", 2, 3, 3), num=3, axis=axis)
    yield "Pack", dict(values=[arr("float32"), arr("float32")])
    yield "Pack", dict(values=[arr("float32", 0, 2)])
    yield "Unpack", dict(value=arr("float32", 0, 2), num=0, axis=0)
    yield "Split", dict(split_dim=np.int32(-1), value=arr("float32", 2, 6), num_split=2)
    yield "Split", dict(split_dim=np.int32(0), value=arr("float32", 5), num_split=2)
    yield "Split", dict(split_dim=np.int32(3), value=arr("float32", 4), num_split=2)
    yield "Split", dict(split_dim=np.int32(0), value=arr("float32", 0, 2), num_split=2)
    yield "ParallelConcat", dict(values=[arr("float32", 1)] * 3, shape=[3])


def pad():
    p = np.array([[1, 0], [0, 2]], "int32")
    for dt in ALL:
        x = arr(dt, 3, 4)
        yield "Pad", dict(input=x, paddings=p)
        yield "PadV2", dict(input=x, paddings=p, constant_values=arr(dt)[()])
        for mode in ("REFLECT", "SYMMETRIC"):
            yield "MirrorPad", dict(input=x, paddings=np.array([[1, 2], [2, 0]], "int32"), mode=mode)
        if dt in NUMBERS:
            for mode in ("REFLECT", "SYMMETRIC"):
                yield "MirrorPadGrad", dict(input=arr(dt, 5, 6), paddings=np.array([[1, 0], [1, 1]], "int32"), mode=mode)
        yield "Roll", dict(input=arr(dt, 2, 3, 4), shift=i32(1, -1), axis=i32(0, 2))
        yield "Reverse", dict(tensor=arr(dt, 2, 3), dims=np.array([True, False]))
        yield "ReverseV2", dict(tensor=arr(dt, 2, 3, 2), axis=i32(-1, 0))
        yield "ReverseSequence", dict(input=arr(dt, 2, 3, 4), seq_lengths=i32(2, 3), seq_dim=1, batch_dim=0)
    for op, more in (("Pad", {}), ("PadV2", dict(constant_values=np.float32(-0.)))):
        yield op, dict(input=arr("float32", 0, 2), paddings=np.array([[1, 1], [0, 1]], "int64"), **more)
        yield op, dict(input=arr("float32"), paddings=np.zeros((0, 2), "int32"), **more)
        yield op, dict(input=arr("float32", 2), paddings=np.array([[-1, 0]], "int32"), **more)
        yield op, dict(input=arr("float32", 2, 2), paddings=np.array([[1, 0]], "int32"), **more)
        yield op, dict(input=arr("float32", 1, 2, 1, 2, 1, 2), paddings=np.array([[0, 1]] * 6, "int32"), **more)
    for mode, most in (("REFLECT", 2), ("SYMMETRIC", 3)):
        yield "MirrorPad", dict(input=arr("float32", 3), paddings=np.array([[most, most]], "int64"), mode=mode)
        yield "MirrorPad", dict(input=arr("float32", 3), paddings=np.array([[most + 1, 0]], "int64"), mode=mode)
    for s, a in ((7, 0), (-7, 1), (0, -1)):
        yield "Roll", dict(input=arr("float32", 3, 4), shift=np.int64(s), axis=np.int64(a))
    yield "Roll", dict(input=arr("float32", 3, 4), shift=i32(1, 2), axis=i32(1, 1))
    yield "Roll", dict(input=arr("float32", 3, 0), shift=i32(1), axis=i32(0))
    yield "Roll", dict(input=arr("float32", 3), shift=i32(1), axis=i32(3))
    yield "ReverseV2", dict(tensor=arr("float32", 2, 3), axis=i64(1))
    yield "ReverseV2", dict(tensor=arr("float32", 2, 3), axis=i32())
    yield "ReverseV2", dict(tensor=arr("float32", 2, 3), axis=i32(0, 0))
    yield "ReverseV2", dict(tensor=arr("float32", 2, 3), axis=i32(2))
    yield "Reverse", dict(tensor=arr("float32", 2, 3), dims=np.array([True]))
    yield "ReverseSequence", dict(input=arr("float32", 4, 3, 2), seq_lengths=i64(0, 4, 1), seq_dim=0, batch_dim=1)
    yield "ReverseSequence", dict(input=arr("float32", 2, 3), seq_lengths=i64(4, 1), seq_dim=1, batch_dim=0)
    yield "ReverseSequence", dict(input=arr("float32", 2, 3), seq_lengths=i64(1), seq_dim=1, batch_dim=0)


def space():
    for dt in ALL:
        yield "SpaceToBatchND", dict(input=arr(dt, 1, 3, 4), block_shape=i32(2, 2), paddings=np.array([[1, 0], [0, 2]], "int32"))
        yield "BatchToSpaceND", dict(input=arr(dt, 4, 2, 2), block_shape=i32(2, 2), crops=np.array([[1, 0], [0, 1]], "int32"))
        yield "SpaceToBatch", dict(input=arr(dt, 1, 3, 4, 2), paddings=np.array([[1, 0], [0, 0]], "int32"), block_size=2)
        yield "BatchToSpace", dict(input=arr(dt, 4, 2, 2, 1), crops=np.array([[1, 0], [0, 1]], "int32"), block_size=2)
        yield "DepthToSpace", dict(input=arr(dt, 1, 2, 2, 8), block_size=2)
        yield "SpaceToDepth", dict(input=arr(dt, 1, 4, 2, 3), block_size=2)
    yield "SpaceToBatchND", dict(input=arr("float32", 1, 3, 4, 2, 2), block_shape=i64(3, 2, 1), paddings=np.array([[0, 0], [0, 0], [1, 0]], "int64"))
    yield "BatchToSpaceND", dict(input=arr("float32", 6, 1, 2, 2), block_shape=i64(3, 2), crops=np.array([[0, 1], [1, 0]], "int64"))
    yield "SpaceToBatchND", dict(input=arr("float32", 1, 3, 4), block_shape=i32(2, 2), paddings=np.array([[0, 0], [0, 0]], "int32"))
    yield "BatchToSpaceND", dict(input=arr("float32", 3, 1, 2), block_shape=i32(2, 2), crops=np.array([[0, 0], [0, 0]], "int32"))
    yield "SpaceToBatch", dict(input=arr("float32", 1, 3, 6, 1), paddings=np.array([[0, 0], [0, 0]], "int64"), block_size=3)
    yield "BatchToSpace", dict(input=arr("float32", 9, 1, 2, 1), crops=np.array([[0, 0], [0, 1]], "int64"), block_size=3)
    for size in (3, 9):
        yield "DepthToSpace", dict(input=arr("float32", 2, 1, 2, size * size), block_size=size)
        yield "SpaceToDepth", dict(input=arr("float32", 2, size, 2 * size, 2), block_size=size)
    for op in ("DepthToSpace", "SpaceToDepth"):
        x = arr("float32", 1, 4, 6, 8)
        yield Like(op, dict(input=np.ascontiguousarray(np.moveaxis(x, -1, 1)), block_size=2, data_format="NCHW"),
                   lambda: np.ascontiguousarray(np.moveaxis(getattr(tf.raw_ops, op)(input=x, block_size=2).numpy(), -1, 1)))
    yield "DepthToSpace", dict(input=arr("float32", 1, 2, 2, 6), block_size=2)
    yield "SpaceToDepth", dict(input=arr("float32", 1, 3, 2, 3), block_size=2)
    yield "DepthToSpace", dict(input=arr("float32", 0, 2, 2, 8), block_size=2)
    for t in ("int32", "int64"):
        for a, b in (("NHWC", "NCHW"), ("NCHW", "NHWC"), ("NHWC", "NHWC")):
            yield "DataFormatDimMap", dict(x=_dims(t, 0, 1, 2, 3, -1, -4), src_format=a, dst_format=b)
            yield "DataFormatVecPermute", dict(x=_dims(t, 7, 8, 9, 10), src_format=a, dst_format=b)
            yield "DataFormatVecPermute", dict(x=np.array([[1, 2], [3, 4], [5, 6], [7, 8]], t), src_format=a, dst_format=b)
            yield "DataFormatVecPermute", dict(x=_dims(t, 7, 8), src_format=a, dst_format=b)
    yield "DataFormatDimMap", dict(x=i32(9), src_format="NHWC", dst_format="NCHW")


def fill():
    for dt in ALL:
        yield "Fill", dict(dims=i32(2, 0, 3), value=arr(dt)[()])
        yield "Fill", dict(dims=i64(3), value=edges(dt)[0])
        if dt in NUMBERS + ["bool"]:
            yield "Empty", dict(shape=i32(2, 2), dtype=dt, init=True)
        for axis in (0, -1, 1):
            yield "OneHot", dict(indices=i64(2, -1, 0, 9), depth=np.int32(3), on_value=arr(dt)[()], off_value=arr(dt)[()], axis=axis)
    yield "Empty", dict(shape=i32(2, 0), dtype="float32", init=False)
    yield "Fill", dict(dims=i32(), value=np.float32(2))
    yield "Fill", dict(dims=i32(-1), value=np.float32(2))
    for t in types("OneHot", "TI"):
        yield "OneHot", dict(indices=np.array([[1, 0], [2, 3]], t), depth=np.int32(3), on_value=np.float32(1), off_value=np.float32(0))
    yield "OneHot", dict(indices=np.int32(1), depth=np.int32(3), on_value=np.float32(1), off_value=np.float32(0))
    yield "OneHot", dict(indices=i32(), depth=np.int32(3), on_value=np.float32(1), off_value=np.float32(0))
    yield "OneHot", dict(indices=i32(0), depth=np.int32(0), on_value=np.float32(1), off_value=np.float32(0))
    yield "OneHot", dict(indices=i32(0), depth=np.int32(-1), on_value=np.float32(1), off_value=np.float32(0))
    for dt in types("Range", "Tidx"):
        for a, b, d in ((2, 9, 3), (5, 1, -2), (3, 3, 1), (1, 5, 0), (5, 1, 1)):
            if d >= 0 or dt[0] != "u":
                yield "Range", dict(start=scalar(a, dt), limit=scalar(b, dt), delta=scalar(d, dt))
    yield "Range", dict(start=np.float32(0.1), limit=np.float32(2), delta=np.float32(0.3))
    yield "Range", dict(start=np.float32(0), limit=np.float32(1), delta=np.float32(0.1))
    for dt in types("LinSpace"):
        for n in (1, 2, 7):
            yield "LinSpace", dict(start=scalar(-1, dt), stop=scalar(2.5, dt), num=np.int32(n))
        yield "LinSpace", dict(start=scalar(3, dt), stop=scalar(3, dt), num=np.int64(3))
        yield "LinSpace", dict(start=scalar(3, dt), stop=scalar(3, dt), num=np.int32(0))
    for t in ("int32", "int64"):
        yield "InvertPermutation", dict(x=_dims(t, 2, 0, 1))
        yield "InvertPermutation", dict(x=_dims(t))
        yield "InvertPermutation", dict(x=_dims(t, 1, 0, 0))
        yield "InvertPermutation", dict(x=_dims(t, 3, 1))
        yield "UnravelIndex", dict(indices=_dims(t, 5, 11, 0), dims=_dims(t, 3, 4))
        yield "UnravelIndex", dict(indices=np.array(7, t), dims=_dims(t, 2, 2, 3))
        yield "UnravelIndex", dict(indices=_dims(t, 12), dims=_dims(t, 3, 4))
        yield "UnravelIndex", dict(indices=_dims(t, 1), dims=_dims(t, 0, 4))


def gather():
    for dt in ALL:
        yield "Gather", dict(params=arr(dt, 4, 3), indices=i32(3, 0, 0))
        yield "GatherV2", dict(params=arr(dt, 4, 3), indices=np.array([[3, 0], [1, 1]], "int64"), axis=np.int32(0))
        yield "GatherV2", dict(params=arr(dt, 2, 3, 4), indices=i32(2, 0).reshape(2, 1), axis=np.int32(-1), batch_dims=1)
        yield "GatherNd", dict(params=arr(dt, 4, 3), indices=i32(0, 2, 3, 0).reshape(2, 2))
        yield "DynamicPartition", dict(data=arr(dt, 5, 2), partitions=i32(1, 0, 2, 1, 1), num_partitions=4)
        for op in ("DynamicStitch", "ParallelDynamicStitch"):
            yield op, dict(indices=[i32(0, 2), i32(1).reshape(())], data=[arr(dt, 2, 2), arr(dt, 2)])
    for validate in (False, True):
        yield "Gather", dict(params=arr("float32", 4), indices=i64(1, 2), validate_indices=validate)
    yield "Gather", dict(params=arr("float32", 4), indices=i32(-1))
    x = arr("float32", 2, 3, 4)
    for axis, dims, index in ((0, 0, np.int32(1)), (1, 0, i32(2, 0)), (2, 0, i32(3).reshape(1, 1)), (1, 1, i32(2, 0, 1, 1).reshape(2, 2)), (2, 2, i32(0, 1, 2, 3, 0, 1).reshape(2, 3)), (-1, -1, i32(1, 3).reshape(2, 1)),
                              (0, 0, i32()), (3, 0, i32(0)), (1, 2, i32(0, 0).reshape(2, 1)), (1, 1, i32(0, 1, 2)), (0, 0, i32(2)), (0, 0, i32(-1))):
        yield "GatherV2", dict(params=x, indices=index, axis=np.int32(axis), batch_dims=dims)
    yield "GatherV2", dict(params=x, indices=i64(1), axis=np.int64(0))
    yield "GatherV2", dict(params=arr("float32", 0, 3), indices=i32(), axis=np.int32(0))
    for index in (i32(1).reshape(1, 1), i32().reshape(2, 0), i32(0, 1, 2), i64(1, 2, 3, 0, 0, 0).reshape(2, 1, 3), i32().reshape(0, 2), i32(-1).reshape(1, 1), i32(0, 3).reshape(1, 2), i32(0, 0, 0, 0)):
        yield "GatherNd", dict(params=x, indices=index)
    for policy in ("ERROR", "IGNORE"):
        yield "GatherNd", dict(params=arr("float32", 4), indices=i32(1, 9, -1).reshape(3, 1), bad_indices_policy=policy)
    yield "DynamicPartition", dict(data=arr("float32", 2, 2, 3), partitions=i32(1, 0, 1, 1).reshape(2, 2), num_partitions=2)
    yield "DynamicPartition", dict(data=arr("float32", 0, 3), partitions=i32(), num_partitions=2)
    yield "DynamicPartition", dict(data=arr("float32", 2), partitions=i32(0, 2), num_partitions=2)
    yield "DynamicPartition", dict(data=arr("float32", 2), partitions=i32(0, -1), num_partitions=1)
    for op in ("DynamicStitch", "ParallelDynamicStitch"):
        yield op, dict(indices=[i32(3, 1), i32(1, 0, 2)], data=[arr("float32", 2), arr("float32", 3)])
        yield op, dict(indices=[i32()], data=[arr("float32", 0, 2)])
        yield op, dict(indices=[i32(-1)], data=[arr("float32", 1)])
        yield op, dict(indices=[i32(0), i32(1)], data=[arr("float32", 1, 2), arr("float32", 1, 3)])


def scatter():
    for op in "TensorScatterUpdate TensorScatterAdd TensorScatterSub TensorScatterMin TensorScatterMax".split():
        for dt in types(op):
            if (dt == "string" and op != "TensorScatterUpdate") or (dt in COMPLEX + ["bool"] and op[-3:] in ("Min", "Max")):
                continue
            yield op, dict(tensor=arr(dt, 4, 2), indices=i32(3, 1).reshape(2, 1), updates=arr(dt, 2, 2))
        yield op, dict(tensor=arr("float32", 4), indices=i64(3, 3, 0).reshape(3, 1), updates=arr("float32", 3))
        yield op, dict(tensor=arr("float32", 2, 3), indices=i32(0, 1, 1, 2).reshape(2, 2), updates=arr("float32", 2))
        yield op, dict(tensor=arr("float32", 4), indices=i32().reshape(0, 1), updates=arr("float32", 0))
        yield op, dict(tensor=np.float32([np.nan, 1, 1]), indices=i32(0, 1, 2).reshape(3, 1), updates=np.float32([1, np.nan, np.inf]))
        yield op, dict(tensor=arr("float32", 4), indices=i32(4).reshape(1, 1), updates=arr("float32", 1))
        yield op, dict(tensor=arr("float32", 4), indices=i32(1).reshape(1, 1), updates=arr("float32", 2))
        for policy in ("ERROR", "IGNORE", "DEFAULT"):
            yield op, dict(tensor=arr("float32", 4), indices=i32(1, 9, -1).reshape(3, 1), updates=arr("float32", 3), bad_indices_policy=policy)
    for dt in ALL:
        if dt != "string":
            yield "ScatterNd", dict(indices=i32(2, 0, 2).reshape(3, 1), updates=arr(dt, 3, 2), shape=i32(4, 2))
            yield "ScatterNdNonAliasingAdd", dict(input=arr(dt, 4, 2), indices=i32(2, 0, 2).reshape(3, 1), updates=arr(dt, 3, 2))
        else:
            yield "ScatterNd", dict(indices=i32(1).reshape(1, 1), updates=arr(dt, 1), shape=i32(2))
        for op in ("InplaceUpdate", "InplaceAdd", "InplaceSub"):
            if op == "InplaceUpdate" or dt in NUMBERS:
                yield op, dict(x=arr(dt, 4, 2), i=i32(3, 1), v=arr(dt, 2, 2))
    yield "ScatterNd", dict(indices=i64(1, 0).reshape(1, 2), updates=arr("float32", 1), shape=i64(2, 2))
    yield "ScatterNd", dict(indices=i32(4).reshape(1, 1), updates=arr("float32", 1), shape=i32(4))
    yield "ScatterNd", dict(indices=i32().reshape(0, 1), updates=arr("float32", 0), shape=i32(4))
    yield "ScatterNdNonAliasingAdd", dict(input=arr("float32", 2), indices=i32(2).reshape(1, 1), updates=arr("float32", 1))
    for policy in ("ERROR", "IGNORE"):
        yield "ScatterNd", dict(indices=i32(1, 9, -1).reshape(3, 1), updates=arr("float32", 3), shape=i32(4), bad_indices_policy=policy)
        yield "ScatterNdNonAliasingAdd", dict(input=arr("float32", 4), indices=i32(1, 9).reshape(2, 1), updates=arr("float32", 2), bad_indices_policy=policy)
    for op in ("InplaceUpdate", "InplaceAdd", "InplaceSub"):
        yield op, dict(x=arr("float32", 3), i=i32(1, 1), v=arr("float32", 2))
        yield op, dict(x=arr("float32", 3), i=i32(-1, 4), v=arr("float32", 2))


def _least(x, k):
    values, index = (a.numpy() for a in tf.raw_ops.TopKV2(input=-x.astype("float32"), k=k))
    return [(-values).astype(x.dtype), index]


def find():
    for dt in types("Where"):
        x = edges(dt)
        yield "Where", dict(input=x)
        yield "Where", dict(input=arr(dt, 2, 2, 3, lo=-1, hi=2))
    yield "Where", dict(input=arr("bool", 1, 2, 1, 2, 1, 2, 1, 2))
    yield "Where", dict(input=np.array(True))
    yield "Where", dict(input=arr("bool", 0, 2))
    for dt in types("Unique"):
        for op in ("Unique", "UniqueWithCounts"):
            yield op, dict(x=arr(dt, 9, lo=-2, hi=3))
        for op in ("UniqueV2", "UniqueWithCountsV2"):
            yield op, dict(x=arr(dt, 4, 2, hi=1, lo=0), axis=i64(0))
    for op in ("Unique", "UniqueWithCounts"):
        yield op, dict(x=arr("float32", 5), out_idx="int64")
        yield op, dict(x=arr("float32", 0))
        yield op, dict(x=np.float32([np.nan, 1, np.nan, 0., -0.]))
        yield op, dict(x=arr("float32", 2, 2))
    for op in ("UniqueV2", "UniqueWithCountsV2"):
        yield op, dict(x=arr("int32", 3, 4, hi=1, lo=0), axis=i32(1), out_idx="int64")
        yield op, dict(x=arr("int32", 5, hi=2, lo=0), axis=i64())
        yield op, dict(x=arr("int32", 0, 2), axis=i64(0))
        yield op, dict(x=arr("int32", 2, 2), axis=i64(2))
    for dt in types("ListDiff"):
        yield "ListDiff", dict(x=arr(dt, 9), y=arr(dt, 5))
    yield "ListDiff", dict(x=i32(5, 1, 5), y=i32(), out_idx="int64")
    yield "ListDiff", dict(x=i32(), y=i32(1))
    for dt in types("TopKV2"):
        for k in (np.int32(3), np.int32(0), np.int32(9)):
            yield "TopKV2", dict(input=arr(dt, 2, 9), k=k)
        for k, in_order in ((2, True), (3, True), (1, False)):        # of graphs so old that TensorFlow refuses to run them
            x = arr(dt, 2, 5)
            yield Like("TopK", dict(input=x, k=k, sorted=in_order), lambda: [a.numpy() for a in tf.raw_ops.TopKV2(input=x, k=k)])
        yield "NthElement", dict(input=arr(dt, 2, 9), n=np.int32(3), reverse=True)
        yield "NthElement", dict(input=arr(dt, 2, 9), n=np.int32(8))
    for dt in types("ApproxTopK"):
        for recall in (.95, .5):
            x = arr(dt, 2, 9)
            yield "ApproxTopK", dict(input=x, k=3, recall_target=recall)
            yield Like("ApproxTopK", dict(input=x, k=2, is_max_k=False, recall_target=recall), lambda: _least(x, 2))
    x = arr("float32", 2, 9)
    yield Like("ApproxTopK", dict(input=x, k=2, reduction_dimension=1), lambda: [a.numpy() for a in tf.raw_ops.TopKV2(input=x, k=2)])
    yield "TopKV2", dict(input=np.float32([[1, 2, np.inf, -np.inf, 2]]), k=np.int32(5))
    yield "TopKV2", dict(input=np.float32([[1, 7, 2]]), k=np.int32(1), sorted=False)
    yield "TopKV2", dict(input=arr("float32", 2, 9), k=np.int64(3), index_type="int64")
    yield "TopKV2", dict(input=arr("float32", 2, 3), k=np.int32(4))
    yield "TopKV2", dict(input=arr("float32", 2, 3), k=np.int32(-1))
    yield "TopKV2", dict(input=arr("float32", 0, 3), k=np.int32(2))
    yield "NthElement", dict(input=arr("float32", 3), n=np.int32(3))
    for t in ("int32", "int64"):
        for k in (0, 1, 2, 9):
            yield "InTopK", dict(predictions=arr("float32", 3, 4), targets=_dims(t, 0, 3, 9), k=k)
            yield "InTopKV2", dict(predictions=arr("float32", 3, 4), targets=_dims(t, 0, 3, -1), k=np.array(k, t))
    yield "InTopK", dict(predictions=np.float32([[np.nan, 1, 2], [1, np.inf, 0], [1, 1, 1]]), targets=i32(1, 1, 2), k=1)


def wide_pads():
    """Borders that are long in memory, on all sides of some."""
    for dt, n in (("int8", 64), ("float16", 33), ("float32", 17), ("complex128", 4), ("string", 5)):
        for shape, pads in (((5,), ((n, 2 * n),)), ((2, 3), ((1, 2), (n, n))), ((2, 3), ((0, 0), (0, n))), ((2, 1, n), ((1, 0), (2, 1), (0, 0))),
                            ((2, n, 2), ((0, 0), (n, 0), (0, 0))), ((1, 2, n), ((1, 1), (0, 1), (1, n))), ((0, 3), ((1, 1), (0, n)))):
            yield "Pad", dict(input=arr(dt, *shape), paddings=np.array(pads, "int32"))
            yield "PadV2", dict(input=arr(dt, *shape), paddings=np.array(pads, "int64"), constant_values=arr(dt)[()])
