#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Versions that come, go and fail while the server is asked."""
import pathlib
import shutil
import tempfile
import unittest

import numpy as np

import graphs
import harness
import soak


class Versions(unittest.TestCase):
    def setUp(self):
        self.base = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "m"
        graphs.save(self.base / "1", graphs.affine(b=1))

    def start(self, more="", retries=0):
        flags = ["--file_system_poll_wait_seconds=1", f"--max_num_load_retries={retries}"]
        return self.enterContext(harness.Server({"m": (self.base, more)}, flags))

    def states(self, server):
        versions = server.get("m").json["model_version_status"]
        return {int(v["version"]): (v["state"], v["status"]["error_code"]) for v in versions}

    def answer(self, server, path="m"):
        return server.post(f"{path}:predict", {"instances": [0.0]}).json.get("predictions")

    def test_a_new_version_replaces_the_old_one(self):
        server = self.start()
        self.assertEqual(self.answer(server), [1.0])
        graphs.save(self.base / "2", graphs.affine(b=2))
        harness.until(lambda: self.answer(server) == [2.0], "version 2")
        harness.until(lambda: self.states(server) == {1: ("END", "OK"), 2: ("AVAILABLE", "OK")}, "the end of version 1")
        self.assertEqual(server.post("m/versions/1:predict", {"instances": [0.0]}).status, 404)

    def test_a_removed_version_gives_way(self):
        graphs.save(self.base / "2", graphs.affine(b=2))
        server = self.start()
        self.assertEqual(self.answer(server), [2.0])
        shutil.rmtree(self.base / "2")
        harness.until(lambda: self.answer(server) == [1.0], "version 1")

    def test_a_broken_version_changes_nothing(self):
        server = self.start()
        (self.base / "2").mkdir()
        (self.base / "2" / "saved_model.pb").write_bytes(b"\xff" * 100)
        harness.until(lambda: self.states(server).get(2, ("",))[0] == "END", "the failure of version 2")
        self.assertNotEqual(self.states(server)[2][1], "OK")
        self.assertEqual(self.answer(server), [1.0])
        graphs.save(self.base / "3", graphs.affine(b=3))
        harness.until(lambda: self.answer(server) == [3.0], "version 3")

    def test_a_damaged_version_shows_at_once_and_heals_when_its_files_change(self):
        server = self.start(retries=5)
        (self.base / "2").mkdir()
        (self.base / "2" / "saved_model.pb").write_bytes(b"\xff" * 100)
        harness.until(lambda: self.states(server).get(2) == ("END", "DATA_LOSS"), "the failure of version 2")
        graphs.save(self.base.parent / "whole", graphs.affine(b=2))
        shutil.copy(self.base.parent / "whole" / "saved_model.pb", self.base / "2")  # seen, not waited for
        harness.until(lambda: self.answer(server) == [2.0], "version 2")

    def test_a_load_beyond_its_limits_names_the_flag(self):
        server = self.enterContext(harness.Server({"m": self.base}, ["--max_load_nodes=50"]))
        graph = graphs.Graph().placeholder("x", "float32").node("y0", "Neg", ["x"], "float32")
        for i in range(50):
            graph.node(f"y{i + 1}", "Neg", [f"y{i}"], "float32")
        graphs.save(self.base / "2", graph.signature("serving_default", {"x": "float32"}, {"y": "y50"}))
        harness.until(lambda: self.states(server).get(2) == ("END", "INVALID_ARGUMENT"), "the failure of version 2")
        status = server.get("m/versions/2").json["model_version_status"][0]["status"]
        self.assertIn("loading takes more than 50 nodes (--max_load_nodes)", status["error_message"])
        self.assertEqual(self.answer(server), [1.0])

    def test_an_unknown_op_is_named(self):
        server = self.start()
        graph = graphs.Graph().placeholder("x", "float32").node("y", "NoSuchOp", ["x"], "float32")
        graphs.save(self.base / "2", graph.signature("serving_default", {"x": "float32"}, {"y": "y"}))
        harness.until(lambda: self.states(server).get(2, ("",))[0] == "END", "the failure of version 2")
        status = server.get("m/versions/2").json["model_version_status"][0]["status"]
        self.assertIn("NoSuchOp", status["error_message"])
        self.assertEqual(self.answer(server), [1.0])

    def test_labels_and_specific_versions(self):
        for version in (2, 3):
            graphs.save(self.base / str(version), graphs.affine(b=version))
        server = self.start("model_version_policy { specific { versions: 1 versions: 2 } } "
                            "version_labels { key: 'stable' value: 1 } version_labels { key: 'canary' value: 2 }")
        self.assertEqual(self.answer(server), [2.0])
        harness.until(lambda: self.answer(server, "m/labels/stable") == [1.0], "label stable")
        self.assertEqual(self.answer(server, "m/labels/canary"), [2.0])
        self.assertEqual(server.predict("m", {"x": np.float32([0])}, label="stable")["y"].tolist(), [1.0])

    def test_no_request_fails_while_versions_change(self):
        count, problems, _ = soak.soak(self.start(), self.base, seconds=6, clients=6, period=0.8)
        self.assertEqual(problems, [])
        self.assertGreater(count, 50)


unittest.main()
