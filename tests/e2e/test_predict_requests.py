#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a PredictRequest may leave out or get wrong, to TensorFlow Serving's text: the model's spec, inputs and their
defaults, output filters, signatures without inputs."""
import pathlib
import tempfile
import unittest

import numpy as np

import graphs
import harness
from messages import get_tensor, set_tensor

ONE = np.float32([1])


def write_model(folder):
    """Two inputs, sum and product; the same with a default for b; an output that fails for more than one x."""
    graph = graphs.Graph().placeholder("a", "float32").placeholder("b", "float32").constant("one", np.int32([1]))
    graph.node("sum", "AddV2", ["a", "b"], "float32").node("product", "Mul", ["a", "b"], "float32")
    graph.node("single", "Reshape", ["a", "one"], "float32", Tshape="int32").constant("seven", np.float32([7]))
    graph.signature("serving_default", {"a": "float32", "b": "float32"}, {"sum": "sum", "product": "product"})
    graph.signature("defaults", {"a": "float32", "b": "float32"}, {"sum": "sum"})
    set_tensor(graph.meta.signature_def["defaults"].defaults["b"], np.float32([100]))
    graph.signature("fragile", {"a": "float32"}, {"single": "single", "same": "a"})
    graph.signature("nothing", {}, {"seven": "seven"})
    return graphs.save(folder / "m" / "1", graph).parent


class Requests(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.models = {"m": (write_model(folder), 'version_labels { key: "stable" value: 1 }')}
        cls.flags = ["--allow_version_labels_for_unavailable_models"]
        super().setUpClass()

    def ask(self, inputs, **options):
        return self.server.call("PredictionService", "Predict", self.server.predict_request("m", inputs, **options))

    def says(self, text, inputs, code="INVALID_ARGUMENT", **options):
        """text is all of it, or (ending in ...) its beginning."""
        got = self.server.grpc_error("PredictionService", "Predict", self.server.predict_request("m", inputs, **options))
        self.assertEqual(got[0], code, got[1])
        if text.endswith("..."):
            self.assertEqual(got[1][:len(text) - 3], text[:-3])
        else:
            self.assertEqual(got[1], text)

    def test_the_spec_is_resolved(self):
        for options in ({}, {"signature": "serving_default"}, {"version": 1}, {"label": "stable"}):
            spec = self.ask({"a": ONE, "b": ONE}, **options).model_spec
            self.assertEqual((spec.name, spec.version.value, spec.signature_name, spec.version_label),
                             ("m", 1, "serving_default", ""), options)

    def test_sizes(self):
        known = "len({a,b})"
        self.says(f"input size does not match signature: 0!=2 len({{}}) != {known}. Sent extra: {{}}. Missing but required: "
                  "{a,b}.", {})
        self.says(f"input size does not match signature: 1!=2 len({{a}}) != {known}. Sent extra: {{}}. Missing but required: "
                  "{b}.", {"a": ONE})
        self.says(f"input size does not match signature: 3!=2 len({{a,b,z}}) != {known}. Sent extra: {{z}}. Missing but "
                  "required: {}.", {"a": ONE, "b": ONE, "z": ONE})
        self.says(f"input size does not match signature: 1!=2 len({{z}}) != {known}. Sent extra: {{z}}. Missing but required: "
                  "{a,b}.", {"z": ONE})

    def test_names(self):
        self.says("Signature input alias: b(feed name: b:0) not found in request and no default value provided. Inputs "
                  "expected to be in the request {a,b}, or default input alias set: ...", {"a": ONE, "z": ONE})

    def test_defaults(self):
        self.assertEqual(get_tensor(self.ask({"a": ONE}, signature="defaults").outputs["sum"]).tolist(), [101])
        self.assertEqual(get_tensor(self.ask({"a": ONE, "b": ONE}, signature="defaults").outputs["sum"]).tolist(), [2])
        self.says("Signature input alias: a(feed name: a:0) not found in request and no default value provided. Inputs "
                  "expected to be in the request {a,b}, or default input alias set: b...", {"b": ONE}, signature="defaults")
        self.says("Inputs contains invalid name. Used request inputs: a,b, request input: a,z", {"a": ONE, "z": ONE},
                  signature="defaults")

    def test_types(self):
        self.says("Expects arg[0] to be float but int32 is provided...", {"a": np.int32([1]), "b": ONE})

    def test_filters(self):
        self.assertEqual(set(self.ask({"a": ONE, "b": ONE}).outputs), {"sum", "product"})
        self.assertEqual(set(self.ask({"a": ONE, "b": ONE}, outputs=["product"]).outputs), {"product"})
        both = self.ask({"a": ONE, "b": np.float32([3])}, outputs=["sum", "product"]).outputs
        self.assertEqual((get_tensor(both["sum"]).tolist(), get_tensor(both["product"]).tolist()), ([4], [3]))
        self.says("output tensor alias not found in signature: z Outputs expected to be in the set {product,sum}....",
                  {"a": ONE, "b": ONE}, outputs=["sum", "z"])
        self.says("duplicate output tensor alias: sum", {"a": ONE, "b": ONE}, outputs=["sum", "product", "sum"])

    def test_only_filtered_outputs_are_computed(self):
        two = np.float32([1, 2])
        for _ in range(3):
            same = self.ask({"a": two}, signature="fragile", outputs=["same"]).outputs["same"]
            self.assertEqual(get_tensor(same).tolist(), [1, 2])
            self.says("Input to reshape is a tensor with 2 values, but the requested shape has 1...", {"a": two},
                      signature="fragile")
            self.assertEqual(set(self.ask({"a": ONE}, signature="fragile").outputs), {"same", "single"})

    def test_without_inputs(self):
        reply = self.ask({}, signature="nothing")
        self.assertEqual((get_tensor(reply.outputs["seven"]).tolist(), reply.model_spec.signature_name), ([7], "nothing"))
        self.says("input size does not match signature: 1!=0 len({a}) != len({}). Sent extra: {a}. Missing but required: {}.",
                  {"a": ONE}, signature="nothing")


if __name__ == "__main__":
    unittest.main()
