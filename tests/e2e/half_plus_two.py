# SPDX-License-Identifier: Apache-2.0
"""half_plus_two.py -- the model that TensorFlow Serving's own tests ask, node by node as TF1 exported it: y = x / 2 + 2,
y2 = x / 2 + 3, y3 = x2 / 2 + 3, of numbers or of Examples. Its coefficients are variables, which an init op sets."""
import numpy as np

import graphs

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
ROWS = [-1, 1]


def half_plus_two():
    g = graphs.Graph()
    for name, value in (("a", 0.5), ("b", 2.0), ("c", 3.0)):
        g.constant(f"{name}/start", np.float32(value))
        g.node(name, "VariableV2", dtype="float32", shape=graphs.Shape(()))
        g.node(f"{name}/Assign", "Assign", [name, f"{name}/start"], "float32")
        g.node(f"{name}/read", "Identity", [name], "float32")
    g.node("legacy_init_op", "NoOp", [f"^{name}/Assign" for name in "abc"])
    g.meta.collection_def["legacy_init_op"].node_list.value.append("legacy_init_op")
    g.asset("path", "foo.txt", b"asset-file-contents")
    g.placeholder("tf_example", "string").constant("names", np.array([], object))
    g.constant("key_x", np.array("x", object)).constant("key_x2", np.array("x2", object)).constant("zero", np.float32([0]))
    g.node("parsed", "ParseExample", ["tf_example", "names", "key_x", "key_x2", "zero", "zero"], Nsparse=0, Ndense=2,
           sparse_types=[], Tdense=["float32", "float32"], dense_shapes=[graphs.Shape([1]), graphs.Shape([1])])
    for name, parsed in (("x", "parsed"), ("x2", "parsed:1")):
        g.node(name, "PlaceholderWithDefault", [parsed], dtype="float32", shape=graphs.Shape(ROWS))
    for name, x, constant in (("y", "x", "b"), ("y2", "x", "c"), ("y3", "x2", "c")):
        g.node(f"{name}/half", "Mul", ["a/read", x], "float32")
        g.node(name, "Add", [f"{name}/half", f"{constant}/read"], "float32")
    _signature(g, "serving_default", "tensorflow/serving/predict", ("x", "x"), ("y", "y"))
    _signature(g, "classify_x_to_y", CLASSIFY, ("inputs", "tf_example"), ("scores", "y"))
    _signature(g, "regress_x_to_y", REGRESS, ("inputs", "tf_example"), ("outputs", "y"))
    _signature(g, "regress_x_to_y2", REGRESS, ("inputs", "tf_example"), ("outputs", "y2"))
    _signature(g, "regress_x2_to_y3", REGRESS, ("inputs", "x2"), ("outputs", "y3"))
    return g


def _signature(g, name, method, taken, given):
    signature = g.meta.signature_def[name]
    signature.method_name = method
    for infos, (alias, node) in ((signature.inputs, taken), (signature.outputs, given)):
        dtype = g.dtypes[node] or "float32"
        g._info(infos[alias], node, dtype, None if dtype == "string" else ROWS)


def described(alias, node, dtype="DT_FLOAT"):
    """An input or output as metadata shows it in JSON."""
    dims = [{"size": str(size), "name": ""} for size in ROWS] if dtype == "DT_FLOAT" else []
    return {alias: {"dtype": dtype, "tensor_shape": {"dim": dims, "unknown_rank": not dims}, "name": node + ":0"}}


def metadata(name, version):
    """What GET .../metadata says of it, all of it."""
    text = described("inputs", "tf_example", "DT_STRING")
    signatures = {
        "serving_default": (described("x", "x"), described("y", "y"), "tensorflow/serving/predict"),
        "classify_x_to_y": (text, described("scores", "y"), CLASSIFY),
        "regress_x_to_y": (text, described("outputs", "y"), REGRESS),
        "regress_x_to_y2": (text, described("outputs", "y2"), REGRESS),
        "regress_x2_to_y3": (described("inputs", "x2"), described("outputs", "y3"), REGRESS)}
    return {"model_spec": {"name": name, "signature_name": "", "version": version},
            "metadata": {"signature_def": {"signature_def": {
                key: {"inputs": taken, "outputs": given, "method_name": method, "defaults": {}}
                for key, (taken, given, method) in signatures.items()}}}}
