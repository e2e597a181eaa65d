# SPDX-License-Identifier: Apache-2.0
"""Ops of TensorFlow Decision Forests: models of a few nodes, written node by node, asked with rows of all kinds."""
import struct

import numpy as np
import tensorflow as tf
from tensorflow_decision_forests.tensorflow.ops.inference import op as _inference  # noqa: F401, has the ops
from tensorflow.python.framework import op_def_library, op_def_registry
from yggdrasil_decision_forests.dataset import data_spec_pb2
from yggdrasil_decision_forests.model import abstract_model_pb2
from yggdrasil_decision_forests.model.decision_tree import decision_tree_pb2
from yggdrasil_decision_forests.model.gradient_boosted_trees import gradient_boosted_trees_pb2
from yggdrasil_decision_forests.model.isolation_forest import isolation_forest_pb2
from yggdrasil_decision_forests.model.random_forest import random_forest_pb2

from golden_values import rng
from golden_writer import FOLDER, Graph

Loss, Task, Type = gradient_boosted_trees_pb2, abstract_model_pb2, data_spec_pb2
NAN = float("nan")
BANKS = {Type.NUMERICAL: "numbers", Type.DISCRETIZED_NUMERICAL: "numbers", Type.BOOLEAN: "flags", Type.CATEGORICAL: "categories", Type.CATEGORICAL_SET: "sets"}


def _op(name, **args):
    d = op_def_registry.get(name)
    return op_def_library.apply_op(name, **{**{a.name: None for a in d.attr if a.HasField("default_value")}, **args})


# ---------------------------------------------------------------- columns

def number(mean=0.5):
    return dict(type=Type.NUMERICAL, numerical=dict(mean=mean))


def discrete(*boundaries, mean=0.5):
    return dict(type=Type.DISCRETIZED_NUMERICAL, numerical=dict(mean=mean), discretized_numerical=dict(boundaries=boundaries))


def flag(true=3, false=2):
    return dict(type=Type.BOOLEAN, boolean=dict(count_true=true, count_false=false))


def category(n, usual=1, words=None, kind=Type.CATEGORICAL):
    spec = dict(number_of_unique_values=n, most_frequent_value=usual, is_already_integerized=words is None)
    if words:
        spec["items"] = {w: data_spec_pb2.CategoricalSpec.VocabValue(index=i, count=1) for i, w in enumerate(words)}
    return dict(type=kind, categorical=spec)


def category_set(n):
    return category(n, kind=Type.CATEGORICAL_SET)


# ---------------------------------------------------------------- nodes

def _ask(attribute, na, positive, negative, **condition):
    return dict(condition=dict(attribute=attribute, na_value=na, condition=condition)), negative, positive


def above(a, threshold, positive, negative, na=False):
    return _ask(a, na, positive, negative, higher_condition=dict(threshold=threshold))


def place_above(a, place, positive, negative, na=False):
    return _ask(a, na, positive, negative, discretized_higher_condition=dict(threshold=place))


def true(a, positive, negative, na=False):
    return _ask(a, na, positive, negative, true_value_condition={})


def missing(a, positive, negative):
    return _ask(a, False, positive, negative, na_condition={})


def among(a, elements, positive, negative, na=False):
    return _ask(a, na, positive, negative, contains_condition=dict(elements=elements))


