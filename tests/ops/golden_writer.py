# SPDX-License-Identifier: Apache-2.0
"""Runs calls and small graphs with TensorFlow and writes them down; make_goldens.py says how that looks."""
import os
import re
import tempfile

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_library, op_def_registry

v1 = tf.compat.v1
CONFIG = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
CONFIG.graph_options.rewrite_options.disable_meta_optimizer = True  # the ops themselves, not what could stand for them
CONFIG.graph_options.optimizer_options.opt_level = v1.OptimizerOptions.L0


# ---------------------------------------------------------------- numbers and tensors

def shortest(v, dt):
    """The fewest digits that give v again."""
    if dt != tf.bfloat16:
        return repr(float(v)) if dt == tf.float64 else str(v)
    kind = dt.as_numpy_dtype
    return next(t for t in ("%.*g" % (n, float(v)) for n in range(1, 10)) if kind(float(t)) == v or v != v)


def element(v, dt):
    if dt == tf.string:
        return v.hex() or "."
    if dt.is_complex:
        part = np.float32 if dt == tf.complex64 else np.float64
        return "%s %s" % (number(part(v.real)), number(part(v.imag)))
    return number(v, dt) if dt.is_floating else str(int(v))


def number(v, dt=tf.float32):
    t = shortest(v, dt)
    return t[:-2] if t.endswith(".0") else t


def tensor(word, a, dt):
    dims = ",".join(map(str, a.shape)) or "-"
    return " ".join([word, str(dt.as_datatype_enum), dims] + [element(v, dt) for v in a.reshape(-1)])


def dims_text(shape):
    return "?" if shape.unknown_rank else ",".join(str(d.size) for d in shape.dim) or "-"


def attribute(op, name, v):
    kind = v.WhichOneof("value")
    text = {"type": lambda: "type %d" % v.type, "i": lambda: "int %d" % v.i, "f": lambda: "float %r" % float(v.f),
            "b": lambda: "bool %d" % v.b, "s": lambda: "string %s" % (v.s.hex() or "."),
            "shape": lambda: "shape " + dims_text(v.shape), "list": lambda: list_text(op, name, v.list)}
    return ("attr %s %s" % (name, text[kind]())).rstrip()


def list_text(op, name, v):
    if not v.ByteSize():
        kind = next(a.type for a in op_def_registry.get(op).attr if a.name == name)[5:-1]  # list(int)
        return kind + "s"
    if v.shape:
        return "shapes " + ";".join(map(dims_text, v.shape))
    if v.type:
        return "types " + ",".join(map(str, v.type))
    if v.s:
        return "strings " + ",".join(x.hex() or "." for x in v.s)
    if v.f:
        return "floats " + ",".join(repr(float(x)) for x in v.f)
    return "ints " + ",".join(map(str, v.i))


# ---------------------------------------------------------------- calls

def make_old(op):
    """Graphs of today may not hold ops of old ones."""
    if op_def_registry.get(op).HasField("deprecation"):
        old = v1.GraphDef()
        old.versions.producer = op_def_registry.get(op).deprecation.version - 1
        tf.import_graph_def(old, name="")


class NoKernel(Exception):
    pass


def call(op, args):
    """The lines of a case. NoKernel: TensorFlow has none for these types."""
    try:
        return call_from(op, args, lambda v: tf.constant(v, tf.string if v.dtype == object else None))
    except ValueError:                # shape inference refuses it; with unknown dims the kernel does, and says its code
        try:
            return call_from(op, args, lambda v: v1.placeholder(tf.string if v.dtype == object else v.dtype, [None] * v.ndim))
        except ValueError:            # even the rank is wrong
            return call_from(op, args, lambda v: v1.placeholder(tf.string if v.dtype == object else v.dtype))


def quantity(v):
    return np.array(v, object) if isinstance(v, (bytes, str)) else np.asarray(v)


def outputs(op, args, arrays):
    """Lines of what came out. "out ?" for what TensorFlow leaves as memory was."""
    unknown = set()
    if op.startswith("FusedBatchNorm"):
        unknown = {5} | ({3, 4} if not args.get("is_training", True) else set()) | ({1, 2, 3, 4} if args["x"].size == 0 else set())
    if op in ("Svd", "SelfAdjointEigV2", "Eig") and not args.get("compute_uv", args.get("compute_v", True)):
        unknown = {1, 2}
    return ["out ?" if i in unknown else tensor("out", a, tf.string if a.dtype == object else tf.as_dtype(a.dtype)) for i, a in enumerate(arrays)]


def call_node(op, args, make):
    """The lines up to the inputs, the node, and the values of its inputs; in the current graph."""
    lines, values, d = ["case " + op], {}, op_def_registry.get(op)
    inferred = {x for a in d.input_arg for x in (a.type_attr, a.number_attr, a.type_list_attr)}
    defaults = {a.name: None for a in d.attr if a.HasField("default_value") and a.name not in inferred | set(args)}

    def given(v):
        v = quantity(v)
        t = make(v)
        values[t.ref()] = v
        return t
    names = {a.name for a in d.input_arg}
    keyed = {k: ([given(x) for x in v] if isinstance(v, list) else given(v)) if k in names else v for k, v in args.items()}
    op_def_library.apply_op(op, **keyed, **defaults)
    node = v1.get_default_graph().get_operations()[-1]
    lines += [attribute(op, k, v) for k, v in sorted(node.node_def.attr.items()) if not k.startswith("_")]
    lines += [tensor("in", values[t.ref()], t.dtype) for t in node.inputs]
    return lines, node, values


