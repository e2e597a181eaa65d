#!/usr/bin/env python3
"""Writes tests/ops/goldens/*.txt: what TensorFlow answers to small calls of single ops.

    make_goldens.py [FAMILY ...]      needs tensorflow and numpy; tests/unit/ops/test_goldens.c reads the files

A case is an op, its attributes, its inputs in order, and its outputs or the code of its error:

    case Slice
    attr T type 1                       kinds: type, int, float, bool, string (hex), shape, ints, floats, types, strings,
                                        shapes (joined by ';')
    in 1 3,5 1.0 ...                    DataType, dims ("-": scalar), elements; strings in hex, "." is empty
    out 1 2,2 ...
    end
"""
import os, sys
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import op_def_library

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(7)
FAMILIES = {}


def family(fn):
    FAMILIES[fn.__name__] = fn
    return fn


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
    return a.astype(tf.as_dtype(dt).as_numpy_dtype)


def i32(*v):
    return np.array(v, "int32")


SOME = ["float32", "int8", "float16", "int64", "complex64", "complex128", "string", "bool"]
NUM = ["float32", "float64", "bfloat16", "int32", "uint8", "int64"]


@family
def array():
    for dt in SOME:
        x = arr(dt, 2, 3, 4)
        yield "Transpose", dict(x=x, perm=i32(2, 0, 1))
        yield "Transpose", dict(x=arr(dt, 9, 17), perm=i32(1, 0))
        yield "Slice", dict(input=x, begin=i32(1, 0, 2), size=i32(1, -1, 2))
        yield "StridedSlice", dict(input=x, begin=i32(0, -1, 3), end=i32(0, 0, 0), strides=i32(1, 1, -2), shrink_axis_mask=2,
                                   new_axis_mask=1, ellipsis_mask=0, end_mask=4)
        yield "StridedSlice", dict(input=x, begin=i32(0, 1), end=i32(0, 4), strides=i32(1, 2), ellipsis_mask=1)
        yield "ConcatV2", dict(values=[x, arr(dt, 2, 1, 4), arr(dt, 2, 0, 4)], axis=np.int32(1))
        yield "Pack", dict(values=[arr(dt, 3), arr(dt, 3)], axis=1)
        yield "Unpack", dict(value=x, num=3, axis=1)
        yield "SplitV", dict(value=x, size_splits=i32(1, -1), split_dim=np.int32(-1), num_split=2)
        yield "Tile", dict(input=arr(dt, 2, 3), multiples=i32(2, 2))
        yield "BroadcastTo", dict(input=arr(dt, 2, 1), shape=i32(3, 2, 2))
        yield "PadV2", dict(input=arr(dt, 2, 2), paddings=np.array([[1, 0], [0, 2]], "int32"), constant_values=arr(dt)[()])
        yield "MirrorPad", dict(input=arr(dt, 3, 4), paddings=np.array([[1, 2], [2, 0]], "int32"), mode="REFLECT")
        yield "ReverseSequence", dict(input=x, seq_lengths=i32(2, 3), seq_dim=1, batch_dim=0)
        yield "Roll", dict(input=x, shift=i32(1, -1), axis=i32(0, 2))
        yield "SpaceToBatchND", dict(input=arr(dt, 1, 3, 4), block_shape=i32(2, 2), paddings=np.array([[1, 0], [0, 2]], "int32"))
        yield "BatchToSpaceND", dict(input=arr(dt, 4, 2, 2), block_shape=i32(2, 2), crops=np.array([[1, 0], [0, 1]], "int32"))
        yield "DepthToSpace", dict(input=arr(dt, 1, 2, 2, 8), block_size=2)
        yield "SpaceToDepth", dict(input=arr(dt, 1, 4, 2, 3), block_size=2)
        yield "OneHot", dict(indices=np.array([2, -1, 0, 9], "int64"), depth=np.int32(3), on_value=arr(dt)[()], off_value=arr(dt)[()], axis=0)
        yield "Fill", dict(dims=i32(2, 0, 3), value=arr(dt)[()])
    yield "Reshape", dict(tensor=arr("float32", 0, 3), shape=i32(3, -1))
    yield "ExpandDims", dict(input=arr("int8", 2), dim=np.int32(-1))
    yield "Squeeze", dict(input=arr("int8", 1, 3, 1), squeeze_dims=[-1])
    yield "Shape", dict(input=arr("int8", 2, 0, 3), out_type="int64")
    yield "Range", dict(start=np.float32(0.1), limit=np.float32(2), delta=np.float32(0.3))
    yield "Range", dict(start=np.int64(5), limit=np.int64(-5), delta=np.int64(-3))
    yield "LinSpace", dict(start=np.float32(-1), stop=np.float32(2), num=np.int32(4))
    yield "InvertPermutation", dict(x=i32(2, 0, 1))
    yield "UnravelIndex", dict(indices=i32(5, 11), dims=i32(3, 4))
    for err in ((np.array([1, 0, 0], "int32"),), (np.array([3, 1], "int32"),)):
        yield "InvertPermutation", dict(x=err[0])
    yield "Reshape", dict(tensor=arr("float32", 6), shape=i32(-1, 4))
    yield "Split", dict(split_dim=np.int32(0), value=arr("float32", 5), num_split=2)
    yield "Slice", dict(input=arr("float32", 4), begin=i32(3), size=i32(2))
    yield "StridedSlice", dict(input=arr("float32", 4), begin=i32(4), end=i32(5), strides=i32(1), shrink_axis_mask=1)


