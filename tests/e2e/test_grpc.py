#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What only gRPC has: every type both ways, raw content, metadata, health, UNIX sockets, channel arguments."""
import pathlib
import tempfile
import unittest

import grpc
import numpy as np

import graphs
import harness
from messages import FIELDS, get_tensor, message, set_tensor

TYPES = sorted(set(FIELDS) - {"string"})
HEALTH = "grpc.health.v1.Health"


def write_echo(folder):
    """One signature per type: x -> y."""
    graph = graphs.Graph()
    for name in [*TYPES, "string"]:
        graph.placeholder(f"x_{name}", name).node(f"y_{name}", "Identity", [f"x_{name}"], name)
        graph.signature(name, {f"x_{name}": name}, {"y": f"y_{name}"})
    graphs.save(folder / "echo" / "1", graph)
    return folder / "echo"


def sample(name, shape):
    if name == "string":
        return np.array([b"a", b"", b"\xff\x00b", b"long" * 100], object).reshape(2, 2)
    if name == "bool":
        return np.arange(np.prod(shape)).reshape(shape) % 3 == 1
    kind = np.dtype(name)
    low = 0 if kind.kind == "u" else -50
    return (np.arange(np.prod(shape)) * 7 + low).reshape(shape).astype(kind)


class Echo(unittest.TestCase):
    flags = ()
    as_content = False

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.server = harness.Server({"echo": write_echo(folder)}, cls.flags)
        cls.enterClassContext(cls.server)

    def ask(self, name, array, content):
        request = self.server.predict_request("echo", {f"x_{name}": array}, signature=name, content=content)
        return self.server.call("PredictionService", "Predict", request)

    def test_every_type(self):
        for name in [*TYPES, "string"]:
            for shape in ((2, 3, 5), (), (0, 4)):
                for content in (True, False):
                    with self.subTest(dtype=name, shape=shape, content=content):
                        array = sample(name, shape)
                        reply = self.ask(name, array, content)
                        tensor = reply.outputs["y"]
                        self.assertEqual(bool(tensor.tensor_content), self.as_content and array.size > 0)
                        got = get_tensor(tensor)
                        self.assertEqual(got.shape, array.shape)
                        self.assertTrue(np.array_equal(got, array), (got, array))
                        self.assertEqual((reply.model_spec.name, reply.model_spec.version.value), ("echo", 1))
                        self.assertEqual(reply.model_spec.signature_name, name)

    def test_short_list_repeats(self):
        request = self.server.predict_request("echo", {}, signature="float32")
        tensor = set_tensor(request.inputs["x_float32"], np.zeros([4], np.float32), False)
        del tensor.float_val[:]
        tensor.float_val.extend([1, 2])
        reply = self.server.call("PredictionService", "Predict", request)
        self.assertEqual(get_tensor(reply.outputs["y"]).tolist(), [1, 2, 2, 2])

    def test_large(self):
        array = np.arange(3_000_000, dtype=np.float32).reshape(3, -1)
        self.assertTrue(np.array_equal(get_tensor(self.ask("float32", array, True).outputs["y"]), array))


class RawContent(Echo):
    flags = ["--enable_serialization_as_tensor_content=true"]
    as_content = True


class Services(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}
    flags = ["--grpc_channel_arguments=grpc.max_concurrent_streams=50,some.unknown=thing"]

    def health(self, service):
        ask = self.server.channel.unary_unary(f"/{HEALTH}/Check", lambda m: m.SerializeToString(),
                                              message("grpc.health.v1.HealthCheckResponse").FromString)
        return ask(message("grpc.health.v1.HealthCheckRequest")(service=service), timeout=harness.PATIENCE).status

    def test_health(self):
        services = ("ModelService", "PredictionService")
        for service in ("", *services, *("tensorflow.serving." + s for s in services), "half_plus_two"):
            self.assertEqual(self.health(service), 1, service)
        with self.assertRaises(grpc.RpcError) as caught:
            self.health("nobody")
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_metadata(self):
        request = message("tensorflow.serving.GetModelMetadataRequest")(metadata_field=["signature_def"])
        request.model_spec.name = "half_plus_two"
        reply = self.server.call("PredictionService", "GetModelMetadata", request)
        self.assertEqual(reply.model_spec.version.value, 2)
        signatures = message("tensorflow.serving.SignatureDefMap")()
        self.assertTrue(reply.metadata["signature_def"].Unpack(signatures))
        serving = signatures.signature_def["serving_default"]
        self.assertEqual(serving.method_name, "tensorflow/serving/predict")
        self.assertEqual(serving.inputs["x"].dtype, 1)

    def test_gzip(self):
        request = self.server.predict_request("half_plus_two", {"x": np.ones([1000], np.float32)})
        stub = self.server.channel.unary_unary("/tensorflow.serving.PredictionService/Predict",
                                               lambda m: m.SerializeToString(),
                                               message("tensorflow.serving.PredictResponse").FromString)
        reply = stub(request, compression=grpc.Compression.Gzip, timeout=harness.PATIENCE)
        self.assertEqual(set(get_tensor(reply.outputs["y"]).tolist()), {2.5})


class SocketPath(unittest.TestCase):
    def test_serves(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/socket"
            models = {"half_plus_two": harness.MODELS / "half_plus_two"}
            with harness.Server(models, [f"--grpc_socket_path={path}"]) as server, \
                    grpc.insecure_channel(f"unix:{path}") as channel:
                request = server.predict_request("half_plus_two", {"x": np.ones([2], np.float32)})
                stub = channel.unary_unary("/tensorflow.serving.PredictionService/Predict",
                                           lambda m: m.SerializeToString(),
                                           message("tensorflow.serving.PredictResponse").FromString)
                reply = stub(request, timeout=harness.PATIENCE)
                self.assertEqual(get_tensor(reply.outputs["y"]).tolist(), [2.5, 2.5])


if __name__ == "__main__":
    unittest.main()
