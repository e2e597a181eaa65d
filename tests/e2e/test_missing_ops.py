#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ops that tensord lacks: where no answer needs them nobody notices; where one does, that signature says which."""
import pathlib
import tempfile
import unittest

import numpy as np

import graphs
import harness
from graphs import Func

F = "float32"
BRANCHES = {"then_branch": Func("lacking"), "else_branch": Func("double")}


def call(graph, name, function, inputs, types, op="StatefulPartitionedCall"):
    """A call of a function with one float result."""
    return graph.node(name, op, inputs, Tin=types, Tout=[F], f=Func(function), dtype=F)


def branches(graph):
    """Functions of one float: `double` is 2 x, `lacking` needs an op that does not exist."""
    double = graph.function("double", {"x": F}, {"y": (F, "sum:z:0")})
    double.node("sum", "AddV2", ["x", "x"], F)
    lacking = graph.function("lacking", {"x": F}, {"y": (F, "odd:out:0")})
    lacking.node("odd", "NoSuchOp", ["x"])
    return graph


def served(graph, y="y"):
    return graph.signature("serving_default", {"x": F}, {"y": y}, shape=[-1])


def unused_nodes():
    """In a body: nodes that neither a result nor a control result needs, stateful ones among them."""
    graph = graphs.Graph().placeholder("x", F)
    body = graph.function("f", {"x": F}, {"y": (F, "sum:z:0")}, ["print"])
    body.constant("two", np.float32(2)).node("sum", "Mul", ["x", "two:output:0"], F).node("print", "NoOp", ["^sum"])
    body.node("noise", "NoSuchRandomOp", ["x"]).node("more", "NoSuchOp", ["noise:output:0", "^print"])
    body.node("dead_call", "StatefulPartitionedCall", ["more:a:1"], Tin=[F], Tout=[F], f=Func("no_such_function"))
    return served(call(graph, "y", "f", ["x"], [F]))


def constant_condition(op="StatelessIf", condition=np.bool_(False)):
    graph = branches(graphs.Graph()).placeholder("x", F).constant("cond", condition)
    return served(graph.node("y", op, ["cond", "x"], Tcond=graphs.dtype_name(condition), Tin=[F], Tout=[F], dtype=F,
                             **BRANCHES))


def constant_case(index):
    graph = branches(graphs.Graph()).placeholder("x", F).constant("index", np.int32(index))
    functions = [Func("double" if i == min(index, 2) % 3 else "lacking") for i in range(3)]
    return served(graph.node("y", "Case", ["index", "x"], Tin=[F], Tout=[F], branches=functions, dtype=F))


def condition_by_argument():
    """The constant goes through two calls; the branch that it takes holds another conditional."""
    graph = branches(graphs.Graph()).placeholder("x", F).constant("no", np.bool_(False))
    outer = graph.function("outer", {"x": F, "training": "bool"}, {"y": (F, "if:output:0")})
    outer.node("serving", "LogicalNot", ["training"])
    outer.node("if", "If", ["serving:y:0", "x", "training"], Tcond="bool", Tin=[F, "bool"], Tout=[F],
               then_branch=Func("inner"), else_branch=Func("lacking2"))
    inner = graph.function("inner", {"x": F, "training": "bool"}, {"y": (F, "if:output:0")})
    inner.node("if", "StatelessIf", ["training", "x"], Tcond="bool", Tin=[F], Tout=[F], **BRANCHES)
    lacking = graph.function("lacking2", {"x": F, "training": "bool"}, {"y": (F, "odd:out:0")})
    lacking.node("odd", "NoSuchOp", ["x"])
    return served(call(graph, "y", "outer", ["x", "no"], [F, "bool"]))


def condition_in_a_loop():
    """Three rounds of doubling; what the loop hands through says that it is not training."""
    graph = branches(graphs.Graph()).placeholder("x", F).constant("no", np.bool_(False)).constant("zero", np.int32(0))
    types = {"i": "int32", "x": F, "training": "bool"}
    test = graph.function("test", types, {"go": ("bool", "less:z:0")})
    test.constant("end", np.int32(3)).node("less", "Less", ["i", "end:output:0"], "int32")
    body = graph.function("body", types, {"i": ("int32", "next:z:0"), "x": (F, "if:output:0"),
                                          "training": ("bool", "training")})
    body.constant("one", np.int32(1)).node("next", "AddV2", ["i", "one:output:0"], "int32")
    body.node("if", "StatelessIf", ["training", "x"], Tcond="bool", Tin=[F], Tout=[F], **BRANCHES)
    graph.node("loop", "StatelessWhile", ["zero", "x", "no"], ["int32", F, "bool"], cond=Func("test"), body=Func("body"))
    return served(graph.node("y", "Identity", ["loop:1"], F))


