#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Server reflection: a client that knows no message of ours lists services, reads what describes them, and predicts."""
import contextlib
import queue
import unittest

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import harness
from messages import message

VERSIONS = ("v1", "v1alpha")
PREDICTION = "tensorflow.serving.PredictionService"


class Stream:
    """One stream of questions, open until the block ends."""

    def __init__(self, channel, version="v1"):
        package = f"grpc.reflection.{version}"
        self.kind = message(f"{package}.ServerReflectionRequest")
        self.questions = queue.Queue()
        method = channel.stream_stream(f"/{package}.ServerReflection/ServerReflectionInfo",
                                       lambda m: m if isinstance(m, bytes) else m.SerializeToString(),
                                       message(f"{package}.ServerReflectionResponse").FromString)
        self.answers = method(iter(self.questions.get, None), timeout=harness.PATIENCE)

    def ask(self, **fields):
        self.questions.put(self.kind(**fields))
        return next(self.answers)

    def files(self, **fields):
        """{name: FileDescriptorProto}"""
        reply = self.ask(**fields).file_descriptor_response
        files = [descriptor_pb2.FileDescriptorProto.FromString(b) for b in reply.file_descriptor_proto]
        assert len({f.name for f in files}) == len(files), "a file came twice"
        return {f.name: f for f in files}

    def error(self, **fields):
        reply = self.ask(**fields)
        assert reply.WhichOneof("message_response") == "error_response", reply
        return grpc.StatusCode(next(c.value for c in grpc.StatusCode if c.value[0] == reply.error_response.error_code)).name

    def end(self):
        """Says that there are no more questions; what the stream ends with."""
        self.questions.put(None)
        self.finish()
        return self.answers.code().name

    def finish(self):
        with contextlib.suppress(grpc.RpcError):
            self.rest = list(self.answers)


def pool_of(files):
    """Knows the files, and nothing else."""
    pool, left = descriptor_pool.DescriptorPool(), dict(files)

    def add(name):
        if name in left:
            file = left.pop(name)
            for dependency in file.dependency:
                add(dependency)
            pool.Add(file)
    for name in files:
        add(name)
    return pool


