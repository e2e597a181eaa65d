#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What clients are told when they err: TensorFlow Serving's codes and texts, over REST and gRPC."""
import pathlib
import tempfile
import unittest

import numpy as np

import graphs
import harness

PREDICT = "half_plus_two:predict"


class RestErrors(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        graph = graphs.Graph().placeholder("a", "float32").placeholder("b", "int32")
        graph.node("c", "Identity", ["a"], "float32").node("d", "Identity", ["b"], "int32")
        graph.signature("serving_default", {"a": "float32", "b": "int32"}, {"c": "c", "d": "d"})
        graphs.save(folder / "two" / "1", graph)
        cls.models = {"half_plus_two": harness.MODELS / "half_plus_two", "two": folder / "two"}
        super().setUpClass()

    def post_fails(self, path, body, status, *parts):
        with self.subTest(body=str(body)[:80]):
            self.assert_error(self.server.post(path, body), status, *parts)

    def test_json(self):
        self.post_fails(PREDICT, "", 400, "JSON Parse error: The document is empty")
        self.post_fails(PREDICT, "x", 400, "JSON Parse error: Invalid value. at offset: 0")
        self.post_fails(PREDICT, '{"instances": [1,]}', 400, "JSON Parse error: Invalid value.")
        self.post_fails(PREDICT, '{"instances" [1]}', 400, "Missing a colon after a name of object member.")
        self.post_fails(PREDICT, '{"instances": [1 2]}', 400, "Missing a comma or ']' after an array element.")
        self.post_fails(PREDICT, '{"instances": [1]', 400, "Missing a comma or '}' after an object member.")
        self.post_fails(PREDICT, '{"a": "x', 400, "Missing a closing quotation mark in string.")
        self.post_fails(PREDICT, '{"instances": [1e999]}', 400, "Number too big to be stored in double.")
        self.post_fails("nobody:predict", "x", 400, "JSON Parse error")

    def test_form(self):
        self.post_fails(PREDICT, [1, 2], 400, "Is not object")
        self.post_fails(PREDICT, {}, 400, "Missing 'inputs' or 'instances' key")
        self.post_fails(PREDICT, {"inputs": [1.0], "instances": [1.0]}, 400,
                        "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist")
        self.post_fails(PREDICT, {"instances": 1}, 400, "Expecting 'instances' to be an list/array")
        self.post_fails(PREDICT, {"instances": []}, 400, "No values in 'instances' array")
        self.post_fails(PREDICT, {"signature_name": 1, "instances": [1]}, 400,
                        "'signature_name' key must be a string value.")

    def test_inputs(self):
        self.post_fails("two:predict", {"instances": [1, 2]}, 400, "instances is a plain list, but expecting list of "
                        "objects as multiple input tensors required as per tensorinfo_map")
        self.post_fails("two:predict", {"inputs": 1}, 400, "inputs is a plain value/list, but expecting an object as "
                        "multiple input tensors required as per tensorinfo_map")
        self.post_fails("two:predict", {"instances": [{"a": 1, "b": 2, "foo": 1}]}, 400, "Failed to process element: 0")
        self.post_fails("two:predict", {"instances": [{"a": 1}]}, 400, "keys must be equal to: a,b")
        self.post_fails("two:predict", {"inputs": {"a": [1]}}, 400, "Missing named input: b in 'inputs' object.")
        self.post_fails("two:predict", {"inputs": {"a": [1], "b": [1.0]}}, 400, "is not of expected type: int32")

    def test_values(self):
        self.post_fails(PREDICT, {"instances": ["x"]}, 400, "Failed to process element: 0 of 'instances' list. Error: "
                        "INVALID_ARGUMENT: JSON Value: \"x\" Type: String is not of expected type: float")
        self.post_fails(PREDICT, {"instances": [None]}, 400, "is not of expected type: float")
        self.post_fails(PREDICT, {"inputs": [True]}, 400, "is not of expected type: float")
        self.post_fails(PREDICT, {"instances": [[1, 2], [1, 2, 3]]}, 400, "Expecting tensor size: 2 but got: 3")
        self.post_fails(PREDICT, {"instances": [1.0, {"x": 1.0}]}, 400,
                        "Expecting value/list but got object at item 1 of input list")
        self.post_fails(PREDICT, {"instances": [{"x": 1.0}, [1.0]]}, 400,
                        "Expecting object but got list at item 1 of input list")

    def test_names(self):
        one = {"instances": [1.0]}
        self.post_fails("nobody:predict", one, 404, "Servable not found for request: Latest(nobody)")
        self.post_fails("half_plus_two/versions/9:predict", one, 404,
                        "Servable not found for request: Specific(half_plus_two, 9)")
        self.post_fails("half_plus_two/labels/canary:predict", one, 400, "Unrecognized servable version label: canary")
        self.post_fails(PREDICT, {"signature_name": "foo", **one}, 400,
                        'Serving signature name: "foo" not found in signature def')

    def test_urls(self):
        malformed = [("POST", "/v1/models/m"), ("POST", "/v1/models/m:frobnicate"), ("GET", "/v1/foo"),
                     ("POST", "/v1/models/m:predict?x=1"), ("DELETE", "/v1/models/m"), ("GET", "/v1/"),
                     ("PUT", "/v1/models/m:predict"), ("POST", "/v1/models/half_plus_two:PREDICT")]
        for method, path in malformed:
            with self.subTest(method + path):
                reply = self.server.http(method, path, "{}" if method in ("POST", "PUT") else None)
                self.assert_error(reply, 400, f"Malformed request: {method} {path}")
        self.assertEqual(self.server.http("GET", "/elsewhere").status, 404)

    def test_status_and_metadata_of_nobody(self):
        self.assert_error(self.server.get("nobody"), 404, "Could not find any versions of model nobody")
        self.assert_error(self.server.get("half_plus_two/versions/5"), 404,
                          "Could not find version 5 of model half_plus_two")
        self.assert_error(self.server.get("nobody/metadata"), 404, "Servable not found for request: Latest(nobody)")

    def test_the_server_survives(self):
        self.assertEqual(self.server.post(PREDICT, {"instances": [1.0]}).json, {"predictions": [2.5]})


class Advice(harness.ServerTest):
    """The second sentence of an error: what there is, what was expected, what was sent."""

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        dense = graphs.Graph().placeholder("image", "float32").constant("w", np.ones((4, 2), np.float32))
        dense.node("logits", "MatMul", ["image", "w"], "float32").node("act/Relu", "Relu", ["logits"], "float32")
        dense.signature("serving_default", {"image": "float32"}, {"scores": "act/Relu"}, shape=[-1, 4])
        graphs.save(folder / "dense" / "1", dense)
        text = graphs.Graph().placeholder("picture", "string").constant("seven", np.int32([7]))
        text.node("n", "Reshape", ["picture", "seven"], "string", Tshape="int32")  # fails for any other number
        text.signature("serving_default", {"picture": "string"}, {"n": "n"})
        graphs.save(folder / "text" / "1", text)
        cls.models = {"half_plus_two": harness.MODELS / "half_plus_two", "dense": folder / "dense",
                      "text": folder / "text"}
        super().setUpClass()

    def both_say(self, model, inputs, *parts, **options):
        """REST and gRPC say all parts."""
        body = {"inputs": {name: value.tolist() for name, value in inputs.items()}}
        if "signature" in options:
            body["signature_name"] = options["signature"]
        version = f"/versions/{options['version']}" if "version" in options else ""
        texts = [self.server.post(f"{model}{version}:predict", body).json["error"],
                 self.server.grpc_error("PredictionService", "Predict",
                                        self.server.predict_request(model, inputs, **options))[1]]
        for text in texts:
            for part in parts:
                self.assertIn(part, text)
        return texts

    def test_names(self):
        one = {"x": np.float32([1])}
        self.both_say("half_plus_tow", one, "Latest(half_plus_tow). The models here: half_plus_two, ")
        self.both_say("half_plus_two", one, "Specific(half_plus_two, 9). Its available versions: 2", version=9)
        self.both_say("dense", {"image": np.float32([[1, 2, 3, 4]])}, "The model's signatures: serving_default.",
                      signature="serving_defualt")
        self.assert_error(self.server.get("dens"), 404, "of model dens. The models here: dense, ")
        self.assert_error(self.server.get("dense/versions/7"), 404, "of model dense. Its versions: 1.")
        self.assert_error(self.server.get("dens/metadata"), 404, "The models here: dense, ")
        self.assert_error(self.server.post("half_plus_two:classify", {"signature_name": "clasify",
                                                                      "examples": [{"x": 1.0}]}), 400,
                          "No signature was found with the name: clasify. The model's signatures: ")

    def test_shapes(self):
        for value in (np.float32([[1, 2, 3]]), np.float32([1, 2, 3, 4]), np.zeros((1, 2, 2), np.float32)):
            shape = "[" + ",".join(map(str, value.shape)) + "]"
            for text in self.both_say("dense", {"image": value},
                                      f"The signature declares input image (float [?,4]); the shape sent is {shape}."):
                self.assertNotIn("Relu", text)
                self.assertIn("{{node logits}}", text)

    def test_undeclared_shapes_work(self):
        self.assertEqual(self.server.post("half_plus_two:predict", {"inputs": [[[2.0]]]}).json, {"outputs": [[[3.0]]]})

    def test_types(self):
        self.both_say("dense", {"image": np.array([[True, False]])}, "float", "image (float [?,4])")

    def test_base64_as_text(self):
        reply = self.server.post("text:predict", {"instances": ["iVBORw0KGgoAAAANSUhEUg=="]})
        self.assert_error(reply, 400, 'looks like base64 text: JSON wants it as {"b64": "..."}')
        self.assertNotIn("base64", self.server.post("text:predict", {"instances": ["four"]}).json["error"])

    def test_bodies(self):
        for body, part in (({"instance": [1.0]}, "The body has: instance. Write "),
                           ({"instances": [[1.0, 2.0], [1.0]]}, "The signature declares input x (float [?])."),
                           ({"inputs": {"y": 1.0}}, "It has: y. The inputs are: x."),
                           ({"instances": ["1.0"]}, "Numbers are written without quotes."),
                           ({"instances": [{"b64": "AAAA"}]}, '{"b64": ...} is for inputs of type string')):
            self.assert_error(self.server.post(PREDICT, body), 400, part)

    def test_lists_are_bounded(self):
        reply = self.server.post(PREDICT, {f"key{i}": "x" * 1000 for i in range(1000)})
        self.assert_error(reply, 400, "and more")
        self.assertLess(len(reply.body), 2000)


class WrongPaths(unittest.TestCase):
    """A base path that is none: the log and /readyz say what to give instead."""

    def assert_told(self, base, *parts):
        with harness.Server({"m": base}, wait=False) as server:
            def told():
                try:
                    return server.http("GET", "/readyz").body.decode().replace("\\/", "/")
                except OSError:
                    return ""
            harness.until(lambda: parts[0] in told(), parts[0])
            for part in parts:
                self.assertIn(part, told())
                harness.until(lambda: part in server.log_text(), part)

    def test_a_version_as_base_path(self):
        self.assert_told(harness.MODELS / "half_plus_two" / "1",
                         f"give its parent, {harness.MODELS}/half_plus_two, as the base path")

    def test_all_models_as_base_path(self):
        self.assert_told(harness.MODELS, "It holds the models ", f"give one, {harness.MODELS}/")

    def test_other_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "m" / "net.keras"
            path.parent.mkdir()
            path.write_bytes(b"PK")
            self.assert_told(path.parent, f"{path} is a Keras file", "model.export(DIR)")
            self.assert_told(path, f"{path} is a Keras file, not a SavedModel directory")

    def test_a_file_in_place_of_a_version(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "1" / "net.h5"
            path.parent.mkdir()
            path.write_bytes(b"HDF")
            self.assert_told(pathlib.Path(folder), f"{path} is a Keras or weights file")

    def test_a_mistyped_flag(self):
        with harness.Server({"m": harness.MODELS / "half_plus_two"}, ["--rest_api_prot=1", "--frobnicate=2"]) as server:
            log = server.log_text()
            self.assertIn('argument="--rest_api_prot=1" nearest=--rest_api_port=', log)
            self.assertIn("unknown argument: --frobnicate=2", log)
            self.assertNotIn('argument="--frobnicate', log)


class GrpcErrors(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}

    def fails(self, code, text, inputs=None, model="half_plus_two", edit=None, **options):
        inputs = {"x": np.float32([1])} if inputs is None else inputs
        request = self.server.predict_request(model, inputs, **options)
        if edit:
            edit(request)
        got, details = self.server.grpc_error("PredictionService", "Predict", request)
        self.assertEqual(got, code, details)
        self.assertIn(text, details)

    def test_names(self):
        self.fails("INVALID_ARGUMENT", "Missing ModelSpec", edit=lambda r: r.ClearField("model_spec"))
        self.fails("INVALID_ARGUMENT", "ModelSpec has no name specified.", model="")
        self.fails("NOT_FOUND", "Servable not found for request: Latest(nobody)", model="nobody")
        self.fails("NOT_FOUND", "Servable not found for request: Specific(half_plus_two, 9)", version=9)
        self.fails("INVALID_ARGUMENT", "Unrecognized servable version label: x", label="x")
        self.fails("FAILED_PRECONDITION", 'Serving signature key "foo" not found.', signature="foo")

    def test_inputs(self):
        one = np.float32([1])
        self.fails("INVALID_ARGUMENT", "input size does not match signature: 0!=1 len({}) != len({x}).", inputs={})
        self.fails("INVALID_ARGUMENT", "input size does not match signature: 2!=1", inputs={"x": one, "z": one})
        self.fails("INVALID_ARGUMENT", "Signature input alias: x", inputs={"z": one})
        self.fails("INVALID_ARGUMENT", "to be float but int32 is provided", inputs={"x": np.int32([1])})

    def test_tensors(self):
        def cut(request):
            request.inputs["x"].tensor_content = b"\0\0\0"

        def negative(request):
            request.inputs["x"].tensor_shape.dim[0].size = -1

        def huge(request):
            for _ in range(4):
                request.inputs["x"].tensor_shape.dim.add(size=1 << 62)

        for edit in (cut, negative, huge):
            self.fails("INVALID_ARGUMENT", "tensor parsing error: x", edit=edit)

    def test_output_filter(self):
        self.fails("INVALID_ARGUMENT", "output tensor alias not found in signature: z Outputs expected to be in the "
                   "set {y}.", outputs=["z"])
        self.fails("INVALID_ARGUMENT", "duplicate output tensor alias: y", outputs=["y", "y"])

    def test_metadata_fields(self):
        request = harness.message("tensorflow.serving.GetModelMetadataRequest")()
        harness.set_spec(request.model_spec, "half_plus_two")
        code, text = self.server.grpc_error("PredictionService", "GetModelMetadata", request)
        self.assertEqual((code, text), ("INVALID_ARGUMENT",
                                        "GetModelMetadataRequest must specify at least one metadata_field"))
        request.metadata_field.append("x")
        code, text = self.server.grpc_error("PredictionService", "GetModelMetadata", request)
        self.assertEqual((code, text), ("INVALID_ARGUMENT", "Metadata field x is not supported"))

    def test_unknown_method(self):
        call = self.server.channel.unary_unary("/tensorflow.serving.PredictionService/Nothing")
        with self.assertRaises(harness.grpc.RpcError) as caught:
            call(b"", timeout=harness.PATIENCE)
        self.assertEqual(caught.exception.code().name, "UNIMPLEMENTED")

    def test_garbage_is_no_request(self):
        call = self.server.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        with self.assertRaises(harness.grpc.RpcError):
            call(b"\xff\xff\xff\xff", timeout=harness.PATIENCE)
        self.assertEqual(self.server.predict("half_plus_two", {"x": np.float32([1])})["y"].tolist(), [2.5])


unittest.main()
