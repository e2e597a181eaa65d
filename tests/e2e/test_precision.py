#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--precision: answers of weights in fewer bits, against the same arithmetic in numpy; floats stay what they are, bit by bit."""
import pathlib
import signal
import subprocess
import tempfile
import unittest

import numpy as np

import graphs
import harness

DEPTH, WIDTH, ROWS = 256, 130, 24


def net(seed=1):
    """A large product with a bias and a ReLU, and a small one, which stays of floats."""
    random = np.random.default_rng(seed)
    g = graphs.Graph().placeholder("x", "float32")
    g.constant("w", random.normal(0, 1, (DEPTH, WIDTH)).astype(np.float32))
    g.constant("b", random.normal(0, 1, WIDTH).astype(np.float32))
    g.constant("v", random.normal(0, 1, (DEPTH, 3)).astype(np.float32))
    g.node("m", "MatMul", ["x", "w"], "float32").node("n", "BiasAdd", ["m", "b"], "float32")
    g.node("y", "Relu", ["n"], "float32").node("z", "MatMul", ["x", "v"], "float32")
    return g.signature("serving_default", {"x": "float32"}, {"y": "y", "z": "z"}, shape=[-1, DEPTH])


def steps(x, axis):
    scale = np.abs(x).max(axis=axis, keepdims=True) / np.float32(127)
    return np.rint(x / scale).clip(-127, 127), scale


def want_int8(x, seed=1):
    random = np.random.default_rng(seed)
    w = random.normal(0, 1, (DEPTH, WIDTH)).astype(np.float32)
    b = random.normal(0, 1, WIDTH).astype(np.float32)
    (sx, scale_x), (sw, scale_w) = steps(x, 1), steps(w, 0)
    return np.maximum(sx @ sw * scale_x * scale_w + b, 0)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        graphs.save(self.folder / "net" / "1", net())
        self.model = self.folder / "net"
        self.x = np.random.default_rng(2).normal(0, 1, (ROWS, DEPTH)).astype(np.float32)

    def server(self, models, *flags):
        return harness.Server(models, flags)

    def answer(self, server, name="net"):
        return server.predict(name, {"x": self.x})

    def assert_steps(self, near, exact):
        """A step that falls on the other side of a half may differ."""
        np.testing.assert_allclose(near["y"], want_int8(self.x), rtol=1e-4, atol=0.1)
        error = np.abs(near["y"] - exact["y"]).max() / np.abs(exact["y"]).max()
        self.assertLess(error, 2e-2)
        self.assertGreater(error, 1e-4)  # that it was used
        np.testing.assert_array_equal(near["z"], exact["z"])  # small heads stay as they are


class Flags(Case):
    def test_answers(self):
        with self.server({"net": self.model}) as server:
            exact = self.answer(server)
        with self.server({"net": self.model}, "--precision=int8") as server:
            self.assert_steps(self.answer(server), exact)
            self.assertIn("event=precision precision=int8", server.log_text())
        for precision, most, least in (("fp16", 2e-3, 1e-6), ("int4", 0.3, 1e-2)):
            with self.server({"net": self.model}, f"--precision={precision}") as server:
                near = self.answer(server)
                error = np.abs(near["y"] - exact["y"]).max() / np.abs(exact["y"]).max()
                self.assertTrue(least < error < most, f"{precision}: {error}")
                np.testing.assert_array_equal(near["z"], exact["z"])
        with self.server({"net": self.model}, "--precision=fp32") as server:
            same = self.answer(server)
            self.assertNotIn("event=precision", server.log_text())
        np.testing.assert_array_equal(same["y"], exact["y"])

    def test_unknown(self):
        for verb in (["serve", f"--model_base_path={self.model}"], ["run", str(self.model / "1")], ["bench", str(self.model / "1")]):
            done = subprocess.run([harness.BINARY, *verb, "--precision=float8"], capture_output=True, text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn('precision is "float8"; there are fp32, bf16, ', done.stdout + done.stderr)


class Models(Case):
    def test_beside_each_other(self):
        """The same files in two precisions; also from packed weights, which are kept apart."""
        models = {"wide": self.model, "narrow": (self.model, 'precision: "int8"'), "half": (self.model, 'mixed_precision: "float32"')}
        for flags in ([], [f"--plan_cache_dir={self.folder}/cache"], [f"--plan_cache_dir={self.folder}/cache"]):
            with self.server(models, *flags) as server:
                exact = self.answer(server, "wide")
                self.assert_steps(self.answer(server, "narrow"), exact)
                np.testing.assert_array_equal(self.answer(server, "half")["y"], exact["y"])
                self.assertIn("event=precision model=narrow precision=int8", server.log_text())
                if flags:
                    harness.until(lambda: server.log_text().count("event=plan_cache_") >= 2, "both in the cache")

    def change(self, server, **models):
        server.config.write_text(harness.model_config(models))
        server.tell(signal.SIGHUP)

    def test_changes_while_it_serves(self):
        with self.server({"net": self.model}) as server:
            exact = self.answer(server)
            self.change(server, net=(self.model, 'precision: "int8"'))
            harness.until(lambda: "event=reloaded model=net version=1" in server.log_text(), "the other precision")
            self.assertIn("event=reloading model=net version=1 precision=int8", server.log_text())
            self.assert_steps(self.answer(server), exact)

    def test_wrong_words(self):
        with self.server({"net": self.model}) as server:
            for words, wrong in (('precision: "float8"', 'precision of model net is "float8"; there are fp32, bf16, '),
                                 ('precision: "int8" mixed_precision: "bfloat16"',
                                  "precision of model net is int8, and its mixed_precision bfloat16")):
                self.change(server, net=(self.model, words))
                harness.until(lambda: wrong in server.log_text().replace('\\"', '"'), "the error")
                self.answer(server)  # nothing has changed


if __name__ == "__main__":
    unittest.main()
