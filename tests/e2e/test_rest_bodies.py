#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""REST bodies and replies that are no JSON: messages as gRPC carries them, raw bytes of one tensor, numpy's .npy."""
import gzip
import http.client
import io
import json
import pathlib
import tempfile
import unittest

import numpy as np

import examples
import graphs
import harness
from messages import get_tensor, message, set_tensor

PROTOBUF, OCTETS, NPY = "application/x-protobuf", "application/octet-stream", "application/x-npy"
NOTE = "X-Tensord-Tensor"
DTYPES = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
          "complex64", "complex128")


def npy(array, **more):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, **more)
    return out.getvalue()


def make_models(base):
    for dtype in (*DTYPES, "bfloat16", "string"):
        graphs.save(base / dtype / "1", graphs.Graph().placeholder("x", dtype).signature("serving_default", {"x": dtype}, {"y": "x"}))
    two = graphs.Graph().placeholder("a", "float32").placeholder("b", "float32")
    two.node("sum", "AddV2", ["a", "b"], "float32").node("product", "Mul", ["a", "b"], "float32")
    two.signature("serving_default", {"a": "float32", "b": "float32"}, {"sum": "sum", "product": "product"})
    two.signature("square", {"a": "float32"}, {"a squared": "a"})
    graphs.save(base / "two" / "1", two)
    return {path.name: path for path in base.iterdir()}