class Reflection(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}

    def stream(self, version="v1"):
        stream = Stream(self.server.channel, version)
        self.addCleanup(stream.end)
        return stream

    def test_services(self):
        for version in VERSIONS:
            reply = self.stream(version).ask(list_services="")
            self.assertEqual({s.name for s in reply.list_services_response.service},
                             {PREDICTION, "tensorflow.serving.ModelService", "grpc.health.v1.Health",
                              "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"})

    def test_what_is_listed_is_described(self):
        stream = self.stream()
        for service in stream.ask(list_services="*").list_services_response.service:
            pool = pool_of(stream.files(file_containing_symbol=service.name))
            for method in pool.FindServiceByName(service.name).methods:
                if "stream" not in method.name.lower() and service.name.startswith("tensorflow"):
                    call = self.server.channel.unary_unary(f"/{service.name}/{method.name}")
                    with self.assertRaises(grpc.RpcError) as caught:
                        call(b"", timeout=harness.PATIENCE)
                    self.assertNotIn("Unknown method", caught.exception.details())

    def test_a_client_without_protos_predicts(self):
        for version in VERSIONS:
            pool = pool_of(self.stream(version).files(file_containing_symbol=PREDICTION))
            method = pool.FindServiceByName(PREDICTION).FindMethodByName("Predict")
            factory = message_factory.MessageFactory(pool)
            request = factory.GetPrototype(method.input_type)()
            request.model_spec.name = "half_plus_two"
            tensor = request.inputs["x"]
            tensor.dtype = pool.FindEnumTypeByName("tensorflow.DataType").values_by_name["DT_FLOAT"].number
            tensor.tensor_shape.dim.add(size=2)
            tensor.float_val.extend([1.0, 5.0])
            predict = self.server.channel.unary_unary(f"/{PREDICTION}/Predict", lambda m: m.SerializeToString(),
                                                      factory.GetPrototype(method.output_type).FromString)
            reply = predict(request, timeout=harness.PATIENCE)
            self.assertEqual(list(reply.outputs["y"].float_val), [2.5, 4.5])
            self.assertEqual(reply.model_spec.version.value, 2)

    def test_symbols(self):
        stream = self.stream()
        for symbol, file in ((PREDICTION, "tensorflow_serving/apis/prediction_service.proto"),
                             (PREDICTION + ".Predict", "tensorflow_serving/apis/prediction_service.proto"),
                             ("tensorflow.TensorProto", "tensorflow/core/framework/tensor.proto"),
                             ("tensorflow.TensorProto.float_val", "tensorflow/core/framework/tensor.proto"),
                             ("tensorflow.TensorShapeProto.Dim", "tensorflow/core/framework/tensor_shape.proto"),
                             ("tensorflow.DataType", "tensorflow/core/framework/types.proto"),
                             ("tensorflow.serving.SignatureDefMap", "tensorflow_serving/apis/get_model_metadata.proto"),
                             ("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto")):
            files = stream.files(file_containing_symbol=symbol)
            self.assertEqual(next(iter(files)), file, symbol)
            for found in files.values():
                self.assertLessEqual(set(found.dependency), set(files), symbol)

    def test_unknown_symbols(self):
        stream = self.stream()
        for symbol in ("", ".", "tensorflow", "tensorflow.", "tensorflow.serving", "tensorflow.Tensor", "Predict",
                       "tensorflow.TensorProto.", "tensorflow.TensorProto.nothing", "tensorflow.TensorProto.float_val.x",
                       "tensorflow.serving.PredictionService.Nothing", "a" * 10000, "tensorflow..TensorProto"):
            self.assertEqual(stream.error(file_containing_symbol=symbol), "NOT_FOUND", symbol[:40])

    def test_files(self):
        stream = self.stream()
        name = "tensorflow_serving/apis/model.proto"
        self.assertEqual(set(stream.files(file_by_filename=name)), {name, "google/protobuf/wrappers.proto"})
        self.assertEqual(stream.error(file_by_filename="nothing.proto"), "NOT_FOUND")
        self.assertEqual(stream.error(file_by_filename=""), "NOT_FOUND")

    def test_extensions(self):
        stream = self.stream()
        kind = message("grpc.reflection.v1.ExtensionRequest")
        self.assertEqual(stream.error(file_containing_extension=kind(containing_type="tensorflow.TensorProto")), "NOT_FOUND")
        self.assertEqual(stream.error(all_extension_numbers_of_type="tensorflow.TensorProto"), "NOT_FOUND")

    def test_requests_come_back(self):
        reply = self.stream().ask(host="here", file_by_filename="x")
        self.assertEqual((reply.valid_host, reply.original_request.host, reply.original_request.file_by_filename),
                         ("here", "here", "x"))

    def test_a_question_that_asks_nothing(self):
        stream = self.stream()
        self.assertEqual(stream.error(host="h"), "INVALID_ARGUMENT")
        self.assertEqual(stream.error(file_by_filename="x"), "NOT_FOUND")  # and the stream goes on

    def test_the_end(self):
        stream = Stream(self.server.channel)
        stream.ask(list_services="")
        self.assertEqual(stream.end(), "OK")
        self.assertEqual(Stream(self.server.channel).end(), "OK")  # without a question

    def test_bad_questions_end_the_stream(self):
        for bad, code in ((b"\x0a\xff", "INVALID_ARGUMENT"), (b"\x1a\x80\x80\x04" + b"x" * 65536, "RESOURCE_EXHAUSTED")):
            stream = Stream(self.server.channel)
            stream.questions.put(bad)
            stream.finish()
            self.assertEqual(stream.answers.code().name, code)
            stream.questions.put(None)
        self.assertEqual(Stream(self.server.channel).end(), "OK")

    def test_lost_clients(self):
        for _ in range(100):
            stream = Stream(self.server.channel)
            stream.ask(list_services="")
            stream.answers.cancel()
            stream.questions.put(None)
        self.assertEqual(Stream(self.server.channel).end(), "OK")

    def test_no_more_than_so_many(self):
        streams, refused = [], None
        for _ in range(65):
            stream = self.stream()
            streams.append(stream)
            try:
                stream.ask(list_services="")
            except grpc.RpcError as error:
                refused = error
                break
        self.assertEqual(refused.code().name, "RESOURCE_EXHAUSTED")
        for stream in streams[:-1]:
            self.assertEqual(stream.end(), "OK")
        self.stream().ask(list_services="")

    def test_many_questions(self):
        stream = Stream(self.server.channel)
        for _ in range(500):
            stream.questions.put(stream.kind(file_containing_symbol=PREDICTION))
        self.assertEqual(stream.end(), "OK")
        self.assertEqual(len(stream.rest), 500)
        self.assertEqual(len({reply.SerializeToString() for reply in stream.rest}), 1)


class Ends(unittest.TestCase):
    def test_an_open_stream_does_not_keep_the_server(self):
        with harness.Server({"half_plus_two": harness.MODELS / "half_plus_two"}) as server:
            stream = Stream(server.channel)
            stream.ask(list_services="")
            self.assertEqual(self.wait_for_end(server), 0)
            stream.finish()
            self.assertEqual(stream.answers.code().name, "UNAVAILABLE")
            stream.questions.put(None)

    @staticmethod
    def wait_for_end(server):
        server.tell(harness.signal.SIGTERM)
        return server.process.wait(10)


class Off(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}
    flags = ["--enable_grpc_reflection=false"]

    def test_it_is_not_there(self):
        stream = Stream(self.server.channel)
        with self.assertRaises(grpc.RpcError) as caught:
            stream.ask(list_services="")
        self.assertEqual(caught.exception.code().name, "UNIMPLEMENTED")
        stream.questions.put(None)


class OnlyWhatIsServed(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}
    flags = ["--enable_grpc_healthcheck_service=false"]

    def test_services(self):
        stream = Stream(self.server.channel)
        names = {s.name for s in stream.ask(list_services="").list_services_response.service}
        self.assertNotIn("grpc.health.v1.Health", names)
        self.assertIn(PREDICTION, names)
        self.assertEqual(stream.end(), "OK")


if __name__ == "__main__":
    unittest.main()
