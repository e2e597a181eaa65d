#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Limits that flags set: body and header of a REST request, and the requests in flight over both protocols."""
import pathlib
import socket
import tempfile
import unittest

import numpy as np

import graphs
import harness
import wire

PATH = "/v1/models/half_plus_two:predict"


class Sizes(harness.ServerTest):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}
    flags = ("--rest_api_max_body_megabytes=1", "--rest_api_max_header_kilobytes=4")

    def refused(self, request):
        with socket.create_connection(("127.0.0.1", self.server.rest_port), harness.PATIENCE) as connection:
            connection.sendall(request)
            line, _, body = wire.read_reply(connection.makefile("rb"))
            self.assertEqual((line, b"larger than 1048576 bytes" in body), ("HTTP/1.1 413 Content Too Large", True))

    def test_headers_of_no_more_than_four_kibibytes(self):
        for cookie, status in ((3500, 200), (4200, 431), (70000, 431)):
            reply = self.server.http("POST", PATH, '{"instances": [1.0]}', {"Cookie": "x" * cookie})
            self.assertEqual(reply.status, status)
        self.assert_error(reply, 431, "Request head is larger than 4096 bytes")

    def test_no_more_than_a_megabyte(self):
        text = '{"instances": [1.0]' + " " * (1 << 20)
        self.assertEqual(self.server.http("POST", PATH, text[:(1 << 20) - 1] + "}").status, 200)
        self.refused(b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (PATH.encode(), (1 << 20) + 1))
        self.refused(b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n%s"
                     % (PATH.encode(), b" " * ((1 << 20) + 1)))
        self.assertEqual(self.server.http("POST", PATH, '{"instances": [1.0]}').status, 200)


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
