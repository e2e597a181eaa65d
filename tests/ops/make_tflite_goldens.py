#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/ops/goldens/tflite/: what TFLite's interpreter, with its reference kernels where it has them, answers to models of one operator.

    make_tflite_goldens.py [NAME ...]       needs tensorflow and numpy; tests/unit/exec/test_tflite_goldens.c reads the files

A case is as in make_goldens.py: its op is TFLite's, its attribute `model` the file, and its inputs and outputs are those of the
file in order. Files say shapes with a first dimension of 1 where inputs have more rows: they are resized, as a server does.
"""
import os
import pathlib
import pickle
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

import golden_writer  # noqa: E402
from tflite import Model, OPERATORS, f32, i8, i32, u8, vector  # noqa: E402

REFERENCE = tf.lite.experimental.OpResolverType.BUILTIN_REF
PLAIN = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
NO_REFERENCE = ("CEIL", "ROUND", "ELU")
rng = np.random.default_rng(7)


class Const:
    """An operand that the file holds."""

    def __init__(self, values, dtype=None):
        self.array = np.array(values, dtype or (np.int32 if np.array(values).dtype == np.int64 else None))


class Steps:
    """Quantised values: an input, or held by the file."""

    def __init__(self, array, scale, zero=0, axis=0, held=False):
        self.array, self.held = np.asarray(array), held
        self.quantized = (list(np.atleast_1d(scale).astype(np.float32).tolist()), [int(z) for z in np.atleast_1d(zero)], axis)


class State(Const):
    """An operand that keeps its values between calls."""

    def __init__(self, dtype, shape, quantized=False):
        super().__init__(np.zeros(shape, dtype))
        self.quantized = quantized


class Out:
    """The type of a quantised result."""

    def __init__(self, dtype, scale, zero=0):
        self.dtype, self.quantized = dtype, ([scale], [zero], 0)


def noise(*shape):
    return rng.normal(size=shape).round(3).astype(np.float32)


def positive(*shape):
    return (np.abs(noise(*shape)) + np.float32(0.25)).astype(np.float32)


def ints(*shape, low=-9, high=9, dtype=np.int32):
    return rng.integers(low, high, shape).astype(dtype)


def weights(*shape):
    return Const(noise(*shape))


def case(op, operands, options=None, fields=None, outputs=("float32",), version=1, rows=False, plain=False, runs=1, between=()):
    """The lines of one case. rows: the file says 1 for the first dimension of each input. plain: not by the reference kernel."""
    m, inputs, feeds, numbers = Model(), [], [], []
    for i, a in enumerate(operands):
        if a is None:
            numbers.append(-1)
            continue
        quantized = a.quantized if isinstance(a, Steps) else False
        held = isinstance(a, Const) or (isinstance(a, Steps) and a.held)
        array = np.asarray(a.array if isinstance(a, (Const, Steps)) else a)
        shape = list(array.shape)
        if rows and not held and shape:
            shape[0] = 1
        values = array.reshape(-1).tolist() if held else None
        if isinstance(a, State):
            numbers.append(m.tensor(f"x{i}", array.dtype.name, shape, None, a.quantized, variable=True))
            continue
        numbers.append(m.tensor(f"x{i}", array.dtype.name, shape, values, quantized))
        if not held:
            inputs.append(numbers[-1])
            feeds.append(array)
    results = [m.tensor(f"y{i}", y.dtype, [], None, y.quantized) if isinstance(y, Out) else m.tensor(f"y{i}", y, []) for i, y in enumerate(outputs)]
    middle = [m.tensor(f"z{i}", z.dtype, [], None, z.quantized) for i, z in enumerate(between)]
    m.op(op, numbers, results, options, fields, version, between=middle)
    data = m.bytes(inputs, results, {"s": ({f"i{i}": t for i, t in enumerate(inputs)}, {f"o{i}": t for i, t in enumerate(results)})})
    runner = tf.lite.Interpreter(model_content=data, experimental_op_resolver_type=PLAIN if plain or op in NO_REFERENCE else REFERENCE)
    for number, array in zip(inputs, feeds):
        runner.resize_tensor_input(number, array.shape)
    runner.allocate_tensors()
    lines, answers = [f"case {op}", f"attr model string {data.hex()}"] + ([f"attr runs int {runs}"] if runs > 1 else []), []
    for run in range(runs):
        for number, array in zip(inputs, feeds):
            given = np.roll(array, run) if run else array
            runner.set_tensor(number, given)
            lines.append(golden_writer.tensor("in", given, tf.as_dtype(given.dtype)))
        runner.invoke()
        for number in results:
            a = np.asarray(runner.get_tensor(number))
            answers.append(golden_writer.tensor("out", a, tf.as_dtype(a.dtype)))
    return lines + answers + ["end"]


def elementwise():
    for op in ("LOGISTIC", "TANH", "RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "EXP", "SQUARE", "ABS", "NEG", "SIN", "COS", "FLOOR", "CEIL",
               "ROUND", "ELU", "HARD_SWISH", "SIGN", "ZEROS_LIKE"):
        yield op, [3 * noise(3, 7)], {"rows": True}
        yield op, [np.float32([])], {}
    for op in ("LOG", "SQRT", "RSQRT"):
        yield op, [positive(2, 5)], {"rows": True}
    yield "NEG", [ints(5)], {"outputs": ["int32"]}
    yield "NEG", [ints(5, dtype=np.int64)], {"outputs": ["int64"]}
    yield "ROUND", [np.float32([0.5, 1.5, 2.5, -0.5, -1.5, 7.49])], {}
    for approximate in (0, 1):
        yield "GELU", [3 * noise(2, 9)], {"options": "GeluOptions", "fields": {0: u8(approximate)}}
    for alpha in (0.2, 0.0, 1.5):
        yield "LEAKY_RELU", [noise(2, 9)], {"options": "LeakyReluOptions", "fields": {0: f32(alpha)}, "rows": True}
    yield "PRELU", [noise(2, 3, 4, 5), weights(1, 1, 5)], {"rows": True}
    yield "PRELU", [noise(2, 3, 4, 5), weights(3, 4, 5)], {"rows": True}


def pairs():
    for op in ("ADD", "SUB", "MUL", "DIV"):
        options = op.capitalize() + "Options"
        for activation in (0, 1, 3) + ((2,) if op != "DIV" else ()):
            yield op, [3 * noise(3, 4), 3 * positive(3, 4)], {"options": options, "fields": {0: i8(activation)}, "rows": True}
        yield op, [noise(3, 4), Const([2.5], np.float32)], {"options": options, "rows": True}
        yield op, [noise(3, 1, 4), positive(2, 1)], {"options": options}
        yield op, [noise(2, 0), positive(2, 0)], {"options": options}
        if op != "DIV":
            yield op, [ints(3, 4), ints(4)], {"options": options, "outputs": ["int32"]}
            yield op, [ints(4, dtype=np.int64), ints(4, dtype=np.int64)], {"options": options, "outputs": ["int64"], "version": 3}
    for op in ("MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "FLOOR_DIV", "FLOOR_MOD"):
        yield op, [3 * noise(3, 4), positive(4)], {}
        yield op, [ints(3, 4), ints(3, 4, low=1)], {"outputs": ["int32"]}
    yield "FLOOR_MOD", [ints(4, dtype=np.int64), Const([3], np.int64)], {"outputs": ["int64"]}
    yield "POW", [positive(3, 4), noise(3, 4)], {}
    yield "POW", [positive(3, 4), Const([0.5], np.float32)], {}
    yield "ATAN2", [noise(6), noise(6)], {}
    for op in ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"):
        yield op, [np.float32([1, 2, 3]), np.float32([2, 2, 2])], {"outputs": ["bool"]}
        yield op, [ints(3, 4, low=0, high=3), ints(4, low=0, high=3)], {"outputs": ["bool"]}
        yield op, [ints(4, low=0, high=3, dtype=np.int64), ints(4, low=0, high=3, dtype=np.int64)], {"outputs": ["bool"]}
    for op in ("LOGICAL_AND", "LOGICAL_OR"):
        yield op, [np.array([0, 0, 1, 1], bool), np.array([0, 1, 0, 1], bool)], {"outputs": ["bool"]}
    yield "LOGICAL_NOT", [np.array([0, 1], bool)], {"outputs": ["bool"]}
    flags = np.array([[0, 1, 1], [1, 0, 0]], bool)
    yield "SELECT", [flags, noise(2, 3), noise(2, 3)], {}
    yield "SELECT", [np.array([0, 1], bool), noise(2, 3), noise(2, 3)], {}
    yield "SELECT_V2", [flags, noise(2, 3), noise(3)], {}
    yield "SELECT_V2", [flags, ints(2, 3), ints(2, 1)], {"outputs": ["int32"]}
    yield "ADD_N", [noise(2, 3), noise(2, 3), noise(2, 3)], {}
    for to in ("int32", "int64", "bool"):
        yield "CAST", [np.float32([-1.5, 0, 2.7, 300])], {"outputs": [to]}
    yield "CAST", [ints(4)], {}
    yield "CAST", [np.array([0, 1], bool)], {}
    yield "CAST", [np.array([0, 1], bool)], {"outputs": ["int32"]}
    yield "CAST", [ints(4, dtype=np.int64)], {"outputs": ["int32"]}
    yield "DEQUANTIZE", [Const(np.float16([1.5, -2, 0.333, 65504]))], {"version": 3}


def geometry(padding, stride, dilation=1):
    return {0: i8(padding), 1: i32(stride), 2: i32(stride), 4: i32(dilation), 5: i32(dilation)}


def convolutions():
    for padding in (0, 1):
        for stride, dilation in ((1, 1), (2, 1), (1, 2)):
            fields = geometry(padding, stride, dilation)
            yield "CONV_2D", [noise(2, 7, 6, 3), weights(5, 3, 2, 3), weights(5)], {"options": "Conv2DOptions", "fields": fields, "rows": True}
            depth = {0: i8(padding), 1: i32(stride), 2: i32(stride), 3: i32(2), 5: i32(dilation), 6: i32(dilation)}
            yield "DEPTHWISE_CONV_2D", [noise(2, 7, 6, 3), weights(1, 3, 2, 6), weights(6)], {"options": "DepthwiseConv2DOptions", "fields": depth, "rows": True}
    for activation in (1, 2, 3):
        yield "CONV_2D", [3 * noise(2, 4, 4, 3), weights(4, 1, 1, 3), weights(4)], {"options": "Conv2DOptions", "fields": {**geometry(1, 1), 3: i8(activation)}, "rows": True}
        yield "DEPTHWISE_CONV_2D", [3 * noise(2, 4, 4, 3), weights(1, 2, 2, 3), weights(3)], {"options": "DepthwiseConv2DOptions", "fields": {0: i8(1), 1: i32(1), 2: i32(1), 3: i32(1), 4: i8(activation), 5: i32(1), 6: i32(1)}, "rows": True}
    yield "CONV_2D", [noise(1, 4, 4, 3), weights(4, 1, 1, 3)], {"options": "Conv2DOptions", "fields": geometry(1, 1)}
    yield "CONV_2D", [noise(2, 5, 5, 4), weights(6, 3, 3, 2), weights(6)], {"options": "Conv2DOptions", "fields": geometry(0, 1)}
    yield "CONV_2D", [noise(1, 6, 8, 1), weights(2, 3, 3, 1), weights(2)], {"options": "Conv2DOptions", "fields": {0: i8(1), 1: i32(1), 2: i32(2), 4: i32(1), 5: i32(1)}}
    for padding, shape in ((0, [2, 8, 8, 3]), (1, [2, 9, 9, 3])):
        yield "TRANSPOSE_CONV", [Const(shape), weights(3, 3, 3, 4), noise(2, 4, 4, 4)], {"options": "TransposeConvOptions", "fields": {0: i8(padding), 1: i32(2), 2: i32(2)}}
        yield "TRANSPOSE_CONV", [Const(shape), weights(3, 3, 3, 4), noise(2, 4, 4, 4), weights(3)], {"options": "TransposeConvOptions", "fields": {0: i8(padding), 1: i32(2), 2: i32(2)}, "version": 3}
    for op in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        for padding in (0, 1):
            for activation in (0, 1, 3):
                yield op, [noise(2, 7, 6, 3)], {"options": "Pool2DOptions", "rows": True, "fields": {0: i8(padding), 1: i32(2), 2: i32(1), 3: i32(3), 4: i32(2), 5: i8(activation)}}
    for corners, centers in ((0, 0), (1, 0), (0, 1)):
        for size in ([7, 5], [2, 2], [3, 4]):
            yield "RESIZE_BILINEAR", [noise(2, 3, 4, 2), Const(size)], {"options": "ResizeBilinearOptions", "fields": {2: u8(corners), 3: u8(centers)}, "rows": True, "version": 3}
            yield "RESIZE_NEAREST_NEIGHBOR", [noise(2, 3, 4, 2), Const(size)], {"options": "ResizeNearestNeighborOptions", "fields": {0: u8(corners), 1: u8(centers)}, "rows": True, "version": 3}


def products():
    for activation in (0, 1, 3):
        yield "FULLY_CONNECTED", [noise(4, 5), weights(3, 5), weights(3)], {"options": "FullyConnectedOptions", "fields": {0: i8(activation)}, "rows": True}
    yield "FULLY_CONNECTED", [noise(4, 5), weights(3, 5)], {"options": "FullyConnectedOptions", "rows": True}
    yield "FULLY_CONNECTED", [noise(4, 5), weights(3, 5), None], {"options": "FullyConnectedOptions"}
    yield "FULLY_CONNECTED", [noise(2, 3, 5), weights(4, 5), weights(4)], {"options": "FullyConnectedOptions"}
    yield "FULLY_CONNECTED", [noise(2, 3, 5), weights(4, 5), weights(4)], {"options": "FullyConnectedOptions", "fields": {2: u8(1)}, "version": 2}
    yield "FULLY_CONNECTED", [noise(2, 3, 2, 5), weights(4, 5)], {"options": "FullyConnectedOptions", "fields": {0: i8(1), 2: u8(1)}, "version": 2}
    yield "FULLY_CONNECTED", [noise(2, 1, 1, 5), weights(4, 5), weights(4)], {"options": "FullyConnectedOptions", "rows": True}
    yield "FULLY_CONNECTED", [noise(2, 6), weights(4, 3), weights(4)], {"options": "FullyConnectedOptions"}
    yield "FULLY_CONNECTED", [noise(5), weights(4, 5), weights(4)], {"options": "FullyConnectedOptions"}
    yield "FULLY_CONNECTED", [noise(4, 5), noise(3, 5)], {"options": "FullyConnectedOptions"}
    for adj_x, adj_y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        a, b = noise(2, 3, 4), noise(2, 4, 5)
        yield "BATCH_MATMUL", [a.swapaxes(1, 2).copy() if adj_x else a, b.swapaxes(1, 2).copy() if adj_y else b], {"options": "BatchMatMulOptions", "fields": {0: u8(adj_x), 1: u8(adj_y)}}
    yield "BATCH_MATMUL", [noise(2, 3, 4), weights(4, 5)], {"options": "BatchMatMulOptions"}
    for beta in (1, 0.5, 0):
        yield "SOFTMAX", [noise(3, 7)], {"options": "SoftmaxOptions", "fields": {0: f32(beta)}, "rows": True}
    yield "SOFTMAX", [noise(2, 3, 2, 5)], {"options": "SoftmaxOptions", "fields": {0: f32(1)}}
    yield "SOFTMAX", [noise(6)], {"options": "SoftmaxOptions", "fields": {0: f32(1)}}
    yield "LOG_SOFTMAX", [noise(3, 7)], {"rows": True}
    yield "L2_NORMALIZATION", [noise(3, 7)], {"options": "L2NormOptions", "rows": True}
    yield "L2_NORMALIZATION", [noise(2, 3, 4, 5)], {"options": "L2NormOptions"}
    yield "L2_NORMALIZATION", [np.zeros((2, 3), np.float32)], {"options": "L2NormOptions"}
    for op in ("MEAN", "SUM", "REDUCE_PROD", "REDUCE_MAX", "REDUCE_MIN"):
        for axes in ([1], [1, 2], [-1], [0, 1, 2, 3]):
            for keep in (0, 1):
                yield op, [noise(2, 3, 4, 2), Const(axes)], {"options": "ReducerOptions", "fields": {0: u8(keep)}, "rows": 0 not in axes}
        if op != "MEAN":
            yield op, [ints(3, 4), Const([1])], {"options": "ReducerOptions", "outputs": ["int32"]}
    for op in ("REDUCE_ANY", "REDUCE_ALL"):
        yield op, [np.array([[0, 1], [0, 0], [1, 1]], bool), Const([1])], {"options": "ReducerOptions", "outputs": ["bool"]}
    for op in ("ARG_MAX", "ARG_MIN"):
        for axis in (0, 1, -1):
            for to in ("int32", "int64"):
                yield op, [noise(3, 4), Const(axis)], {"options": op.title().replace("_", "") + "Options", "fields": {0: i8({"int32": 2, "int64": 4}[to])}, "outputs": [to]}
    for exclusive, reverse in ((0, 0), (1, 0), (0, 1)):
        yield "CUMSUM", [noise(2, 5), Const([1])], {"options": "CumsumOptions", "fields": {0: u8(exclusive), 1: u8(reverse)}}
    yield "ARG_MAX", [noise(3, 4), Const([1])], {"options": "ArgMaxOptions", "fields": {0: i8(2)}, "outputs": ["int32"]}
    yield "TOPK_V2", [noise(2, 6), Const(3)], {"outputs": ["float32", "int32"]}


def arrays():
    i = {"outputs": ["int32"]}
    yield "RESHAPE", [noise(3, 4), Const([-1, 2, 2])], {"options": "ReshapeOptions", "rows": True}
    yield "RESHAPE", [noise(3, 4)], {"options": "ReshapeOptions", "fields": {0: vector("i", [-1, 2])}, "rows": True}
    yield "RESHAPE", [ints(4), ints(2, low=2, high=3)], {"options": "ReshapeOptions", **i}
    for activation in (0, 1, 3):
        yield "CONCATENATION", [3 * noise(2, 3), 3 * noise(2, 1)], {"options": "ConcatenationOptions", "fields": {0: i32(1), 1: i8(activation)}, "rows": True}
    yield "CONCATENATION", [noise(2, 3), noise(2, 3), weights(2, 3)], {"options": "ConcatenationOptions", "fields": {0: i32(-2)}}
    yield "CONCATENATION", [ints(2, 3), ints(2, 3)], {"options": "ConcatenationOptions", "fields": {0: i32(0)}, **i}
    yield "CONCATENATION", [noise(2, 3)], {"options": "ConcatenationOptions", "fields": {0: i32(0)}}
    yield "PAD", [noise(2, 3, 4, 1), Const([[0, 0], [1, 2], [0, 1], [0, 0]])], {"rows": True}
    yield "PAD", [ints(2, 3), Const([[1, 0], [0, 2]])], i
    yield "PADV2", [noise(2, 3), Const([[0, 0], [1, 2]]), Const(-3.5, np.float32)], {"rows": True}
    for mode in (0, 1):
        yield "MIRROR_PAD", [noise(2, 4), Const([[0, 0], [2, 1]])], {"options": "MirrorPadOptions", "fields": {0: i8(mode)}, "rows": True}
    for order in ([0, 2, 1, 3], [3, 2, 1, 0], [0, 1, 2, 3]):
        yield "TRANSPOSE", [noise(2, 3, 4, 2), Const(order)], {}
    yield "TRANSPOSE", [ints(2, 3), Const([1, 0])], i
    yield "SQUEEZE", [noise(2, 1, 3, 1)], {"options": "SqueezeOptions", "fields": {0: vector("i", [1, -1])}}
    yield "SQUEEZE", [noise(2, 1, 3, 1)], {"options": "SqueezeOptions"}
    for axis in (0, 1, -1):
        yield "EXPAND_DIMS", [noise(2, 3), Const(axis)], {}
    masks = (({}, [0, 1], [2, 3], [1, 1]), ({0: i32(1), 1: i32(2)}, [1, 1], [9, 9], [1, 2]), ({4: i32(2)}, [0, 1], [2, 2], [1, 1]),
             ({3: i32(1)}, [0, 0], [0, 2], [1, 1]), ({2: i32(1)}, [0, 0], [0, 3], [1, 1]), ({0: i32(3), 1: i32(3)}, [0, 0], [0, 0], [-1, -1]))
    for fields, begin, end, strides in masks:
        yield "STRIDED_SLICE", [noise(3, 4), Const(begin), Const(end), Const(strides)], {"options": "StridedSliceOptions", "fields": fields, "version": 2}
    yield "STRIDED_SLICE", [ints(3, 4), Const([0, 1]), Const([0, 3]), Const([1, 1])], {"options": "StridedSliceOptions", "fields": {1: i32(1)}, **i}
    yield "SLICE", [noise(3, 4), Const([1, 0]), Const([-1, 2])], {}
    yield "SLICE", [ints(3, 4), Const([0, 1]), Const([2, 3])], i
    for axis in (0, 1, -1):
        yield "PACK", [noise(2, 3), noise(2, 3)], {"options": "PackOptions", "fields": {0: i32(2), 1: i32(axis)}}
    yield "PACK", [ints(), ints(), Const(7)], {"options": "PackOptions", "fields": {0: i32(3)}, **i}
    yield "UNPACK", [noise(2, 3)], {"options": "UnpackOptions", "fields": {0: i32(3), 1: i32(1)}, "outputs": ["float32"] * 3}
    yield "SPLIT", [Const(1), noise(2, 6)], {"options": "SplitOptions", "fields": {0: i32(3)}, "outputs": ["float32"] * 3}
    yield "SPLIT_V", [noise(2, 6), Const([1, 2, 3]), Const(1)], {"options": "SplitVOptions", "fields": {0: i32(3)}, "outputs": ["float32"] * 3}
    yield "SPLIT_V", [noise(6, 2), Const([1, -1]), Const(0)], {"options": "SplitVOptions", "fields": {0: i32(2)}, "outputs": ["float32"] * 2}
    for axis in (0, 1, -1):
        yield "GATHER", [noise(3, 4), Const([[0, 2], [1, 1]])], {"options": "GatherOptions", "fields": {0: i32(axis)}}
    yield "GATHER", [noise(2, 4, 3), ints(2, 2, low=0, high=4)], {"options": "GatherOptions", "fields": {0: i32(1), 1: i32(1)}, "version": 5}
    yield "GATHER", [ints(5), ints(3, low=0, high=5, dtype=np.int64)], {"options": "GatherOptions", **i}
    yield "GATHER_ND", [noise(3, 4), Const([[0, 1], [2, 3]])], {}
    for to in ("int32", "int64"):
        yield "SHAPE", [noise(3, 4)], {"options": "ShapeOptions", "fields": {0: i8({"int32": 2, "int64": 4}[to])}, "outputs": [to]}
    yield "FILL", [ints(2, low=2, high=4), Const(2.5, np.float32)], {}
    yield "FILL", [ints(2, low=2, high=4, dtype=np.int64), Const(7)], i
    yield "TILE", [noise(2, 3), Const([2, 1])], {}
    yield "BROADCAST_TO", [noise(2, 1), Const([2, 3])], {"version": 2}
    for axis in (-1, 0):
        yield "ONE_HOT", [ints(4, low=-1, high=4), Const(3), Const(2.0, np.float32), Const(-1.0, np.float32)], {"options": "OneHotOptions", "fields": {0: i32(axis)}}
    yield "RANGE", [np.int32(1), np.int32(9), np.int32(3)], i
    yield "RANGE", [np.float32(0), Const(1.0, np.float32), Const(0.25, np.float32)], {}
    yield "REVERSE_V2", [noise(2, 3), Const([1])], {}
    yield "SPACE_TO_DEPTH", [noise(2, 4, 4, 1)], {"options": "SpaceToDepthOptions", "fields": {0: i32(2)}, "rows": True}
    yield "DEPTH_TO_SPACE", [noise(2, 2, 2, 4)], {"options": "DepthToSpaceOptions", "fields": {0: i32(2)}, "rows": True}
    yield "SPACE_TO_BATCH_ND", [noise(1, 4, 4, 1), Const([2, 2]), Const([[0, 0], [2, 0]])], {}
    yield "BATCH_TO_SPACE_ND", [noise(4, 2, 3, 1), Const([2, 2]), Const([[0, 0], [1, 0]])], {}


def steps(dtype, *shape, low=None, high=None):
    i = np.iinfo(dtype)
    return rng.integers(i.min if low is None else low, (i.max if high is None else high) + 1, shape).astype(dtype)


def every_step(dtype):
    i = np.iinfo(dtype)
    return np.arange(i.min, i.max + 1).astype(dtype)


BYTES = ((np.int8, 0), (np.uint8, 128))  # and what lies in their middle


def quantized_elements():
    for dtype, mid in BYTES:
        name = np.dtype(dtype).name
        x = every_step(dtype)
        for op, scale, zero, to, to_zero, how in (
                ("LOGISTIC", 0.05, 3, 1 / 256, -128, {}), ("TANH", 0.04, -7, 1 / 128, 0, {}), ("TANH", 0.011, 9, 1 / 128, 0, {}),
                ("RELU", 0.1, 5, 0.06, -128, {}), ("RELU", 0.1, 5, 0.1, 5, {}), ("RELU6", 0.1, 5, 0.03, -100, {}), ("RELU_N1_TO_1", 0.02, 1, 0.01, -3, {"version": 1}),
                ("RELU_0_TO_1", 0.02, 1, 0.005, -120, {"version": 1}), ("HARD_SWISH", 0.05, 4, 0.04, -110, {"version": 1}), ("HARD_SWISH", 0.3, -20, 0.35, -128, {"version": 1}),
                ("HARD_SWISH", 0.001, 4, 0.0007, 0, {"version": 1}), ("ELU", 0.05, 4, 0.04, -80, {"version": 1}),
                ("LEAKY_RELU", 0.05, 4, 0.04, -80, {"options": "LeakyReluOptions", "fields": {0: f32(0.2)}}),
                ("LEAKY_RELU", 0.05, 4, 0.09, 11, {"options": "LeakyReluOptions", "fields": {0: f32(1.5)}}),
                ("GELU", 0.03, 4, 0.03, -100, {"options": "GeluOptions"}), ("GELU", 0.03, 4, 0.03, -100, {"options": "GeluOptions", "fields": {0: u8(1)}}),
                ("ABS", 0.05, 4, 0.05, -128, {}), ("ABS", 0.05, 4, 0.031, -128, {}), ("EXP", 0.02, 90, 0.01, -128, {}),
                ("QUANTIZE", 0.05, 3, 0.02, -9, {}), ("QUANTIZE", 0.02, 3, 0.5, -9, {})):
            yield op, [Steps(x, scale, zero + mid)], {"outputs": [Out(name, to, to_zero + mid)], "version": 2, **how}
        other, other_mid = [b for b in BYTES if b[0] != dtype][0]
        yield "QUANTIZE", [Steps(x, 0.05, 3 + mid)], {"outputs": [Out(np.dtype(other).name, 0.05, 3 + other_mid)], "version": 2}
        yield "QUANTIZE", [3 * noise(5, 7)], {"outputs": [Out(name, 0.02, 7 + mid)], "rows": True}
        yield "QUANTIZE", [np.float32([0.5, 1.5, 2.5, -0.5, -1.5, 1e9, -1e9])], {"outputs": [Out(name, 1.0, mid)]}
        yield "DEQUANTIZE", [Steps(x, 0.037, 5 + mid)], {"version": 2}
        yield "DEQUANTIZE", [Steps(x[:0], 0.037, 5 + mid)], {"version": 2}
    for scale, to in ((0.02, 0.1), (0.3, 0.004), (1e-5, 2.0)):
        yield "RSQRT", [Steps(every_step(np.int8), scale, -128)], {"outputs": [Out("int8", to, -128)], "version": 2}
    for op in ("LOGISTIC", "TANH"):
        for scale in (2.0 ** -12, 2.0 ** -11, 0.0003, 0.00005):
            x = np.concatenate([steps(np.int16, 90), np.arange(-6, 7, dtype=np.int16), np.int16([-32768, 32767])])
            yield op, [Steps(x, scale)], {"outputs": [Out("int16", 2.0 ** -15)], "version": 3}
    yield "QUANTIZE", [noise(5, 7)], {"outputs": [Out("int16", 0.001)]}
    yield "DEQUANTIZE", [Steps(steps(np.int16, 9), 0.001)], {"version": 3}
    yield "DEQUANTIZE", [Steps(steps(np.int8, 3, 4), [0.1, 0.2, 0.3, 0.4], [0] * 4, 1, held=True)], {"version": 2}
    yield "DEQUANTIZE", [Steps(steps(np.int8, 3, 4, 2), [0.1, 0.2, 0.3], [0] * 3, 0, held=True)], {"version": 2}


def quantized_pairs():
    for dtype, mid in BYTES:
        name = np.dtype(dtype).name
        a, b = steps(dtype, 2, 33), steps(dtype, 2, 33)
        for op in ("ADD", "SUB", "MUL"):
            options = op.capitalize() + "Options"
            for activation in (0, 1, 2, 3):
                yield op, [Steps(a, 0.05, 3 + mid), Steps(b, 0.02, -9 + mid)], {"options": options, "fields": {0: i8(activation)}, "outputs": [Out(name, 0.06, mid - 4)], "version": 2, "rows": True}
            yield op, [Steps(a, 0.05, 3 + mid), Steps(b[:, :1], 0.2, -9 + mid)], {"options": options, "outputs": [Out(name, 0.04, mid)], "version": 2}
            yield op, [Steps(a[:1], 0.05, 3 + mid), Steps(np.array([77 + mid - 100], dtype), 0.2, mid, held=True)], {"options": options, "outputs": [Out(name, 0.7, mid + 5)], "version": 2}
            yield op, [Steps(a[:, :0], 0.05, 3 + mid), Steps(b[:, :0], 0.02, mid)], {"options": options, "outputs": [Out(name, 0.06, mid)], "version": 2}
        if dtype == np.int8:
            yield "SQUARED_DIFFERENCE", [Steps(a, 0.05, 3), Steps(b, 0.02, -9)], {"outputs": [Out(name, 0.3, -128)], "version": 2}
            yield "SQUARED_DIFFERENCE", [Steps(a, 0.05, 3), Steps(b[0], 0.05, 3)], {"outputs": [Out(name, 0.9, -100)], "version": 2}
        for op in ("MAXIMUM", "MINIMUM"):
            yield op, [Steps(a, 0.05, mid), Steps(b, 0.05, mid)], {"outputs": [Out(name, 0.05, mid)], "version": 2}
            yield op, [Steps(a, 0.05, mid), Steps(b[0, :1], 0.05, mid)], {"outputs": [Out(name, 0.05, mid)], "version": 2}
        for op in ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"):
            yield op, [Steps(a, 0.05, mid), Steps(b, 0.05, mid)], {"outputs": ["bool"], "version": 2}
            yield op, [Steps(a, 0.05, 4 + mid), Steps(b[0], 0.025, mid)], {"outputs": ["bool"], "version": 2}
            yield op, [Steps(steps(dtype, 30, low=mid, high=mid + 3), 0.05, mid), Steps(steps(dtype, 30, low=mid, high=mid + 3), 0.05, mid)], {"outputs": ["bool"], "version": 2}
    w = steps(np.int16, 3, 17)
    for op in ("ADD", "SUB", "MUL"):
        yield op, [Steps(w, 0.0005), Steps(w[::-1].copy(), 0.0002)], {"options": op.capitalize() + "Options", "outputs": [Out("int16", 0.0006)], "version": 4}


def filter_of(dtype, shape, axis, per_channel, held=True):
    if dtype == np.uint8:
        return Steps(steps(dtype, *shape), 0.02, 121, held=held)
    n = shape[axis] if per_channel else 1
    scale = (rng.random(n) * 0.03 + 0.002).astype(np.float32)
    return Steps(steps(dtype, *shape, low=-127), scale, [0] * n, axis, held=held)


def bias_of(x, w, n, dtype=np.int32):
    scales = np.float32(x.quantized[0][0]) * np.array(w.quantized[0], np.float32)
    return Steps(rng.integers(-3000, 3000, n).astype(dtype), scales, [0] * len(scales), 0, held=True)


def filtered(op, x, w, outputs, how, y_scale, y_zero, name, bias=True):
    bias_type = np.int64 if name == "int16" else np.int32
    return op, [x, w] + ([bias_of(x, w, outputs, bias_type)] if bias else []), {"outputs": [Out(name, y_scale, y_zero)], "version": 3, **how}


def quantized_convolutions():
    for dtype, mid in BYTES + ((np.int16, 0),):
        name = np.dtype(dtype).name
        wide = dtype == np.int16
        xs, ys = (0.0004, 0.002) if wide else (0.05, 0.7)
        xz, yz = (0, 0) if wide else (mid + 7, mid - 5)
        weight = np.uint8 if dtype == np.uint8 else np.int8
        for per_channel in (False, True) if weight == np.int8 else (False,):
            for padding, stride, dilation in ((0, 1, 1), (0, 2, 1), (1, 2, 1), (0, 1, 2)):
                x = Steps(steps(dtype, 2, 7, 6, 3), xs, xz)
                yield filtered("CONV_2D", x, filter_of(weight, (5, 3, 2, 3), 0, per_channel), 5, {"options": "Conv2DOptions", "fields": geometry(padding, stride, dilation), "rows": True}, ys, yz, name)
                depth = {0: i8(padding), 1: i32(stride), 2: i32(stride), 3: i32(1), 5: i32(dilation), 6: i32(dilation)}
                yield filtered("DEPTHWISE_CONV_2D", x, filter_of(weight, (1, 3, 2, 3), 3, per_channel), 3, {"options": "DepthwiseConv2DOptions", "fields": depth, "rows": True}, ys, yz, name)
            x = Steps(steps(dtype, 1, 4, 5, 2), xs, xz)
            yield filtered("DEPTHWISE_CONV_2D", x, filter_of(weight, (1, 3, 3, 6), 3, per_channel), 6, {"options": "DepthwiseConv2DOptions", "fields": {0: i8(0), 1: i32(1), 2: i32(1), 3: i32(3), 5: i32(1), 6: i32(1)}}, ys, yz, name)
            for activation in (3,) if per_channel else (1, 2, 3):
                x = Steps(steps(dtype, 1, 2, 3, 35), xs, xz)
                yield filtered("CONV_2D", x, filter_of(weight, (18, 1, 1, 35), 0, per_channel), 18, {"options": "Conv2DOptions", "fields": {**geometry(1, 1), 3: i8(activation)}}, ys / 20, yz, name)
                yield filtered("DEPTHWISE_CONV_2D", x, filter_of(weight, (1, 2, 2, 35), 3, per_channel), 35, {"options": "DepthwiseConv2DOptions", "fields": {0: i8(1), 1: i32(1), 2: i32(1), 3: i32(1), 4: i8(activation), 5: i32(1), 6: i32(1)}}, ys / 20, yz, name)
        x = Steps(steps(dtype, 1, 4, 4, 3), xs, xz)
        yield filtered("CONV_2D", x, filter_of(weight, (4, 1, 1, 3), 0, False), 4, {"options": "Conv2DOptions", "fields": geometry(1, 1)}, ys / 30, yz, name)
        x = Steps(steps(dtype, 3, 40), xs, xz)
        for activation in (0, 1, 3):
            yield filtered("FULLY_CONNECTED", x, filter_of(weight, (17, 40), 0, False), 17, {"options": "FullyConnectedOptions", "fields": {0: i8(activation)}, "rows": True, "version": 7 if wide else 4}, ys, yz, name)
        yield filtered("FULLY_CONNECTED", x, filter_of(weight, (5, 40), 0, False), 5, {"options": "FullyConnectedOptions", "version": 7 if wide else 4}, ys, yz, name, bias=False)
        yield filtered("FULLY_CONNECTED", x, filter_of(weight, (5, 20), 0, False), 5, {"options": "FullyConnectedOptions", "version": 7 if wide else 4}, ys, yz, name)
        if weight == np.int8:
            yield filtered("FULLY_CONNECTED", x, filter_of(weight, (17, 40), 0, True), 17, {"options": "FullyConnectedOptions", "rows": True, "version": 11}, ys, yz, name)
        x = Steps(steps(dtype, 2, 3, 10), xs, xz)
        for keep in (0, 1):
            yield filtered("FULLY_CONNECTED", x, filter_of(weight, (4, 10), 0, False), 4, {"options": "FullyConnectedOptions", "fields": {2: u8(keep)}, "version": 7 if wide else 5}, ys, yz, name)
    x = Steps(steps(np.int8, 2, 5, 5, 4), 0.05, 3)
    yield filtered("CONV_2D", x, filter_of(np.int8, (6, 3, 3, 2), 0, True), 6, {"options": "Conv2DOptions", "fields": geometry(0, 1)}, 0.7, 3, "int8")
    for dtype, mid in BYTES + ((np.int16, 0),):
        name = np.dtype(dtype).name
        scale, zero = (0.0004, 0) if dtype == np.int16 else (0.03, mid + 4)
        for corners, centers in ((0, 0), (1, 0), (0, 1)):
            for size in ([7, 5], [2, 2]):
                yield "RESIZE_BILINEAR", [Steps(steps(dtype, 2, 3, 4, 2), scale, zero), Const(size)], {"options": "ResizeBilinearOptions", "fields": {2: u8(corners), 3: u8(centers)}, "rows": True, "version": 4 if dtype == np.int16 else 3, "outputs": [Out(name, scale, zero)]}
        for padding, shape in ((0, [2, 8, 8, 3]), (1, [2, 9, 9, 3])):
            x, w = Steps(steps(dtype, 2, 4, 4, 5), scale, zero), filter_of(np.uint8 if dtype == np.uint8 else np.int8, (3, 3, 3, 5), 0, dtype == np.int8)
            bias = [] if padding else [bias_of(x, w, 3, np.int64 if dtype == np.int16 else np.int32)]
            yield "TRANSPOSE_CONV", [Const(shape), w, x] + bias, {"options": "TransposeConvOptions", "fields": {0: i8(padding), 1: i32(2), 2: i32(2)}, "version": 3, "outputs": [Out(name, scale * 10, zero)]}
        for op in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
            for padding in (0, 1):
                for activation in (0,) if padding else (0, 1, 3):
                    yield op, [Steps(steps(dtype, 2, 7, 6, 3), scale, zero)], {"options": "Pool2DOptions", "rows": True, "outputs": [Out(name, scale, zero)], "version": 3 if dtype == np.int16 else 2,
                               "fields": {0: i8(padding), 1: i32(2), 2: i32(1), 3: i32(3), 4: i32(2), 5: i8(activation)}}


def hybrids():
    for per_channel in (False, True):
        for padding, stride in ((0, 1), (1, 2)):
            yield "CONV_2D", [noise(2, 6, 5, 3), filter_of(np.int8, (5, 3, 2, 3), 0, per_channel), weights(5)], {"options": "Conv2DOptions", "fields": {**geometry(padding, stride), 3: i8(stride)}, "rows": True, "version": 5}
            depth = {0: i8(padding), 1: i32(stride), 2: i32(stride), 3: i32(1), 4: i8(stride), 5: i32(1), 6: i32(1)}
            yield "DEPTHWISE_CONV_2D", [noise(2, 6, 5, 3), filter_of(np.int8, (1, 3, 2, 3), 3, per_channel), weights(3)], {"options": "DepthwiseConv2DOptions", "fields": depth, "rows": True, "version": 6}
        for asymmetric in (0, 1):
            for shift in (0, 2):  # of one sign, too
                yield "FULLY_CONNECTED", [(noise(3, 40) + shift).astype(np.float32), filter_of(np.int8, (17, 40), 0, per_channel), weights(17)], {"options": "FullyConnectedOptions", "fields": {0: i8(shift // 2), 3: u8(asymmetric)}, "rows": True, "version": 12}
            yield "FULLY_CONNECTED", [np.concatenate([noise(2, 20), np.zeros((1, 20), np.float32)]), filter_of(np.int8, (4, 20), 0, per_channel)], {"options": "FullyConnectedOptions", "fields": {3: u8(asymmetric)}, "version": 12}
        yield "FULLY_CONNECTED", [noise(2, 3, 20), filter_of(np.int8, (4, 20), 0, per_channel)], {"options": "FullyConnectedOptions", "fields": {2: u8(1), 3: u8(1)}, "version": 12}
        yield "FULLY_CONNECTED", [np.zeros((2, 20), np.float32), filter_of(np.int8, (4, 20), 0, per_channel), weights(4)], {"options": "FullyConnectedOptions", "version": 12}


def quantized_rows():
    for shape in ((3, 7), (2, 3, 5), (6,), (2, 1), (1, 100)):
        for beta, scale in ((1, 0.0003), (0.5, 0.001)):
            yield "SOFTMAX", [Steps(steps(np.int16, *shape), scale)], {"options": "SoftmaxOptions", "fields": {0: f32(beta)}, "outputs": [Out("int16", 2.0 ** -15)], "version": 3}
    for adj_x, adj_y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        a, b = steps(np.int8, 2, 3, 20), steps(np.int8, 2, 20, 17)
        yield "BATCH_MATMUL", [Steps(a.swapaxes(1, 2).copy() if adj_x else a, 0.05, 3), Steps(b.swapaxes(1, 2).copy() if adj_y else b, 0.02, -7)], {
            "options": "BatchMatMulOptions", "fields": {0: u8(adj_x), 1: u8(adj_y)}, "version": 2, "outputs": [Out("int8", 0.3, -5)]}
    yield "BATCH_MATMUL", [Steps(steps(np.int8, 2, 3, 2, 4), 0.05, 3), Steps(steps(np.int8, 3, 4, 5), 0.02, -7, held=True)], {"options": "BatchMatMulOptions", "version": 2, "outputs": [Out("int8", 0.1, 5)]}
    for dtype, mid in BYTES:
        name = np.dtype(dtype).name
        for shape in ((3, 7), (2, 3, 2, 5), (6,), (2, 1), (1, 100)):
            for beta, scale in ((1, 0.1), (0.5, 0.02), (1, 1.5)):
                yield "SOFTMAX", [Steps(steps(dtype, *shape), scale, mid + 5)], {"options": "SoftmaxOptions", "fields": {0: f32(beta)}, "outputs": [Out(name, 1 / 256, mid - 128)], "version": 2}
        yield "SOFTMAX", [Steps(steps(dtype, 4, 9), 0.1, mid)], {"options": "SoftmaxOptions", "fields": {0: f32(1)}, "outputs": [Out(name, 1 / 256, mid - 128)], "version": 2, "rows": True}
        for shape in ((3, 7), (2, 3, 1), (1, 300)):
            yield "L2_NORMALIZATION", [Steps(steps(dtype, *shape), 0.05, mid + 5)], {"options": "L2NormOptions", "outputs": [Out(name, 1 / 128, mid)], "version": 2}
        yield "L2_NORMALIZATION", [Steps(np.full((2, 3), mid + 5, dtype), 0.05, mid + 5)], {"options": "L2NormOptions", "outputs": [Out(name, 1 / 128, mid)], "version": 2}
        for op in ("MEAN", "SUM"):
            for axes in ([1], [1, 2], [-1], [0, 1, 2, 3]):
                for keep, to, zero in ((0, 0.05, 5), (1, 0.031, -20)):
                    wrong = op == "SUM" and dtype == np.int8  # the reference kernel of 2.21 is; the other computes with floats
                    if wrong and keep:
                        continue
                    yield op, [Steps(steps(dtype, 2, 5, 4, 3), 0.05, mid + 5), Const(axes)], {"options": "ReducerOptions", "fields": {0: u8(keep)}, "rows": 0 not in axes, "version": 2, "plain": wrong,
                               "outputs": [Out(name, to * (20 if op == "SUM" else 1), mid + zero)]}
        same = {"outputs": [Out(name, 0.05, mid + 5)], "version": 2}
        for op in ("REDUCE_MAX", "REDUCE_MIN"):
            yield op, [Steps(steps(dtype, 2, 5, 4), 0.05, mid + 5), Const([1])], {"options": "ReducerOptions", **same}
        for op in ("ARG_MAX", "ARG_MIN"):
            yield op, [Steps(steps(dtype, 3, 9), 0.05, mid + 5), Const(1)], {"options": op.title().replace("_", "") + "Options", "fields": {0: i8(2)}, "outputs": ["int32"], "version": 2}
        yield "TOPK_V2", [Steps(steps(dtype, 2, 6), 0.05, mid), Const(3)], {"outputs": [Out(name, 0.05, mid), "int32"], "version": 2}


def quantized_arrays():
    for dtype, mid in BYTES:
        name = np.dtype(dtype).name
        y = Out(name, 0.05, mid + 5)

        def x(*shape):
            return Steps(steps(dtype, *shape), 0.05, mid + 5)

        same = {"outputs": [y], "version": 2}
        yield "RESHAPE", [x(3, 4), Const([-1, 2, 2])], {"options": "ReshapeOptions", "rows": True, "outputs": [y]}
        yield "CONCATENATION", [x(2, 3), x(2, 1)], {"options": "ConcatenationOptions", "fields": {0: i32(1)}, "rows": True, **same}
        yield "CONCATENATION", [x(2, 3)], {"options": "ConcatenationOptions", "fields": {0: i32(0)}, **same}
        if dtype == np.uint8:
            yield "CONCATENATION", [x(2, 30), Steps(steps(dtype, 2, 40), 0.02, 3)], {"options": "ConcatenationOptions", "fields": {0: i32(1)}, "outputs": [Out(name, 0.04, 100)]}
        yield "PAD", [x(2, 3, 4, 1), Const([[0, 0], [1, 2], [0, 1], [0, 0]])], {"rows": True, **same}
        yield "PADV2", [x(2, 3), Const([[0, 0], [1, 2]]), Steps(np.array(9, dtype), 0.05, mid + 5, held=True)], {"rows": True, **same}
        yield "MIRROR_PAD", [x(2, 4), Const([[0, 0], [2, 1]])], {"options": "MirrorPadOptions", "fields": {0: i8(0)}, **same}
        yield "TRANSPOSE", [x(2, 3, 4), Const([2, 0, 1])], same
        yield "SQUEEZE", [x(2, 1, 3, 1)], {"options": "SqueezeOptions", **same, "version": 1}
        yield "EXPAND_DIMS", [x(2, 3), Const(1)], {**same, "version": 1}
        yield "STRIDED_SLICE", [x(3, 4), Const([0, 1]), Const([2, 3]), Const([1, 1])], {"options": "StridedSliceOptions", **same}
        yield "SLICE", [x(3, 4), Const([1, 0]), Const([-1, 2])], same
        yield "PACK", [x(2, 3), x(2, 3)], {"options": "PackOptions", "fields": {0: i32(2), 1: i32(1)}, **same}
        yield "UNPACK", [x(2, 3)], {"options": "UnpackOptions", "fields": {0: i32(3), 1: i32(1)}, "outputs": [y] * 3, "version": 2}
        yield "SPLIT", [Const(1), x(2, 6)], {"options": "SplitOptions", "fields": {0: i32(3)}, "outputs": [y] * 3, "version": 2}
        yield "GATHER", [x(3, 4), Const([2, 0])], {"options": "GatherOptions", "fields": {0: i32(1)}, **same}
        yield "TILE", [x(2, 3), Const([2, 1])], same
        yield "SPACE_TO_DEPTH", [x(2, 4, 4, 1)], {"options": "SpaceToDepthOptions", "fields": {0: i32(2)}, **same}
        yield "DEPTH_TO_SPACE", [x(2, 2, 2, 4)], {"options": "DepthToSpaceOptions", "fields": {0: i32(2)}, **same, "version": 1}
        yield "RESIZE_NEAREST_NEIGHBOR", [x(2, 3, 4, 2), Const([7, 5])], {"options": "ResizeNearestNeighborOptions", "rows": True, **same}
        yield "RESIZE_NEAREST_NEIGHBOR", [x(2, 3, 4, 2), Const([7, 5])], {"options": "ResizeNearestNeighborOptions", "fields": {1: u8(1)}, "outputs": [y], "version": 3}
        yield "SELECT_V2", [np.array([[0, 1, 1], [1, 0, 0]], bool), x(2, 3), x(2, 3)], {**same, "version": 1}
        yield "SPACE_TO_BATCH_ND", [x(1, 4, 4, 1), Const([2, 2]), Const([[0, 0], [2, 0]])], same
        yield "BATCH_TO_SPACE_ND", [x(4, 2, 3, 1), Const([2, 2]), Const([[0, 0], [1, 0]])], same


def quantized_others():
    """DIV, PRELU, LOG_SOFTMAX, and what the other quantised kinds leave out."""
    for dtype, mid in BYTES + ((np.int16, 0),):
        name = np.dtype(dtype).name
        wide = dtype == np.int16
        x = steps(dtype, 3, 20)
        for xs, ys, to, (yz, zero) in ((0.05, 0.02, 0.1, (0, 5)), (0.3, 0.9, 0.01, (0, -9)), (0.5, 4, 0.002, (0, 0)), (2, 0.0003, 100, (0, 0))):  # ratios of less shift too far, there
            y = steps(dtype, 3, 20)
            yz, zero = (0, 0) if wide else (mid + yz, mid + zero)
            y = np.where(y == 0, 1, y).astype(dtype)
            y[y == yz] += 1  # by 0 it refuses
            for shape in ((3, 20), (1, 20)):
                yield "DIV", [Steps(x, xs, 0 if wide else mid + 7), Steps(y[:shape[0]], ys, yz)], {"options": "DivOptions", "fields": {0: i8(1 if ys < 0.1 else 0)}, "outputs": [Out(name, to, zero)], "version": 2}
        for xs, ys, to in ((0.05, 0.02, 0.04), (0.05, 0.002, 0.05), (0.5, 0.9, 0.2)):
            for shape in ((20,), (3, 20)) if not wide else ():
                yield "PRELU", [Steps(steps(dtype, 2, 3, 20), xs, 0 if wide else mid + 7), Steps(steps(dtype, *shape), ys, 0 if wide else mid - 9, held=True)], {"outputs": [Out(name, to, 0 if wide else mid + 3)], "rows": True}
        if not wide:
            for scale in (0.1, 1.5, 0.0004):
                for shape in ((3, 7), (2, 3, 15), (6,), (2, 1), (1, 200)):
                    plain = dtype == np.uint8  # the reference kernel of 2.21 answers 0
                    yield "LOG_SOFTMAX", [Steps(steps(dtype, *shape), scale, mid + 5)], {"outputs": [Out(name, 1 / 16, mid + 127)], "version": 2, "rows": shape[0] > 1, "plain": plain}
            yield "LOG_SOFTMAX", [Steps(every_step(dtype)[None], 0.05, mid)], {"outputs": [Out(name, 1 / 16, mid + 127)], "version": 2, "plain": dtype == np.uint8}
    yield "LOG", [Steps(every_step(np.int8)[1:], 0.05, -128)], {"outputs": [Out("int8", 0.03, 20)], "version": 2}
    yield "NEG", [Steps(every_step(np.int8), 0.05, 3)], {"outputs": [Out("int8", 0.05, 3)]}
    x = np.concatenate([steps(np.int16, 90), np.arange(-6, 7, dtype=np.int16), np.int16([-32767, 32767])])
    for op, scale, to, how in (("EXP", 0.0003, 1.0, {"version": 2}), ("EXP", 0.00005, 0.0002, {"version": 2}), ("GELU", 0.0002, 0.0002, {"options": "GeluOptions"}), ("GELU", 0.0002, 0.0002, {"options": "GeluOptions", "fields": {0: u8(1)}}),
                               ("RELU", 0.001, 0.0007, {"version": 3}), ("RELU6", 0.001, 0.0003, {"version": 3}), ("LEAKY_RELU", 0.001, 0.0007, {"options": "LeakyReluOptions", "fields": {0: f32(0.2)}}),
                               ("ABS", 0.001, 0.0007, {"version": 2}), ("ABS", 0.001, 0.001, {"version": 2}), ("NEG", 0.001, 0.001, {"version": 1}), ("QUANTIZE", 0.001, 0.0007, {"version": 3})):
        yield op, [Steps(x, scale)], {"version": 2, "outputs": [Out("int16", to)], **how}
    yield "QUANTIZE", [Steps(x, 0.001)], {"outputs": [Out("int8", 0.2, 5)], "version": 3}
    a, b = steps(np.int16, 4, 9, low=-3, high=3), steps(np.int16, 9, low=-3, high=3)
    for op in ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"):
        yield op, [Steps(a, 0.001), Steps(b, 0.002)], {"outputs": ["bool"], "version": {"EQUAL": 4, "NOT_EQUAL": 4, "LESS": 3, "GREATER_EQUAL": 3}.get(op, 2)}
    for op in ("MEAN", "SUM"):
        for axes in ([1], [0, 1, 2]):
            yield op, [Steps(steps(np.int16, 2, 5, 4), 0.001), Const(axes)], {"options": "ReducerOptions", "version": 3 if op == "MEAN" else 2, "plain": op == "SUM", "outputs": [Out("int16", 0.0008 if op == "MEAN" else 0.02)]}
    yield "SPACE_TO_BATCH_ND", [Steps(steps(np.int16, 1, 4, 4, 1), 0.1), Const([2, 2]), Const([[0, 0], [2, 0]])], {"outputs": [Out("int16", 0.1)], "version": 4}
    for dtype in (np.int8, np.int16):
        a, b = steps(dtype, 40), steps(dtype, 40, low=1)
        for op in ("FLOOR_DIV", "FLOOR_MOD"):
            yield op, [a, b], {"outputs": [np.dtype(dtype).name], "version": 3 if op == "FLOOR_DIV" else 2}


def other_types():
    """What moves or compares elements of types that are rare, and integers where the others have floats."""
    halves = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "SLICE", "GATHER", "CONCATENATION", "PAD", "EQUAL", "LESS", "MAXIMUM")
    for dtype in (np.int8, np.int16, np.int64, np.float16):
        name = np.dtype(dtype).name
        y = {"outputs": [name]}

        def x(*shape):
            return rng.integers(1, 9, shape).astype(dtype)

        for op, operands, how in (
                ("RESHAPE", [x(3, 4), Const([-1, 2, 2])], {"options": "ReshapeOptions"}), ("TRANSPOSE", [x(2, 3), Const([1, 0])], {}), ("SQUEEZE", [x(2, 1, 3)], {"options": "SqueezeOptions"}),
                ("EXPAND_DIMS", [x(2, 3), Const(1)], {}), ("SLICE", [x(3, 4), Const([1, 0]), Const([-1, 2])], {}), ("GATHER", [x(3, 4), Const([2, 0])], {"options": "GatherOptions"}),
                ("STRIDED_SLICE", [x(3, 4), Const([0, 1]), Const([2, 3]), Const([1, 1])], {"options": "StridedSliceOptions"}), ("CONCATENATION", [x(2, 3), x(2, 1)], {"options": "ConcatenationOptions", "fields": {0: i32(1)}}),
                ("PACK", [x(2, 3), x(2, 3)], {"options": "PackOptions", "fields": {0: i32(2)}}), ("SPLIT", [Const(1), x(2, 4)], {"options": "SplitOptions", "fields": {0: i32(2)}, "outputs": [name] * 2}),
                ("PAD", [x(2, 3), Const([[1, 0], [0, 2]])], {}), ("TILE", [x(2, 3), Const([2, 1])], {}), ("BROADCAST_TO", [x(2, 1), Const([2, 3])], {"version": 2}), ("REVERSE_V2", [x(2, 3), Const([1])], {}),
                ("SELECT_V2", [np.array([[0, 1, 1], [1, 0, 0]], bool), x(2, 3), x(2, 3)], {}), ("GATHER_ND", [x(3, 4), Const([[0, 1], [2, 3]])], {}), ("MIRROR_PAD", [x(2, 4), Const([[0, 0], [2, 1]])], {"options": "MirrorPadOptions"}),
                ("RESIZE_NEAREST_NEIGHBOR", [x(1, 3, 4, 2), Const([7, 5])], {"options": "ResizeNearestNeighborOptions"}), ("MAXIMUM", [x(3, 4), x(4)], {}), ("MINIMUM", [x(3, 4), x(4)], {}),
                ("EQUAL", [x(3, 4), x(4)], {"outputs": ["bool"]}), ("LESS", [x(3, 4), x(4)], {"outputs": ["bool"]}), ("SHAPE", [x(3, 4)], {"options": "ShapeOptions", "fields": {0: i8(2)}, "outputs": ["int32"]}),
                ("REDUCE_MAX", [x(3, 4), Const([1])], {"options": "ReducerOptions"}), ("SUM", [x(3, 4), Const([1])], {"options": "ReducerOptions"}), ("REDUCE_PROD", [x(3, 4), Const([1])], {"options": "ReducerOptions"})):
            if (dtype == np.int64) != (op in ("SUM", "REDUCE_PROD")) or (dtype == np.float16 and op not in halves):
                continue
            yield op, operands, {**y, **how}
    signs = np.int32([7, -7, 8, -9, 0, 2 ** 31 - 1])
    yield "DIV", [signs, np.int32([2, 2, -3, -4, 5, -1])], {"options": "DivOptions", "outputs": ["int32"]}
    yield "POW", [ints(6, low=-4, high=4), ints(6, low=0, high=4)], {"outputs": ["int32"]}
    yield "MEAN", [ints(3, 4), Const([1])], {"options": "ReducerOptions", "outputs": ["int32"]}


def others():
    """Operators that are an op of TensorFlow's as they are."""
    i = {"outputs": ["int32"]}
    yield "RANK", [noise(2, 3)], i
    yield "WHERE", [np.array([[0, 1, 1], [1, 0, 0]], bool)], {"outputs": ["int64"]}
    yield "SCATTER_ND", [ints(3, 1, low=0, high=4), noise(3, 2), Const([4, 2])], {}
    for seq, batch in ((1, 0), (0, 1)):
        yield "REVERSE_SEQUENCE", [noise(3, 3, 2), ints(3, low=1, high=4)], {"options": "ReverseSequenceOptions", "fields": {0: i32(seq), 1: i32(batch)}}
    yield "MATRIX_DIAG", [noise(2, 3)], {}
    yield "MATRIX_SET_DIAG", [noise(2, 3, 3), noise(2, 3)], {}
    yield "SEGMENT_SUM", [noise(4, 2), np.int32([0, 0, 1, 2])], {"plain": True}
    for op in ("PROD", "MAX", "SUM", "MIN"):
        yield "UNSORTED_SEGMENT_" + op, [noise(4, 2), np.int32([1, 0, 1, 1]), Const(2)], {}
    yield "SPARSE_TO_DENSE", [np.int32([[0, 1], [1, 2]]), Const([2, 3]), noise(2), Const(0.5, np.float32)], {"options": "SparseToDenseOptions"}
    yield "UNIQUE", [np.float32([2, 1, 2, 3, 1])], {"options": "UniqueOptions", "fields": {0: i8(2)}, "outputs": ["float32", "int32"]}
    yield "EMBEDDING_LOOKUP", [ints(3, low=0, high=4), weights(4, 3)], {}
    yield "BITWISE_XOR", [ints(5, low=0), ints(5, low=0)], i
    yield "RIGHT_SHIFT", [ints(5), ints(5, low=0, high=4)], i
    yield "BROADCAST_ARGS", [Const([2, 1]), ints(2, low=1, high=2)], i