class Bodies(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        base = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.models = {**make_models(base), "heads": examples.write_heads(base), "half_plus_two": harness.MODELS / "half_plus_two"}
        super().setUpClass()

    def ask(self, path, body, sends=None, accept=None, note=None, **more):
        headers = {"Content-Type": sends, "Accept": accept, NOTE: note, **more}
        return self.server.http("POST", "/v1/models/" + path, body, {k: v for k, v in headers.items() if v})


class Messages(Bodies):
    def request(self, inputs=None, **options):
        return self.server.predict_request("", {"x": np.float32([1, 2, 5])} if inputs is None else inputs, **options)

    def predict(self, request, path="half_plus_two:predict", **more):
        return self.ask(path, request.SerializeToString(), PROTOBUF, PROTOBUF, **more)

    def test_there_and_back(self):
        for content in (True, False):
            reply = self.predict(self.request(content=content))
            self.assertEqual((reply.status, reply.headers["Content-Type"]), (200, PROTOBUF))
            answer = message("tensorflow.serving.PredictResponse").FromString(reply.body)
            np.testing.assert_array_equal(get_tensor(answer.outputs["y"]), np.float32([2.5, 3, 4.5]))
            spec = answer.model_spec
            self.assertEqual((spec.name, spec.version.value, spec.signature_name), ("half_plus_two", 2, "serving_default"))

    def test_one_way(self):
        body = self.request().SerializeToString()
        self.assertEqual(self.ask("half_plus_two:predict", body, PROTOBUF).json, {"outputs": [2.5, 3.0, 4.5]})
        self.assertEqual(self.ask("half_plus_two:predict", gzip.compress(body), "application/protobuf; charset=x",
                                  **{"Content-Encoding": "gzip"}).json, {"outputs": [2.5, 3.0, 4.5]})
        reply = self.ask("half_plus_two:predict", '{"instances": [2.0]}', accept=PROTOBUF)
        answer = message("tensorflow.serving.PredictResponse").FromString(reply.body)
        self.assertEqual(answer.outputs["y"].float_val[:], [3.0])

    def test_the_url_decides(self):
        request = self.request()
        request.model_spec.name = "half_plus_two"
        request.model_spec.version.value = 2
        self.assertEqual(self.predict(request).status, 200)
        self.assertEqual(self.predict(request, "half_plus_two/versions/2:predict").status, 200)
        self.assert_error(self.predict(request, "half_plus_two/versions/3:predict"), 400, "names another version than the URL")
        self.assert_error(self.predict(request, "two:predict"), 400, "names the model half_plus_two, the URL two")
        request.model_spec.version.value = 9
        self.assert_error(self.predict(request), 404, "Specific(half_plus_two, 9)")

    def test_signature_and_filter(self):
        request = self.request({"a": np.float32([3])}, signature="square")
        answer = message("tensorflow.serving.PredictResponse").FromString(self.predict(request, "two:predict").body)
        self.assertEqual(list(answer.outputs), ["a squared"])
        request = self.request({"a": np.float32([3]), "b": np.float32([2])}, outputs=["sum"])
        answer = message("tensorflow.serving.PredictResponse").FromString(self.predict(request, "two:predict").body)
        self.assertEqual({k: get_tensor(v).tolist() for k, v in answer.outputs.items()}, {"sum": [5.0]})

    def test_errors_are_json(self):
        for body, text in ((b"\x0a\xff", "Damaged"), (b"", "input size does not match signature"),
                           (self.request({"z": np.float32(1)}).SerializeToString(), "z"),
                           (self.request({"x": np.int32([1])}).SerializeToString(), "Expects arg[0] to be float but int32 is provided"),
                           (self.request(signature="none").SerializeToString(), "none")):
            reply = self.ask("half_plus_two:predict", body, PROTOBUF, PROTOBUF)
            self.assert_error(reply, 400, text)
            self.assertEqual(reply.headers["Content-Type"], "application/json")
        self.assert_error(self.predict(self.request(), "nobody:predict"), 404, "Latest(nobody)")

    def test_classify_and_regress(self):
        for verb, kind, results in (("classify", "Classification", "classifications"), ("regress", "Regression", "regressions")):
            body = {"signature_name": verb, "examples": [{"x": 2.0}, {"x": 4.0}]}
            request = message(f"tensorflow.serving.{kind}Request")()
            request.model_spec.signature_name = verb
            examples.fill(request.input, 2.0, 4.0)
            reply = self.ask(f"heads:{verb}", request.SerializeToString(), PROTOBUF)
            self.assertEqual((reply.status, reply.body), (200, self.server.post(f"heads:{verb}", body).body))
            reply = self.ask(f"heads:{verb}", json.dumps(body), accept=PROTOBUF)
            self.assertEqual(reply.headers["Content-Type"], PROTOBUF)
            answer = message(f"tensorflow.serving.{kind}Response").FromString(reply.body)
            self.assertEqual((len(getattr(answer.result, results)), answer.model_spec.signature_name), (2, verb))
            self.assert_error(self.ask(f"heads:{verb}", b"\xff", PROTOBUF), 400, "Damaged")
            request.model_spec.name = "others"
            self.assert_error(self.ask(f"heads:{verb}", request.SerializeToString(), PROTOBUF), 400, "names the model others")


class Raw(Bodies):
    def raw(self, array, path=None, note="", accept=OCTETS, **more):
        name = array.dtype.name
        text = f"{name} [{','.join(map(str, array.shape))}]{note}"
        return self.ask((path or name) + ":predict", array.tobytes(), OCTETS, accept, text, **more)

    def test_every_type(self):
        for dtype in DTYPES:
            array = (np.arange(12).reshape(3, 4) % 2 if dtype == "bool" else np.arange(12).reshape(3, 4)).astype(dtype)
            reply = self.raw(array)
            self.assertEqual((reply.status, reply.body, reply.headers[NOTE]), (200, array.tobytes(), f"{dtype} [3,4]; name=y"), dtype)
            self.assertEqual(reply.headers["Content-Type"], OCTETS)
        reply = self.ask("bfloat16:predict", b"\x80\x3f\x00\x40", OCTETS, OCTETS, "DT_BFLOAT16[2]")
        self.assertEqual((reply.body, reply.headers[NOTE]), (b"\x80\x3f\x00\x40", "bfloat16 [2]; name=y"))
        self.assertEqual(self.ask("bfloat16:predict", b"\x80\x3f", OCTETS, None, "bfloat16[]").json, {"outputs": 1.0})

    def test_shapes(self):
        for shape in ((), (0,), (2, 0, 3), (1,) * 12):
            array = np.zeros(shape, np.float32)
            reply = self.raw(array)
            self.assertEqual((reply.status, len(reply.body)), (200, array.nbytes))
            self.assertEqual(reply.headers[NOTE], f"float32 [{','.join(map(str, shape))}]; name=y")

    def test_json_back_and_gzip(self):
        array = np.float32([1, 2, 5])
        self.assertEqual(self.raw(array, "half_plus_two", accept=None).json, {"outputs": [2.5, 3.0, 4.5]})
        reply = self.ask("half_plus_two:predict", gzip.compress(array.tobytes()), OCTETS, OCTETS, "float [3]", **{"Content-Encoding": "gzip"})
        self.assertEqual(np.frombuffer(reply.body, np.float32).tolist(), [2.5, 3.0, 4.5])
        large = np.arange(1 << 20, dtype=np.float32)
        self.assertEqual(np.frombuffer(self.raw(large, "half_plus_two").body, np.float32).tolist(), (large * 0.5 + 2).tolist())

    def test_names(self):
        array = np.float32([3])
        self.assertEqual(self.raw(array, "two", "; signature=square").headers[NOTE], 'float32 [1]; name="a squared"')
        self.assertEqual(self.raw(array, "two", '; signature="square" ;name = a; output="a squared"').body, array.tobytes())
        both = '{"inputs": {"a": [3.0], "b": [2.0]}}'
        self.assertEqual(self.ask("two:predict", both, None, OCTETS, "output=product").body, np.float32([6]).tobytes())
        self.assertEqual(self.ask("two:predict", both, None, None, "output=sum").json, {"outputs": [5.0]})

    def test_mistakes(self):
        array = np.float32([3])
        for want, reply in (
                ("says 12 bytes, but the body has 4", self.ask("float32:predict", array.tobytes(), OCTETS, None, "float32[3]")),
                ("is no type whose elements are bytes", self.ask("float32:predict", b"abcd", OCTETS, None, "string[1]")),
                ("it is like: float32 [8,224,224,3]", self.ask("float32:predict", b"abcd", OCTETS, None, "float32[1")),
                ("it is like: float32 [8,224,224,3]", self.ask("float32:predict", b"abcd", OCTETS, None, "float32[1]; who=x")),
                ("it is like: float32 [8,224,224,3]", self.ask("float32:predict", b"{}", None, None, "name")),
                ("more than 12 dimensions", self.ask("float32:predict", b"abcd", OCTETS, None, "float32[" + "1," * 12 + "1]")),
                ("Expects arg[0] to be float but int32 is provided", self.raw(np.int32([1]), "float32")),
                ("has no input z. The inputs are: x", self.raw(array, "float32", "; name=z")),
                ("for one input: name it by", self.raw(array, "two")),
                ("Missing but required: {b}", self.raw(array, "two", "; name=a; output=sum")),
                ("has one output: name it by", self.ask("two:predict", '{"inputs": {"a": 1.0, "b": 2.0}}', None, OCTETS)),
                ("not found in signature: z", self.raw(array, "float32", "; output=z")),
                ("bytes of a bool are 0 and 1", self.ask("bool:predict", b"\x02", OCTETS, None, "bool[1]")),
                ("Strings have no form as raw bytes", self.ask("string:predict", '{"inputs": ["a"]}', None, OCTETS)),
        ):
            self.assert_error(reply, 400, want)
            self.assertIsNone(reply.headers[NOTE])
        for dims in ("9223372036854775807", "99999999999999999999", "4294967296,4294967296,4294967296"):
            self.assertEqual(self.ask("float32:predict", b"abcd", OCTETS, None, f"float32[{dims}]").status, 400)

    def test_nothing_stays_for_the_next_request(self):
        """Of all kinds in turn, on one connection; some in chunks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.rest_port, timeout=harness.PATIENCE)
        self.addCleanup(connection.close)
        array, text = np.float32([1, 2, 5]), '{"instances": [1.0, 2.0, 5.0]}'
        raw = {"Content-Type": OCTETS, "Accept": OCTETS, NOTE: "float32 [3]"}
        plain = (200, None, {"predictions": [2.5, 3.0, 4.5]})
        for body, headers, want in 3 * [
                (array.tobytes(), raw, (200, "float32 [3]; name=y", None)), (text, {}, plain),
                ([array.tobytes()[:5], array.tobytes()[5:]], raw, (200, "float32 [3]; name=y", None)),
                (npy(array), {"Content-Type": NPY}, (200, None, {"outputs": [2.5, 3.0, 4.5]})), (array.tobytes()[1:], raw, (400, None, None)),
                (text, {"Accept": NPY}, (200, "float32 [3]; name=y", None)), (text, {}, plain)]:
            connection.request("POST", "/v1/models/half_plus_two:predict", body, headers)
            reply = connection.getresponse()
            answer = reply.read()
            self.assertEqual((reply.status, reply.headers[NOTE]), want[:2])
            if want[2]:
                self.assertEqual(json.loads(answer), want[2])

    def test_json_stays_json_whatever_its_type_is_called(self):
        self.assertEqual(self.ask("half_plus_two:predict", '{"instances": [1.0]}', OCTETS).json, {"predictions": [2.5]})
        self.assertEqual(self.ask("half_plus_two:predict", '{"instances": [1.0]}', "text/plain", "*/*").json, {"predictions": [2.5]})


class Npy(Bodies):
    def test_every_type_there_and_back(self):
        for dtype in DTYPES:
            array = (np.arange(6).reshape(2, 3) % 2).astype(dtype)
            for sends in (NPY, OCTETS):
                reply = self.ask(dtype + ":predict", npy(array), sends, NPY)
                self.assertEqual((reply.status, reply.headers["Content-Type"]), (200, NPY), reply.body)
                back = np.load(io.BytesIO(reply.body))
                self.assertEqual(back.dtype, array.dtype)
                np.testing.assert_array_equal(back, array)

    def test_strings(self):
        array = np.array(["a", "犬", "three"])
        back = np.load(io.BytesIO(self.ask("string:predict", npy(array), NPY, NPY).body))
        self.assertEqual(back.tolist(), [text.encode() for text in array])
        self.assertEqual(self.ask("string:predict", npy(np.array([b"x\xff"])), NPY).json, {"outputs": [{"b64": "eP8="}]})

    def test_versions_and_names(self):
        array = np.float32([1, 2, 5])
        self.assertEqual(self.ask("half_plus_two:predict", npy(array, version=(2, 0)), NPY).json, {"outputs": [2.5, 3.0, 4.5]})
        self.assertEqual(self.ask("half_plus_two:predict", b"\0" + b"", NPY).status, 400)
        self.assertEqual(self.ask("two:predict", npy(array), NPY, None, "signature=square; name=a").json, {"outputs": [1.0, 2.0, 5.0]})

    def test_mistakes(self):
        for want, body in (("no .npy file", b"{}"), ("Fortran order", npy(np.asfortranarray(np.ones((2, 3), np.float32)))),
                           ("big-endian", npy(np.ones(3, ">f4"))), ("cut short", npy(np.ones(3, np.float32))[:-1]),
                           ("Expects arg[0] to be float but double", npy(np.ones(3)))):
            self.assert_error(self.ask("half_plus_two:predict", body, NPY, NPY), 400, want)
        self.assert_error(self.ask("bool:predict", npy(np.zeros(1, bool))[:-1] + b"\x07", NPY), 400, "0 and 1")


if __name__ == "__main__":
    unittest.main()
