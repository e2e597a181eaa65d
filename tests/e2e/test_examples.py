#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Classify and Regress: what they answer, what they say of signatures and outputs that are none for them, and
--enable_signature_method_name_check."""
import pathlib
import tempfile
import unittest

import harness
from examples import fill, write_heads
from messages import message

REQUESTS = {"Classify": "ClassificationRequest", "Regress": "RegressionRequest"}


class Heads(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.models = {"heads": write_heads(folder)}
        super().setUpClass()

    def request(self, verb, signature, xs=(1.0, 2.0)):
        request = message("tensorflow.serving." + REQUESTS[verb])()
        harness.set_spec(request.model_spec, "heads", signature)
        fill(request.input, *xs)
        return request

    def ask(self, verb, signature="", xs=(1.0, 2.0)):
        return self.server.call("PredictionService", verb, self.request(verb, signature, xs))

    def post(self, verb, signature, xs=(1.0, 2.0)):
        body = {"examples": [{"x": x} for x in xs]}
        if signature:
            body["signature_name"] = signature
        return self.server.post(f"heads:{verb.lower()}", body)

    def fails(self, verb, signature, text, code="INVALID_ARGUMENT", status=400):
        """Over both protocols."""
        with self.subTest(verb=verb, signature=signature):
            got = self.server.grpc_error("PredictionService", verb, self.request(verb, signature))
            self.assertEqual(got, (code, text))
            self.assert_error(self.post(verb, signature), status, text)


class Answers(Heads):
    def test_classify(self):
        reply = self.ask("Classify")
        self.assertEqual([[(c.label, c.score) for c in row.classes] for row in reply.result.classifications],
                         [[("1.000000", 2.5)], [("2.000000", 3.0)]])
        self.assertEqual([c.classes[0].label for c in self.ask("Classify", "classify").result.classifications], ["", ""])
        self.assertEqual([c.classes[0].score for c in self.ask("Classify", "labels").result.classifications], [0, 0])

    def test_regress(self):
        for signature in ("regress", "flat", "predict", "odd"):
            reply = self.ask("Regress", signature)
            self.assertEqual([r.value for r in reply.result.regressions], [2.5, 3.0])
            self.assertEqual((reply.model_spec.name, reply.model_spec.version.value, reply.model_spec.signature_name),
                             ("heads", 1, signature))

    def test_the_spec_is_resolved(self):
        spec = self.ask("Classify").model_spec
        self.assertEqual((spec.name, spec.version.value, spec.signature_name, spec.version_label),
                         ("heads", 1, "serving_default", ""))

    def test_outputs_of_other_names_are_left_out(self):
        self.assertEqual([c.classes[0].score for c in self.ask("Classify", "more").result.classifications], [2.5, 3.0])

    def test_contexts(self):
        request = self.request("Regress", "regress", ())
        filled = message("tensorflow.serving.Input")()
        fill(filled, 4.0)
        request.input.example_list_with_context.context.CopyFrom(filled.example_list.examples[0])
        request.input.example_list_with_context.examples.add()
        reply = self.server.call("PredictionService", "Regress", request)
        self.assertEqual([r.value for r in reply.result.regressions], [4.0])

    def test_no_examples(self):
        for verb, signature in (("Classify", "classify"), ("Regress", "regress")):
            empty = self.request(verb, signature, ())
            self.assertEqual(self.server.grpc_error("PredictionService", verb, empty),
                             ("INVALID_ARGUMENT", "Input is empty."))
            empty.ClearField("input")
            self.assertEqual(self.server.grpc_error("PredictionService", verb, empty),
                             ("INVALID_ARGUMENT", "Input is empty."))
        # What is wrong with the signature comes first.
        self.assertEqual(self.server.grpc_error("PredictionService", "Classify", self.request("Classify", "regress", ())),
                         ("INVALID_ARGUMENT", 'Expected classification signature outputs to contain at least one of '
                          '"classes" or "scores". Signature was: regress'))

    def test_signatures_of_another_form(self):
        self.fails("Classify", "two_inputs", "Expected one input Tensor.")
        self.fails("Regress", "two_inputs", "Expected one input Tensor.")
        self.fails("Classify", "three", "Expected one or two output Tensors, found 3")
        self.fails("Regress", "two_outputs", "Expected one output Tensor.")
        self.fails("Classify", "other_input", "No classification inputs found in SignatureDef: other_input")
        self.fails("Regress", "other_input", "No regression inputs found in SignatureDef: other_input")
        self.fails("Regress", "other_output", "No regression outputs found in SignatureDef: other_output")
        self.fails("Classify", "neither", 'Expected classification signature outputs to contain at least one of '
                   '"classes" or "scores". Signature was: neither')

    def test_outputs_of_another_kind(self):
        self.fails("Classify", "rank", "Expected Tensor shape: [batch_size num_classes] but got [2]")
        self.fails("Classify", "kind", "Expected scores Tensor of DT_FLOAT. Got: DT_INT32")
        self.fails("Classify", "kind_of_classes", "Expected classes Tensor of DT_STRING. Got: DT_FLOAT")
        self.fails("Classify", "batch", "Expected scores output batch size of 2. Got: 1")
        self.fails("Classify", "widths", "Tensors class and score should match in dim_size(1). Got 1 vs. 2")
        self.fails("Regress", "regress_shape",
                   "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]")
        self.fails("Regress", "regress_batch", "Input batch size did not match output batch size: 2 vs. 1")
        self.fails("Regress", "regress_kind", "Expected output Tensor of DT_FLOAT.  Got: DT_INT32")


class Methods(Heads):
    flags = ["--enable_signature_method_name_check"]

    def predict_request(self, signature):
        return self.server.predict_request("heads", {"inputs": [self.request("Regress", "").SerializeToString()]},
                                           signature=signature)

    def test_their_own(self):
        self.assertEqual(len(self.ask("Classify").result.classifications), 2)
        self.assertEqual(len(self.ask("Regress", "regress").result.regressions), 2)
        self.assertEqual(self.post("Regress", "regress").json, {"results": [2.5, 3.0]})

    def test_others(self):
        for verb, kind, signatures in (("Classify", "classification", ("regress", "predict")),
                                       ("Regress", "regression", ("classify", "predict"))):
            for signature in signatures:
                self.fails(verb, signature, f"Expected {kind} signature method_name to be "
                           f"tensorflow/serving/{verb.lower()}. Was: tensorflow/serving/{signature}")
        self.fails("Regress", "odd", "Expected regression signature method_name to be tensorflow/serving/regress. "
                   "Was: custom/odd")

    def test_predict(self):
        text = ("Expected prediction signature method_name to be one of {tensorflow/serving/predict, "
                "tensorflow/serving/classify, tensorflow/serving/regress}. Was: custom/odd")
        got = self.server.grpc_error("PredictionService", "Predict", self.predict_request("odd"))
        self.assertEqual(got, ("INTERNAL", text))
        self.assert_error(self.server.post("heads:predict", {"signature_name": "odd", "instances": [""]}), 500, text)
        for signature in ("regress", "classify", "predict"):
            reply = self.server.post("heads:predict", {"signature_name": signature, "instances": [
                {"b64": "Cg8KDQoBeBIIEgYKBAAAgD8="}]})
            self.assertEqual(reply.status, 200, reply.body)


if __name__ == "__main__":
    unittest.main()
