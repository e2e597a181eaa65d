#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The access log: a line for each request of both protocols, in a file that may be moved, or beside the log."""
import json
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

import numpy as np

import harness

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
BODY = '{"instances": [1.0, 2.0, 5.0]}'
FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)(?: |$)')


class Access(unittest.TestCase):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}

    def setUp(self):
        self.path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "access"

    def start(self, *flags):
        return self.enterContext(harness.Server(self.models, [f"--access_log_file={self.path}", *flags]))

    def lines(self, count, path=None):
        """That many lines, once they are there, each of them whole; without those of the harness, which waits for models."""
        path = path or self.path
        found = lambda: [line for line in path.read_text().splitlines(True) if not re.search('grpc".*"status"', line)]
        harness.until(lambda: path.exists() and len(found()) >= count, f"{count} lines in {path.name}")
        lines = found()
        self.assertEqual(len(lines), count, lines)
        self.assertTrue(all(line.endswith("\n") for line in lines), lines)
        return lines

    def ask_grpc(self, server, metadata):
        request = server.predict_request("half_plus_two", {"x": np.float32([1, 2])})
        call = server.channel.unary_unary("/tensorflow.serving.PredictionService/Predict",
                                          request_serializer=lambda m: m.SerializeToString(),
                                          response_deserializer=lambda b: b)
        reply, call = call.with_call(request, timeout=harness.PATIENCE, metadata=metadata)
        return len(reply), dict(call.initial_metadata())

    def test_json(self):
        server = self.start("--access_log=json")
        reply = server.http("POST", "/v1/models/half_plus_two:predict", BODY,
                            {"X-Request-Id": "my-id", "traceparent": TRACEPARENT})
        self.assertEqual(reply.headers["X-Request-Id"], "my-id")
        size, metadata = self.ask_grpc(server, (("x-request-id", "other-id"), ("traceparent", TRACEPARENT)))
        self.assertEqual(metadata["x-request-id"], "other-id")
        made = server.http("POST", "/v1/models/nobody:predict", BODY).headers["X-Request-Id"]
        server.http("GET", "/healthz")
        server.http("GET", "/metrics")
        first, second, third = (json.loads(line) for line in self.lines(3))
        served = {"model": "half_plus_two", "version": 2, "signature": "serving_default", "method": "predict", "code": "OK",
                  "trace_id": TRACE}
        want = {**served, "protocol": "rest", "bytes_in": len(BODY), "bytes_out": len(reply.body), "rows": 3, "batch": 3,
                "request_id": "my-id"}
        self.assertEqual(first, {**first, **want})
        self.assertRegex(first["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        parts = sum(first[f"{stage}_us"] for stage in ("parse", "queue", "run", "write"))
        self.assertTrue(0 < round(parts, 3) <= first["total_us"] < 1e7, first)
        want = {**served, "protocol": "grpc", "bytes_out": size, "rows": 2, "batch": 2, "request_id": "other-id"}
        self.assertEqual(second, {**second, **want})
        self.assertEqual((third["code"], third["rows"], third["request_id"]), ("NOT_FOUND", 0, made))
        self.assertFalse({"model", "version", "signature", "trace_id"} & third.keys(), third)

    def test_text(self):
        server = self.start("--access_log=text")
        server.http("POST", "/v1/models/half_plus_two:predict", BODY, {"X-Request-Id": "two words"})
        server.get("half_plus_two")
        fields = [dict(FIELD.findall(line)) for line in self.lines(2)]
        self.assertEqual((fields[0]["model"], fields[0]["version"], fields[0]["rows"]), ('"half_plus_two"', "2", "3"))
        self.assertRegex(fields[0]["request_id"], '^"[0-9a-f]{16}"$')
        self.assertEqual((fields[1]["method"], fields[1]["code"], fields[1]["batch"]), ('"status"', '"OK"', "0"))

    def test_every_line_is_there_at_the_end(self):
        with harness.Server(self.models, [f"--access_log_file={self.path}", "--access_log=json"]) as server:
            for _ in range(50):
                server.predict("half_plus_two", {"x": np.float32([1])})
            self.assertEqual(server.stop(), 0)
            self.assertEqual(len(self.lines(50)), 50)

    def test_a_file_that_is_moved(self):
        server = self.start("--access_log=text")
        server.post("half_plus_two:predict", BODY)
        self.lines(1)
        moved = self.path.rename(self.path.with_suffix(".1"))
        server.tell(signal.SIGHUP)
        harness.until(self.path.exists, "the new file")
        server.post("half_plus_two:predict", BODY)
        self.lines(1)
        self.lines(1, moved)

    def test_beside_the_log(self):
        with harness.Server(self.models, ["--access_log=text"]) as server:
            server.post("half_plus_two:predict", BODY)
            harness.until(lambda: ' model="half_plus_two" version=2 ' in server.log_text(), "the line")

    def test_off(self):
        server = self.start()
        self.assertIsNone(server.post("half_plus_two:predict", BODY).headers["X-Request-Id"])
        self.assertFalse(self.path.exists())

    def test_mistakes(self):
        base = f"--model_base_path={harness.MODELS / 'half_plus_two'}"
        for flags, said in ((["--access_log=xml"], 'access_log is "xml"; there are off, text and json'),
                            (["--access_log=text", "--access_log_file=/nowhere/a"], "/nowhere/a")):
            done = subprocess.run([harness.BINARY, base, "--port=0", f"--grpc_socket_path={self.path}", *flags],
                                  capture_output=True, text=True, timeout=harness.PATIENCE, check=False)
            self.assertEqual(done.returncode, 255)
            self.assertIn("Failed to start server. Error: ", done.stdout)
            self.assertIn(said, done.stdout)


unittest.main()
