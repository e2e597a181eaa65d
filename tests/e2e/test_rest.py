#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""REST as HTTP: headers, connections, encodings, probes, limits of time, draining. What predictions say is in test_predict.py."""
import gzip
import http.client
import json
import pathlib
import signal
import socket
import tempfile
import threading
import time
import unittest
import zlib

import graphs
import harness
import wire
from wire import ANSWER, ONE, PREDICT, read_reply


class Raw(wire.WireTest):
    """Bytes on a socket."""
    post = staticmethod(wire.post)

    def test_headers(self):
        connection, stream = self.connect()
        connection.sendall(self.post(ONE))
        line, headers, body = read_reply(stream)
        self.assertEqual(line, "HTTP/1.1 200 OK")
        self.assertEqual(headers["content-type"], "application/json")
        self.assertIn("date", headers)
        self.assertNotIn("access-control-allow-origin", headers)
        self.assertEqual(json.loads(body), ANSWER)

    def test_one_connection_for_many_requests(self):
        connection, stream = self.connect()
        for _ in range(20):
            connection.sendall(self.post(ONE))
            self.assertEqual(json.loads(read_reply(stream)[2]), ANSWER)

    def test_pipelined_requests(self):
        connection, stream = self.connect()
        connection.sendall(b"".join(self.post(b'{"instances": [%d]}' % i) for i in range(10)))
        for i in range(10):
            self.assertEqual(json.loads(read_reply(stream)[2]), {"predictions": [i * 0.5 + 2]})

    def test_one_byte_at_a_time(self):
        connection, stream = self.connect()
        for byte in self.post(ONE):
            connection.sendall(bytes([byte]))
        self.assertEqual(json.loads(read_reply(stream)[2]), ANSWER)

    def test_chunks(self):
        connection, stream = self.connect()
        head = b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % PREDICT.encode()
        pieces = [ONE[:3], ONE[3:4], ONE[4:]]
        connection.sendall(head + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n")
        self.assertEqual(json.loads(read_reply(stream)[2]), ANSWER)

    def test_expect_100_continue(self):
        connection, stream = self.connect()
        head, body = self.post(ONE, b"Expect: 100-continue\r\n").split(b"\r\n\r\n")
        connection.sendall(head + b"\r\n\r\n")
        self.assertEqual(stream.readline().strip(), b"HTTP/1.1 100 Continue")
        self.assertEqual(stream.readline().strip(), b"")
        connection.sendall(body)
        self.assertEqual(json.loads(read_reply(stream)[2]), ANSWER)

    def test_http_1_0(self):
        connection, stream = self.connect()
        connection.sendall(self.post(ONE).replace(b"HTTP/1.1", b"HTTP/1.0"))
        self.assertEqual(json.loads(read_reply(stream)[2]), ANSWER)
        self.assertEqual(stream.read(), b"")

    def test_version_beyond_int64_is_an_empty_400(self):
        connection, stream = self.connect()
        connection.sendall(self.post(ONE, path="/v1/models/m/versions/99999999999999999999:predict"))
        line, headers, body = read_reply(stream)
        self.assertEqual((line.split()[1], headers["content-type"], body), ("400", "application/json", b""))

    def test_unknown_methods(self):
        for method in (b"TRACE", b"BREW"):
            connection, stream = self.connect()
            connection.sendall(method + b" /v1/models/m HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(read_reply(stream)[0].split()[1], "501")

    def test_garbage_ends_one_connection_only(self):
        connection, _ = self.connect()
        connection.sendall(b"\x00\x01\x02\r\n\r\n" * 100)
        self.assertEqual(self.server.post("half_plus_two:predict", ONE).json, ANSWER)

    def test_clients_that_go_away(self):
        for part in (10, 60, len(self.post(ONE)) - 1, len(self.post(ONE))):
            connection, _ = self.connect()
            connection.sendall(self.post(ONE)[:part])
            connection.close()
        self.assertEqual(self.server.post("half_plus_two:predict", ONE).json, ANSWER)


class Bodies(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}

    def gzipped(self, body):
        return self.server.http("POST", PREDICT, body, {"Content-Encoding": "gzip"})

    def test_gzip(self):
        self.assertEqual(self.gzipped(gzip.compress(ONE)).json, ANSWER)
        values = [i / 7 for i in range(50000)]
        got = self.gzipped(gzip.compress(json.dumps({"instances": values}).encode())).json["predictions"]
        self.assertEqual(len(got), len(values))

    def test_gzip_that_is_damaged_or_a_bomb_is_an_empty_body(self):
        bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
        large = b"".join(bomb.compress(b" " * (1 << 20)) for _ in range(101)) + bomb.flush()
        for body in (b"no gzip", gzip.compress(ONE)[:-12], large, b""):
            self.assert_error(self.gzipped(body), 400, "JSON Parse error: The document is empty")

    def test_large_bodies(self):
        values = [float(i) for i in range(200000)]
        for form, answer in (("instances", "predictions"), ("inputs", "outputs")):
            got = self.server.post("half_plus_two:predict", {form: values}).json[answer]
            self.assertEqual(got, [v * 0.5 + 2 for v in values])
        reply = self.server.post("half_plus_two:predict", b'{"instances": [' + b"1, " * 200000 + b'"x"]}')
        self.assert_error(reply, 400, "Failed to process element: 200000 of 'instances' list.")

    def test_the_signature_may_come_last(self):
        body = b'{"instances": [1.0], "signature_name": "half_plus_three"}'
        self.assertEqual(self.server.post("half_plus_two:predict", body).json, {"predictions": [3.5]})

    def test_of_keys_given_twice_the_first_counts(self):
        body = b'{"instances": [1.0], "instances": [9.0], "other": [{"deep": null}]}'
        self.assertEqual(self.server.post("half_plus_two:predict", body).json, ANSWER)

    def test_what_stands_around_the_root_does_not_matter(self):
        body = b"\xef\xbb\xbf \n" + ONE + b" trailing } bytes"
        self.assertEqual(self.server.post("half_plus_two:predict", body).json, ANSWER)

    def test_half_a_million_levels_in_an_ignored_key(self):
        depth = 500000
        body = b'{"ignored": ' + b"[" * depth + b"]" * depth + b', "instances": [1.0]}'
        self.assertEqual(self.server.post("half_plus_two:predict", body).json, ANSWER)
        self.assert_error(self.server.post("half_plus_two:predict", b'{"instances": ' + b"[" * depth), 400,
                          "JSON Parse error: Invalid value.")

    def test_many_clients_at_once(self):
        failures = []

        def ask(n):
            for i in range(30):
                got = self.server.post("half_plus_two:predict", {"instances": [float(n * i)] * n}).json
                if got != {"predictions": [n * i * 0.5 + 2] * n}:
                    failures.append(got)

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


class Cors(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}
    flags = ["--rest_api_enable_cors_support"]

    def assert_cors(self, reply):
        self.assertEqual(reply.headers["Access-Control-Allow-Origin"], "*")
        self.assertEqual(reply.headers["Access-Control-Allow-Methods"], "POST, GET")
        self.assertEqual(reply.headers["Access-Control-Allow-Headers"], "Content-Type")

    def test_every_reply_below_v1(self):
        for reply in (self.server.post("half_plus_two:predict", ONE), self.server.get("nobody"),
                      self.server.http("GET", "/v1/nothing")):
            self.assert_cors(reply)

    def test_options(self):
        for origin, status in (("http://a", 200), ("https://a", 200), ("ftp://a", 400), (None, 400)):
            reply = self.server.http("OPTIONS", PREDICT, None, {"Origin": origin} if origin else {})
            self.assertEqual((reply.status, reply.body), (status, b""))
            self.assert_cors(reply)


class Probes(unittest.TestCase):
    def test_ready_and_not(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            graphs.save(folder / "good" / "1", graphs.affine())
            (folder / "bad" / "1").mkdir(parents=True)
            (folder / "bad" / "1" / "saved_model.pb").write_bytes(b"\xff" * 64)
            models = {"good": folder / "good", "bad": folder / "bad"}
            with harness.Server(models, ["--max_num_load_retries=0"], wait=False) as server:
                harness.until(lambda: self.answers(server, "/healthz"), "the REST port")
                self.assertEqual(server.http("GET", "/healthz").status, 200)
                harness.until(lambda: server.http("GET", "/readyz").json["models"]["good"]["ready"], "model good")
                reply = server.http("GET", "/readyz")
                self.assertEqual((reply.status, reply.json["ready"]), (503, False))
                self.assertFalse(reply.json["models"]["bad"]["ready"])
                self.assertNotEqual(reply.json["models"]["bad"]["reason"], "")
            del models["bad"]
            with harness.Server(models) as server:
                self.assertEqual(server.http("GET", "/readyz").status, 200)
                self.assertEqual(server.http("HEAD", "/readyz").status, 200)

    @staticmethod
    def answers(server, path):
        try:
            return server.http("GET", path)
        except OSError:
            return None


class Draining(unittest.TestCase):
    def test_a_request_that_has_begun_is_answered(self):
        with harness.Server({"half_plus_two": harness.MODELS / "half_plus_two"}) as server:
            connection = socket.create_connection(("127.0.0.1", server.rest_port), harness.PATIENCE)
            stream = connection.makefile("rb")
            request = wire.post(ONE)
            connection.sendall(request[:-1])
            time.sleep(0.1)
            server.process.send_signal(signal.SIGTERM)
            harness.until(lambda: "event=closing" in server.log_text(), "the closing")
            connection.sendall(request[-1:])
            _, headers, body = read_reply(stream)
            self.assertEqual((json.loads(body), headers["connection"].lower()), (ANSWER, "close"))
            self.assertEqual(stream.read(), b"")
            stream.close()
            connection.close()
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)

    def test_idle_connections_do_not_delay_the_end(self):
        with harness.Server({"half_plus_two": harness.MODELS / "half_plus_two"}) as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=harness.PATIENCE)
            connection.request("POST", PREDICT, ONE)
            connection.getresponse().read()
            start = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - start, 10)
            connection.close()


unittest.main()
