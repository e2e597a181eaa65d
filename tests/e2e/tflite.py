# SPDX-License-Identifier: Apache-2.0
"""tflite.py -- TFLite files, written field by field: a small writer of FlatBuffers, and of the tables that a model is made of.

    m = Model()
    x = m.tensor("x", "float32", [1, 1])
    half = m.tensor("a", "float32", [], [0.5])
    y = m.tensor("y", "float32", [1, 1])
    m.op("MUL", [x, half], [y], "MulOptions", {0: i8(0)})
    m.write(path, inputs=[x], outputs=[y], signatures={"serving_default": ({"x": x}, {"y": y})})
"""
import collections
import struct

TYPES = {"float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "string": 5, "bool": 6, "int16": 7, "complex64": 8, "int8": 9,
         "float64": 10, "resource": 13, "uint32": 15, "variant": 14}
FORMATS = {"float32": "f", "float16": "e", "int32": "i", "uint8": "B", "int64": "q", "bool": "?", "int16": "h", "int8": "b",
           "float64": "d", "uint32": "I"}
OPERATORS = {
    "ADD": 0, "AVERAGE_POOL_2D": 1, "CONCATENATION": 2, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 4, "DEPTH_TO_SPACE": 5,
    "DEQUANTIZE": 6, "FLOOR": 8, "FULLY_CONNECTED": 9, "L2_NORMALIZATION": 11, "LOGISTIC": 14, "LSTM": 16, "RNN": 24, "MAX_POOL_2D": 17, "MUL": 18,
    "RELU": 19, "RELU_N1_TO_1": 20, "RELU6": 21, "RESHAPE": 22, "RESIZE_BILINEAR": 23, "SOFTMAX": 25, "SPACE_TO_DEPTH": 26,
    "SVDF": 27, "TANH": 28, "CUSTOM": 32, "PAD": 34, "GATHER": 36, "BATCH_TO_SPACE_ND": 37, "SPACE_TO_BATCH_ND": 38,
    "TRANSPOSE": 39, "MEAN": 40, "SUB": 41, "DIV": 42, "SQUEEZE": 43, "STRIDED_SLICE": 45, "EXP": 47, "TOPK_V2": 48,
    "SPLIT": 49, "LOG_SOFTMAX": 50, "CAST": 53, "PRELU": 54, "MAXIMUM": 55, "ARG_MAX": 56, "MINIMUM": 57, "LESS": 58, "NEG": 59,
    "PADV2": 60, "GREATER": 61, "GREATER_EQUAL": 62, "LESS_EQUAL": 63, "SELECT": 64, "SLICE": 65, "SIN": 66,
    "UNIDIRECTIONAL_SEQUENCE_RNN": 35, "UNIDIRECTIONAL_SEQUENCE_LSTM": 44, "BIDIRECTIONAL_SEQUENCE_RNN": 46, "BIDIRECTIONAL_SEQUENCE_LSTM": 52,
    "TRANSPOSE_CONV": 67, "TILE": 69, "EXPAND_DIMS": 70, "EQUAL": 71, "NOT_EQUAL": 72, "LOG": 73, "SUM": 74, "SQRT": 75,
    "RSQRT": 76, "SHAPE": 77, "POW": 78, "ARG_MIN": 79, "REDUCE_PROD": 81, "REDUCE_MAX": 82, "PACK": 83, "LOGICAL_OR": 84,
    "ONE_HOT": 85, "LOGICAL_AND": 86, "LOGICAL_NOT": 87, "UNPACK": 88, "REDUCE_MIN": 89, "FLOOR_DIV": 90, "REDUCE_ANY": 91,
    "SQUARE": 92, "ZEROS_LIKE": 93, "FILL": 94, "FLOOR_MOD": 95, "RANGE": 96, "RESIZE_NEAREST_NEIGHBOR": 97, "LEAKY_RELU": 98,
    "SQUARED_DIFFERENCE": 99, "MIRROR_PAD": 100, "ABS": 101, "SPLIT_V": 102, "CEIL": 104, "REVERSE_V2": 105, "ADD_N": 106,
    "GATHER_ND": 107, "COS": 108, "ELU": 111, "QUANTIZE": 114, "ROUND": 116, "HARD_SWISH": 117, "IF": 118, "WHILE": 119, "SELECT_V2": 123,
    "BATCH_MATMUL": 126, "CUMSUM": 128, "CALL_ONCE": 129, "BROADCAST_TO": 130, "HASHTABLE": 136, "HASHTABLE_FIND": 137,
    "HASHTABLE_IMPORT": 138, "HASHTABLE_SIZE": 139, "REDUCE_ALL": 140, "VAR_HANDLE": 142,
    "READ_VARIABLE": 143, "ASSIGN_VARIABLE": 144, "GELU": 150, "RELU_0_TO_1": 152, "ATAN2": 156,
    "EMBEDDING_LOOKUP": 7, "LOCAL_RESPONSE_NORMALIZATION": 13, "SPARSE_TO_DENSE": 68, "UNIQUE": 103, "WHERE": 109, "RANK":
    110, "REVERSE_SEQUENCE": 112, "MATRIX_DIAG": 113, "MATRIX_SET_DIAG": 115, "SCATTER_ND": 122, "SEGMENT_SUM": 125,
    "RFFT2D": 131, "IMAG": 133, "REAL": 134, "COMPLEX_ABS": 135, "BROADCAST_ARGS": 145, "UNSORTED_SEGMENT_PROD": 153,
    "UNSORTED_SEGMENT_MAX": 154, "UNSORTED_SEGMENT_SUM": 155, "UNSORTED_SEGMENT_MIN": 157, "BITWISE_XOR": 160,
    "RIGHT_SHIFT": 161,
    "SIGN": 158}
