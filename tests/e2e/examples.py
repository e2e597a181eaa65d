# SPDX-License-Identifier: Apache-2.0
"""examples.py -- tf.Examples, and a model that takes them: a head that classifies, one that regresses, and wrong ones."""
import numpy as np

import graphs
from messages import message

CLASSIFY, REGRESS, PREDICT = (f"tensorflow/serving/{verb}" for verb in ("classify", "regress", "predict"))


def example(x):
    """The bytes of an Example of one number."""
    e = message("tensorflow.Example")()
    e.features.feature["x"].float_list.value.append(x)
    return e


def fill(message_input, *xs):
    """Fills an Input; no xs: an empty list."""
    message_input.example_list.SetInParent()
    for x in xs:
        message_input.example_list.examples.add().CopyFrom(example(x))


def write_heads(folder):
    """Of x: y = x / 2 + 2, z = x * 10, name = x as text; w = x * 2 of a second input. Each signature is one right or wrong way to use them."""
    graph = graphs.Graph().placeholder("examples", "string").constant("names", np.array([], object))
    graph.constant("key", np.array("x", object)).constant("default", np.float32([]))
    graph.node("x", "ParseExample", ["examples", "names", "key", "default"], Nsparse=0, Ndense=1, sparse_types=[],
               Tdense=["float32"], dense_shapes=[graphs.Shape([1])])
    for name, value in (("half", 0.5), ("two", 2.0), ("ten", 10.0)):
        graph.constant(name, np.float32(value))
    graph.node("half_x", "Mul", ["x", "half"], "float32").node("y", "AddV2", ["half_x", "two"], "float32")
    graph.node("z", "Mul", ["x", "ten"], "float32").node("text", "AsString", ["x"], "float32")
    graph.dtypes["text"] = "string"
    graph.constant("flat", np.int32([-1])).node("row", "Reshape", ["y", "flat"], "float32", Tshape="int32")
    graph.node("whole", "Cast", ["y"], SrcT="float32", DstT="int32").dtypes["whole"] = "int32"
    graph.constant("one", np.float32([[1.0]])).constant("wide", np.float32([[1.0, 1.0]]))
    graph.node("pair", "Mul", ["x", "wide"], "float32")

    graph.placeholder("others", "string")
    graph.node("v", "ParseExample", ["others", "names", "key", "default"], Nsparse=0, Ndense=1, sparse_types=[],
               Tdense=["float32"], dense_shapes=[graphs.Shape([1])])
    graph.node("w", "Mul", ["v", "two"], "float32")

    def head(name, method, outputs, alias="inputs", tensor="examples"):
        signature = graph.meta.signature_def[name]
        signature.method_name = method
        graph._info(signature.inputs[alias], tensor, "string", [-1])
        for output, node in outputs.items():
            graph._info(signature.outputs[output], node, graph.dtypes.get(node) or "float32", None)

    head("serving_default", CLASSIFY, {"classes": "text", "scores": "y"})
    head("classify", CLASSIFY, {"scores": "z"})
    head("labels", CLASSIFY, {"classes": "text"})
    head("regress", REGRESS, {"outputs": "y"})
    head("flat", REGRESS, {"outputs": "row"})
    head("predict", PREDICT, {"outputs": "y"})
    head("odd", "custom/odd", {"outputs": "y"})
    head("more", CLASSIFY, {"scores": "y", "whatever": "z"})
    head("three", CLASSIFY, {"scores": "y", "classes": "text", "z": "z"})
    head("neither", CLASSIFY, {"z": "z"})
    head("other_input", CLASSIFY, {"scores": "y"}, alias="x")
    head("other_output", REGRESS, {"y": "y"})
    head("two_outputs", REGRESS, {"outputs": "y", "z": "z"})
    head("rank", CLASSIFY, {"scores": "row"})
    head("kind", CLASSIFY, {"scores": "whole"})
    head("kind_of_classes", CLASSIFY, {"classes": "y"})
    head("elsewhere", REGRESS, {"outputs": "w"}, tensor="others")
    head("batch", CLASSIFY, {"scores": "one"})
    head("widths", CLASSIFY, {"classes": "text", "scores": "pair"})
    head("regress_shape", REGRESS, {"outputs": "pair"})
    head("regress_batch", REGRESS, {"outputs": "one"})
    head("regress_kind", REGRESS, {"outputs": "whole"})
    two = graph.meta.signature_def["two_inputs"]
    two.CopyFrom(graph.meta.signature_def["regress"])
    two.inputs["more"].CopyFrom(two.inputs["inputs"])
    return graphs.save(folder / "heads" / "1", graph).parent
