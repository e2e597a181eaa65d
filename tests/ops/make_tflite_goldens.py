#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/ops/goldens/tflite/: what TFLite's interpreter, with its reference kernels where it has them, answers to models of one operator.

    make_tflite_goldens.py [NAME ...]       needs tensorflow and numpy; tests/unit/exec/test_tflite_goldens.c reads the files

A case is as in make_goldens.py: its op is TFLite's, its attribute `model` the file, and its inputs and outputs are those of the
file in order. Files say shapes with a first dimension of 1 where inputs have more rows: they are resized, as a server does.
"""
import os
import pathlib
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
PLAIN = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # CEIL, ROUND and ELU have no reference kernel
rng = np.random.default_rng(7)


class Const:
    """An operand that the file holds."""

    def __init__(self, values, dtype=None):
        self.array = np.array(values, dtype or (np.int32 if np.array(values).dtype == np.int64 else None))


def noise(*shape):
    return rng.normal(size=shape).round(3).astype(np.float32)


def positive(*shape):
    return (np.abs(noise(*shape)) + np.float32(0.25)).astype(np.float32)


def ints(*shape, low=-9, high=9, dtype=np.int32):
    return rng.integers(low, high, shape).astype(dtype)


def weights(*shape):
    return Const(noise(*shape))


def case(op, operands, options=None, fields=None, outputs=("float32",), version=1, rows=False):
    """The lines of one case. rows: the file says 1 for the first dimension of each input."""
    m, inputs, feeds, numbers = Model(), [], [], []
    for i, a in enumerate(operands):
        if a is None:
            numbers.append(-1)
            continue
        held = isinstance(a, Const)
        array = np.asarray(a.array if held else a)
        shape = list(array.shape)
        if rows and not held and shape:
            shape[0] = 1
        values = array.reshape(-1).tolist() if held else None
        numbers.append(m.tensor(f"x{i}", array.dtype.name, shape, values))
        if not held:
            inputs.append(numbers[-1])
            feeds.append(array)
    results = [m.tensor(f"y{i}", dtype, []) for i, dtype in enumerate(outputs)]
    m.op(op, numbers, results, options, fields, version)
    data = m.bytes(inputs, results, {"s": ({f"i{i}": t for i, t in enumerate(inputs)}, {f"o{i}": t for i, t in enumerate(results)})})
    runner = tf.lite.Interpreter(model_content=data, experimental_op_resolver_type=PLAIN if op in ("CEIL", "ROUND", "ELU") else REFERENCE)
    for number, array in zip(inputs, feeds):
        runner.resize_tensor_input(number, array.shape)
    runner.allocate_tensors()
    for number, array in zip(inputs, feeds):
        runner.set_tensor(number, array)
    runner.invoke()
    lines = [f"case {op}", f"attr model string {data.hex()}"]
    lines += [golden_writer.tensor("in", a, tf.as_dtype(a.dtype)) for a in feeds]
    for number in results:
        a = np.asarray(runner.get_tensor(number))
        lines.append(golden_writer.tensor("out", a, tf.as_dtype(a.dtype)))
    return lines + ["end"]


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


def write(name, cases):
    lines, n, seen = [], 0, set()
    for op, operands, how in cases:
        try:
            lines += case(op, operands, **how)
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
    for make in (elementwise, pairs, convolutions, products, arrays):
        if len(sys.argv) < 2 or make.__name__ in sys.argv[1:]:
            rng.bit_generator.state = type(rng.bit_generator)(7).state  # each file by itself
            seen |= write(make.__name__, make())
    if len(sys.argv) < 2:
        print("without a model:", ", ".join(sorted(set(OPERATORS) - seen)))


main()