def call_from(op, args, make):
    with tf.Graph().as_default(), v1.Session(config=CONFIG) as s:
        make_old(op)
        lines, node, values = call_node(op, args, make)
        try:
            outs = s.run(list(node.outputs), {t.deref(): v for t, v in values.items()})
            lines += outputs(op, args, [np.asarray(a, object if t.dtype == tf.string else None) for a, t in zip(outs, node.outputs)])
        except tf.errors.OpError as e:
            if "No OpKernel" in e.message or e.error_code == 12:
                raise NoKernel from None
            lines.append("error %d" % e.error_code)
    return lines + ["end"]


class Like:
    """A call that TensorFlow's plain kernels lack: its answer is that of another one, or of a function of arrays."""
    def __init__(self, op, args, answer):
        self.op, self.args, self.answer = op, args, answer


def like(x):
    def make(v):
        return v1.placeholder(tf.string if v.dtype == object else v.dtype, v.shape)
    with tf.Graph().as_default():
        make_old(x.op)
        lines = call_node(x.op, x.args, make)[0]
    outs = x.answer()
    outs = outs if isinstance(outs, (list, tuple)) else [outs]
    return lines + outputs(x.op, x.args, [np.asarray(a) for a in outs]) + ["end"]


# ---------------------------------------------------------------- graphs

class Graph:
    """A small model: build(init, name=placeholder...) gives {name: tensor}; init.append() takes ops that load it.

    runs are dicts of arrays, made in order on one session; all name the same inputs. file: what build finds at FILE;
    files: {name: bytes}, what it finds in FOLDER.
    """
    def __init__(self, title, build, *runs, shapes=None, file=None, files=None):
        self.title, self.build, self.runs, self.shapes, self.file, self.files = title, build, list(runs), shapes or {}, file, files or {}


FILE, FOLDER = (os.path.join(tempfile.mkdtemp(), name) for name in ("file", "folder"))


def strip(meta):
    """Leaves what a reader needs; functions get names that do not depend on what was made before."""
    for owner in [meta.graph_def] + list(meta.graph_def.library.function):
        for node in owner.node if owner is meta.graph_def else owner.node_def:
            node.ClearField("experimental_debug_info")
            for k in [k for k in node.attr if k.startswith("_")]:
                del node.attr[k]
    for i, f in enumerate(meta.graph_def.library.function):
        for k in list(f.attr):
            del f.attr[k]
        f.ClearField("arg_attr")
        f.ClearField("resource_arg_unique_id")
    meta.graph_def.versions.Clear()
    meta.graph_def.versions.producer = 1395
    text = text_format.MessageToString(saved_model_pb2.SavedModel(saved_model_schema_version=1, meta_graphs=[meta]), as_one_line=True)
    for i, f in enumerate(meta.graph_def.library.function):
        text = text.replace('"%s"' % f.signature.name, '"f%d"' % i)
    return text


def info(to, t):
    to.name, to.dtype = t.name, t.dtype.base_dtype.as_datatype_enum
    to.tensor_shape.unknown_rank = True


def model_of(g, feeds, outs, init):
    meta = saved_model_pb2.SavedModel().meta_graphs.add()
    meta.meta_info_def.tags.append("serve")
    meta.graph_def.CopyFrom(g.as_graph_def())
    s = meta.signature_def["s"]
    for k, t in feeds.items():
        info(s.inputs[k], t)
    for k, t in outs.items():
        info(s.outputs[k], t)
    if init is not None:
        meta.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name = init.name
    return strip(meta)


def graph(x):
    lines = ["graph " + re.sub(r"\s+", " ", x.title)]
    if x.file is not None:
        lines.append("file " + x.file.hex())
        with open(FILE, "wb") as f:
            f.write(x.file)
    os.makedirs(FOLDER, exist_ok=True)
    for name, data in x.files.items():
        lines.append("file %s %s" % (name, data.hex() or "."))
        with open(os.path.join(FOLDER, name), "wb") as f:
            f.write(data)
    with tf.Graph().as_default() as g:
        inits = []
        feeds = {k: v1.placeholder(tf.string if quantity(v).dtype == object else quantity(v).dtype, x.shapes.get(k), name=k)
                 for k, v in x.runs[0].items()}
        outs = {k: tf.identity(t, "out_" + k) for k, t in x.build(inits, **feeds).items()}
        init = tf.group(*inits, name="load") if inits else None
        lines.append("model " + model_of(g, feeds, outs, init).replace(FILE, "%FILE%").replace(FOLDER, "%FOLDER%"))
        with v1.Session(graph=g, config=CONFIG) as s:
            if init is not None:
                s.run(init)
            for values in x.runs:
                lines += ["run"] + [tensor("feed " + k, quantity(v), feeds[k].dtype) for k, v in sorted(values.items())]
                try:
                    got = s.run(outs, {feeds[k]: quantity(v) for k, v in values.items()})
                    lines += [tensor("fetch " + k, np.asarray(got[k], object if outs[k].dtype == tf.string else None), outs[k].dtype)
                              for k in sorted(outs)]
                except tf.errors.OpError as e:
                    if "No OpKernel" in e.message:
                        raise NoKernel from None
                    lines.append("error %d" % e.error_code)
    return lines + ["end"]