@family
def gather():
    for dt in SOME:
        yield "GatherV2", dict(params=arr(dt, 4, 3), indices=np.array([[3, 0], [1, 1]], "int64"), axis=np.int32(0))
        yield "GatherV2", dict(params=arr(dt, 2, 3, 4), indices=i32(2, 0).reshape(2, 1), axis=np.int32(-1), batch_dims=1)
        yield "GatherNd", dict(params=arr(dt, 4, 3), indices=i32(0, 2, 3, 0).reshape(2, 2))
        yield "DynamicPartition", dict(data=arr(dt, 5, 2), partitions=i32(1, 0, 2, 1, 1), num_partitions=4)
        yield "DynamicStitch", dict(indices=[i32(0, 2), i32(1).reshape(())], data=[arr(dt, 2, 2), arr(dt, 2)])
        yield "TensorScatterUpdate", dict(tensor=arr(dt, 4, 2), indices=i32(3, 1).reshape(2, 1), updates=arr(dt, 2, 2))
    for dt in NUM:
        yield "ScatterNd", dict(indices=i32(2, 0, 2).reshape(3, 1), updates=arr(dt, 3, 2), shape=i32(4, 2))
        yield "TensorScatterSub", dict(tensor=arr(dt, 4, lo=0), indices=i32(3, 3).reshape(2, 1), updates=arr(dt, 2, hi=1))
        yield "TensorScatterMax", dict(tensor=arr(dt, 4), indices=i32(3, 0).reshape(2, 1), updates=arr(dt, 2))
        yield "SegmentSum", dict(data=arr(dt, 4, 2), segment_ids=i32(0, 0, 2, 2))
        yield "SegmentMax", dict(data=arr(dt, 4, 2), segment_ids=i32(0, 0, 2, 2))
        yield "UnsortedSegmentProd", dict(data=arr(dt, 4, hi=4), segment_ids=i32(1, -1, 1, 0), num_segments=np.int32(3))
        yield "SparseSegmentSum", dict(data=arr(dt, 4, 2), indices=i32(3, 3, 0), segment_ids=i32(0, 0, 1))
        yield "Where", dict(input=arr(dt, 3, 3, lo=-1, hi=2))
        yield "Unique", dict(x=arr(dt, 12, lo=-2, hi=3))
        yield "UniqueWithCountsV2", dict(x=arr(dt, 4, 2, hi=1, lo=0), axis=np.array([0], "int64"))
        yield "ListDiff", dict(x=arr(dt, 9), y=arr(dt, 5))
        yield "TopKV2", dict(input=arr(dt, 2, 9), k=np.int32(3))
        yield "NthElement", dict(input=arr(dt, 2, 9), n=np.int32(3), reverse=True)
        yield "LowerBound", dict(sorted_inputs=np.sort(arr(dt, 2, 7), 1), values=arr(dt, 2, 3))
        yield "MirrorPadGrad", dict(input=arr(dt, 4, 5), paddings=np.array([[1, 0], [1, 1]], "int32"), mode="SYMMETRIC")
    yield "UniqueV2", dict(x=arr("string", 4, 1), axis=np.array([0], "int64"))
    yield "InTopK", dict(predictions=arr("float32", 3, 4), targets=i32(0, 3, 9), k=2)
    yield "Bucketize", dict(input=arr("float32", 9), boundaries=[-2., 0., 5.])
    yield "Bincount", dict(arr=i32(1, 3, 3, 9), size=np.int32(5), weights=arr("float32", 0))
    yield "DenseBincount", dict(input=i32(1, 0, 1, 1).reshape(2, 2), size=np.int32(3), weights=arr("int64", 2, 2))
    yield "Cross", dict(a=arr("float32", 2, 3), b=arr("float32", 2, 3))
    yield "GatherV2", dict(params=arr("float32", 4), indices=i32(4), axis=np.int32(0))
    yield "GatherNd", dict(params=arr("float32", 4), indices=i32(-1).reshape(1, 1))
    yield "ScatterNd", dict(indices=i32(4).reshape(1, 1), updates=arr("float32", 1), shape=i32(4))
    yield "SegmentSum", dict(data=arr("float32", 3), segment_ids=i32(0, 2, 1))


