# SPDX-License-Identifier: Apache-2.0
"""graphs.py -- tiny SavedModels without variables, written node by node, so that tests need no TensorFlow.

    save(folder / "1", Graph().signature("serving_default", {"x": "float32"}, {"y": "x"}))

makes a model that answers its input. Ops beyond Placeholder are added with Graph.node().
"""
import pathlib

import numpy as np

from harness import EMULATED
from messages import DTYPES, dtype_name, message, set_tensor


class Func(str):
    """The name of a function, as a node's attribute."""


class Shape(tuple):
    """A shape, as a node's attribute."""


class Nodes:
    """What graphs and functions share: a list of nodes."""

    def __init__(self, node_defs):
        self.node_defs = node_defs
        self.dtypes = {}

    def node(self, name, op, inputs=(), T=None, **attributes):
        """Adds a node. Attributes: type names, ints, floats, bools, bytes, arrays, Shape, Func, lists of types, Shape or
        Func; T and dtype give its output's type."""
        node = self.node_defs.add(name=name, op=op)
        node.input.extend(inputs)
        if T:
            attributes["T"] = T
        for key, value in attributes.items():
            self._set(node.attr[key], value)
        self.dtypes[name] = T or attributes.get("dtype")
        return self

    @staticmethod
    def _set(attribute, value):
        if isinstance(value, bool):
            attribute.b = value
        elif isinstance(value, int):
            attribute.i = value
        elif isinstance(value, float):
            attribute.f = value
        elif isinstance(value, bytes):
            attribute.s = value
        elif isinstance(value, Func):
            attribute.func.name = value
        elif isinstance(value, str):
            attribute.type = DTYPES[value]
        elif isinstance(value, Shape):
            attribute.shape.SetInParent()
            for size in value:
                attribute.shape.dim.add(size=size)
        elif isinstance(value, list):
            for item in value:
                if isinstance(item, Func):
                    attribute.list.func.add(name=item)
                elif isinstance(item, Shape):
                    shape = attribute.list.shape.add()
                    for size in item:
                        shape.dim.add(size=size)
                elif isinstance(item, int):
                    attribute.list.i.append(item)
                else:
                    attribute.list.type.append(DTYPES[item])
            attribute.list.SetInParent()
        else:
            set_tensor(attribute.tensor, value)

    def constant(self, name, value):
        array = np.asarray(value)
        return self.node(name, "Const", (), None, dtype=dtype_name(array), value=array)


class Function(Nodes):
    """A body: args {name: dtype}, returns {name: (dtype, "node:output:0" or an arg)}, nodes that must run."""

    def __init__(self, definition, name, args, returns, must_run):
        super().__init__(definition.node_def)
        definition.signature.name = name
        for arg, dtype in args.items():
            definition.signature.input_arg.add(name=arg, type=DTYPES[dtype])
        for ret, (dtype, tensor) in returns.items():
            definition.signature.output_arg.add(name=ret, type=DTYPES[dtype])
            definition.ret[ret] = tensor
        for node in must_run:
            definition.signature.control_output.append(node)
            definition.control_ret[node] = node


class Graph(Nodes):
    def __init__(self):
        self.meta = message("tensorflow.MetaGraphDef")()
        self.meta.meta_info_def.tags.append("serve")
        self.meta.graph_def.versions.producer = 1395
        super().__init__(self.meta.graph_def.node)
        self.assets = {}

    def function(self, name, args, returns, must_run=()):
        """An empty function; add its nodes to what is returned."""
        return Function(self.meta.graph_def.library.function.add(), name, args, returns, must_run)

    def placeholder(self, name, dtype):
        return self.node(name, "Placeholder", (), None, dtype=dtype)

    def asset(self, node, name, content):
        """assets/<name> holds content; the node's output is its path. Placeholders are made as needed, as TF2 has them."""
        if node not in self.dtypes:
            self.placeholder(node, "string")
        definition = self.meta.asset_file_def.add(filename=name)
        definition.tensor_info.name = node + ":0"
        self.assets[name] = content
        return self

    def init(self, node):
        """The node that runs when the model is loaded."""
        self.meta.collection_def["saved_model_main_op"].node_list.value.append(node)
        return self

    def signature(self, name, inputs, outputs, method="tensorflow/serving/predict", shape=None):
        """inputs: {alias: dtype}, placeholders made as needed; outputs: {alias: node}. shape None: unknown rank."""
        signature = self.meta.signature_def[name]
        signature.method_name = method
        for alias, dtype in inputs.items():
            if alias not in self.dtypes:
                self.placeholder(alias, dtype)
            self._info(signature.inputs[alias], alias, dtype, shape)
        for alias, node in outputs.items():
            self._info(signature.outputs[alias], node, self.dtypes[node], shape)
        return self

    @staticmethod
    def _info(info, node, dtype, shape):
        info.name = node if ":" in node else node + ":0"
        info.dtype = DTYPES[dtype]
        if shape is None:
            info.tensor_shape.unknown_rank = True
        for size in shape or ():
            info.tensor_shape.dim.add(size=size)


def save(folder, graph):
    """Writes a version directory; its path. It appears at once, complete, as a careful user would have it."""
    folder = pathlib.Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name("partial-" + folder.name)
    partial.mkdir()
    model = message("tensorflow.SavedModel")(saved_model_schema_version=1)
    model.meta_graphs.add().CopyFrom(graph.meta)
    for name, content in graph.assets.items():
        (partial / "assets").mkdir(exist_ok=True)
        (partial / "assets" / name).write_bytes(content)
    (partial / "saved_model.pb").write_bytes(model.SerializeToString())
    partial.rename(folder)
    return folder


def affine(a=0.5, b=2.0):
    """y = a * x + b."""
    graph = Graph().constant("a", np.float32(a)).constant("b", np.float32(b)).placeholder("x", "float32")
    graph.node("ax", "Mul", ["x", "a"], "float32").node("y", "AddV2", ["ax", "b"], "float32")
    return graph.signature("serving_default", {"x": "float32"}, {"y": "y"}, shape=[-1])


def products(count, size):
    """y = the last of `count` products of matrices filled with x: slow, and no part of it is known before x is. As slow where it is emulated."""
    size = size // 5 if EMULATED else size
    graph = Graph().placeholder("x", "float32").constant("shape", np.int32([size, size]))
    graph.node("m0", "Fill", ["shape", "x"], "float32", index_type="int32")
    for i in range(count):
        graph.node(f"m{i + 1}", "MatMul", [f"m{i}", "m0"], "float32")
    graph.constant("axes", np.int32([0, 1])).node("y", "Max", [f"m{count}", "axes"], "float32", Tidx="int32")
    return graph.signature("serving_default", {"x": "float32"}, {"y": "y"}, shape=[])
