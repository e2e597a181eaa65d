#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Limits that flags set: body and header of a REST request; rank and elements of tensors and requests in flight, over both
protocols."""
import io
import json
import pathlib
import socket
import subprocess
import tempfile
import unittest

import numpy as np

import graphs
import harness
import wire
from examples import CLASSIFY, REGRESS, fill, write_heads
from messages import message

PATH = "/v1/models/half_plus_two:predict"


class Sizes(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}
    flags = ("--rest_api_max_body_megabytes=1", "--rest_api_max_header_kilobytes=4")

    def refused(self, request):
        with socket.create_connection(("127.0.0.1", self.server.rest_port), harness.PATIENCE) as connection:
            connection.sendall(request)
            line, _, body = wire.read_reply(connection.makefile("rb"))
            self.assertEqual((line, b"larger than 1048576 bytes (--rest_api_max_body_megabytes)" in body), ("HTTP/1.1 413 Content Too Large", True))

    def test_headers_of_no_more_than_four_kibibytes(self):
        for cookie, status in ((3500, 200), (4200, 431), (70000, 431)):
            reply = self.server.http("POST", PATH, '{"instances": [1.0]}', {"Cookie": "x" * cookie})
            self.assertEqual(reply.status, status)
        self.assert_error(reply, 431, "Request head is larger than 4096 bytes (--rest_api_max_header_kilobytes)")

    def test_no_more_than_a_megabyte(self):
        text = '{"instances": [1.0]' + " " * (1 << 20)
        self.assertEqual(self.server.http("POST", PATH, text[:(1 << 20) - 1] + "}").status, 200)
        self.refused(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (PATH.encode(), (1 << 20) + 1))
        self.refused(b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n%s"
                     % (PATH.encode(), b" " * ((1 << 20) + 1)))
        self.assertEqual(self.server.http("POST", PATH, '{"instances": [1.0]}').status, 200)


class Tensors(harness.ServerTest):
    """Every way for a tensor to come in: one that is as large as it may be, one with an element or a dimension too many."""
    flags = ("--max_tensor_rank=3", "--max_tensor_elements=100")

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        graph = graphs.Graph().signature("serving_default", {"x": "float32"}, {"y": "x"})
        texts = graphs.Graph().signature("serving_default", {"x": "string"}, {"y": "x"})
        cls.models = {"same": graphs.save(folder / "same" / "1", graph).parent,
                      "texts": graphs.save(folder / "texts" / "1", texts).parent, "heads": write_heads(folder)}
        super().setUpClass()

    def rest(self, body, model="same", verb="predict", **headers):
        return self.server.http("POST", f"/v1/models/{model}:{verb}", body, {k.replace("_", "-"): v for k, v in headers.items()})

    def ways(self, x):
        """(what, reply) of the same tensor as JSON rows, JSON columns, raw bytes, .npy and a message."""
        rows = x.tolist()
        npy = io.BytesIO()
        np.save(npy, x)
        shape = ",".join(map(str, x.shape))
        yield "plain rows", self.rest(json.dumps({"instances": rows}))
        yield "rows", self.rest(json.dumps({"instances": [{"x": row} for row in rows]}))
        yield "column", self.rest(json.dumps({"inputs": rows}))
        yield "columns", self.rest(json.dumps({"inputs": {"x": rows}}))
        yield "raw", self.rest(x.tobytes(), Content_Type="application/octet-stream", X_Tensord_Tensor=f"float32 [{shape}]")
        yield "npy", self.rest(npy.getvalue(), Content_Type="application/x-npy")
        yield "message", self.rest(self.server.predict_request("same", {"x": x}).SerializeToString(),
                                   Content_Type="application/x-protobuf")

    def refused_by_grpc(self, x, text):
        for content in (True, False):
            request = self.server.predict_request("same", {"x": x}, content=content)
            self.assertEqual(self.server.grpc_error("PredictionService", "Predict", request), ("INVALID_ARGUMENT", text))

    def test_as_large_as_they_may_be(self):
        for shape in ((100,), (10, 10), (5, 4, 5), (1, 1, 1)):
            x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
            for what, reply in self.ways(x):
                self.assertEqual(reply.status, 200, (what, reply.body))
            np.testing.assert_array_equal(self.server.predict("same", {"x": x})["y"], x)

    def test_an_element_too_many(self):
        for shape in ((101,), (2, 51), (1000,), (300, 300)):
            x = np.ones(shape, np.float32)
            for what, reply in self.ways(x):
                with self.subTest(what, shape=shape):
                    self.assert_error(reply, 400, "elements", "100", "(--max_tensor_elements)")
            self.refused_by_grpc(x, f"Input x has {x.size} elements; there may be 100 (--max_tensor_elements)")

    def test_a_dimension_too_many(self):
        x = np.ones((1, 2, 1, 2), np.float32)
        for what, reply in self.ways(x):
            with self.subTest(what):
                self.assert_error(reply, 400, "Input x has 4 dimensions; there may be 3 (--max_tensor_rank)")
        self.refused_by_grpc(x, "Input x has 4 dimensions; there may be 3 (--max_tensor_rank)")

    def test_few_bytes_that_mean_many(self):
        """One value stands for all of a shape: no memory is taken for them."""
        request = self.server.predict_request("same", {"x": np.ones(1, np.float32)}, content=False)
        request.inputs["x"].tensor_shape.dim[0].size = 1 << 20
        self.assertEqual(self.server.grpc_error("PredictionService", "Predict", request)[1],
                         f"Input x has {1 << 20} elements; there may be 100 (--max_tensor_elements)")

    def test_texts(self):
        texts = ["a"] * 101
        npy = io.BytesIO()
        np.save(npy, np.array(texts))
        self.assertEqual(self.rest(json.dumps({"instances": texts[:100]}), "texts").status, 200)
        for reply in (self.rest(json.dumps({"instances": texts}), "texts"),
                      self.rest(npy.getvalue(), "texts", Content_Type="application/x-npy")):
            self.assert_error(reply, 400, "elements", "(--max_tensor_elements)")

    def test_examples(self):
        says = "Input inputs has 101 elements; there may be 100 (--max_tensor_elements)"
        for verb in ("classify", "regress"):
            for n in (100, 101):
                reply = self.rest(json.dumps({"signature_name": verb, "examples": [{"x": 1.0}] * n}), "heads", verb)
                self.assertEqual(reply.status, 200 if n == 100 else 400, reply.body)
            self.assert_error(reply, 400, says)
        request = message("tensorflow.serving.MultiInferenceRequest")()
        for signature, method in (("classify", CLASSIFY), ("regress", REGRESS)):
            harness.set_spec(request.tasks.add(method_name=method).model_spec, "heads", signature)
            fill(request.input, *[1.0] * 101)
            self.assertEqual(self.server.grpc_error("PredictionService", "MultiInference", request), ("INVALID_ARGUMENT", says))
            request.input.Clear()

    def test_what_is_wrong_besides(self):
        """Something else that is wrong may be said first; none of it is served."""
        self.assert_error(self.rest('{"instances": [' + "1.0, " * 200 + '"a"]}'), 400, "(--max_tensor_elements)")
        self.assert_error(self.rest('{"instances": [[[[[1.0]]]], 2]}'), 400)


class Flags(unittest.TestCase):
    def test_ranks_that_there_are(self):
        for rank in (0, 13):
            done = subprocess.run([harness.BINARY, f"--max_tensor_rank={rank}", "--model_base_path=/nowhere", "--port=0",
                                   "--grpc_socket_path=/nowhere"], capture_output=True, text=True, timeout=harness.PATIENCE)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(f"max_tensor_rank is {rank}; there are 1 to 12", done.stdout + done.stderr)


class InFlight(harness.ServerTest):
    flags = ("--max_requests_in_flight=1", "--enable_model_warmup=false")

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        graphs.save(folder / "long" / "1", graphs.products(400, 3000))
        cls.models = {"half_plus_two": harness.MODELS / "half_plus_two", "long": folder / "long"}
        super().setUpClass()

    def test_one_more_is_turned_away(self):
        server, request = self.server, self.server.predict_request("half_plus_two", {"x": np.float32([1])})
        self.assertEqual(server.post("half_plus_two:predict", {"instances": [1.0]}).status, 200)
        with harness.until(lambda: self.held(server), "room"):
            reply = self.refused(server)
            self.assert_error(reply, 503, "Too many requests are in flight: there may be 1 (--max_requests_in_flight)")
            self.assertEqual(reply.headers["Retry-After"], "1")
            self.assertEqual(server.get("half_plus_two").status, 200)
            self.assertEqual(server.grpc_error("PredictionService", "Predict", request)[0], "UNAVAILABLE")
        harness.until(lambda: not self.refused(server), "room")
        self.assertEqual(server.predict("half_plus_two", {"x": np.float32([1])})["y"].tolist(), [2.5])

    @staticmethod
    def held(server):
        """A connection whose run takes the one place; None, if the request before it had not left yet."""
        connection = socket.create_connection(("127.0.0.1", server.rest_port))
        connection.sendall(wire.post(b'{"inputs": 0.0}', path="/v1/models/long:predict"))
        connection.settimeout(0.5)
        try:
            connection.recv(1)
        except TimeoutError:
            return connection
        connection.close()
        return None

    @staticmethod
    def refused(server):
        reply = server.post("half_plus_two:predict", {"instances": [1.0]})
        return reply if reply.status == 503 else None


if __name__ == "__main__":
    unittest.main()