OPTIONS = {
    "Conv2DOptions": 1, "DepthwiseConv2DOptions": 2, "Pool2DOptions": 5, "SVDFOptions": 6, "RNNOptions": 7, "FullyConnectedOptions": 8, "SoftmaxOptions": 9,
    "ConcatenationOptions": 10, "LSTMOptions": 14, "AddOptions": 11, "L2NormOptions": 12, "ResizeBilinearOptions": 15, "ReshapeOptions": 17,
    "SpaceToDepthOptions": 19, "MulOptions": 21, "GatherOptions": 23, "ReducerOptions": 27, "SubOptions": 28, "DivOptions": 29,
    "SequenceRNNOptions": 31, "SqueezeOptions": 30, "StridedSliceOptions": 32, "SplitOptions": 35, "CastOptions": 37, "ArgMaxOptions": 40,
    "TransposeConvOptions": 49, "ShapeOptions": 55, "ArgMinOptions": 57, "PackOptions": 59, "OneHotOptions": 61,
    "UnpackOptions": 64, "ResizeNearestNeighborOptions": 74, "LeakyReluOptions": 75, "MirrorPadOptions": 77,
    "SplitVOptions": 79, "IfOptions": 92, "WhileOptions": 93, "DepthToSpaceOptions": 94, "BidirectionalSequenceLSTMOptions": 69, "BidirectionalSequenceRNNOptions": 70, "UnidirectionalSequenceLSTMOptions": 71, "BatchMatMulOptions": 101, "CumsumOptions": 102,
    "CallOnceOptions": 103, "HashtableOptions": 108, "VarHandleOptions": 111, "GeluOptions": 116,
    "ReverseSequenceOptions": 87, "UniqueOptions": 80, "SparseToDenseOptions": 50}

Scalar = collections.namedtuple("Scalar", "format value")


def i8(value):
    return Scalar("b", value)


def u8(value):
    return Scalar("B", value)


def i32(value):
    return Scalar("i", value)


def f32(value):
    return Scalar("f", value)


def u64(value):
    return Scalar("Q", value)


def vector(fmt, values):
    """A vector of numbers."""
    return struct.pack(f"<I{len(values)}{fmt}", len(values), *values)


def blob(data):
    """A vector of bytes, to begin where 16 divides."""
    return ("blob", struct.pack("<I", len(data)) + data)


def text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data + b"\0"


class Writer:
    """Parts are placed one behind the other, each after what leads to it: offsets only go forwards."""

    def __init__(self):
        self.out = bytearray(b"\0\0\0\0TFL3")

    def _align(self, to, after=0):
        self.out += b"\0" * (-(len(self.out) + after) % to)

    def _patch(self, at, to):
        struct.pack_into("<I", self.out, at, to - at)

    def _place(self, what, at):
        """Something that the 4 bytes at `at` lead to."""
        if isinstance(what, dict):
            self._patch(at, self.table(what))
        elif isinstance(what, list):  # of tables or texts
            self._align(4)
            begin = len(self.out)
            self._patch(at, begin)
            self.out += struct.pack("<I", len(what)) + b"\0\0\0\0" * len(what)
            for i, item in enumerate(what):
                self._place(item, begin + 4 + 4 * i)
        elif isinstance(what, tuple):
            self._align(16, 4)
            self._patch(at, len(self.out))
            self.out += what[1]
        else:
            self._align(4)
            self._patch(at, len(self.out))
            self.out += what

    def table(self, fields):
        """{number: Scalar, dict (a table), list (of them), bytes (a vector or text)}; None: absent."""
        fields = {n: v for n, v in fields.items() if v is not None}
        sizes = {n: struct.calcsize("<" + v.format) if isinstance(v, Scalar) else 4 for n, v in fields.items()}
        count, places, size = max(fields, default=-1) + 1, {}, 4
        for n in sorted(fields, key=lambda n: -sizes[n]):
            size += -size % sizes[n]
            places[n] = size
            size += sizes[n]
        self._align(8)
        listing = len(self.out)
        self.out += struct.pack(f"<HH{count}H", 4 + 2 * count, size, *(places.get(n, 0) for n in range(count)))
        self._align(8)
        begin = len(self.out)
        self.out += struct.pack("<i", begin - listing) + b"\0" * (size - 4)
        for n, v in fields.items():
            if isinstance(v, Scalar):
                struct.pack_into("<" + v.format, self.out, begin + places[n], v.value)
        for n, v in fields.items():
            if not isinstance(v, Scalar):
                self._place(v, begin + places[n])
        return begin

    def file(self, root):
        self._patch(0, self.table(root))
        self._align(16)
        return bytes(self.out)


