# SPDX-License-Identifier: Apache-2.0
"""messages.py -- the protobuf messages of proto/, as protoc wrote them for this build, and arrays to and from tensors.

They are looked up by full name ("tensorflow.serving.PredictRequest"), so that nothing here knows how proto/ is laid out.
"""
import importlib
import importlib.util
import os
import pathlib

import numpy as np
from google.protobuf import symbol_database

DTYPES = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7, "complex64": 8,
          "int64": 9, "bool": 10, "bfloat16": 14, "uint16": 17, "complex128": 18, "float16": 19, "uint32": 22,
          "uint64": 23}
NAMES = {number: name for name, number in DTYPES.items()}
FIELDS = {"float32": "float_val", "float64": "double_val", "int32": "int_val", "uint8": "int_val", "int16": "int_val",
          "int8": "int_val", "string": "string_val", "int64": "int64_val", "bool": "bool_val", "uint16": "int_val",
          "uint32": "uint32_val", "uint64": "uint64_val", "float16": "half_val"}


def _load():
    root = pathlib.Path(os.environ["TENSORD_PROTO_PY"])
    for path in sorted(root.rglob("*_pb2.py")):
        name = str(path.relative_to(root))[:-3].replace(os.sep, ".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:  # below "grpc", which is a package of its own elsewhere
            spec = importlib.util.spec_from_file_location(name, path)
            spec.loader.exec_module(importlib.util.module_from_spec(spec))


_load()


def message(name):
    """The class of a message, by its full protobuf name."""
    return symbol_database.Default().GetSymbol(name)


def dtype_name(array):
    return "string" if array.dtype.kind in "SUO" else array.dtype.name


def set_tensor(proto, value, content=True):
    """Fills a TensorProto from an array: as raw bytes, or (content=False) field by field."""
    array = np.asarray(value)
    name = dtype_name(array)
    proto.dtype = DTYPES[name]
    proto.tensor_shape.SetInParent()  # a scalar has a shape too, an empty one
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if name == "string":
        proto.string_val.extend(v if isinstance(v, bytes) else str(v).encode() for v in array.ravel().tolist())
    elif content:
        proto.tensor_content = np.ascontiguousarray(array).tobytes()
    elif name == "float16":
        proto.half_val.extend(array.view(np.uint16).ravel().tolist())
    else:
        getattr(proto, FIELDS[name]).extend(array.ravel().tolist())
    return proto


def _raw_strings(content, count):
    """Strings in tensor_content: all lengths as varints, then all bytes."""
    sizes, at = [], 0
    while len(sizes) < count:
        size = shift = 0
        while True:
            byte, at = content[at], at + 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        sizes.append(size)
    for size in sizes:
        yield content[at:at + size]
        at += size


def get_tensor(proto):
    """The array that a TensorProto holds, whichever way it holds it."""
    name = NAMES[proto.dtype]
    shape = [d.size for d in proto.tensor_shape.dim]
    if name == "string":
        values = _raw_strings(proto.tensor_content, int(np.prod(shape))) if proto.tensor_content else proto.string_val
        return np.array(list(values), dtype=object).reshape(shape)
    if proto.tensor_content:
        return np.frombuffer(proto.tensor_content, name).reshape(shape)
    values = list(getattr(proto, FIELDS[name]))
    if name == "float16":
        return np.array(values, np.uint16).view(np.float16).reshape(shape)
    return np.array(values, name).reshape(shape)
