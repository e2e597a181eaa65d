#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Status and metadata, over REST and gRPC."""
import unittest

import harness

ONE_VERSION = {"model_version_status": [
    {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}]}


class Status(harness.ServerTest):
    models = {"half_plus_two": (harness.MODELS / "half_plus_two", """model_version_policy { all {} }
                  version_labels { key: "old" value: 1 } version_labels { key: "new \u00fc" value: 2 }
                  version_labels { key: "other" value: 2 }"""),
              "digits": harness.MODELS / "digits"}

    def test_rest_status(self):
        reply = self.server.get("digits")
        self.assertEqual((reply.status, reply.json), (200, ONE_VERSION))
        self.assertEqual(self.server.get("half_plus_two/versions/1").json, ONE_VERSION)

    def test_list_of_models(self):
        reply = self.server.http("GET", "/v1/models")
        status = {"error_code": "OK", "error_message": ""}
        self.assertEqual((reply.status, reply.headers["Content-Type"]), (200, "application/json"))
        self.assertEqual(reply.json, {"models": [
            {"name": "digits", "ready": True, "versions": [{"version": "1", "state": "AVAILABLE", "status": status}]},
            {"name": "half_plus_two", "ready": True, "versions": [
                {"version": "2", "state": "AVAILABLE", "status": status, "labels": ["new \u00fc", "other"]},
                {"version": "1", "state": "AVAILABLE", "status": status, "labels": ["old"]}]}]})
        self.assertEqual(self.server.http("GET", "/v1/models/").status, 400)

    def test_highest_version_first(self):
        versions = [v["version"] for v in self.server.get("half_plus_two").json["model_version_status"]]
        self.assertEqual(versions, ["2", "1"])

    def test_grpc_status(self):
        request = harness.message("tensorflow.serving.GetModelStatusRequest")()
        harness.set_spec(request.model_spec, "half_plus_two")
        reply = self.server.call("ModelService", "GetModelStatus", request)
        self.assertEqual([(v.version, v.state, v.status.error_code) for v in reply.model_version_status],
                         [(2, 30, 0), (1, 30, 0)])
        request.model_spec.name = "nobody"
        self.assertEqual(self.server.grpc_error("ModelService", "GetModelStatus", request),
                         ("NOT_FOUND", "Could not find any versions of model nobody. The models here: digits, half_plus_two."))

    def test_each_version_is_served(self):
        for version in (1, 2):
            reply = self.server.post(f"half_plus_two/versions/{version}:predict", {"instances": [1.0]})
            self.assertEqual(reply.json, {"predictions": [2.5]})

    def test_rest_metadata(self):
        got = self.server.get("half_plus_two/versions/1/metadata").json
        self.assertEqual(got["model_spec"], {"name": "half_plus_two", "signature_name": "", "version": "1"})
        signature = got["metadata"]["signature_def"]["signature_def"]["serving_default"]
        shape = {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
        self.assertEqual(signature["inputs"], {"x": {"dtype": "DT_FLOAT", "tensor_shape": shape,
                                                     "name": "serving_default_x:0"}})
        self.assertEqual(signature["outputs"]["y"]["tensor_shape"], shape)
        self.assertEqual(signature["method_name"], "tensorflow/serving/predict")

    def test_grpc_metadata(self):
        request = harness.message("tensorflow.serving.GetModelMetadataRequest")(metadata_field=["signature_def"])
        harness.set_spec(request.model_spec, "digits")
        reply = self.server.call("PredictionService", "GetModelMetadata", request)
        self.assertEqual((reply.model_spec.name, reply.model_spec.version.value), ("digits", 1))
        signatures = harness.message("tensorflow.serving.SignatureDefMap")()
        signatures.ParseFromString(reply.metadata["signature_def"].value)
        image = signatures.signature_def["serving_default"].inputs["image"]
        self.assertEqual([d.size for d in image.tensor_shape.dim], [-1, 8, 8, 1])
        self.assertEqual(reply.metadata["signature_def"].type_url.split("/")[-1],
                         "tensorflow.serving.SignatureDefMap")


unittest.main()
