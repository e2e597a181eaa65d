#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lookup tables that a model's init op fills from a vocabulary file: right ids, and files that must not load."""
import pathlib
import tempfile
import unittest

import numpy as np

import graphs
import harness


def model(vocabulary, offset=0, size=-1):
    """w -> id: lines of the file to their numbers; size: how many there are."""
    graph = graphs.Graph().placeholder("w", "string").constant("none", np.int64(-1))
    graph.node("name", "Const", dtype="string", value=np.array(str(vocabulary).encode(), object))
    graph.node("table", "HashTableV2", key_dtype="string", value_dtype="int64", shared_name=b"words")
    graph.node("init", "InitializeTableFromTextFileV2", ["table", "name"], key_index=-2, value_index=-1, vocab_size=size,
               offset=offset)
    graph.node("find", "LookupTableFindV2", ["table", "w", "none"], Tin="string", Tout="int64")
    graph.node("count", "LookupTableSizeV2", ["table"])
    graph.dtypes.update(find="int64", count="int64")
    graph.meta.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name = "init"
    return graph.signature("serving_default", {"w": "string"}, {"id": "find", "size": "count"})


class Tables(unittest.TestCase):
    def serve(self, text, **options):
        base = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (base / "words.txt").write_text(text)
        graphs.save(base / "m" / "1", model(base / "words.txt", **options))
        return self.enterContext(harness.Server({"m": base / "m"}, ["--max_num_load_retries=0"], wait=False))

    def test_offset_is_added_to_the_line_number(self):
        server = self.serve("red\ngreen\nblue\n", offset=5)
        server.wait_ready()
        reply = server.post("m:predict", {"inputs": ["red", "blue", "pink"]})
        self.assertEqual(reply.json["outputs"], {"id": [5, 7, -1], "size": 3})

    def refused(self, text, why, **options):
        server = self.serve(text, **options)

        def ended():
            try:
                status = server.get("m").json.get("model_version_status")
            except OSError:  # it has only just started
                return None
            return status and status[0]["state"] == "END" and status[0]["status"]["error_message"]

        self.assertIn(why, harness.until(ended, "the failed load"))

    def test_one_key_with_two_values(self):
        self.refused("a\nb\nb\n", "HashTable has different value for same key. Key b has 1 and trying to add value 2")

    def test_fewer_lines_than_asked_for(self):
        self.refused("a\nb\n", "Invalid vocab_size in ", size=9)


if __name__ == "__main__":
    unittest.main()
