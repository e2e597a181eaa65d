#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`tensord quantize`: its numbers against answers of two servers, compared here; what it refuses; layers that stay floats."""
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

import numpy as np

import graphs
import harness
import records
from messages import message, set_tensor

DEPTH, WIDTH = 128, 160
DIGITS = harness.SOURCE / "models" / "digits" / "1"
HALF_PLUS_TWO = harness.SOURCE / "models" / "half_plus_two" / "1"


def net():
    """Two products; the rows of the second one's weights differ so much that steps lose the small ones."""
    random = np.random.default_rng(1)
    g = graphs.Graph().placeholder("x", "float32")
    g.constant("w", random.normal(0, 1, (DEPTH, WIDTH)).astype(np.float32))
    v = random.normal(0, 1, (WIDTH, WIDTH)).astype(np.float32)
    v[0] = 1e4
    g.constant("v", v).constant("mask", (np.arange(WIDTH) > 0).astype(np.float32))
    g.node("m", "MatMul", ["x", "w"], "float32").node("cut", "Mul", ["m", "mask"], "float32")
    g.node("y", "MatMul", ["cut", "v"], "float32")
    return g.signature("serving_default", {"x": "float32"}, {"m": "m", "y": "y"}, shape=[-1, DEPTH])


def request(x):
    log = message("tensorflow.serving.PredictionLog")()
    log.predict_log.request.model_spec.name = "net"
    set_tensor(log.predict_log.request.inputs["x"], x)
    return log


def quantize(version, *args):
    return subprocess.run([harness.BINARY, "quantize", str(version), "--seconds=0", *map(str, args)], capture_output=True,
                          text=True, timeout=120)


