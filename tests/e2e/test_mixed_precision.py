#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--mixed_precision=bfloat16: answers that are near, and the same as ever where the CPU or the layer has nothing to gain."""
import json
import os
import pathlib
import signal
import subprocess
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
    # a shape, so that the load's warm-up can pack the weights
    return g.signature("serving_default", {"x": "float32"}, {"y": "y", "z": "z"}, shape=[-1, DEPTH])


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


class OfModels(unittest.TestCase):
    """mixed_precision of the model config file."""
    NARROW = 'mixed_precision: "bfloat16"'

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        graphs.save(self.folder / "net" / "1", net(1))
        self.x = np.random.default_rng(2).normal(0, 1, (ROWS, DEPTH)).astype(np.float32)
        self.environment = {"LSAN_OPTIONS": "detect_leaks=0"}

    def server(self, models, *flags):
        return harness.Server(models, flags, environment=self.environment)

    def answer(self, server, name="net"):
        return server.predict(name, {"x": self.x})["y"]

    def assert_narrow(self, server, near, exact):
        has_it = "type=bfloat16 arithmetic=bfloat16" in server.log_text()
        error = np.abs(near - exact).max() / np.abs(exact).max()
        self.assertLess(error, 2e-2)
        self.assertEqual(error > 1e-5, has_it)

    def check_two(self, *flags):
        net = self.folder / "net"
        with self.server({"wide": net, "narrow": (net, self.NARROW)}, *flags) as server:
            exact, near = self.answer(server, "wide"), self.answer(server, "narrow")
            self.assert_narrow(server, near, exact)
            log = server.log_text()
            self.assertIn("event=mixed_precision model=narrow type=bfloat16 arithmetic=", log)
            self.assertNotIn("event=mixed_precision model=wide", log)
            if flags:
                harness.until(lambda: server.log_text().count("event=plan_cache_") >= 2, "both in the cache")
            return exact, near

    def test_one_of_two(self):
        """The same files twice; also from packed weights, which are kept apart."""
        with tempfile.TemporaryDirectory() as cache:
            for flags in ([], [f"--plan_cache_dir={cache}"], [f"--plan_cache_dir={cache}"]):
                exact, near = self.check_two(*flags)
                with self.server({"net": self.folder / "net"}) as server:
                    np.testing.assert_array_equal(self.answer(server), exact)
                with self.server({"net": self.folder / "net"}, "--mixed_precision=bfloat16") as server:
                    np.testing.assert_array_equal(self.answer(server), near)

    def test_all_but_one(self):
        net = self.folder / "net"
        models = {"wide": (net, 'mixed_precision: "float32"'), "narrow": net}
        with self.server(models, "--mixed_precision=bfloat16") as server:
            self.assert_narrow(server, self.answer(server, "narrow"), self.answer(server, "wide"))

    def change(self, server, **models):
        server.config.write_text(harness.model_config(models))
        server.tell(signal.SIGHUP)

    def test_changes_while_it_serves(self):
        net = self.folder / "net"
        with self.server({"net": net}) as server:
            exact = self.answer(server)
            for i, (more, word) in enumerate(((self.NARROW, "bfloat16"), ("", "float32"))):
                self.change(server, net=(net, more))
                while server.log_text().count("event=reloaded model=net version=1") <= i:
                    self.answer(server)  # there is always one
                self.assertIn(f"event=reloading model=net version=1 mixed_precision={word}", server.log_text())
                answer = self.answer(server)
                if word == "bfloat16":
                    self.assert_narrow(server, answer, exact)
                else:
                    np.testing.assert_array_equal(answer, exact)
            harness.until(lambda: server.log_text().count("event=unloaded model=net") == 2, "what was before to go")
            page = server.http("GET", "/metrics").body.decode()
            self.assertRegex(page, r'tensord_model_ready\{[^}]*model="net"[^}]*\} 1')

    def test_wrong_words(self):
        net = self.folder / "net"
        wrong = 'mixed_precision of model net is "float8"; there are bfloat16 and float32'
        with self.server({"net": net}) as server:
            self.change(server, net=(net, 'mixed_precision: "float8"'))
            text = wrong.replace('"', '\\"')
            harness.until(lambda: text in server.log_text() or wrong in server.log_text(), "the error")
            self.answer(server)  # nothing has changed
        config = self.folder / "config"
        config.write_text(harness.model_config({"net": (net, 'mixed_precision: "float8"')}))
        done = subprocess.run([harness.BINARY, f"--model_config_file={config}"], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(wrong, done.stderr + done.stdout)


def narrow_net(dtype):
    """A product and a convolution whose own types are narrow, as Keras' mixed precision has them."""
    random = np.random.default_rng(3)
    g = graphs.Graph().placeholder("x", "float32")
    g.constant("w", random.normal(0, 1, (DEPTH, WIDTH)).astype(np.float32))
    g.constant("f", random.normal(0, 1, (3, 3, 32, 512)).astype(np.float32))
    g.constant("shape", np.array([-1, 8, 1, 32], np.int32))
    for name in ("x", "w", "f"):
        g.node("narrow_" + name, "Cast", [name], dtype, SrcT="float32", DstT=dtype)
    g.node("product", "MatMul", ["narrow_x", "narrow_w"], dtype)
    g.node("image", "Reshape", ["narrow_x", "shape"], dtype)
    g.node("taps", "Conv2D", ["image", "narrow_f"], dtype, strides=[1, 1, 1, 1], padding=b"SAME")
    for name, of in (("y", "product"), ("z", "taps")):
        g.node(name, "Cast", [of], "float32", SrcT=dtype, DstT="float32")
    return g.signature("serving_default", {"x": "float32"}, {"y": "y", "z": "z"}, shape=[-1, DEPTH])


class NarrowModels(unittest.TestCase):
    """Models of bfloat16 have the bodies of bfloat16 without the flag; those of half are summed as floats."""

    def check(self, dtype, tolerance, bodies):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        graphs.save(folder / "net" / "1", narrow_net(dtype))
        x = np.random.default_rng(2).normal(0, 1, (ROWS, DEPTH)).astype(np.float32)
        with harness.Server({"net": folder / "net"}, environment={"LSAN_OPTIONS": "detect_leaks=0"}) as server:
            y = server.predict("net", {"x": x})["y"]
            has_it = "cpu=amx" in server.log_text()
        w = np.random.default_rng(3).normal(0, 1, (DEPTH, WIDTH))
        self.assertLess(np.abs(y - x @ w).max() / np.abs(x @ w).max(), tolerance)
        done = subprocess.run([harness.BINARY, "bench", folder / "net" / "1", "--batch=8", "--seconds=0.1", "--profile", "--json"],
                              capture_output=True, text=True, timeout=60)
        chosen = {step["op"]: step.get("body") for step in json.loads(done.stdout)["results"][0]["profile"]}
        for op in ("MatMul", "Conv2D"):
            self.assertIn(op, chosen, done.stderr)
            if has_it:
                self.assertIn(chosen[op], bodies, op)

    def test_bfloat16(self):
        self.check("bfloat16", 2e-2, ("amx", "amx_taps", "dnnl_bf16"))

    def test_half(self):
        self.check("float16", 2e-3, ("panels", "dnnl", "tiles", "winograd"))


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
