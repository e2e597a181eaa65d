#!/usr/bin/env python3
"""What real exports hold beyond a plain graph: files beside the graph."""
import pathlib
import tempfile
import unittest

import graphs
import harness


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
