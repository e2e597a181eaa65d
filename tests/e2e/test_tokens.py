#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bearer tokens, and ports for who runs the server."""
import hashlib
import pathlib
import subprocess
import tempfile
import unittest

import grpc
import numpy as np
from google.protobuf import text_format

import harness

HALF = harness.MODELS / "half_plus_two"
ONE = '{"instances": [1.0]}'
ANSWER = {"predictions": [2.5]}


class Tokens(unittest.TestCase):
    def start(self, text, *flags):
        self.file = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "tokens"
        self.file.write_text(text)
        server = harness.Server(flags=["--model_name=m", f"--model_base_path={HALF}", f"--auth_token_file={self.file}",
                                       *flags], wait=False)
        self.enterContext(server)
        harness.until(lambda: "Exporting HTTP" in server.log_text(), "the ports")
        return server

    def rest(self, server, authorization=None, method="POST", path="/v1/models/m:predict", more=None):
        headers = {**({"Authorization": authorization} if authorization is not None else {}), **(more or {})}
        return server.http(method, path, ONE if method == "POST" else None, headers)

    def code(self, server, metadata=(), method="Predict", service="PredictionService"):
        request = server.predict_request("m", {"x": np.ones(1, np.float32)})
        if method == "GetModelStatus":
            request = harness.message("tensorflow.serving.GetModelStatusRequest")()
            request.model_spec.name = "m"
        try:
            server.stub(service, method)(request, timeout=harness.PATIENCE, metadata=metadata)
            return "OK"
        except grpc.RpcError as error:
            return error.code().name

    def test_who_gets_in(self):
        hashed = hashlib.sha256(b"token-2").hexdigest()
        server = self.start(f"# ours\n\n token-1 \nsha256:{hashed.upper()}\n")
        for good in ("Bearer token-1", "bearer   token-2"):
            reply = self.rest(server, good)
            self.assertEqual((reply.status, reply.json), (200, ANSWER))
            self.assertEqual(self.code(server, [("authorization", good)]), "OK")
        for bad in (None, "", "Bearer", "Bearer ", "Bearer token-3", "Bearer token-1x", "Bearer token-", "Basic token-1",
                    "token-1", "Bearer sha256:" + hashed, "Bearer token-1 token-1", "Bearer " + "x" * 5000):
            with self.subTest(bad=bad):
                reply = self.rest(server, bad)
                self.assertEqual((reply.status, reply.json), (401, {"error": "The request has no valid bearer token"}))
                self.assertEqual((reply.headers["WWW-Authenticate"], reply.headers["Connection"]), ("Bearer", "close"))
                metadata = [("authorization", bad)] if bad and bad.strip() == bad else []
                self.assertEqual(self.code(server, metadata), "UNAUTHENTICATED")
        for path in ("/v1/models", "/v1/models/m", "/v1/models/m/metadata", "/metrics", "/elsewhere"):
            self.assertEqual(self.rest(server, None, "GET", path).status, 401, path)
            self.assertNotEqual(self.rest(server, "Bearer token-1", "GET", path).status, 401, path)
        self.assertEqual(self.code(server, method="GetModelStatus", service="ModelService"), "UNAUTHENTICATED")
        for probe in ("/healthz", "/readyz"):
            self.assertEqual(self.rest(server, None, "GET", probe).status, 200)
        health = server.channel.unary_unary("/grpc.health.v1.Health/Check")
        self.assertEqual(health(b"", timeout=harness.PATIENCE), b"\x08\x01")
        log = server.log_text()
        self.assertIn('event=unauthenticated reason="there is no Authorization"', log)
        self.assertNotIn("token-3", log)

    def test_the_file_changes(self):
        server = self.start("old\n")
        self.assertEqual(self.rest(server, "Bearer old").status, 200)
        self.file.write_text("has a blank\n")
        harness.until(lambda: "event=tokens_ignored" in server.log_text(), "the complaint")
        self.assertEqual(self.rest(server, "Bearer old").status, 200)
        self.file.write_text("new\n")
        harness.until(lambda: self.rest(server, "Bearer new").status == 200, "the new one")
        self.assertEqual(self.rest(server, "Bearer old").status, 401)
        self.assertEqual(self.code(server, [("authorization", "Bearer new")]), "OK")

    def test_long_headers_that_nobody_reads(self):
        """Without tokens, Authorization is dropped however long it is, as it always was."""
        with harness.Server({"m": HALF}) as server:
            self.assertEqual(self.rest(server, "Bearer " + "x" * 30000).json, ANSWER)

    def test_mistakes(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for text, complaint in (("", "holds no token"), ("# one\n", "holds no token"), ("a b\n", "line 1 is no token"),
                                ("ok\nsha256:12\n", "line 2 is no token"), ("\x01\n", "line 1 is no token"),
                                (None, "No such file")):
            with self.subTest(text=text):
                if text is not None:
                    (folder / "t").write_text(text)
                result = subprocess.run([harness.BINARY, f"--port={harness.free_ports(1)[0]}", f"--model_base_path={HALF}",
                                         f"--auth_token_file={folder / ('t' if text is not None else 'nowhere')}"],
                                        capture_output=True, text=True, timeout=harness.PATIENCE)
                self.assertEqual(result.returncode, 255)
                self.assertIn(complaint, result.stdout)


class AdminPorts(unittest.TestCase):
    def test_what_is_where(self):
        admin, admin_rest = harness.free_ports(2)
        with harness.Server({"m": HALF}, [f"--admin_port={admin}", f"--admin_rest_api_port={admin_rest}"]) as server:
            def status(path, port=None, method="GET", body=None):
                keep, server.rest_port = server.rest_port, port or server.rest_port
                try:
                    return server.http(method, path, body).status
                finally:
                    server.rest_port = keep

            self.assertEqual(status("/v1/models/m:predict", method="POST", body=ONE), 200)
            self.assertEqual(status("/metrics"), 404)
            self.assertEqual(status("/metrics", admin_rest), 200)
            self.assertEqual(status("/v1/models", admin_rest), 200)
            self.assertEqual(status("/v1/models/m", admin_rest), 200)
            self.assertEqual(status("/readyz", admin_rest), 200)
            self.assertEqual(status("/v1/models/m:predict", admin_rest, "POST", ONE), 404)

            request = harness.message("tensorflow.serving.ReloadConfigRequest")()
            text_format.Parse(harness.model_config({"n": HALF}), request.config)
            self.assertEqual(server.grpc_error("ModelService", "HandleReloadConfigRequest", request)[0], "UNIMPLEMENTED")
            server.close_channel()
            keep, server.grpc_port = server.grpc_port, admin
            predict = server.predict_request("m", {"x": np.ones(1, np.float32)})
            self.assertEqual(server.grpc_error("PredictionService", "Predict", predict)[0], "UNIMPLEMENTED")
            server.call("ModelService", "HandleReloadConfigRequest", request)
            server.close_channel()
            server.grpc_port = keep
            self.assertEqual(list(server.predict("n", {"x": np.ones(1, np.float32)})["y"]), [2.5])
            server.models = {}


if __name__ == "__main__":
    unittest.main()