@family
def matrix():
    for dt in SOME[:6] + ["bool"]:
        x = arr(dt, 2, 3, 4)
        yield "MatrixBandPart", dict(input=x, num_lower=np.int64(0), num_upper=np.int64(-1))
        yield "MatrixDiag", dict(diagonal=arr(dt, 2, 3))
        yield "MatrixDiagPart", dict(input=x)
        yield "MatrixSetDiag", dict(input=x, diagonal=arr(dt, 2, 3))
        for align in ("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT"):
            yield "MatrixDiagPartV3", dict(input=x, k=i32(-2, 1), padding_value=arr(dt)[()], align=align)
            yield "MatrixDiagV3", dict(diagonal=arr(dt, 2, 3, 3), k=i32(-1, 1), num_rows=np.int32(-1), num_cols=np.int32(4),
                                       padding_value=arr(dt)[()], align=align)
            yield "MatrixSetDiagV3", dict(input=x, diagonal=arr(dt, 2, 2, 3), k=i32(-1, 0), align=align)
    for dt in ("float32", "float64", "int32", "int64"):
        yield "Diag", dict(diagonal=arr(dt, 2, 2))
        yield "DiagPart", dict(input=arr(dt, 2, 3, 2, 3))
    yield "MatrixBandPart", dict(input=arr("float32", 3, 3), num_lower=np.int64(4), num_upper=np.int64(0))
    for dt in ("float32", "uint8"):
        yield "ExtractImagePatches", dict(images=arr(dt, 1, 4, 5, 2), ksizes=[1, 2, 3, 1], strides=[1, 2, 1, 1], rates=[1, 1, 1, 1],
                                          padding="SAME")
    yield "EditDistance", dict(hypothesis_indices=np.array([[0, 0], [0, 1], [1, 0]], "int64"), hypothesis_values=arr("string", 3),
                               hypothesis_shape=np.array([2, 2], "int64"), truth_indices=np.array([[0, 0], [2, 0], [2, 1]], "int64"),
                               truth_values=arr("string", 3), truth_shape=np.array([3, 2], "int64"))


def real(dt, *shape, lo=-3., hi=3., odd=True):
    """Numbers of a range, with NaN, infinities and zeros among them."""
    a = rng.uniform(lo, hi, shape)
    if odd and a.size > 8:
        a.reshape(-1)[:6] = [np.nan, np.inf, -np.inf, 0., -0., 1.]
    return np.asarray(a).astype(tf.as_dtype(dt).as_numpy_dtype)