def bits(a, n, elements, positive, negative, na=False):
    data = bytearray((n + 7) // 8)
    for e in elements:
        data[e // 8] |= 1 << e % 8
    return _ask(a, na, positive, negative, contains_bitmap_condition=dict(elements_bitmap=bytes(data)))


def slope(attributes, weights, threshold, positive, negative, na=False, replace=()):
    return _ask(attributes[0], na, positive, negative, oblique_condition=dict(attributes=attributes, weights=weights, threshold=threshold, na_replacements=replace))


def shares(*counts):
    return dict(classifier=dict(top_value=int(np.argmax(counts)), distribution=dict(counts=counts, sum=sum(counts))))


def effect(*values):
    return dict(uplift=dict(treatment_effect=values, sum_weights=1, sum_weights_per_treatment=[1] * (len(values) + 1),
                            sum_weights_per_treatment_and_outcome=[1] * (len(values) + 1), num_examples_per_treatment=[1] * (len(values) + 1)))


def examples(n):
    return dict(anomaly_detection=dict(num_examples_without_weight=n))


def _leaf(x):
    return dict(regressor=dict(top_value=x)) if isinstance(x, (int, float)) else x


def _blobs(trees):
    def walk(t):
        head, children = (t[0], t[1:]) if isinstance(t, tuple) else (_leaf(t), ())
        yield decision_tree_pb2.Node(**head).SerializeToString()
        for c in children:
            yield from walk(c)
    return [struct.pack("<I", len(b)) + b for t in trees for b in walk(t)]


# ---------------------------------------------------------------- models

class Forest:
    """Trees that ask columns[1:]; columns[0] is the label."""
    def __init__(self, kind, task, label, columns, trees, prefix="", shards=1, inputs=None, more=None, **header):
        self.columns = [label] + columns
        self.inputs = list(range(1, len(self.columns))) if inputs is None else inputs
        spec = data_spec_pb2.DataSpecification(columns=[dict(name="c%d" % i, **c) for i, c in enumerate(self.columns)])
        head = abstract_model_pb2.AbstractModel(name=kind, task=task, label_col_idx=0, input_features=self.inputs, **(more or {}))
        module = {"RANDOM_FOREST": random_forest_pb2, "GRADIENT_BOOSTED_TREES": gradient_boosted_trees_pb2, "ISOLATION_FOREST": isolation_forest_pb2}[kind]
        own = module.Header(num_node_shards=shards, num_trees=len(trees), node_format="BLOB_SEQUENCE", **header)
        blobs, cut = _blobs(trees), 2 if shards > 1 else None
        parts = [blobs[:cut]] + [blobs[cut:]] * (shards - 1)
        files = {"header.pb": head.SerializeToString(), "data_spec.pb": spec.SerializeToString(), kind.lower() + "_header.pb": own.SerializeToString(), "done": b""}
        files.update({"nodes-%05d-of-%05d" % (i, shards): b"BS\x01\0\0\0\0\0" + b"".join(p) for i, p in enumerate(parts)})
        self.prefix, self.files = prefix, {prefix + k: v for k, v in files.items()}

    def bank(self, name):
        return [self.columns[i] for i in self.inputs if BANKS[self.columns[i]["type"]] == name]

    def rows(self, n):
        """Rows with everything that features may be, some of it missing."""
        def numbers(c):
            x = np.where(rng.random(n) < 0.3, NAN, rng.integers(-8, 9, n) / 4).astype("float32")
            return np.where(rng.random(n) < 0.1, np.float32(np.inf) * rng.choice([-1, 1], n), x).astype("float32")

        def flags(c):
            return rng.choice([0, 1, NAN], n).astype("float32")  # others are true to some of TensorFlow's engines and false to others

        def categories(c):
            m = c["categorical"]["number_of_unique_values"]
            return rng.choice([-1, -1, -2, m, m + 70, -2**31, 2**31 - 1] + list(rng.integers(0, m, 12)), n).astype("int32")

        def bank(name, make, dtype):
            columns = [make(c) for c in self.bank(name)]
            return np.stack(columns, 1) if columns else np.zeros([0, 0], dtype)
        out = dict(numbers=bank("numbers", numbers, "float32"), flags=bank("flags", flags, "float32"), categories=bank("categories", categories, "int32"))
        return {**out, **self.sets(n)}

    def sets(self, n):
        values, ends = [], [0]
        for _ in range(n if self.bank("sets") else 0):
            for c in self.bank("sets"):
                m = c["categorical"]["number_of_unique_values"]
                items = [-1] if rng.random() < 0.2 else [-2, m + 3] if rng.random() < 0.1 else sorted(rng.integers(0, m, rng.integers(0, 5)))  # its slow engine wants order
                values += items
                ends.append(len(values))
        per_row = len(self.bank("sets"))
        return dict(items=np.array(values, "int32"), set_ends=np.array(ends, "int64") if per_row else np.zeros(1, "int64"),
                    row_ends=np.arange(n + 1, dtype="int64") * per_row if per_row else np.zeros(1, "int64"))


def boosted(loss, columns, trees, label=None, task=Task.REGRESSION, start=(0.25,), more=None, **header):
    return Forest("GRADIENT_BOOSTED_TREES", task, label or number(), columns, trees, loss=loss, initial_predictions=start, num_trees_per_iter=len(start),
                  more=more, **header)


def plain(columns, trees, **more):
    return boosted(Loss.SQUARED_ERROR, columns, trees, **more)


def random(columns, trees, task=Task.CLASSIFICATION, label=None, **header):
    return Forest("RANDOM_FOREST", task, label or category(3, words=["", "no", "yes"]), columns, trees, **header)


FEATURES = ("numerical_features", "boolean_features", "categorical_int_features", "categorical_set_int_features_values", "categorical_set_int_features_row_splits_dim_1",
            "categorical_set_int_features_row_splits_dim_2")
INPUTS = ("numbers", "flags", "categories", "items", "set_ends", "row_ends")


def ask(title, forest, *rows, outputs=1, leaves=True, container="", name="forest", **load):
    """The model's answers, and those of a second one that is loaded for leaves."""
    def build(inits, **feeds):
        features = {f: feeds[i] for f, i in zip(FEATURES, INPUTS)}
        model = _op("SimpleMLCreateModelResource", container=container, shared_name=name)
        path = tf.constant(FOLDER)
        inits.append(_op("SimpleMLLoadModelFromPathWithHandle", model_handle=model, path=path, file_prefix=forest.prefix, **load))
        got = _op("SimpleMLInferenceOpWithHandle", model_handle=model, dense_output_dim=outputs, **features)
        out = dict(answers=got[0], names=got[1])
        if leaves:
            second = _op("SimpleMLCreateModelResource", container=container, shared_name="leaves of " + name)
            inits.append(_op("SimpleMLLoadModelFromPathWithHandle", model_handle=second, path=tf.constant([FOLDER]), file_prefix=forest.prefix, output_types=["LEAVES"]))
            out["leaves"] = _op("SimpleMLInferenceLeafIndexOpWithHandle", model_handle=second, **features)
            out["slow"] = _op("SimpleMLInferenceOpWithHandle", model_handle=second, dense_output_dim=outputs, **features)[0]
        return out
    return Graph(title, build, *(rows or (forest.rows(40), forest.rows(1), forest.rows(0))), files=forest.files)


# ---------------------------------------------------------------- goldens

def forest_conditions():
    yield ask("numbers", plain([number(), number(-1)], [above(1, 0.5, above(2, -1, 1.0, 2.0, na=True), above(2, 0.25, 3.0, 4.0)), above(2, float("inf"), 10.0, above(1, -0.5, 20.0, 30.0, na=True))]))
    columns = [number(), discrete(-1, 0, 0.5, 1)]
    yield ask("discretized numbers", plain(columns, [place_above(2, 1, place_above(2, 3, 1.0, 2.0, na=True), 3.0, na=True), place_above(2, 4, 10.0, above(1, 0, 20.0, 30.0, na=True))]))
    yield ask("discretized numbers, otherwise where they are missing", random(columns, [place_above(2, 1, place_above(2, 3, 1.0, 2.0), 3.0), place_above(2, 4, 10.0, 30.0, na=True)], task=Task.REGRESSION, label=number()))
    yield ask("flags", plain([flag(), flag(1, 4)], [true(1, true(2, 1.0, 2.0), true(2, 3.0, 4.0), na=True), true(2, 10.0, 20.0)]))
    yield ask("categories", plain([category(40), category(3), category(5000)],
                                  [bits(1, 40, [0, 1, 5, 39], among(2, [0, 2], 1.0, 2.0), among(2, [1], 3.0, 4.0, na=True), na=True), among(3, [0, 17, 4999], 10.0, among(3, [], 20.0, 30.0)),
                                   among(3, [1, 100], 100.0, 200.0, na=True)]))
    yield ask("sets of categories", plain([category_set(6), category_set(3000), number()],
                                          [bits(1, 6, [0, 5], among(2, [2, 2999], 1.0, 2.0), 3.0), among(1, [1, 2], 10.0, among(2, list(range(0, 3000, 2)), 20.0, 30.0)), above(3, 0, 100.0, 200.0)]))
    yield ask("what is missing", plain([number(), flag(), category(4), discrete(0, 1)],
                                       [missing(1, missing(2, 1.0, 2.0), missing(3, 3.0, missing(4, 4.0, 5.0))), above(1, 0, missing(3, 10.0, 20.0), 30.0, na=True)]))
    yield ask("constants", plain([number()], [2.5, 4.0]), dict(numbers=np.zeros([3, 1], "float32"), flags=np.zeros([0, 0], "float32"), categories=np.zeros([0, 0], "int32"), items=np.zeros(0, "int32"),
                                                                set_ends=np.zeros(1, "int64"), row_ends=np.zeros(1, "int64")))


def forest_slopes():
    columns = [number(0.5), number(-0.75), category(4, usual=2), flag()]
    def each(a, b):
        return slope([1, 2], [1, -2], 0.5, slope([2], [3], 1, 1.0, 2.0, **a), slope([1, 2, 1], [1, 1, 0.5], -1, 3.0, above(1, 0.25, 4.0, 5.0, **b), **a))
    for title, a, b in (("means", dict(), dict(na=True)), ("otherwise below", dict(na=True), dict(na=False))):
        yield ask("slopes, " + title, plain(columns, [each(a, b)]))
    replaced = slope([1, 2], [1, -2], 0.5, slope([2], [3], 1, 1.0, 2.0, replace=[-2]), slope([1, 2], [1, 1], -1, 3.0, 4.0, replace=[2, 2]), replace=[-1, 1])
    yield ask("slopes, replaced", plain(columns, [replaced, slope([1, 2], [2, 1], 0, 10.0, bits(3, 4, [2], 20.0, true(4, 30.0, 40.0), na=False))]))
    yield ask("slopes, a number asked otherwise first", plain(columns, [above(1, 0.25, slope([2, 1], [1, 1], 0.1, 1.0, 2.0, na=True), 3.0), replaced]))
    yield ask("slopes, a category asked otherwise first", plain(columns, [bits(3, 4, [1, 2], slope([2, 1], [1, 1], 0.1, 1.0, 2.0, replace=[1, 0.25]), slope([1], [1], 0, 3.0, 4.0, na=True)), replaced]))
    yield ask("slopes, a flag asked otherwise first", plain(columns, [true(4, slope([2, 1], [1, 1], 0.1, 1.0, 2.0), 3.0), slope([1], [1], 0, 10.0, 20.0, na=True)]))
    yield ask("slopes, asked as usual first", plain(columns, [true(4, bits(3, 4, [0, 2], slope([2, 1], [1, 1], 0.1, 1.0, 2.0), 3.0, na=True), among(3, [1], 4.0, 5.0), na=True)]))


def _three(*leaves):
    return above(1, 0, above(2, 1, leaves[0], leaves[1]), leaves[2], na=True)


def forest_answers():
    columns, two = [number(), number(1)], category(3, words=["", "no", "yes sir"])
    votes = [_three(shares(0, 3, 1), shares(0, 1, 3), shares(0, 2, 1)), _three(shares(0, 0, 5), shares(0, 4, 1), shares(0, 1, 7)), _three(shares(0, 1, 9), shares(0, 5, 4), shares(0, 2, 1))]
    yield ask("winners of two", random(columns, votes, label=two, winner_take_all_inference=True), outputs=2)
    yield ask("shares of two", random(columns, votes, label=two, winner_take_all_inference=False), outputs=2, name="second", container="c")
    many = category(5, words=["", "a", "b", "", "d"])
    votes = [_three(shares(0, 3, 1, 0, 2), shares(0, 1, 3, 9, 1), shares(0, 2, 1, 0, 4)), _three(shares(0, 0, 5, 5, 0), shares(0, 4, 1, 1, 0), shares(0, 1, 7, 0, 1))]
    yield ask("winners of many", random(columns, votes, label=many), outputs=4)
    yield ask("shares of many", random(columns, votes, label=category(5), winner_take_all_inference=False), outputs=4)
    yield ask("a mean", random(columns, [_three(1.5, 2.5, 4.0), _three(1e5, 1e-5, -3.0), 7.0], label=number(), task=Task.REGRESSION))
    for task in (Task.CATEGORICAL_UPLIFT, Task.NUMERICAL_UPLIFT):
        yield ask("effects, task %d" % task, random(columns + [category(3)], [_three(effect(0.5), effect(-0.25), effect(1.0)), _three(effect(1.5), effect(0.0), effect(0.125))], inputs=[1, 2], task=task,
                                                    label=category(3) if task == Task.CATEGORICAL_UPLIFT else number(), more=dict(uplift_treatment_col_idx=3)))
    trees = [_three(1.0, -2.0, 0.5), _three(0.75, 0.25, -0.125)]
    for loss in (Loss.BINOMIAL_LOG_LIKELIHOOD, Loss.BINARY_FOCAL_LOSS):
        yield ask("two classes, loss %d" % loss, boosted(loss, columns, trees, label=two, task=Task.CLASSIFICATION), outputs=2, allow_slow_inference=False)
    yield ask("a logit", boosted(Loss.BINOMIAL_LOG_LIKELIHOOD, columns, trees, label=two, task=Task.CLASSIFICATION, more=dict(classification_outputs_probabilities=False), output_logits=True), leaves=False)
    trees += [_three(-1.0, 2.0, 3.0), _three(0.5, -0.5, 9.0), _three(1.0, 1.5, -2.0), _three(0.0, 0.125, 0.25)]
    multi = dict(label=category(4, words=["", "x", "y", "z"]), task=Task.CLASSIFICATION, start=(0.0, 0.5, -0.5))
    yield ask("three classes", boosted(Loss.MULTINOMIAL_LOG_LIKELIHOOD, columns, trees, **multi), outputs=3)
    yield ask("three logits", boosted(Loss.MULTINOMIAL_LOG_LIKELIHOOD, columns, trees, more=dict(classification_outputs_probabilities=False), output_logits=True, **multi), outputs=3, leaves=False)
    yield ask("rates", boosted(Loss.POISSON, columns, [_three(1.0, -30.0, 25.0), _three(0.5, 0.5, 0.25)]))
    yield ask("absolute errors", boosted(Loss.MEAN_AVERAGE_ERROR, columns, trees))
    for loss in (Loss.LAMBDA_MART_NDCG5, Loss.LAMBDA_MART_NDCG, Loss.XE_NDCG_MART, Loss.SQUARED_ERROR):
        yield ask("relevance, loss %d" % loss, boosted(loss, columns, trees, task=Task.RANKING, more=dict(ranking_group_col_idx=2)))
    isolated = [_three(examples(1), examples(5), examples(2)), above(2, 0.5, examples(30), examples(3))]
    yield ask("isolation", Forest("ISOLATION_FOREST", Task.ANOMALY_DETECTION, number(), columns, isolated, num_examples_per_trees=40), leaves=False)
    yield ask("files with a prefix", boosted(Loss.SQUARED_ERROR, columns, trees, prefix="p_", shards=2))


def forest_names():
    """Models without a handle."""
    for identifier in ("one", "two"):
        forest = plain([number(), number(1)], [_three(1.0, 2.0, 3.0)])

        def build(inits, **feeds):
            inits.append(_op("SimpleMLLoadModelFromPath", path=tf.constant(FOLDER), model_identifier=identifier))
            got = _op("SimpleMLInferenceOp", model_identifier=identifier, dense_output_dim=1, **{f: feeds[i] for f, i in zip(FEATURES, INPUTS)})
            return dict(answers=got[0], names=got[1])
        yield Graph("by name, " + identifier, build, forest.rows(9), forest.rows(1), files=forest.files)
    forest = random([number(), number(1)], [_three(shares(0, 3, 1), shares(0, 1, 3), shares(0, 2, 1))])

    def build_two(inits, **feeds):
        inits.append(_op("SimpleMLLoadModelFromPath", path=tf.constant(FOLDER), model_identifier="m"))
        return dict(answers=_op("SimpleMLInferenceOp", model_identifier="m", dense_output_dim=2, **{f: feeds[i] for f, i in zip(FEATURES, INPUTS)})[0])
    yield Graph("by name, two outputs", build_two, forest.rows(5), files=forest.files)


def forest_mistakes():
    forest = plain([number(), number(1), category(4)], [above(1, 0, bits(3, 4, [1], 1.0, 2.0), 3.0)])
    good = forest.rows(4)
    yield ask("other outputs than it has", forest, good, outputs=2, leaves=False)
    wrong = [dict(numbers=good["numbers"][:, :1]), dict(numbers=np.zeros([4, 3], "float32")), dict(categories=good["categories"][:2]), dict(categories=np.zeros([4, 0], "int32")), dict(flags=np.zeros([4, 1], "float32")),
             dict(flags=np.zeros([3, 0], "float32")), dict(row_ends=np.zeros(3, "int64"))]
    yield ask("banks that do not fit", forest, good, *[{**good, **w} for w in wrong], leaves=False)
    yield ask("banks without columns", forest, {**good, "flags": np.zeros([4, 0], "float32"), "row_ends": np.zeros(5, "int64")}, leaves=False)
    sets = plain([category_set(6), number()], [bits(1, 6, [0, 5], 1.0, above(2, 0, 2.0, 3.0))])
    good = sets.rows(3)
    yield ask("sets that do not fit", sets, good, {**good, "row_ends": good["row_ends"] + 1}, {**good, "set_ends": good["set_ends"][:2]}, leaves=False)