def flex_map(entries):
    """A FlexBuffer: a map of names to bytes or small numbers, of widths of 4 bytes."""
    out, keys, values = bytearray(), [], []
    for name in sorted(entries):
        keys.append(len(out))
        out += name.encode() + b"\0"
        value = entries[name]
        if isinstance(value, bytes):
            out += b"\0" * (-len(out) % 4) + struct.pack("<I", len(value))
            values.append((len(out), 5 << 2 | 2))
            out += value + b"\0"
        else:
            values.append((None, 1 << 2 | 2))
    out += b"\0" * (-len(out) % 4) + struct.pack("<I", len(keys))
    key_list = len(out)
    for at in keys:
        out += struct.pack("<I", len(out) - at)
    out += struct.pack("<III", len(out) - key_list, 4, len(values))
    begin = len(out)
    for (at, _), name in zip(values, sorted(entries)):
        out += struct.pack("<I", len(out) - at) if at is not None else struct.pack("<i", entries[name])
    out += bytes(kind for _, kind in values)
    out += b"\0" * (-len(out) % 4)
    return bytes(out + struct.pack("<I", len(out) - begin) + bytes([9 << 2 | 2, 4]))


class Model:
    def __init__(self):
        self.tensors, self.operators, self.codes, self.buffers, self.metadata, self.closed = [], [], [], [{}], [], []

    def buffer(self, data):
        self.buffers.append({0: blob(data)})
        return len(self.buffers) - 1

    def tensor(self, name, dtype, shape, values=None, quantized=False, signature=None, variable=False):
        """Its number. values: numbers, or bytes as they are; a constant then. signature: -1 where a size is any. quantized: scales and zero
        points, and the dimension along which there are several; True: some."""
        buffer = 0
        if values is not None:
            if dtype == "string":
                head = 8 + 4 * len(values)
                ends = [head + sum(map(len, values[:i])) for i in range(len(values) + 1)]
                values = struct.pack(f"<I{len(ends)}I", len(values), *ends) + b"".join(values)
            data = values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{FORMATS[dtype]}", *values)
            buffer = self.buffer(data)
        scales, zeros, axis = quantized if isinstance(quantized, tuple) else ([0.5], [0], 0)
        quantization = {2: vector("f", scales), 3: vector("q", zeros), 6: i32(axis)} if quantized else None
        self.tensors.append({0: vector("i", shape), 1: u8(TYPES[dtype]), 2: i32(buffer), 3: text(name), 4: quantization,
                             5: u8(1) if variable else None, 7: vector("i", signature) if signature else None, 8: u8(1)})
        return len(self.tensors) - 1

    def code(self, name, version=1):
        custom = name not in OPERATORS
        number = 32 if custom else OPERATORS[name]
        self.codes.append({0: i8(min(number, 127)), 1: text(name) if custom else None, 2: i32(version), 3: i32(number)})
        return len(self.codes) - 1

    def op(self, name, inputs, outputs, options=None, fields=None, version=1, custom=None, between=None):
        """options: the name of their table, fields: what is in it."""
        self.operators.append({0: i32(self.code(name, version)), 1: vector("i", inputs), 2: vector("i", outputs),
                               3: u8(OPTIONS[options]) if options else None, 4: (fields or {}) if options else None,
                               5: blob(custom) if custom else None, 8: vector("i", between) if between else None})
        return outputs[0] if outputs else None

    def close(self, inputs, outputs):
        """What there is so far is a subgraph, whose number is returned; what comes next is another, the last one number 0."""
        self.closed.append(self._graph(inputs, outputs))
        self.tensors, self.operators = [], []
        return len(self.closed)

    def _graph(self, inputs, outputs):
        return {0: self.tensors, 1: vector("i", inputs), 2: vector("i", outputs), 3: self.operators, 4: text("main")}

    def add_metadata(self, name, data):
        self.metadata.append({0: text(name), 1: i32(self.buffer(data))})

    def bytes(self, inputs, outputs, signatures=None):
        table = [{0: [{0: text(k), 1: i32(v)} for k, v in ins.items()], 1: [{0: text(k), 1: i32(v)} for k, v in outs.items()],
                  2: text(name), 4: i32(0)} for name, (ins, outs) in (signatures or {}).items()]
        return Writer().file({0: i32(3), 1: self.codes, 2: [self._graph(inputs, outputs), *self.closed], 3: text("a test's"), 4: self.buffers,
                              6: self.metadata or None, 7: table or None})

    def write(self, path, inputs, outputs, signatures=None):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.bytes(inputs, outputs, signatures))
        return path