@family
def math():
    for op in ("Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Erf Erfc Exp Expm1 Floor Inv IsFinite IsInf IsNan Log Log1p Neg Reciprocal "
               "Rint Round Rsqrt Sigmoid Sign Sin Sinh Sqrt Square Tan Tanh Relu Relu6 Elu Selu Softplus Softsign").split():
        key = "features" if op in ("Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign") else "x"
        for dt in ("float32", "float64", "float16"):
            yield op, {key: real(dt, 19, lo=-2 if dt != "float16" else .1, hi=2)}
    for op in ("Abs", "Neg", "Sign", "Square"):
        for dt in ("int8", "int64"):
            yield op, dict(x=arr(dt, 9))
    for op in ("Add AddV2 Sub Mul Div RealDiv Maximum Minimum FloorDiv FloorMod SquaredDifference Pow DivNoNan Less GreaterEqual Equal "
               "NotEqual Atan2").split():
        for dt in ("float32", "float64", "bfloat16"):
            yield op, dict(x=real(dt, 3, 1, 5), y=real(dt, 2, 1, lo=.5))
    for op in ("AddV2", "Sub", "Mul", "Maximum", "FloorDiv", "FloorMod", "TruncateDiv", "TruncateMod", "BitwiseXor", "LeftShift", "Greater"):
        for dt in ("int8", "uint16", "int32", "uint64"):
            yield op, dict(x=arr(dt, 3, 7), y=np.maximum(arr(dt, 7), 1))
    yield "FloorDiv", dict(x=arr("int32", 3), y=i32(1, 0, 2))
    for op in ("LogicalAnd", "LogicalOr"):
        yield op, dict(x=arr("bool", 4, 1), y=arr("bool", 3))
    for op in ("Sum", "Prod", "Max", "Min", "Mean"):
        for dt in ("float32", "float64", "int32", "int64", "complex64"):
            if dt == "complex64" and op in ("Max", "Min"):
                continue
            for axis in (i32(0), i32(-1, 0), i32(), i32(0, 1, 2)):
                yield op, dict(input=arr(dt, 3, 4, 2, lo=-2, hi=3), reduction_indices=axis, keep_dims=bool(len(axis) & 1))
    for op in ("All", "Any"):
        yield op, dict(input=arr("bool", 3, 4), reduction_indices=i32(1))
    for op in ("ArgMax", "ArgMin"):
        for dt in ("float32", "int8"):
            yield op, dict(input=arr(dt, 3, 7), dimension=np.int32(-1))
    for op in ("Cumsum", "Cumprod"):
        yield op, dict(x=arr("float32", 3, 4, hi=3), axis=np.int32(1), exclusive=True, reverse=True)
    kinds = ["float32", "float64", "float16", "bfloat16", "int8", "int32", "int64", "uint8", "bool", "complex64"]
    for a in kinds:
        for b in kinds:
            yield "Cast", dict(x=arr(a, 7, lo=0 if b[0] == "u" else -9), DstT=b)
    for dt in ("float32", "int64", "string"):
        yield "SelectV2", dict(condition=arr("bool", 3, 1), t=arr(dt, 4), e=arr(dt, 3, 4))
    for dt in ("float32", "float64"):
        yield "Softmax", dict(logits=real(dt, 3, 5, odd=False))
        yield "LogSoftmax", dict(logits=real(dt, 3, 5, odd=False))
        yield "MatMul", dict(a=real(dt, 5, 3, odd=False), b=real(dt, 7, 3, odd=False), transpose_b=True)
        yield "BatchMatMulV2", dict(x=real(dt, 2, 1, 5, 3, odd=False), y=real(dt, 4, 3, 2, odd=False))
        yield "BiasAdd", dict(value=real(dt, 2, 3, 4, odd=False), bias=real(dt, 4))
    yield "Add", dict(x=arr("float32", 3), y=arr("float32", 2))
    yield "MatMul", dict(a=arr("float32", 5, 3), b=arr("float32", 2, 2))


