#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Predict over REST and gRPC: right answers, and the same ones."""
import json
import pathlib
import tempfile
import unittest

import numpy as np

import graphs
import harness

INTEGERS = {"int8": [-128, 127], "uint8": [0, 255], "int16": [-32768, 32767], "int32": [-2**31, 2**31 - 1],
            "int64": [-2**63, 2**63 - 1, 9007199254740993], "uint32": [0, 2**32 - 1], "uint64": [0, 2**64 - 1]}


class ShippedModels(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two", "digits": harness.MODELS / "digits"}

    def test_rows(self):
        reply = self.server.post("half_plus_two:predict", {"instances": [1.0, 2.0, 5.0]})
        self.assertEqual((reply.status, reply.json), (200, {"predictions": [2.5, 3.0, 4.5]}))
        self.assertEqual(reply.headers["Content-Type"], "application/json")

    def test_named_rows(self):
        reply = self.server.post("half_plus_two:predict", {"instances": [{"x": 1}, {"x": 2}]})
        self.assertEqual(reply.json, {"predictions": [2.5, 3.0]})

    def test_columns(self):
        for inputs in ([1.0, 2.0], {"x": [1.0, 2.0]}):
            reply = self.server.post("half_plus_two:predict", {"inputs": inputs})
            self.assertEqual(reply.json, {"outputs": [2.5, 3.0]})

    def test_the_declared_shape_is_not_enforced(self):
        for x in (1.0, [[1.0, 2.0]], [[[0.0]]], []):
            reply = self.server.post("half_plus_two:predict", {"inputs": x})
            self.assertEqual((reply.status, reply.json["outputs"]), (200, (0.5 * np.array(x) + 2).tolist()))

    def test_grpc(self):
        for content in (True, False):
            y = self.server.predict("half_plus_two", {"x": np.float32([1, 2, 5])}, content=content)
            self.assertEqual(list(y), ["y"])
            np.testing.assert_array_equal(y["y"], np.float32([2.5, 3, 4.5]))

    def test_the_reply_names_what_answered(self):
        request = self.server.predict_request("half_plus_two", {"x": np.float32([1])})
        spec = self.server.call("PredictionService", "Predict", request).model_spec
        self.assertEqual((spec.name, spec.version.value, spec.signature_name), ("half_plus_two", 2, "serving_default"))

    def test_outputs_are_typed_fields(self):
        request = self.server.predict_request("half_plus_two", {"x": np.float32([1, 2])})
        y = self.server.call("PredictionService", "Predict", request).outputs["y"]
        self.assertEqual((list(y.float_val), y.tensor_content), ([2.5, 3.0], b""))

    def test_short_typed_lists_repeat_the_last_value(self):
        request = self.server.predict_request("half_plus_two", {"x": np.float32([0, 0, 0])})
        request.inputs["x"].ClearField("tensor_content")
        request.inputs["x"].float_val.append(4)
        y = self.server.call("PredictionService", "Predict", request).outputs["y"]
        self.assertEqual(list(y.float_val), [4, 4, 4])

    def test_signature_by_name(self):
        reply = self.server.post("half_plus_two:predict",
                                 {"signature_name": "half_plus_three", "instances": [1.0]})
        self.assertEqual(reply.json, {"predictions": [3.5]})
        y = self.server.predict("half_plus_two", {"x": np.float32([1])}, signature="half_plus_three")
        self.assertEqual(y["y"].tolist(), [3.5])

    def test_digits(self):
        examples = json.loads((harness.MODELS / "digits" / "examples.json").read_text())
        images = [e["image"] for e in examples]
        want = np.array([e["probabilities"] for e in examples])
        rest = np.array(self.server.post("digits:predict", {"instances": images}).json["predictions"])
        rpc = self.server.predict("digits", {"image": np.float32(images)})["output_0"]
        np.testing.assert_allclose(rest, want, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(np.float32(rest), rpc)

    def test_batches_of_any_size(self):
        examples = json.loads((harness.MODELS / "digits" / "examples.json").read_text())
        images = np.float32([e["image"] for e in examples])
        want = np.array([e["probabilities"] for e in examples])
        for n in (1, 3, 64, 0):
            pick = np.arange(n) % len(images)
            got = self.server.predict("digits", {"image": images[pick]})["output_0"]
            np.testing.assert_allclose(got, want[pick].reshape(n, 10), rtol=1e-4, atol=1e-5)


class WrittenModels(harness.ServerTest):
    """Identities of every type, and several inputs and outputs."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.models = {}
        for dtype in [*INTEGERS, "float32", "float64", "bool", "string"]:
            graph = graphs.Graph().placeholder("x", dtype).node("y", "Identity", ["x"], dtype)
            cls.add(f"id_{dtype}", graph.signature("serving_default", {"x": dtype}, {"y": "y"}))
        graph = graphs.Graph().placeholder("a", "float32").placeholder("b", "float32")
        graph.node("sum", "AddV2", ["a", "b"], "float32").node("product", "Mul", ["a", "b"], "float32")
        cls.add("two", graph.signature("serving_default", {"a": "float32", "b": "float32"},
                                       {"sum": "sum", "product": "product"}))
        graph = graphs.Graph().placeholder("x", "string").node("y", "Identity", ["x"], "string")
        cls.add("bytes", graph.signature("serving_default", {"x": "string"}, {"y_bytes": "y"}))
        super().setUpClass()

    @classmethod
    def add(cls, name, graph):
        graphs.save(cls.folder / name / "1", graph)
        cls.models[name] = cls.folder / name

    def echo(self, model, values):
        """Values through REST, column form."""
        reply = self.server.post(f"{model}:predict", {"inputs": values})
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json["outputs"]

    def test_integers_keep_every_bit(self):
        for dtype, values in INTEGERS.items():
            with self.subTest(dtype):
                self.assertEqual(self.echo(f"id_{dtype}", values), values)
                array = np.array(values, dtype)
                for content in (True, False):
                    got = self.server.predict(f"id_{dtype}", {"x": array}, content=content)["y"]
                    self.assertEqual((got.dtype, got.tolist()), (array.dtype, values))

    def test_floats_round_trip(self):
        for dtype in ("float32", "float64"):
            values = np.array([1 / 3, 1e-7, 1234567, -0.0, 3.4e38, 5e-45, 0.1, 16777216], dtype)
            got = np.array(self.echo(f"id_{dtype}", values.tolist()), dtype)
            np.testing.assert_array_equal(got.view(np.uint8), values.view(np.uint8))

    def test_float_texts(self):
        body = '{"inputs": [2.5, 0.333333333, 1000000, 1234567, 1e-7, -0.0, NaN, Infinity, -Infinity]}'
        reply = self.server.post("id_float32:predict", body)
        words = reply.body.decode().translate(str.maketrans("[]{}", "    ")).split(":")[1].replace(",", " ").split()
        self.assertEqual(words, ["2.5", "0.33333334", "1e+06", "1234567.0", "1e-07", "-0.0", "NaN", "Infinity",
                                 "-Infinity"])

    def test_bools_and_strings(self):
        self.assertEqual(self.echo("id_bool", [[True, False]]), [[True, False]])
        texts = ["", "plain", "käse \u00e9 \U0001f600", 'quote " \\ \n\t', "x" * 5000]
        self.assertEqual(self.echo("id_string", texts), texts)
        got = self.server.predict("id_string", {"x": np.array([b"", b"\x00\xff", b"z" * 300], object)})["y"]
        self.assertEqual(got.tolist(), [b"", b"\x00\xff", b"z" * 300])

    def test_base64(self):
        self.assertEqual(self.echo("id_string", [{"b64": "aGVsbG8="}]), ["hello"])
        self.assertEqual(self.echo("bytes", [{"b64": "AP8="}, "hi"]), [{"b64": "AP8="}, {"b64": "aGk="}])

    def test_two_inputs_two_outputs(self):
        rows = self.server.post("two:predict", {"instances": [{"a": 1, "b": 2}, {"b": 5, "a": 3}]}).json
        self.assertEqual(rows, {"predictions": [{"sum": 3, "product": 2}, {"sum": 8, "product": 15}]})
        columns = self.server.post("two:predict", {"inputs": {"a": [1, 3], "b": [2, 5], "extra": 0}}).json
        self.assertEqual(columns, {"outputs": {"sum": [3, 8], "product": [2, 15]}})

    def test_output_filter(self):
        got = self.server.predict("two", {"a": np.float32(1), "b": np.float32(2)}, outputs=["sum"])
        self.assertEqual({k: v.tolist() for k, v in got.items()}, {"sum": 3.0})

    def test_deep_nesting_in_an_ignored_key(self):
        depth = 100000
        body = '{"ignored": ' + "[" * depth + "]" * depth + ', "inputs": [1.0]}'
        self.assertEqual(self.server.post("id_float32:predict", body).json, {"outputs": [1.0]})


unittest.main()
