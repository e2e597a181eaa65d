#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SessionRun: a signature run by the names that its tensors have in the graph, where a flag asks for it."""
import pathlib
import tempfile
import unittest

import grpc
import numpy as np

import graphs
import harness
from messages import get_tensor, message, set_tensor


def write_model(folder):
    """Aliases are not the names: sum = a + b, product = a * b; half = a / 2."""
    graph = graphs.Graph().placeholder("in/a", "float32").placeholder("in/b", "float32").constant("two", np.float32(2))
    graph.node("out/sum", "AddV2", ["in/a", "in/b"], "float32").node("out/product", "Mul", ["in/a", "in/b"], "float32")
    graph.node("out/half", "RealDiv", ["in/a", "two"], "float32")

    def signature(name, inputs, outputs):
        made = graph.meta.signature_def[name]
        made.method_name = "tensorflow/serving/predict"
        for alias, node in inputs.items():
            graph._info(made.inputs[alias], node, "float32", None)
        for alias, node in outputs.items():
            graph._info(made.outputs[alias], node, "float32", None)

    signature("half", {"x": "in/a"}, {"y": "out/half"})
    signature("serving_default", {"x": "in/a", "y": "in/b"}, {"s": "out/sum", "p": "out/product"})
    return graphs.save(folder / "m" / "1", graph).parent


class SessionRun(harness.ServerTest):
    flags = ["--enable_session_run"]

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.models = {"m": write_model(folder)}
        super().setUpClass()

    @staticmethod
    def request(feeds, fetches, signature="", **fields):
        request = message("tensorflow.serving.SessionRunRequest")(fetch=fetches, **fields)
        harness.set_spec(request.model_spec, "m", signature)
        for name, value in feeds.items():
            set_tensor(request.feed.add(name=name).tensor, np.float32(value))
        return request

    def run_it(self, *arguments, **options):
        reply = self.server.call("SessionService", "SessionRun", self.request(*arguments, **options))
        return reply, [(t.name, get_tensor(t.tensor).tolist()) for t in reply.tensor]

    def fails(self, text, *arguments, code="INVALID_ARGUMENT", **options):
        got = self.server.grpc_error("SessionService", "SessionRun", self.request(*arguments, **options))
        self.assertEqual(got[0], code, got[1])
        self.assertIn(text, got[1])

    def test_names(self):
        both = {"in/a:0": [1, 2], "in/b:0": [3, 4]}
        reply, got = self.run_it(both, ["out/product:0", "out/sum:0"])
        self.assertEqual(got, [("out/product:0", [3, 8]), ("out/sum:0", [4, 6])])
        self.assertEqual((reply.model_spec.name, reply.model_spec.version.value, reply.model_spec.signature_name),
                         ("m", 1, "serving_default"))
        self.assertEqual(self.run_it(both, ["out/sum"])[1], [("out/sum", [4, 6])])
        reply, got = self.run_it({"in/a": [4]}, ["out/half:0"])
        self.assertEqual((got, reply.model_spec.signature_name), ([("out/half:0", [2])], "half"))

    def test_aliases(self):
        self.assertEqual(self.run_it({"x": [5], "y": [6]}, ["p"], tensor_name_is_alias=True)[1], [("p", [30])])
        self.assertEqual(self.run_it({"x": [5]}, ["y"], "half", tensor_name_is_alias=True)[1], [("y", [2.5])])
        self.fails("output tensor alias not found in signature: z", {"x": [5]}, ["z"], "half", tensor_name_is_alias=True)

    def test_large(self):
        big = np.arange(1 << 19, dtype=np.float32)
        reply, _ = self.run_it({"in/a": big}, ["out/half"])
        self.assertTrue(np.array_equal(get_tensor(reply.tensor[0].tensor), big / 2))

    def test_what_no_signature_has(self):
        text = ("A model is run by its signatures here: half feeds {in/a:0} fetches {out/half:0}; serving_default feeds "
                "{in/a:0,in/b:0} fetches {out/product:0,out/sum:0}.")
        for feeds, fetches in (({"in/a": [1]}, ["out/sum"]), ({"in/a": [1], "in/b": [1]}, ["out/sum", "out/half"]),
                               ({"in/a": [1]}, ["two:0"]), ({"two": [1], "in/a": [1]}, ["out/half"]), ({}, ["out/half"]),
                               ({"in/a:1": [1]}, ["out/half"]), ({"": [1]}, [""])):
            with self.subTest(feeds=feeds, fetches=fetches):
                self.fails(text, feeds, fetches)
        self.fails("signatures here: half feeds {in/a:0} fetches {out/half:0}.", {"in/a": [1]}, ["out/sum"], "half")
        self.fails("signatures here: none of that name.", {"in/a": [1]}, ["out/half"], "nope")

    def test_other_mistakes(self):
        self.fails("Targets cannot be run", {"in/a": [1]}, ["out/half"], target=["init"])
        self.fails("Must specify at least one target to fetch or execute.", {"in/a": [1]}, [])
        self.fails("duplicate output tensor alias", {"in/a": [1], "in/b": [1]}, ["out/sum", "out/sum:0"])
        code, text = self.server.grpc_error("SessionService", "SessionRun",
                                            message("tensorflow.serving.SessionRunRequest")(fetch=["x"]))
        self.assertEqual((code, text), ("INVALID_ARGUMENT", "Missing ModelSpec"))

    def test_types_are_checked(self):
        request = self.request({}, ["out/half"])
        set_tensor(request.feed.add(name="in/a").tensor, np.int32([1]))
        self.assertIn("Expects arg[0] to be float but int32 is provided",
                      self.server.grpc_error("SessionService", "SessionRun", request)[1])


class Off(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}

    def test_as_tensorflow_serving(self):
        """Its own server registers neither."""
        for path in ("SessionService/SessionRun", "PredictionService/PredictStreamed"):
            for call in (self.server.channel.unary_unary, self.server.channel.stream_stream):
                with self.assertRaises(grpc.RpcError) as caught:
                    method = call("/tensorflow.serving." + path)
                    if call == self.server.channel.unary_unary:
                        method(b"", timeout=harness.PATIENCE)
                    else:
                        next(method(iter([b""]), timeout=harness.PATIENCE))
                self.assertEqual(caught.exception.code().name, "UNIMPLEMENTED")


if __name__ == "__main__":
    unittest.main()