@family
def sparse():
    i64 = lambda *v: np.array(v, "int64")
    index, other = i64(0, 1, 1, 0, 2, 3).reshape(3, 2), i64(0, 0, 1, 0).reshape(2, 2)
    for dt in ("float32", "int64", "string", "bool"):
        v = arr(dt, 3)
        yield "SparseToDense", dict(sparse_indices=index, output_shape=i64(3, 4), sparse_values=v, default_value=arr(dt)[()])
        yield "SparseReorder", dict(input_indices=index[::-1], input_values=v, input_shape=i64(3, 4))
        yield "SparseConcat", dict(indices=[index, other], values=[v, arr(dt, 2)], shapes=[i64(3, 4), i64(3, 2)], concat_dim=1)
        yield "SparseSlice", dict(indices=index, values=v, shape=i64(3, 4), start=i64(1, 0), size=i64(2, 3))
        yield "SparseSplit", dict(split_dim=np.int64(1), indices=index, values=v, shape=i64(3, 4), num_split=3)
        yield "SparseFillEmptyRows", dict(indices=index, values=v, dense_shape=i64(5, 4), default_value=arr(dt)[()])
        yield "RaggedGather", dict(params_nested_splits=[i64(0, 2, 3), i64(0, 1, 4, 6)], params_dense_values=arr(dt, 6, 2),
                                   indices=i64(1, 0, 1, 1).reshape(2, 2), OUTPUT_RAGGED_RANK=3)
        yield "RaggedTensorToSparse", dict(rt_nested_splits=[i64(0, 2, 2, 3)], rt_dense_values=arr(dt, 3, 2))
        for kinds, parts in ((["ROW_SPLITS"], [i64(0, 2, 2, 5)]), (["FIRST_DIM_SIZE", "VALUE_ROWIDS"], [np.int64(4), i64(0, 0, 2, 2, 3)])):
            for shape in (i64(-1, -1), i64(2, 2), i64(5, -1)):
                yield "RaggedTensorToTensor", dict(shape=shape, values=arr(dt, 5), default_value=arr(dt)[()], row_partition_tensors=parts,
                                                   row_partition_types=kinds)
    for dt in ("float32", "float64", "int32"):
        v, d = arr(dt, 3), arr(dt, 3, 4)
        yield "SparseTensorDenseMatMul", dict(a_indices=index, a_values=v, a_shape=i64(3, 4), b=arr(dt, 5, 4), adjoint_b=True)
        yield "SparseTensorDenseAdd", dict(a_indices=index, a_values=v, a_shape=i64(3, 4), b=d)
        yield "SparseDenseCwiseMul", dict(sp_indices=index, sp_values=v, sp_shape=i64(3, 4), dense=arr(dt, 4))
        yield "SparseAdd", dict(a_indices=index, a_values=v, a_shape=i64(3, 4), b_indices=other, b_values=arr(dt, 2), b_shape=i64(3, 4),
                                thresh=np.array(0, dt))
        yield "SparseReduceSum", dict(input_indices=index, input_values=v, input_shape=i64(3, 4), reduction_axes=i32(1))
        yield "SparseReduceMaxSparse", dict(input_indices=index, input_values=v, input_shape=i64(3, 4), reduction_axes=i32(0), keep_dims=True)
        yield "RaggedRange", dict(starts=arr(dt, 3, lo=0, hi=2), limits=arr(dt, 3, lo=2), deltas=np.array(1, dt))
    yield "SparseReshape", dict(input_indices=index, input_shape=i64(3, 4), new_shape=i64(2, -1))
    yield "SparseSoftmax", dict(sp_indices=index, sp_values=arr("float32", 3), sp_shape=i64(3, 4))
    yield "SparseToDense", dict(sparse_indices=i64(5), output_shape=i64(5), sparse_values=arr("float32", 1), default_value=np.float32(0))
    yield "SparseReshape", dict(input_indices=index, input_shape=i64(3, 4), new_shape=i64(5, 2))
    yield "RaggedTensorToSparse", dict(rt_nested_splits=[i64(0, 3, 2, 5)], rt_dense_values=arr("float32", 5))


