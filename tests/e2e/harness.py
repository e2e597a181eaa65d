# SPDX-License-Identifier: Apache-2.0
"""harness.py -- the real binary as a fixture: started on free loopback ports, asked over REST and gRPC, stopped by pid.

    with Server({"half_plus_two": MODELS / "half_plus_two"}) as server:
        server.post("half_plus_two:predict", {"instances": [1.0]}).json

The binary is $TENSORD (ctest sets it). Leaving the block sends SIGTERM and fails unless the server ends with 0.
"""
import collections
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import grpc

from messages import get_tensor, message, set_tensor

BINARY = os.environ["TENSORD"]
SOURCE = pathlib.Path(os.environ["TENSORD_SOURCE"])
MODELS = SOURCE / "models"
# Sanitizers, and emulators of other machines, slow everything down and take memory; waits stretch with them.
SLOW = os.environ.get("TENSORD_SLOW")
EMULATED = SLOW == "emulator"
# What a connection has still to send or to take is asked of the kernel.
wants_tcp_info = unittest.skipIf(EMULATED, "qemu does not pass TCP_INFO on")
PATIENCE = 60 if SLOW else 20

AVAILABLE = 30  # ModelVersionStatus.State

Reply = collections.namedtuple("Reply", "status headers body")
Reply.json = property(lambda self: json.loads(self.body))


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def until(condition, what, seconds=PATIENCE):
    """Waits until condition() is true; its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def model_config(models):
    """ModelServerConfig text: {name: base path, or (base path, more fields as text)}."""
    entries = []
    for name, value in models.items():
        path, more = value if isinstance(value, tuple) else (value, "")
        entries.append(f'  config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" {more} }}\n')
    return "model_config_list {\n" + "".join(entries) + "}\n"


class Server:
    """One tensord process. models maps names to base paths; flags are further command line words."""

    def __init__(self, models=None, flags=(), wait=True, environment=None, default_delay=False):
        self.models, self.wait = models or {}, wait
        self.flags = [*([] if default_delay else ["--shutdown_delay_seconds=0"]), *flags]
        self.environment = {**os.environ, **(environment or {})}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tensord-e2e-"))
        self.process = self._channel = None
        self.is_told, self.code = False, 0  # code: what it has to end with

    # -- life ----------------------------------------------------------------------------------------------
    def start(self):
        self.grpc_port, self.rest_port = free_ports(2)
        command = [BINARY, f"--port={self.grpc_port}", f"--rest_api_port={self.rest_port}"]
        if self.models:
            self.config = self.folder / "models.config"
            self.config.write_text(model_config(self.models))
            command.append(f"--model_config_file={self.config}")
        self.log = self.folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command + self.flags, stdout=log, stderr=log, env=self.environment)
        if self.wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        for name in self.models or ["default"]:
            until(lambda: self._is_available(name), f"model {name} to be available")

    def _is_available(self, name):
        if self.process.poll() is not None:
            raise AssertionError(f"tensord ended with {self.process.returncode}:\n{self.log_text()}")
        request = message("tensorflow.serving.GetModelStatusRequest")()
        request.model_spec.name = name
        try:
            for port in (self.grpc_port, self.rest_port):  # first, as gRPC backs off for a second when refused
                socket.create_connection(("127.0.0.1", port), 1).close()
            versions = self.call("ModelService", "GetModelStatus", request).model_version_status
            return any(v.state == AVAILABLE for v in versions)
        except (OSError, grpc.RpcError):
            return False

    def tell(self, sig):
        """Sends sig. After SIGTERM or SIGINT the block's end only waits: a second one would cut the drain off."""
        self.is_told = self.is_told or sig in (signal.SIGTERM, signal.SIGINT)
        if self.process.poll() is None:
            self.process.send_signal(sig)

    def close_channel(self):
        if self._channel:
            self._channel.close()
            self._channel = None

    def stop(self, sig=signal.SIGTERM):
        """Sends sig and waits; the exit code."""
        self.close_channel()
        if not self.is_told:
            self.tell(sig)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"tensord did not end after signal {sig}:\n{self.log_text()}") from None

    def log_text(self):
        return self.log.read_text(errors="replace")

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self._clean(kill=True)
            raise

    def __exit__(self, kind, value, trace):
        try:
            code = self.stop()
            if kind is not None:
                print("---- log of the server\n" + self.log_text()[-8000:])
            elif code != self.code:
                raise AssertionError(f"tensord ended with {code}:\n{self.log_text()[-8000:]}")
        finally:
            self._clean(kill=False)

    def _clean(self, kill):
        if self._channel:
            self._channel.close()
        if kill and self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- REST ----------------------------------------------------------------------------------------------
    def http(self, method, path, body=None, headers=None):
        """One request on its own connection. path is taken as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.rest_port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return Reply(reply.status, reply.headers, reply.read())
        finally:
            connection.close()

    def get(self, path):
        """GET below /v1/models/."""
        return self.http("GET", "/v1/models/" + path)

    def post(self, path, body):
        """POST below /v1/models/; a body that is no str or bytes is written as JSON."""
        if not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        return self.http("POST", "/v1/models/" + path, body.encode() if isinstance(body, str) else body)

    # -- gRPC ----------------------------------------------------------------------------------------------
    @property
    def channel(self):
        if not self._channel:
            unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
            self._channel = grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}", unlimited)
        return self._channel

    def stub(self, service, method):
        """A unary call of a tensorflow.serving service; the reply's class follows from the method's name."""
        kind = {"HandleReloadConfigRequest": "ReloadConfigResponse"}.get(method, method + "Response")
        if method in ("Classify", "Regress"):
            kind = {"Classify": "Classification", "Regress": "Regression"}[method] + "Response"
        return self.channel.unary_unary(f"/tensorflow.serving.{service}/{method}",
                                        request_serializer=lambda m: m.SerializeToString(),
                                        response_deserializer=message("tensorflow.serving." + kind).FromString)

    def call(self, service, method, request, timeout=PATIENCE):
        return self.stub(service, method)(request, timeout=timeout)

    def predict_request(self, model, inputs, signature="", version=None, label="", outputs=(), content=True):
        request = message("tensorflow.serving.PredictRequest")()
        set_spec(request.model_spec, model, signature, version, label)
        for name, value in inputs.items():
            set_tensor(request.inputs[name], value, content)
        request.output_filter.extend(outputs)
        return request

    def predict(self, model, inputs, **options):
        """Predict over gRPC: {output: array}."""
        reply = self.call("PredictionService", "Predict", self.predict_request(model, inputs, **options))
        return {name: get_tensor(tensor) for name, tensor in reply.outputs.items()}

    def grpc_error(self, service, method, request):
        """The (code name, details) that a call must fail with."""
        try:
            reply = self.call(service, method, request)
        except grpc.RpcError as error:
            return error.code().name, error.details()
        raise AssertionError(f"{method} succeeded: {reply}")


def set_spec(spec, model, signature="", version=None, label=""):
    spec.name, spec.signature_name = model, signature
    if version is not None:
        spec.version.value = version
    if label:
        spec.version_label = label
    return spec


class ServerTest(unittest.TestCase):
    """Tests that share one server: a class names its models and flags."""
    models, flags = {}, ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.models, cls.flags)
        cls.enterClassContext(cls.server)

    def assert_error(self, reply, status, *parts):
        """reply is {"error": text} with that status and every part in the text."""
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(list(reply.json), ["error"])
        for part in parts:
            self.assertIn(part, reply.json["error"])
