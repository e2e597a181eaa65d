# SPDX-License-Identifier: Apache-2.0
"""records.py -- TFRecord files of PredictionLogs, written and read by hand, and the models that warm-up tests ask."""
import pathlib
import struct

import numpy as np

import graphs
from messages import message

WARMUP = "assets.extra/tf_serving_warmup_requests"


def _table():
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82f63b78 if n & 1 else 0)
        yield n


TABLE = list(_table())


def masked_crc(data):
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    crc ^= 0xffffffff
    return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff


def frame(data):
    """A record as it stands in a file."""
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked_crc(head)) + data + struct.pack("<I", masked_crc(data))


def unframe(data):
    """The records of a file; every sum is checked."""
    records = []
    while data:
        size, = struct.unpack("<Q", data[:8])
        record, tail = data[12:12 + size], data[12 + size:16 + size]
        assert struct.unpack("<I", data[8:12])[0] == masked_crc(data[:8]), "the sum of a head"
        assert len(record) == size and struct.unpack("<I", tail)[0] == masked_crc(record), "the sum of a record"
        records.append(record)
        data = data[16 + size:]
    return records


def count(path):
    """How many whole records a file has, while it is being written, too. Sums are not looked at."""
    data, at, found = pathlib.Path(path).read_bytes(), 0, 0
    while at + 12 <= len(data):
        at += 16 + struct.unpack("<Q", data[at:at + 8])[0]
        found += at <= len(data)
    return found


def read_logs(path):
    """The PredictionLogs of a file."""
    return [message("tensorflow.serving.PredictionLog").FromString(r) for r in unframe(pathlib.Path(path).read_bytes())]


def write_warmup(version, logs):
    """logs: PredictionLogs, or records as bytes. The file is there at once, whole."""
    path = pathlib.Path(version) / WARMUP
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name("partial")
    partial.write_bytes(b"".join(frame(x if isinstance(x, bytes) else x.SerializeToString()) for x in logs))
    partial.rename(path)


def counter():
    """Each predict adds to a number that the version keeps, and answers it; of n Examples, classify and regress answer
    [n, 1] and [n] of their lengths."""
    g = graphs.Graph().placeholder("by", "float32").placeholder("examples", "string")
    g.node("number", "VarHandleOp", dtype="float32", shape=graphs.Shape(())).constant("zero", np.float32(0))
    g.node("start", "AssignVariableOp", ["number", "zero"], dtype="float32").init("start")
    g.node("add", "AssignAddVariableOp", ["number", "by"], dtype="float32")
    g.node("count", "ReadVariableOp", ["number", "^add"], dtype="float32")
    g.node("length", "StringLength", ["examples"]).constant("axis", np.int32(1))
    g.node("value", "Cast", ["length"], SrcT="int32", DstT="float32")
    g.node("score", "ExpandDims", ["value", "axis"], "float32", Tdim="int32")
    g.dtypes["value"] = "float32"
    g.signature("serving_default", {"by": "float32"}, {"count": "count"}, shape=())
    g.signature("classify", {"inputs": "string"}, {"scores": "score"}, "tensorflow/serving/classify", shape=[-1])
    g.signature("regress", {"inputs": "string"}, {"outputs": "value"}, "tensorflow/serving/regress", shape=[-1])
    for name in ("classify", "regress"):
        g.meta.signature_def[name].inputs["inputs"].name = "examples:0"
    return g