@family
def window():
    """Convolutions, pools, images: what slides. Small whole numbers, so that any order of summing is exact."""
    f = "float32"
    for strides, padding, dil in ((1, "SAME", 1), (2, "VALID", 1), (1, "VALID", 2)):
        yield "Conv2D", dict(input=arr(f, 2, 5, 6, 3), filter=arr(f, 2, 3, 3, 4), strides=[1, strides, strides, 1], padding=padding,
                             dilations=[1, dil, dil, 1])
        yield "DepthwiseConv2dNative", dict(input=arr(f, 1, 5, 6, 2), filter=arr(f, 3, 2, 2, 2), strides=[1, strides, strides, 1],
                                            padding=padding)
        yield "Dilation2D", dict(input=arr(f, 1, 6, 5, 2), filter=arr(f, 2, 2, 2), strides=[1, strides, strides, 1],
                                 rates=[1, dil, dil, 1], padding=padding)
        yield "ExtractVolumePatches", dict(input=arr(f, 1, 4, 5, 3, 2), ksizes=[1, 2, 3, 1, 1], strides=[1, strides, 1, 1, 1], padding=padding)
    yield "Conv2D", dict(input=arr(f, 1, 4, 4, 4), filter=arr(f, 3, 3, 2, 6), strides=[1, 1, 1, 1], padding="EXPLICIT",
                         explicit_paddings=[0, 0, 1, 2, 0, 1, 0, 0])
    yield "Conv2D", dict(input=arr(f, 1, 4, 4, 3), filter=arr(f, 9, 9, 3, 2), strides=[1, 1, 1, 1], padding="VALID")
    yield "Conv3D", dict(input=arr(f, 1, 3, 4, 4, 2), filter=arr(f, 2, 2, 2, 2, 3), strides=[1, 1, 2, 1, 1], padding="SAME")
    yield "Conv2DBackpropInput", dict(input_sizes=i32(1, 5, 6, 3), filter=arr(f, 2, 3, 3, 4), out_backprop=arr(f, 1, 3, 3, 4),
                                      strides=[1, 2, 2, 1], padding="SAME")
    yield "Conv2DBackpropFilter", dict(input=arr(f, 1, 5, 6, 3), filter_sizes=i32(2, 3, 3, 4), out_backprop=arr(f, 1, 4, 4, 4),
                                       strides=[1, 1, 1, 1], padding="VALID")
    yield "Conv3DBackpropInputV2", dict(input_sizes=i32(1, 3, 4, 4, 2), filter=arr(f, 2, 2, 2, 2, 3), out_backprop=arr(f, 1, 3, 2, 4, 3),
                                        strides=[1, 1, 2, 1, 1], padding="SAME")
    for dt in (f, "float64"):
        x = arr(dt, 2, 5, 6, 3)
        yield "MaxPool", dict(input=x, ksize=[1, 2, 3, 1], strides=[1, 2, 1, 1], padding="SAME")
        yield "AvgPool", dict(value=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
        yield "MaxPoolV2", dict(input=x, ksize=i32(1, 3, 3, 1), strides=i32(1, 1, 2, 1), padding="VALID")
        yield "MaxPool3D", dict(input=arr(f, 1, 3, 4, 4, 2), ksize=[1, 2, 2, 2, 1], strides=[1, 1, 2, 2, 1], padding="SAME")
        yield "AvgPool3D", dict(input=arr(f, 1, 3, 4, 4, 2), ksize=[1, 2, 2, 2, 1], strides=[1, 1, 2, 2, 1], padding="VALID")
        yield "MaxPoolWithArgmax", dict(input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
        yield "MaxPoolGrad", dict(orig_input=arr(f, 1, 4, 4, 2), orig_output=arr(f, 1, 2, 2, 2), grad=arr(f, 1, 2, 2, 2), ksize=[1, 2, 2, 1],
                                  strides=[1, 2, 2, 1], padding="VALID")
        yield "AvgPoolGrad", dict(orig_input_shape=i32(1, 4, 4, 2), grad=arr(dt, 1, 2, 2, 2), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1],
                                  padding="VALID")
    for dt in (f, "uint8"):
        x = arr(dt, 1, 4, 4, 2)
        for op in ("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea"):
            yield op, dict(images=x, size=i32(8, 2))
        yield "ResizeBilinear", dict(images=x, size=i32(3, 5), half_pixel_centers=True)
        yield "CropAndResize", dict(image=x, boxes=np.array([[0, 0, 1, 1], [-.5, .25, 1.5, .5]], f), box_ind=i32(0, 0), crop_size=i32(3, 2))
    yield "LRN", dict(input=arr(f, 1, 2, 2, 7), depth_radius=2)
    yield "Einsum", dict(inputs=[arr(f, 2, 3, 4), arr(f, 4, 5)], equation="abc,cd->abd")
    yield "Einsum", dict(inputs=[arr(f, 3, 3)], equation="ii->i")
    yield "Einsum", dict(inputs=[arr(f, 2, 3, 4), arr(f, 2, 4, 3)], equation="...ij,...jk->...ik")
    yield "SparseSoftmaxCrossEntropyWithLogits", dict(features=arr(f, 3, 4), labels=i32(0, 3, 1))
    yield "IsotonicRegression", dict(input=arr(f, 2, 5))
    yield "HistogramFixedWidth", dict(values=arr(f, 6), value_range=np.array([-4, 4], f), nbins=np.int32(5))


@family
def text():
    """Strings, patterns and serialized Examples."""
    words = np.array([b"", b" aB ", "Äöü€".encode(), b"a1b22c333", b"x.y"], object)
    text = lambda *v: np.array(v, object)
    for op in ("StringStrip", "StringLength", "StringLower", "StringUpper"):
        yield op, dict(input=words)
    yield "StringLength", dict(input=words, unit="UTF8_CHAR")
    yield "StringJoin", dict(inputs=[words, text(b"-")[0], words], separator="+")
    for pattern, rewrite in ((r"[0-9]+", r"<\0>"), (r"", "_"), (r"(a)(.)?", r"\2\1"), (r"[", ""), (r".*", r"\0\0")):
        for all in (True, False):
            yield "StaticRegexReplace", dict(input=words, pattern=pattern, rewrite=rewrite, replace_global=all)
            yield "RegexReplace", dict(input=words, pattern=text(pattern.encode())[0], rewrite=text(rewrite.encode())[0], replace_global=all)
        yield "StaticRegexFullMatch", dict(input=words, pattern=pattern)
        yield "RegexFullMatch", dict(input=words, pattern=text(pattern.encode())[0])
    feature = lambda **k: tf.train.Example(features=tf.train.Features(feature=k)).SerializeToString()
    floats = lambda *v: tf.train.Feature(float_list=tf.train.FloatList(value=v))
    ints = lambda *v: tf.train.Feature(int64_list=tf.train.Int64List(value=v))
    names = lambda *v: tf.train.Feature(bytes_list=tf.train.BytesList(value=v))
    many = text(feature(f=floats(1, 2), i=ints(7), s=names(b"q", b"")), feature(f=floats(3, 4), v=ints(1, 2, 3)), feature(f=floats(0, 0), s=names(b"zz")))
    for examples in (many, many[:1], many[:0], text(b"\x0b")):
        yield "ParseExample", dict(serialized=examples, names=text(), sparse_keys=[text(b"s")[0], text(b"i")[0]], dense_keys=[text(b"f")[0]],
                                   dense_defaults=[np.array([], "float32")], sparse_types=[tf.string, tf.int64], dense_shapes=[[2]])
        yield "ParseExampleV2", dict(serialized=examples, names=text(), sparse_keys=text(b"s"), dense_keys=text(b"f", b"v"), ragged_keys=text(b"i", b"w"),
                                     dense_defaults=[np.array([], "float32"), np.array(5, "int64")], num_sparse=1, sparse_types=[tf.string],
                                     ragged_value_types=[tf.int64, tf.int64], ragged_split_types=[tf.int32, tf.int64], dense_shapes=[[2], [None]])


# ---------------------------------------------------------------- writing

def element(v, dt):
    if dt == tf.string:
        return v.hex() or "."
    if dt.is_complex:
        return "%r %r" % (float(v.real), float(v.imag))
    return repr(float(v)) if dt.is_floating else str(int(v))


def tensor(word, a, dt):
    dims = ",".join(map(str, a.shape)) or "-"
    return " ".join([word, str(dt.as_datatype_enum), dims] + [element(v, dt) for v in a.reshape(-1)])


def attribute(name, v):
    kind = v.WhichOneof("value")
    text = {"type": lambda: "type %d" % v.type, "i": lambda: "int %d" % v.i, "f": lambda: "float %r" % float(v.f),
            "b": lambda: "bool %d" % v.b, "s": lambda: "string %s" % (v.s.hex() or "."),
            "shape": lambda: "shape " + ("?" if v.shape.unknown_rank else ",".join(str(d.size) for d in v.shape.dim) or "-"),
            "list": lambda: "shapes " + ";".join(",".join(str(d.size) for d in x.dim) or "-" for x in v.list.shape) if v.list.shape else
            "types " + ",".join(map(str, v.list.type)) if v.list.type else
            "strings " + ",".join(x.hex() for x in v.list.s) if v.list.s else "floats " + ",".join(repr(float(x)) for x in v.list.f) if v.list.f else "ints " + ",".join(map(str, v.list.i))}
    return ("attr %s %s" % (name, text[kind]())).rstrip()


def case(op, args):
    try:
        return case_from(op, args, lambda v: tf.constant(v, tf.string if v.dtype == object else None))
    except ValueError:                # shape inference refuses it; with unknown dims the kernel does, and says its code
        return case_from(op, args, lambda v: tf.compat.v1.placeholder(tf.string if v.dtype == object else v.dtype, [None] * v.ndim))


def case_from(op, args, make):
    lines, values, d = ["case " + op], {}, op_def(op)
    inferred = {x for a in d.input_arg for x in (a.type_attr, a.number_attr, a.type_list_attr)}
    defaults = {a.name: None for a in d.attr if a.HasField("default_value") and a.name not in inferred | set(args)}

    def given(v):
        t = make(np.asarray(v))
        values[t.ref()] = np.asarray(v)
        return t
    with tf.Graph().as_default() as g, tf.compat.v1.Session() as s:
        names = {a.name for a in d.input_arg}
        keyed = {k: ([given(x) for x in v] if isinstance(v, list) else given(v)) if k in names else v for k, v in args.items()}
        op_def_library.apply_op(op, **keyed, **defaults)
        node = g.get_operations()[-1]
        lines += [attribute(k, v) for k, v in sorted(node.node_def.attr.items()) if not k.startswith("_")]
        lines += [tensor("in", values[t.ref()], t.dtype) for t in node.inputs]
        try:
            outs = s.run(list(node.outputs), {t.deref(): v for t, v in values.items()})
            lines += [tensor("out", np.asarray(a, object if t.dtype == tf.string else None), t.dtype) for a, t in zip(outs, node.outputs)]
        except tf.errors.OpError as e:
            if "No OpKernel" in e.message:
                return None
            lines.append("error %d" % e.error_code)
    return lines + ["end"]


def op_def(name):
    from tensorflow.python.framework import op_def_registry
    return op_def_registry.get(name)


def main():
    for name in sys.argv[1:] or FAMILIES:
        cases = []
        for op, args in FAMILIES[name]():
            try:
                cases.append(case(op, args))
            except (TypeError, ValueError, tf.errors.OpError) as e:
                print("%s: left out: %s" % (op, str(e).split("\n")[0][:100]))
        with open(os.path.join(HERE, "goldens", name + ".txt"), "w") as f:
            f.writelines("\n".join(c) + "\n" for c in cases if c)
        print("%s: %d cases" % (name, sum(c is not None for c in cases)))


main()
