#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--mixed_precision=bfloat16: answers that are near, and the same as ever where the CPU or the layer has nothing to gain."""
import os
import pathlib
import tempfile
import unittest
from unittest import mock

import numpy as np

import graphs
import harness

DEPTH, WIDTH, ROWS = 256, 512, 24


def net(seed):
    """A large product and a small one."""
    random = np.random.default_rng(seed)
    g = graphs.Graph().placeholder("x", "float32")
    g.constant("w", random.normal(0, 1, (DEPTH, WIDTH)).astype(np.float32))
    g.constant("v", random.normal(0, 1, (DEPTH, 3)).astype(np.float32))
    g.node("y", "MatMul", ["x", "w"], "float32").node("z", "MatMul", ["x", "v"], "float32")
    return g.signature("serving_default", {"x": "float32"}, {"y": "y", "z": "z"})


class Bfloat16(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        graphs.save(folder / "net" / "1", net(1))
        self.models = {"net": folder / "net"}

    def answers(self, *flags, **environment):
        x = np.random.default_rng(2).normal(0, 1, (ROWS, DEPTH)).astype(np.float32)
        environment["LSAN_OPTIONS"] = "detect_leaks=0"  # gcc 12's dies of the registers of a thread that used AMX
        with mock.patch.dict(os.environ, environment), harness.Server(self.models, flags) as server:
            return server.predict("net", {"x": x}), server.log_text()

    def test_answers(self):
        exact, _ = self.answers()
        near, log = self.answers("--mixed_precision=bfloat16")
        has_it = "type=bfloat16 arithmetic=bfloat16" in log
        self.assertIn("event=mixed_precision type=bfloat16 arithmetic=", log)
        error = np.abs(near["y"] - exact["y"]).max() / np.abs(exact["y"]).max()
        self.assertLess(error, 2e-2)
        self.assertEqual(error > 1e-5, has_it)  # that it was used
        np.testing.assert_array_equal(near["z"], exact["z"])  # small heads stay as they are

    def test_without_the_instructions(self):
        exact, _ = self.answers(TENSORD_CPU="avx2")
        same, log = self.answers("--mixed_precision=bfloat16", TENSORD_CPU="avx2")
        self.assertIn('event=mixed_precision type=bfloat16 arithmetic=float why="the CPU has no AMX"', log)
        np.testing.assert_array_equal(same["y"], exact["y"])


class Others(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}
    flags = ("--mixed_precision=float8",)

    def test_other_words(self):
        """As TensorFlow Serving: a warning."""
        self.assertIn('level=warning room=serve event=mixed_precision type="float8" why="there is bfloat16"',
                      self.server.log_text())
        self.assertEqual(self.server.post("half_plus_two:predict", {"instances": [1.0]}).json, {"predictions": [2.5]})


if __name__ == "__main__":
    unittest.main()