def old_condition(predicate, nested=False):
    """TF1's Switch and Merge; the dead branch has constants of its own, an op that is missing, and a user of it."""
    graph = graphs.Graph().placeholder("x", F)
    graph.constant("pred", np.bool_(predicate)).node("switch", "Switch", ["x", "pred"], F)
    live, dead = ("switch:1", "switch:0") if predicate else ("switch", "switch:1")
    graph.node("pivot", "Identity", [dead], F).constant("seed", np.float32(1))
    graph.node_defs[-1].input.append("^pivot")
    graph.node("odd", "NoSuchOp", ["pivot", "seed"]).node("after", "AddV2", ["odd", "seed"], F)
    if nested:  # the dead branch ends in a conditional of its own
        graph.node("inner", "Switch", ["after", "pred"], F).node("a", "Neg", ["inner"], F)
        graph.node("b", "Identity", ["inner:1"], F).node("after2", "Merge", ["a", "b"], F, N=2)
    graph.constant("two", np.float32(2)).node("twice", "Mul", [live, "two"], F)
    inputs = ["after2" if nested else "after", "twice"]
    return served(graph.node("merge", "Merge", inputs, F, N=2).node("y", "Identity", ["merge"], F))


def old_condition_with_both_alive():
    """A predicate that only the request has beside a constant one."""
    graph = old_condition(False)
    graph.placeholder("p", "bool").node("s", "Switch", ["y", "p"], F).node("minus", "Neg", ["s"], F)
    graph.node("m", "Merge", ["minus", "s:1"], F, N=2)
    return graph.signature("asked", {"x": F, "p": "bool"}, {"m": "m"})


def old_condition_in_another():
    """A constant predicate within a branch that the request chooses: constants there are tied to the branch."""
    graph = graphs.Graph().placeholder("x", F).placeholder("p", "bool").node("outer", "Switch", ["x", "p"], F)
    graph.node("pivot", "Identity", ["outer:1"], F).constant("no", np.bool_(False)).constant("two", np.float32(2))
    for node in graph.node_defs[-2:]:
        node.input.append("^pivot")
    graph.node("inner", "Switch", ["outer:1", "no"], F).node("odd", "NoSuchOp", ["inner:1"])
    graph.node("twice", "Mul", ["inner", "two"], F).node("merge", "Merge", ["twice", "odd"], F, N=2)
    graph.node("minus", "Neg", ["outer"], F).node("y", "Merge", ["minus", "merge"], F, N=2)
    return graph.signature("serving_default", {"x": F, "p": "bool"}, {"y": "y"})


def other_signature():
    graph = branches(graphs.Graph()).placeholder("x", F)
    call(graph, "y", "double", ["x"], [F])
    graph.node("first", "NoSuchOp", ["x"]).node("second", "OtherOp", ["first"], F)
    call(graph, "third", "lacking", ["second"], [F])
    return served(graph).signature("bad", {"x": F}, {"z": "third"}, shape=[-1])


def needed():
    """What must run for its effect, a condition of the request's with an op in its body, and a loop of TF1."""
    graph = branches(graphs.Graph()).placeholder("x", F).placeholder("p", "bool")
    body = graph.function("f", {"x": F}, {"y": (F, "x")}, ["check"])
    body.node("check", "NoSuchCheck", ["x"])
    call(graph, "checked", "f", ["x"], [F])
    graph.node("asked", "StatelessIf", ["p", "x"], Tcond="bool", Tin=[F], Tout=[F], dtype=F, **BRANCHES)
    graph.signature("checked", {"x": F}, {"y": "checked"})
    graph.signature("asked", {"x": F, "p": "bool"}, {"y": "asked"})
    graph.node("enter", "NoSuchEnter", ["x"], F).node("loop", "Merge", ["enter", "next"], F, N=2)
    graph.node("next", "NoSuchIteration", ["loop"], F)
    return graph.signature("old_loop", {"x": F}, {"y": "loop"})