class Quantize(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.version = cls.folder / "net" / "1"
        graphs.save(cls.version, net())
        random = np.random.default_rng(2)
        cls.inputs = [random.normal(0, 1, (rows, DEPTH)).astype(np.float32) for rows in (1, 3, 2)]
        cls.data = cls.folder / "requests"
        cls.data.write_bytes(b"".join(records.frame(request(x).SerializeToString()) for x in cls.inputs))

    def report(self, *args):
        done = quantize(self.version, "--json", *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def answers(self, precision):
        with harness.Server({"net": self.folder / "net"}, [f"--precision={precision}"]) as server:
            return [server.predict("net", {"x": x}) for x in self.inputs]

    def layers(self, report):
        return {x["before_bytes"]: x for x in report["layers"]}

    def test_numbers(self):
        report = self.report("--data", self.data)
        self.assertEqual((report["requests"], report["precision"], report["inputs"]), (3, "int8", str(self.data)))
        exact, near = self.answers("fp32"), self.answers("int8")
        self.assertEqual({o["output"] for o in report["outputs"]}, {"m", "y"})
        for o in report["outputs"]:
            want = np.concatenate([a[o["output"]] for a in exact])
            got = np.concatenate([a[o["output"]] for a in near])
            error = np.abs(got - want)
            self.assertGreater(error.max(), 0)
            np.testing.assert_allclose([o["largest_error"], o["mean_error"], o["relative_error"], o["largest_value"]],
                                       [error.max(), error.mean(), np.linalg.norm(got - want) / np.linalg.norm(want),
                                        np.abs(want).max()], rtol=1e-4)
            self.assertEqual(o["top1_rows"], 6)
            same = (got.argmax(1) == want.argmax(1)).mean()
            self.assertAlmostEqual(o["top1_agreement"], same)
        weights = report["weights"]
        self.assertEqual((weights["layers"], weights["layers_in_fewer_bits"]), (2, 2))
        self.assertEqual(weights["before_bytes"], 4 * WIDTH * (DEPTH + WIDTH))
        self.assertLess(weights["after_bytes"], weights["before_bytes"] / 3)
        self.assertLess(report["packed_bytes"]["after"], report["packed_bytes"]["before"])
        self.assertGreater(report["time"]["before_ms"], 0)

    def test_layers_that_lose_too_much(self):
        before = {o["output"]: o["relative_error"] for o in self.report("--data", self.data)["outputs"]}
        report = self.report("--data", self.data, "--max_error=0.05")
        layers = self.layers(report)
        good, bad = layers[4 * DEPTH * WIDTH], layers[4 * WIDTH * WIDTH]
        self.assertEqual(good["precision"], "int8")
        self.assertLess(good["error"], 0.05)
        self.assertEqual((bad["precision"], bad["why"]), ("fp32", "its error is above the most that is allowed"))
        self.assertGreater(bad["error"], 0.05)
        self.assertEqual(bad["after_bytes"], bad["before_bytes"])
        self.assertEqual(report["weights"]["layers_in_fewer_bits"], 1)
        after = {o["output"]: o["relative_error"] for o in report["outputs"]}
        self.assertLess(after["y"], before["y"] / 5)

    def test_none_loses_too_much(self):
        self.assertEqual(self.report("--data", self.data, "--max_error=1000")["weights"]["layers_in_fewer_bits"], 2)

    def test_steps_that_were_measured(self):
        report = self.report("--data", self.data, "--precision=int8_static")
        errors = {o["output"]: o["relative_error"] for o in report["outputs"]}
        self.assertTrue(1e-4 < errors["m"] < 0.03, errors)

    def test_other_precisions(self):
        for precision, most in (("fp16", 1e-3), ("int4", 0.3)):
            report = self.report("--data", self.data, f"--precision={precision}")
            self.assertLess([o for o in report["outputs"] if o["output"] == "m"][0]["relative_error"], most)
            self.assertLess(report["weights"]["after_bytes"], 0.51 * report["weights"]["before_bytes"])

    def test_made_up_inputs(self):
        done = quantize(self.version, "--rows=5")
        self.assertEqual(done.returncode, 0, done.stderr)
        for text in ("5 requests (made up: noise for floats, zeros for whole numbers)", "of 5 rows", "int8", "weights of 2 layers, 2 in"):
            self.assertIn(text, done.stdout)

    def test_nothing_to_gain(self):
        done = quantize(HALF_PLUS_TWO)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("nothing in this model can be kept in int8: it serves floats", done.stdout)
        with harness.Server({"m": HALF_PLUS_TWO.parent}, ["--precision=int8"]) as server:
            self.assertEqual(server.predict("m", {"x": np.float32([1])})["y"], [2.5])

    def test_what_is_wrong(self):
        empty, damaged = self.folder / "empty", self.folder / "damaged"
        empty.write_bytes(b"")
        damaged.write_bytes(self.data.read_bytes()[:-3])
        for args, text in ((["--precision=int7"], 'precision is "int7"; there are fp32, '),
                           (["--max_error=much"], "--max_error=much: a number from 0 to "),
                           (["--rows=0"], "--rows=0: a number from 1 to "),
                           (["--data", empty], "there is no record in it"),
                           (["--data", damaged], "Please verify your warmup data is in TFRecord format"),
                           (["--data", self.folder / "none"], "none"),
                           (["--signature=other"], 'there is no signature "other"')):
            done = quantize(self.version, *args)
            self.assertEqual(done.returncode, 1, args)
            self.assertIn(text, done.stderr)


class Sizes(unittest.TestCase):
    """`tensord show --size`"""

    def show(self, version, *args):
        return subprocess.run([harness.BINARY, "show", str(version), "--size", *args], capture_output=True, text=True, timeout=120)

    def test_digits(self):
        done = self.show(DIGITS, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        d = json.loads(done.stdout)
        sizes = [v["bytes"] for v in d["variables"]]
        self.assertEqual(sizes, sorted(sizes, reverse=True))
        data = DIGITS / "variables" / "variables.data-00000-of-00001"
        self.assertEqual(sum(sizes), d["variable_bytes"])
        self.assertEqual(sum(sizes), data.stat().st_size)
        names = {v["name"]: v for v in d["variables"]}
        twins = [v for v in d["variables"] if "same_as" in v]
        self.assertEqual(sum(v["bytes"] for v in twins), d["duplicate_bytes"])
        self.assertEqual(sum(v["bytes"] for v in twins if v["dtype"] == "float"), 4 * 14522)  # Keras writes each twice
        for v in twins:
            other = names[v["same_as"]]
            self.assertEqual((v["shape"], v["dtype"]), (other["shape"], other["dtype"]))
        int8, = [p for p in d["precisions"] if p["precision"] == "int8"]
        report = json.loads(quantize(DIGITS, "--json").stdout)["weights"]
        self.assertEqual({k: int8[k] for k in ("before_bytes", "after_bytes")},
                         {k: report[k] for k in ("before_bytes", "after_bytes")})
        self.assertIn(f"variables: {sum(sizes)} bytes, {d['duplicate_bytes']} of them are there twice", self.show(DIGITS).stdout)

    def test_a_damaged_index(self):
        with tempfile.TemporaryDirectory() as folder:
            version = pathlib.Path(folder) / "1"
            shutil.copytree(DIGITS, version)
            index = version / "variables" / "variables.index"
            index.write_bytes(index.read_bytes()[:-9])
            done = self.show(version)
            self.assertEqual(done.returncode, 1)
            self.assertIn("variables.index", done.stderr)


class Served(unittest.TestCase):
    """The same at load, by the version's warm-up records."""

    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.model = folder / "net"
        graphs.save(self.model / "1", net())
        self.x = np.random.default_rng(2).normal(0, 1, (3, DEPTH)).astype(np.float32)

    def warm(self):
        records.write_warmup(self.model / "1", [request(self.x)])

    def ask(self, *flags, more=""):
        with harness.Server({"net": (self.model, more)}, flags) as server:
            return server.predict("net", {"x": self.x}), server.log_text()

    def test_layers_that_lose_too_much(self):
        self.warm()
        exact, _ = self.ask()
        for flags, more in ((["--precision=int8", "--max_error=0.05"], ""), ([], 'precision: "int8" max_error: 0.05')):
            near, log = self.ask(*flags, more=more)
            self.assertIn("event=precision_layers model=net version=1 layers=2 fewer_bits=1 lost_too_much=1 ", log)
            error = np.linalg.norm(near["y"] - exact["y"]) / np.linalg.norm(exact["y"])
            self.assertTrue(1e-4 < error < 0.05, error)
        _, log = self.ask("--precision=int8")
        self.assertIn("event=precision_layers model=net version=1 layers=2 fewer_bits=2 lost_too_much=0 ", log)

    def test_steps_that_were_measured(self):
        self.warm()
        (exact, _), (live, _), (fixed, log) = self.ask(), self.ask("--precision=int8"), self.ask("--precision=int8_static")
        self.assertIn("fewer_bits=2 ", log)
        self.assertLess(np.abs(fixed["m"] - exact["m"]).max() / np.abs(exact["m"]).max(), 0.03)
        self.assertGreater(np.abs(fixed["m"] - live["m"]).max(), 0)
        with harness.Server({"net": self.model}, ["--precision=int8_static"]) as server:  # beyond what was measured steps end
            large = server.predict("net", {"x": 100 * self.x})["m"]
        most = np.abs(self.x).max()
        w = np.random.default_rng(1).normal(0, 1, (DEPTH, WIDTH)).astype(np.float32)
        want = np.clip(100 * self.x, -most, most) @ w
        self.assertLess(np.linalg.norm(large - want) / np.linalg.norm(want), 0.02)

    def test_without_records(self):
        _, log = self.ask("--precision=int8_static")
        self.assertIn("event=precision_unmeasured model=net version=1 precision=int8_static", log)
        self.assertIn("fewer_bits=2 ", log)

    def test_what_is_no_error(self):
        done = subprocess.run([harness.BINARY, "serve", f"--model_base_path={self.model}", "--max_error=-1"], capture_output=True, text=True,
                              timeout=60)
        self.assertIn("max_error is -1, which is no error", done.stdout + done.stderr)
        with harness.Server({"net": self.model}) as server:
            server.config.write_text(harness.model_config({"net": (self.model, "max_error: -1")}))
            server.tell(signal.SIGHUP)
            harness.until(lambda: "max_error of model net is -1, which is no error" in server.log_text(), "the error")

    def test_records_that_fail(self):
        """They fail the load, as without fewer bits."""
        self.warm()
        path = self.model / "1" / records.WARMUP
        path.write_bytes(path.read_bytes()[:-3])
        with harness.Server({"net": self.model}, ["--precision=int8_static"], wait=False) as server:
            harness.until(lambda: "event=load_failed" in server.log_text(), "the load to fail")
            self.assertIn("Please verify your warmup data is in TFRecord format", server.log_text())
            harness.until(lambda: "Exporting HTTP/REST" in server.log_text(), "the server to be there")


if __name__ == "__main__":
    unittest.main()
