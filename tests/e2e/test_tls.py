#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS for gRPC and REST: who gets in, who does not, and certificates that change."""
import http.client
import json
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import grpc
import numpy as np

import graphs
import harness
from tls import Authority

ONE = {"instances": [1.0]}


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.ca = Authority(cls.folder)
        for name in ("server", "other", "client"):
            cls.ca.make(name)
        cls.model = pathlib.Path(cls.folder) / "m"
        graphs.save(cls.model / "1", graphs.affine(a=1, b=1))

    def start(self, *flags):
        server = harness.Server(flags=["--model_name=m", f"--model_base_path={self.model}", *flags], wait=False)
        self.enterContext(server)
        harness.until(lambda: "Exporting HTTP" in server.log_text() or server.process.poll(), "the ports")
        return server

    def context(self, client=None):
        context = ssl.create_default_context(cafile=self.ca.path("ca.pem"))
        if client:
            context.load_cert_chain(self.ca.path(client + ".pem"), self.ca.path(client + ".key"))
        return context

    def https(self, server, **options):
        connection = http.client.HTTPSConnection("localhost", server.rest_port, timeout=harness.PATIENCE,
                                                 context=self.context(**options))
        self.addCleanup(connection.close)
        return connection

    def ask(self, connection, body=ONE):
        connection.request("POST", "/v1/models/m:predict", json.dumps(body))
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())

    def test_health(self):
        """`tensord health` has no certificates to show: that the port takes connections is enough."""
        server = self.start(f"--rest_api_ssl_config_file={self.ca.config('health', 'server')}")
        words = [f"--rest_api_port={server.rest_port}", "--rest_api_ssl_config_file=any"]
        done = subprocess.run([harness.BINARY, "health", *words], capture_output=True, text=True, timeout=harness.PATIENCE)
        self.assertEqual((done.returncode, done.stdout), (0, "ready: REST takes connections\n"))

    def channel(self, server, client=None):
        read = lambda name: self.ca.text(name).encode()
        keys = (read(client + ".key"), read(client + ".pem")) if client else (None, None)
        credentials = grpc.ssl_channel_credentials(read("ca.pem"), *keys)
        unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        channel = grpc.secure_channel(f"localhost:{server.grpc_port}", credentials, unlimited)
        self.addCleanup(channel.close)
        return channel

    def predict(self, server, channel, values=(1.0,), timeout=harness.PATIENCE):
        server._channel = channel
        try:
            reply = server.call("PredictionService", "Predict",
                                server.predict_request("m", {"x": np.array(values, np.float32)}), timeout)
            return list(harness.get_tensor(reply.outputs["y"]))
        finally:
            server._channel = None

    def assert_no_call(self, server, channel):
        with self.assertRaises(grpc.RpcError) as caught:
            self.predict(server, channel, timeout=5)
        self.assertIn(caught.exception.code(), (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED))

    def test_grpc(self):
        server = self.start(f"--ssl_config_file={self.ca.config('a')}")
        channel = self.channel(server)
        self.assertEqual(self.predict(server, channel), [2.0])
        many = np.arange(3 << 20, dtype=np.float32)  # 12 MiB each way
        self.assertEqual(self.predict(server, channel, many), list(many + 1))
        plain = grpc.insecure_channel(f"localhost:{server.grpc_port}")
        self.addCleanup(plain.close)
        self.assert_no_call(server, plain)
        harness.until(lambda: "event=handshake_failed" in server.log_text(), "the log to say why")
        self.assertEqual(server.post("m:predict", ONE).json, {"predictions": [2.0]})  # REST is as before

    def test_grpc_with_client_certificates(self):
        server = self.start(f"--ssl_config_file={self.ca.config('b', verify=True)}")
        self.assertEqual(self.predict(server, self.channel(server, "client")), [2.0])
        self.assert_no_call(server, self.channel(server))
        self.assertIn("peer did not return a certificate", server.log_text())

    def test_rest(self):
        server = self.start(f"--rest_api_ssl_config_file={self.ca.config('c')}")
        connection = self.https(server)
        for _ in range(3):  # kept alive
            self.assertEqual(self.ask(connection), (200, {"predictions": [2.0]}))
        many = [float(i % 1000) for i in range(300000)]
        self.assertEqual(self.ask(connection, {"instances": many}), (200, {"predictions": [v + 1 for v in many]}))
        with self.assertRaises((OSError, http.client.HTTPException)):
            server.post("m:predict", ONE)
        old = self.context()
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with self.assertRaises(OSError), socket.create_connection(("localhost", server.rest_port)) as s:
            old.wrap_socket(s, server_hostname="localhost")
        other = self.context()
        other.set_alpn_protocols(["h2"])
        with self.assertRaises(OSError), socket.create_connection(("localhost", server.rest_port)) as s:
            other.wrap_socket(s, server_hostname="localhost")

    def test_rest_with_client_certificates(self):
        server = self.start(f"--rest_api_ssl_config_file={self.ca.config('d', verify=True)}")
        self.assertEqual(self.ask(self.https(server, client="client")), (200, {"predictions": [2.0]}))
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.ask(self.https(server))

    def test_a_client_that_sends_all_and_closes_its_side_is_answered(self):
        server = self.start(f"--rest_api_ssl_config_file={self.ca.config('e')}")
        body = json.dumps(ONE)
        with self.context().wrap_socket(socket.create_connection(("localhost", server.rest_port)),
                                        server_hostname="localhost") as s:
            s.sendall(f"POST /v1/models/m:predict HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            socket.socket.shutdown(s, socket.SHUT_WR)
            s.settimeout(harness.PATIENCE)
            reply = b""
            while more := s.recv(4096):
                reply += more
        self.assertIn(b'{"predictions": [2.0', reply.replace(b"\n", b"").replace(b"    ", b""))

    def test_who_stalls_holds_up_nobody(self):
        server = self.start(f"--rest_api_ssl_config_file={self.ca.config('f')}", f"--ssl_config_file={self.ca.config('f')}")
        stalled = []
        for port in (server.rest_port, server.grpc_port):
            for first in (b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"):
                s = socket.create_connection(("localhost", port))
                s.sendall(first)
                stalled.append(s)
                self.addCleanup(s.close)
        # one that has a long reply coming and does not read
        many = json.dumps({"instances": [1.5] * 1000000}).encode()
        lazy = self.context().wrap_socket(socket.create_connection(("localhost", server.rest_port)),
                                          server_hostname="localhost")
        self.addCleanup(lazy.close)
        lazy.sendall(b"POST /v1/models/m:predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(many) + many)
        self.assertEqual(self.ask(self.https(server)), (200, {"predictions": [2.0]}))
        self.assertEqual(self.predict(server, self.channel(server)), [2.0])
        lazy.settimeout(harness.PATIENCE)
        size = 0
        while size < 4000000 and (more := lazy.recv(1 << 16)):  # all of it, when it does read
            size += len(more)
        self.assertGreaterEqual(size, 4000000)

    def test_certificates_change_without_a_dropped_connection(self):
        config = self.ca.config("g")
        server = self.start(f"--rest_api_ssl_config_file={config}", f"--ssl_config_file={config}")
        kept, channel = self.https(server), self.channel(server)
        self.assertEqual(self.ask(kept), (200, {"predictions": [2.0]}))
        self.assertEqual(self.predict(server, channel), [2.0])

        def shown(port, alpn):
            context = self.context()
            context.set_alpn_protocols([alpn])
            with context.wrap_socket(socket.create_connection(("localhost", port)), server_hostname="localhost") as s:
                return s.getpeercert(True)

        der = {name: ssl.PEM_cert_to_DER_cert(self.ca.text(name + ".pem")) for name in ("server", "other")}
        self.assertEqual(shown(server.rest_port, "http/1.1"), der["server"])
        pathlib.Path(config).write_text("server_key: 'half a fi")  # and what is wrong changes nothing
        harness.until(lambda: "event=certificates_ignored" in server.log_text(), "the complaint")
        self.ca.config("g", key="client")
        time.sleep(1.2)
        self.assertEqual(shown(server.rest_port, "http/1.1"), der["server"])
        self.ca.config("g", cert="other")
        harness.until(lambda: shown(server.rest_port, "http/1.1") == der["other"], "the new one, of REST")
        harness.until(lambda: shown(server.grpc_port, "h2") == der["other"], "the new one, of gRPC")
        self.assertEqual(self.ask(kept), (200, {"predictions": [2.0]}))
        self.assertEqual(self.predict(server, channel), [2.0])

    def test_names_of_files(self):
        config = pathlib.Path(self.folder) / "files"
        for what in ("key", "pem"):
            shutil.copy(self.ca.path("server." + what), self.ca.path("moving." + what))
        config.write_text("".join(f"{field}_file: {json.dumps(self.ca.path(file))}\n" for field, file in
                                  (("server_key", "moving.key"), ("server_cert", "moving.pem"))))
        server = self.start(f"--rest_api_ssl_config_file={config}")
        self.assertEqual(self.ask(self.https(server)), (200, {"predictions": [2.0]}))

    @harness.wants_tcp_info
    def test_clients_see_no_failure_at_the_end(self):
        config = self.ca.config("h")
        server = self.start(f"--rest_api_ssl_config_file={config}", f"--ssl_config_file={config}",
                            "--shutdown_delay_seconds=0.5")
        channel = self.channel(server)
        self.predict(server, channel)
        request = server.predict_request("m", {"x": np.ones(1, np.float32)})
        server._channel = channel
        stub = server.stub("PredictionService", "Predict")
        server._channel = None
        failures, count, is_over = [], [0], threading.Event()

        def ask_on():
            while not is_over.is_set():
                try:
                    stub(request, timeout=harness.PATIENCE)
                    count[0] += 1
                except grpc.RpcError as error:
                    if "onnection refused" not in error.details() and "failed to connect" not in error.details():
                        failures.append(error.details())
                    return

        threads = [threading.Thread(target=ask_on) for _ in range(4)]
        for t in threads:
            t.start()
        time.sleep(0.3)
        server.tell(signal.SIGTERM)
        server.process.wait(harness.PATIENCE)
        is_over.set()
        for t in threads:
            t.join()
        self.assertEqual(failures, [])
        self.assertGreater(count[0], 100)

    def test_mistakes(self):
        folder = pathlib.Path(self.folder)
        (folder / "empty").write_text("")
        (folder / "text").write_text("server_key: 'x' server_cert: 'y'")
        (folder / "verify").write_text(pathlib.Path(self.ca.config("v")).read_text() + " client_verify: true")
        cases = [("empty", "there is no server_key"),
                 ("text", "server_cert is no certificate"), ("verify", "client_verify needs custom_ca"),
                 ("nowhere", "nowhere")]
        self.ca.config("mismatch", key="client")
        cases.append(("mismatch", "server_key"))
        for flag in ("ssl_config_file", "rest_api_ssl_config_file"):
            for name, text in cases:
                with self.subTest(flag=flag, name=name):
                    ports = harness.free_ports(2)
                    result = subprocess.run([harness.BINARY, f"--port={ports[0]}", f"--rest_api_port={ports[1]}",
                                             f"--model_base_path={self.model}", f"--{flag}={folder / name}"],
                                            capture_output=True, text=True, timeout=harness.PATIENCE)
                    self.assertEqual(result.returncode, 255)
                    self.assertIn(text, result.stdout)


if __name__ == "__main__":
    unittest.main()