def prepared():
    """An init op that fills a table, and does what only training wants; another table is filled by a missing op."""
    graph = graphs.Graph().placeholder("x", F).constant("two", np.float32(2)).node("y", "Mul", ["x", "two"], F)
    graph.placeholder("word", "string").constant("none", np.int64(-1))
    for name in ("good", "lost"):
        graph.node(name, "HashTableV2", key_dtype="string", value_dtype="int64", shared_name=name.encode())
        graph.node("id_" + name, "LookupTableFindV2", [name, "word", "none"], Tin="string", Tout="int64", dtype="int64")
        graph.signature(name, {"word": "string"}, {"id": "id_" + name}, shape=[-1])
    graph.constant("keys", np.array(["a", "b"])).constant("values", np.array([1, 2]))
    graph.node("fill", "LookupTableImportV2", ["good", "keys", "values"], Tin="string", Tout="int64")
    graph.node("iterator", "NoSuchIterator").node("start", "NoSuchStart", ["iterator", "keys"])
    graph.node("words", "NoSuchReader").node("fill_lost", "LookupTableImportV2", ["lost", "words", "values"],
                                             Tin="string", Tout="int64")
    graph.node("init", "NoOp", ["^fill", "^start", "^fill_lost"]).init("init")
    return served(graph)


SERVED = {"unused_nodes": unused_nodes(), "if_false": constant_condition(),
          "if_empty": constant_condition("If", np.zeros(0, np.float32)),
          "if_empty_text": constant_condition("If", np.array("")),
          "case_0": constant_case(0), "case_1": constant_case(1), "case_9": constant_case(9),
          "by_argument": condition_by_argument(), "switch_false": old_condition(False),
          "switch_true": old_condition(True), "switch_nested": old_condition(False, nested=True),
          "other_signature": other_signature(), "prepared": prepared(), "both": old_condition_with_both_alive()}


class MissingOps(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.models = {}
        more = {"loop": condition_in_a_loop(), "within": old_condition_in_another()}
        for name, graph in {**SERVED, **more}.items():
            graphs.save(cls.folder / name / "1", graph)
            cls.models[name] = cls.folder / name
        super().setUpClass()

    def predict(self, model, x, factor):
        reply = self.server.post(f"{model}:predict", {"instances": x})
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.json["predictions"], [factor * v for v in x])

    def test_where_no_answer_needs_them(self):
        for name in SERVED:
            with self.subTest(name):
                self.predict(name, [1.0, 2.5, -3.0], 2)

    def test_in_a_loop(self):
        self.predict("loop", [1.0, -3.0], 8)

    def test_a_condition_that_is_constant_beside_one_that_is_not(self):
        for p, want in ((True, 6.0), (False, -6.0)):
            reply = self.server.post("both:predict", {"signature_name": "asked", "inputs": {"x": 3.0, "p": p}})
            self.assertEqual(reply.json, {"outputs": want})

    def test_a_condition_that_is_constant_within_one_that_is_not(self):
        for p, want in ((True, 6.0), (False, -3.0)):
            self.assertEqual(self.server.post("within:predict", {"inputs": {"x": 3.0, "p": p}}).json, {"outputs": want})

    def test_a_signature_that_needs_them(self):
        reply = self.server.post("other_signature:predict", {"signature_name": "bad", "instances": [1.0]})
        self.assert_error(reply, 501, "Op type not registered", "NoSuchOp (node first)", "OtherOp (node second)")
        metadata = self.server.get("other_signature/metadata").json["metadata"]["signature_def"]["signature_def"]
        self.assertEqual(sorted(metadata), ["bad", "serving_default"])

    def test_init(self):
        body = {"signature_name": "good", "instances": ["b", "x", "a"]}
        self.assertEqual(self.server.post("prepared:predict", body).json, {"predictions": [2, -1, 1]})
        reply = self.server.post("prepared:predict", {"signature_name": "lost", "instances": ["b"]})
        self.assert_error(reply, 501, "Op type not registered", "NoSuchReader (node words)", "node lost")


class NothingToServe(harness.ServerTest):
    """A model of which no signature can be served is none."""

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        graphs.save(folder / "needed" / "1", needed())
        cls.server = harness.Server({"needed": folder / "needed"}, ["--max_num_load_retries=0"], wait=False)
        cls.enterClassContext(cls.server)

    def test_the_load_fails_and_names_all(self):
        harness.until(lambda: "NoSuch" in self.status(), "the load to fail")
        self.assertIn("Op type not registered", self.status())
        self.assertIn("NoSuchCheck (node check)", self.status())
        self.assertIn("NoSuchOp (node odd)", self.status())
        self.assertIn("NoSuchIteration (node next)", self.status())

    def status(self):
        try:
            return self.server.get("needed").body.decode()
        except OSError:
            return ""


if __name__ == "__main__":
    unittest.main()
