# SPDX-License-Identifier: Apache-2.0
"""Protocol buffers by hand, as far as benchmarks write them."""


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, data):
    """One of a length: bytes, text, a message."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(array):
    """A TensorProto, by tensor_content."""
    types = {"float32": 1, "int32": 3, "int64": 9}
    shape = b"".join(field(2, b"\x08" + varint(d)) for d in array.shape)
    return b"\x08" + varint(types[array.dtype.name]) + field(2, shape) + field(4, array.tobytes())


def predict_request(model, feed, signature=""):
    """A PredictRequest of {input: array}."""
    spec = field(1, model.encode()) + (field(3, signature.encode()) if signature else b"")
    return field(1, spec) + b"".join(
        field(2, field(1, name.encode()) + field(2, tensor(value))) for name, value in feed.items())
