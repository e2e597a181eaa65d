#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What real exports hold beyond a plain graph: files beside the graph, training in it."""
import pathlib
import tempfile
import unittest

import numpy as np

import graphs
import harness

F = "float32"


def vocabulary_model(words):
    """Ids of words by a table that the init op fills from an asset, whose path TF2 leaves as a Placeholder."""
    graph = graphs.Graph().placeholder("word", "string").asset("path", "words.txt", words)
    graph.node("table", "HashTableV2", key_dtype="string", value_dtype="int64", shared_name=b"words")
    graph.node("fill", "InitializeTableFromTextFileV2", ["table", "path"], key_index=-2, value_index=-1)
    graph.node("init", "NoOp", ["^fill"]).init("init")
    graph.constant("none", -1)
    graph.node("id", "LookupTableFindV2", ["table", "word", "none"], Tin="string", Tout="int64", dtype="int64")
    graph.node("file", "Identity", ["path"], "string")
    graph.signature("serving_default", {"word": "string"}, {"id": "id"}, shape=[-1])
    return graph.signature("where", {"word": "string"}, {"path": "file"}, shape=[-1])


def training_graph():
    """TF1's batch normalisation in small: under `training`, which is false unless it is fed, a reference variable changes."""
    graph = graphs.Graph().placeholder("x", F).constant("no", np.bool_(False)).constant("five", np.float32(5))
    graph.node("v", "VariableV2", dtype=F, shape=graphs.Shape()).node("set", "Assign", ["v", "five"], F)
    graph.node("init", "NoOp", ["^set"]).init("init").node("v/read", "Identity", ["v"], F)
    graph.node("training", "PlaceholderWithDefault", ["no"], dtype="bool", shape=graphs.Shape())
    graph.node("pred", "Identity", ["training"], "bool").constant("one", np.float32(1))
    graph.node("one/Switch", "Switch", ["one", "pred"], F).node("v/Switch", "RefSwitch", ["v", "pred"], F)
    graph.node("less", "AssignSub", ["v/Switch:1", "one/Switch:1"], F)
    graph.node("x/Switch", "Switch", ["x", "pred"], F).node("trained", "Neg", ["x/Switch:1"], F)
    graph.node_defs[-1].input.append("^less")
    graph.node("served", "Identity", ["x/Switch"], F).node("y", "Merge", ["served", "trained"], F, N=2)
    graph.node("sum", "AddV2", ["x", "v/read"], F)
    graph.signature("serving_default", {"x": F}, {"y": "y"}).signature("get", {"x": F}, {"y": "sum"})
    return graph.signature("train", {"x": F, "training": "bool"}, {"y": "y"})


class TrainingGraphs(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        graphs.save(folder / "old" / "1", training_graph())
        cls.models = {"old": folder / "old"}
        super().setUpClass()

    def ask(self, signature, **inputs):
        reply = self.server.post("old:predict", {"signature_name": signature, "inputs": inputs})
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json["outputs"]

    def test_a_reference_changes_only_in_the_branch_that_is_taken(self):
        self.assertEqual(self.ask("serving_default", x=1.0), 1.0)
        self.assertEqual(self.ask("train", x=1.0, training=False), 1.0)
        self.assertEqual(self.ask("get", x=0.0), 5.0)
        self.assertEqual(self.ask("train", x=1.0, training=True), -1.0)
        self.assertEqual(self.ask("get", x=0.0), 4.0)


class Assets(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        graphs.save(cls.folder / "words" / "1", vocabulary_model(b"red\ngreen\nblue\n"))
        cls.models = {"words": cls.folder / "words"}
        super().setUpClass()

    def test_a_vocabulary_behind_a_placeholder(self):
        reply = self.server.post("words:predict", {"instances": ["red", "blue", "pink"]})
        self.assertEqual(reply.json, {"predictions": [0, 2, -1]})

    def test_a_signature_sees_the_path(self):
        reply = self.server.post("words:predict", {"signature_name": "where", "inputs": ["red"]})
        self.assertEqual(reply.json, {"outputs": str(self.folder / "words" / "1" / "assets" / "words.txt")})


if __name__ == "__main__":
    unittest.main()
