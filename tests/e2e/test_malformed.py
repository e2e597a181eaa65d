#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Requests spoiled at random, over real sockets: each gets an error, an answer or its connection's end, soon; and the next
good request is answered right.

$TENSORD_MALFORMED says how many of each protocol (400), $TENSORD_SEED where they begin.
"""
import gzip
import json
import os
import random
import re
import socket
import struct
import unittest

import numpy as np

import harness
import http2

COUNT = int(os.environ.get("TENSORD_MALFORMED", 400))
SEED = int(os.environ.get("TENSORD_SEED", 1))
EACH = 25  # between two good ones
MODELS = {"half_plus_two": harness.MODELS / "half_plus_two", "digits": harness.MODELS / "digits"}
PREDICT = "/v1/models/half_plus_two:predict"
LINE = re.compile(rb"HTTP/1\.[01] [1-5]\d\d ")

ODD = [b"\x00", b"\xff", b"\r\n", b"\n", b" ", b":", b",", b'"', b"{", b"[", b"]", b"}", b"%00", b"%", b"..", b"/", b"?", b"1e999",
       b"-1", b"18446744073709551616", b"NaN", b"\\ud800", b"\xef\xbb\xbf", b"A" * 300, b"[" * 2000, b"chunked", b"gzip"]


def spoil(rng, data):
    """A few of: a byte changed, something odd put in, a piece lost, doubled, moved."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at, size = rng.randrange(len(data) + 1), rng.choice((1, 2, 7, 40))
        kind = rng.randrange(5)
        if kind == 0 and at < len(data):
            data[at] = rng.randrange(256)
        elif kind == 1:
            data[at:at] = rng.choice(ODD)
        elif kind == 2:
            del data[at:at + size]
        elif kind == 3:
            data[at:at] = data[at:at + size]
        else:
            piece = bytes(data[at:at + size])
            del data[at:at + size]
            to = rng.randrange(len(data) + 1)
            data[to:to] = piece
    return bytes(data)


def http_request(method, path, body=b"", *more):
    head = [f"{method} {path} HTTP/1.1", "Host: x", *more]
    if body or method == "POST":
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def seeds_of_http():
    one = json.dumps({"instances": [1.0, 2.0]}).encode()
    named = json.dumps({"signature_name": "serving_default", "inputs": {"x": [[1.0], [2.5e3]]}}).encode()
    example = json.dumps({"signature_name": "classify_x_to_y", "context": {"a": "b"}, "examples": [{"x": 2.0}]}).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (one[:5], one[5:])) + b"0\r\n\r\n"
    return [
        http_request("POST", PREDICT, one),
        http_request("POST", PREDICT, named),
        http_request("POST", "/v1/models/half_plus_two:classify", example),
        http_request("POST", "/v1/models/half_plus_two/versions/1:predict", one, "Expect: 100-continue"),
        http_request("POST", PREDICT, gzip.compress(one), "Content-Encoding: gzip", "Accept-Encoding: gzip"),
        http_request("POST", PREDICT, struct.pack("<2f", 1, 2), "Content-Type: application/octet-stream",
                     "X-Tensord-Tensor: float32 [2]", "Accept: application/octet-stream"),
        b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % PREDICT.encode() + chunks,
        http_request("GET", "/v1/models/half_plus_two/metadata"),
        http_request("GET", "/v1/models", b"", "x-request-id: 7", "traceparent: 00-" + "1" * 32 + "-" + "2" * 16 + "-01"),
        http_request("GET", "/metrics"),
        http_request("OPTIONS", PREDICT, b"", "Origin: http://x"),
        http_request("GET", "/readyz") + http_request("GET", "/healthz"),
    ]


def read_all(sock):
    data = b""
    while more := sock.recv(1 << 16):
        data += more
    return data


class Malformed(harness.ServerTest):
    models = MODELS
    flags = ["--rest_api_body_timeout_seconds=2", "--rest_api_header_timeout_seconds=2"]

    def assert_good(self, seed):
        x = float(seed % 100)
        self.assertEqual(self.server.post("half_plus_two:predict", {"instances": [x]}).json, {"predictions": [x / 2 + 2]},
                         f"seed {seed}")
        self.assertEqual(self.server.predict("half_plus_two", {"x": np.float32([x])})["y"].tolist(), [x / 2 + 2])

    def test_http(self):
        seeds = seeds_of_http()
        answered = 0
        for i in range(COUNT):
            seed = SEED + i
            rng = random.Random(seed)
            request = spoil(rng, rng.choice(seeds))
            with socket.create_connection(("127.0.0.1", self.server.rest_port), harness.PATIENCE) as s:
                try:
                    s.sendall(request)
                    s.shutdown(socket.SHUT_WR)
                    reply = read_all(s)  # to the end: nothing hangs
                except (ConnectionResetError, BrokenPipeError):
                    reply = b""  # what it sent behind the end was not read
                except TimeoutError:
                    self.fail(f"seed {seed}: no end: {request!r}")
            self.assertTrue(not reply or LINE.match(reply), f"seed {seed}: {request!r} -> {reply[:200]!r}")
            answered += bool(reply)
            if i % EACH == 0:
                self.assert_good(seed)
        self.assertGreater(answered, COUNT // 2)
        self.assert_good(SEED)

    def frames_of(self, rng):
        """Frames of a call as a client sends them; head, message and all may be spoiled."""
        path = rng.choice(["PredictionService/Predict", "PredictionService/Classify", "PredictionService/MultiInference",
                           "PredictionService/GetModelMetadata", "ModelService/GetModelStatus",
                           "ModelService/HandleReloadConfigRequest", "Nobody/Knows"])
        message = self.server.predict_request("half_plus_two", {"x": np.float32([1, 2])}).SerializeToString()
        if path.endswith("HandleReloadConfigRequest"):
            message = b"\x0a\x03" + message[:3]  # one that is right would take the models away
        elif rng.random() < 0.7:
            message = spoil(rng, message)
        head = http2.head(b"/tensorflow.serving." + path.encode())
        if rng.random() < 0.3:
            head = spoil(rng, head)
        body = http2.envelope(message, compressed=rng.random() < 0.1)
        if rng.random() < 0.3:
            body = spoil(rng, body)
        frames = (http2.frame(http2.HEADERS, http2.END_HEADERS, 1, head) +
                  http2.frame(http2.DATA, http2.END_STREAM, 1, body))
        return spoil(rng, frames) if rng.random() < 0.4 else frames

    def test_http2(self):
        ended = 0
        for i in range(COUNT):
            seed = SEED + i
            rng = random.Random(seed)
            frames = self.frames_of(rng)
            with http2.Connection(self.server.grpc_port, harness.PATIENCE) as connection:
                try:
                    connection.send(frames + http2.frame(http2.PING, 0, 0, b"12345678"))
                    connection.socket.shutdown(socket.SHUT_WR)
                    kinds = [kind for kind, *_ in connection.frames()]
                except (ConnectionResetError, BrokenPipeError):
                    kinds = []
                except TimeoutError:
                    self.fail(f"seed {seed}: no end: {frames!r}")
            ended += any(k in kinds for k in (http2.HEADERS, http2.RST_STREAM, http2.GOAWAY, http2.PING))
            if i % EACH == 0:
                self.assert_good(seed)
        self.assertGreater(ended, COUNT // 2)
        self.assert_good(SEED)


if __name__ == "__main__":
    unittest.main()