def lstm_operands(x, cells, outputs, kind, coupled=False, peepholes=False, project=False, bias=True, norms=False, states=True):
    """x and what belongs to one direction; kind: f of an array that makes an operand."""
    n = x.shape[-1]
    gates = range(4)

    def of(*shape):
        return kind(*shape)

    w = [None if coupled and g == 0 else of(cells, n) for g in gates] + [None if coupled and g == 0 else of(cells, outputs) for g in gates]
    w += [of(cells) if peepholes and not (coupled and g == 0) else None for g in range(3)]
    w += [None if coupled and g == 0 else weights(cells) for g in gates]
    return [x] + w + [of(outputs, cells) if project else None, weights(outputs) if project and bias else None]


def small_steps(*shape):
    return Steps(steps(np.int8, *shape, low=-127), 0.01, 0, held=True)


def small_weights(*shape):
    return Const((noise(*shape) * np.float32(0.3)).round(3))


def recurrent():
    """Three runs of each: the interpreter keeps the states between them."""
    for kind, version in ((small_weights, 1), (small_steps, 3)):
        for asymmetric in (0, 1) if kind is small_steps else (0,):
            for time_major, shape in ((0, (1, 3, 5)), (1, (4, 2, 5)), (0, (2, 3, 5))):
                batch = shape[time_major]
                hows = ({}, {"coupled": True}, {"peepholes": True}, {"project": True}, {"peepholes": True, "project": True, "coupled": True})
                for how in hows if shape[0] == 1 and kind is small_weights else hows[::4] if shape[0] == 1 else hows[:1]:
                    outputs = 3 if how.get("project") else 6
                    clip = 0.6 if how.get("peepholes") else 0
                    operands = lstm_operands(noise(*shape), 6, outputs, kind, **how) + [State(np.float32, (batch, outputs)), State(np.float32, (batch, 6))]
                    yield "UNIDIRECTIONAL_SEQUENCE_LSTM", operands, {"options": "UnidirectionalSequenceLSTMOptions", "fields": {0: i8(4), 1: f32(clip), 2: f32(clip), 3: u8(time_major), 4: u8(asymmetric)}, "version": version, "runs": 3}
    operands = lstm_operands(noise(1, 3, 5), 6, 6, small_weights) + [State(np.float32, (1, 6)), State(np.float32, (1, 6))] + [weights(6) for _ in range(4)]
    yield "UNIDIRECTIONAL_SEQUENCE_LSTM", operands, {"options": "UnidirectionalSequenceLSTMOptions", "fields": {0: i8(4)}, "version": 1, "runs": 3}
    yield "LSTM", lstm_operands(noise(2, 5), 6, 6, small_weights, peepholes=True) + [State(np.float32, (2, 6)), State(np.float32, (2, 6))], {"options": "LSTMOptions", "fields": {0: i8(4)}, "runs": 3}
    yield "LSTM", lstm_operands(noise(2, 5), 6, 6, small_steps) + [State(np.float32, (2, 6)), State(np.float32, (2, 6))], {"options": "LSTMOptions", "fields": {0: i8(4)}, "version": 3, "runs": 3}
    for kind, version in ((small_weights, 1), (small_steps, 3)):
        for merged, time_major in ((0, 1), (1, 0)):
            x = noise(3, 2, 5) if time_major else noise(1, 3, 5)
            batch = x.shape[time_major]
            both = lstm_operands(x, 6, 6, kind) + lstm_operands(x, 6, 6, kind)[1:] + [State(np.float32, (batch, 6)) for _ in range(4)]
            for aux in ([None] * 9, [noise(*x.shape)] + [None] * 8, [noise(*x.shape)] + [kind(6, 5) for _ in range(8)]):
                yield "BIDIRECTIONAL_SEQUENCE_LSTM", both + aux, {"options": "BidirectionalSequenceLSTMOptions", "fields": {0: i8(4), 3: u8(merged), 4: u8(time_major)}, "version": version, "runs": 3,
                                                                 "outputs": ["float32"] * (2 - merged)}
        for activation in (0, 1, 4):
            yield "RNN", [noise(2, 5), kind(6, 5), kind(6, 6), weights(6), State(np.float32, (2, 6))], {"options": "RNNOptions", "fields": {0: i8(activation), 1: u8(activation == 4)}, "version": version, "runs": 3}
        for time_major in (0, 1):
            x = noise(3, 2, 5)
            batch = x.shape[time_major]
            one = [kind(6, 5), kind(6, 6), weights(6), State(np.float32, (batch, 6))]
            yield "UNIDIRECTIONAL_SEQUENCE_RNN", [x] + one, {"options": "SequenceRNNOptions", "fields": {0: u8(time_major), 1: i8(4)}, "version": version, "runs": 3}
            for merged in (time_major,) if kind is small_weights or not time_major else ():  # that one reads what is not there
                for aux in ([None] * 3, [noise(3, 2, 5), None, None], [noise(3, 2, 5), kind(6, 5), kind(6, 5)]):
                    yield "BIDIRECTIONAL_SEQUENCE_RNN", [x] + one + [kind(6, 5), kind(6, 6), weights(6), State(np.float32, (batch, 6))] + aux, {
                        "options": "BidirectionalSequenceRNNOptions", "fields": {0: u8(time_major), 1: i8(4), 2: u8(merged)}, "version": version, "runs": 3, "outputs": ["float32"] * (2 - merged)}
        for rank, activation in ((1, 0), (2, 1)):
            yield "SVDF", [noise(2, 5), kind(6, 5), kind(6, 4), weights(6 // rank) if rank == 2 else None, State(np.float32, (2, 24))], {"options": "SVDFOptions", "fields": {0: i32(rank), 1: i8(activation)}, "version": version, "runs": 3}
    for rank in (1, 2):
        state = State(np.int16, (2, 24), ([0.002], [0], 0))
        yield "SVDF", [Steps(steps(np.int8, 2, 5), 0.05, 4), Steps(steps(np.int8, 6, 5), 0.02, 0, held=True), Steps(steps(np.int16, 6, 4), 0.0001, 0, held=True),
                       Const(ints(6 // rank, low=-3000, high=3000)), state], {"options": "SVDFOptions", "fields": {0: i32(rank), 1: i8(1)}, "version": 3, "runs": 3, "outputs": [Out("int8", 0.3, -9)]}
    for how in ({}, {"coupled": True}, {"project": True}, {"peepholes": True}, {"peepholes": True, "coupled": True}):
        for time_major, shape in ((0, (1, 3, 5)), (1, (4, 2, 5))):
            outputs, batch = 3 if how.get("project") else 6, shape[time_major]
            operands = lstm_operands(np.zeros(shape, np.float32), 6, outputs, small_steps, **how)
            operands[0] = Steps(steps(np.int8, *shape), 0.03, 5)
            operands[9:12] = [Steps(steps(np.int16, 6), 0.0001, 0, held=True) if a is not None else None for a in operands[9:12]]
            operands[12:16] = [Const(ints(6, low=-3000, high=3000)) if a is not None else None for a in operands[12:16]]
            if how.get("project"):
                operands[17] = Const(ints(3, low=-3000, high=3000))
            operands += [State(np.int8, (batch, outputs), ([0.008], [-3], 0)), State(np.int16, (batch, 6), ([2.0 ** -11], [0], 0))]
            clip = 0.7 if how.get("peepholes") else 0
            yield "UNIDIRECTIONAL_SEQUENCE_LSTM", operands, {"options": "UnidirectionalSequenceLSTMOptions", "fields": {0: i8(4), 1: f32(clip), 2: f32(clip), 3: u8(time_major)}, "version": 3, "runs": 3,
                  "outputs": [Out("int8", 0.008, -3)], "between": [Out("int16", 2.0 ** -12)] * 4 + [Out("int8", 0.008 if outputs == 6 else 0.006, -3 if outputs == 6 else 7)]}


def apart(*words, **how):
    """case() in a process of its own: the interpreter ends its process where it does not like types."""
    receive, send = os.pipe()
    child = os.fork()
    if not child:
        os.close(receive)
        try:
            found = (True, case(*words, **how))
        except (RuntimeError, ValueError) as e:
            found = (False, str(e).splitlines()[0])
        with os.fdopen(send, "wb") as out:
            out.write(pickle.dumps(found))
        os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as f:
        answer = f.read()
    os.waitpid(child, 0)
    ok, value = pickle.loads(answer) if answer else (False, "it ends its process")
    if not ok:
        raise ValueError(value)
    return value


def write(name, cases):
    lines, n, seen = [], 0, set()
    for op, operands, how in cases:
        try:
            lines += apart(op, operands, **how)
            n += 1
            seen.add(op)
        except (RuntimeError, ValueError) as e:
            print(f"{op} {how}: left out: {str(e).splitlines()[0][:150]}")
    folder = HERE / "goldens" / "tflite"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / (name + ".models")).write_text("\n".join(lines) + "\n")
    print(f"{name}: {n} models", flush=True)
    return seen


def main():
    seen = set()
    for make in (elementwise, pairs, convolutions, products, arrays, quantized_elements, quantized_pairs, quantized_convolutions, hybrids, quantized_rows, quantized_arrays, quantized_others, other_types, recurrent, others):
        if len(sys.argv) < 2 or make.__name__ in sys.argv[1:]:
            rng.bit_generator.state = type(rng.bit_generator)(7).state  # each file by itself
            seen |= write(make.__name__, make())
    if len(sys.argv) < 2:
        print("without a model:", ", ".join(sorted(set(OPERATORS) - seen)))


main()
