#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/contract.md, statements about models: what TensorFlow Serving's test model answers by version, label and verb, over
both protocols; state that a version keeps; tags; directories that hold no model."""
import pathlib
import tempfile
import unittest

import numpy as np

import graphs
import half_plus_two
import harness

LABELS = 'model_version_policy { all {} } version_labels { key: "stable" value: 123 } version_labels { key: "a/b" value: 124 }'
PLACES = {"/versions/123": 123, "/versions/00124": 124, "/labels/stable": 123, "/labels/a%2Fb": 124, "": 124}


class HalfPlusTwo(harness.ServerTest):
    flags = ["--allow_version_labels_for_unavailable_models"]

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        for version in ("00000123", "124"):
            graphs.save(folder / "m" / version, half_plus_two.half_plus_two())
        cls.models = {"m": (folder / "m", LABELS)}
        super().setUpClass()

    def answers(self, path, body, wanted):
        reply = self.server.post(path, body)
        self.assertEqual((reply.status, reply.json), (200, wanted), path)
        return reply

    def test_metadata(self):
        for place, version in PLACES.items():
            self.assertEqual(self.server.get(f"m{place}/metadata").json, half_plus_two.metadata("m", str(version)))

    def test_versions_and_labels(self):
        for place, version in PLACES.items():
            status = self.server.get("m" + place).json["model_version_status"]
            # A label picks nothing of a status, as in TensorFlow Serving.
            self.assertEqual([v["version"] for v in status], [str(version)] if "versions" in place else ["124", "123"])
            for reply in (self.answers(f"m{place}:predict", {"instances": [1.0, 2.0, 5.0]}, {"predictions": [2.5, 3.0, 4.5]}),
                          self.answers(f"m{place}:classify", {"signature_name": "classify_x_to_y", "examples": [{"x": 2.0}]},
                                       {"results": [[["", 3.0]]]}),
                          self.answers(f"m{place}:regress", {"signature_name": "regress_x_to_y", "examples": [{"x": 2.0}]},
                                       {"results": [3.0]})):
                self.assertEqual(reply.headers["X-Tensord-Version"], str(version))

    def test_contexts(self):
        for signature, wanted in (("regress_x_to_y", [3.0, 3.0]), ("regress_x_to_y2", [4.0, 4.0])):
            self.answers("m:regress", {"signature_name": signature, "context": {"x": 2.0}, "examples": [{}, {"x2": 9.0}]},
                         {"results": wanted})
        self.answers("m:regress", {"signature_name": "regress_x_to_y", "context": {"x": 2.0}, "examples": [{"x": 4.0}]},
                     {"results": [4.0]})

    def test_an_integer_is_no_float(self):
        reply = self.server.post("m:regress", {"signature_name": "regress_x_to_y", "examples": [{"x": 2}]})
        self.assert_error(reply, 400, "Key: x, Index: 0.  Data types don't match. Data type: int64 but expected type: float")

    def test_declared_shapes_are_not_enforced(self):
        for x in (np.float32(2), np.float32([2, 4, 6]), np.zeros((2, 2, 2), np.float32)):
            y = self.server.predict("m", {"x": x})["y"]
            np.testing.assert_array_equal(y, x / 2 + 2)
            self.assertEqual(y.shape, x.shape)

    def test_a_regression_that_takes_no_examples(self):
        request = harness.message("tensorflow.serving.RegressionRequest")()
        harness.set_spec(request.model_spec, "m", "regress_x2_to_y3")
        request.input.example_list.examples.add()
        code, text = self.server.grpc_error("PredictionService", "Regress", request)
        self.assertEqual(code, "INVALID_ARGUMENT")
        self.assertIn("Expects arg[0] to be float but string is provided", text)


def tally():
    """A number that a version keeps: signatures without inputs read it and add to it."""
    g = graphs.Graph().node("number", "VariableV2", dtype="float32", shape=graphs.Shape(()))
    g.constant("zero", np.float32(0)).constant("one", np.float32(1)).placeholder("delta", "float32")
    for name, op, value in (("reset", "Assign", "zero"), ("increase", "AssignAdd", "one"), ("add", "AssignAdd", "delta")):
        g.node(name, op, ["number", value], "float32")
    g.node("get", "Identity", ["number"], "float32").init("reset")
    for name in ("get", "reset", "increase"):
        g.signature(name, {}, {"output": name}, shape=())
    return g.signature("add", {"delta": "float32"}, {"output": "add"}, shape=())


class Counter(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        for version in ("1", "2"):
            graphs.save(folder / "m" / version, tally())
        cls.models = {"m": (folder / "m", "model_version_policy { all {} }")}
        super().setUpClass()

    def ask(self, signature, version, **inputs):
        return float(self.server.predict("m", inputs, signature=signature, version=version)["output"])

    def test_each_version_keeps_its_own(self):
        self.assertEqual([self.ask("increase", 1), self.ask("increase", 1), self.ask("add", 1, delta=np.float32(3))], [1, 2, 5])
        self.assertEqual((self.ask("get", 1), self.ask("get", 2)), (5, 0))
        self.assertEqual((self.ask("reset", 1), self.ask("get", 1)), (0, 0))

    def test_over_rest(self):
        reply = self.server.post("m/versions/2:predict", {"signature_name": "get", "inputs": {}})
        self.assertEqual(reply.json, {"outputs": 0.0})


class LargeMessages(unittest.TestCase):
    def test_a_hundred_megabytes(self):
        with tempfile.TemporaryDirectory() as folder:
            graph = graphs.Graph().constant("axes", np.int32([0])).placeholder("x", "float32")
            graph.node("most", "Max", ["x", "axes"], "float32", Tidx="int32")
            base = graphs.save(pathlib.Path(folder) / "m" / "1",
                               graph.signature("serving_default", {"x": "float32"}, {"most": "most"})).parent
            with harness.Server({"m": base}) as server:
                x = np.arange(25 << 20, dtype=np.float32)
                self.assertEqual(server.predict("m", {"x": x})["most"], x[-1])


class WhatIsNoModel(unittest.TestCase):
    def setUp(self):
        self.base = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "m"

    def error(self, *flags):
        """How version 1 fails."""
        server = self.enterContext(harness.Server({"m": self.base}, ["--max_num_load_retries=0", *flags], wait=False))

        def status():
            try:
                return next((v["status"] for v in server.get("m").json.get("model_version_status", ())
                             if v["state"] == "END"), None)
            except OSError:
                return None
        status = harness.until(status, "the load to fail", 2 * harness.PATIENCE)
        return status["error_code"], status["error_message"]

    def test_tags_match_as_a_set(self):
        graph = graphs.affine()
        graph.meta.meta_info_def.tags.append("gpu")
        graphs.save(self.base / "1", graph)
        with harness.Server({"m": self.base}, ["--saved_model_tags=gpu,serve"]) as server:
            self.assertEqual(server.post("m:predict", {"instances": [1.0]}).json, {"predictions": [2.5]})
        for flags in ((), ("--saved_model_tags=gpu",), ("--saved_model_tags=serve,gpu,more",)):
            code, text = self.error(*flags)
            self.assertEqual(code, "NOT_FOUND")
            self.assertIn("Could not find meta graph def matching supplied tags: { ", text)

    def test_no_graph(self):
        (self.base / "1").mkdir(parents=True)
        (self.base / "1" / "weights").write_bytes(b"x")
        code, text = self.error()
        self.assertEqual(code, "NOT_FOUND")
        self.assertIn("Specified file path does not appear to contain a SavedModel bundle (should have a file called "
                      f"`saved_model.pb`) Specified file path: {self.base / '1'}", text.replace("\\/", "/"))


if __name__ == "__main__":
    unittest.main()
