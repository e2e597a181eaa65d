#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gRPC connections that end for their age: no call fails of it, and whoever is told twice hears nothing new. And those that
end because nobody is there, or because of pings: by arguments of the gRPC core that docs/grpc.md names."""
import pathlib
import tempfile
import threading
import time
import unittest

import grpc
import numpy as np

import graphs
import harness
import http2
from messages import message

AGE = ["--grpc_max_connection_age_seconds=1"]
PREDICT = "/tensorflow.serving.PredictionService/Predict"


def accepted(server):
    page = server.http("GET", "/metrics").body.decode()
    return sum(float(line.split()[-1]) for line in page.splitlines()
               if line.startswith("tensord_connections_total") and "grpc" in line)


class Asking(threading.Thread):
    """One call after the other on one channel. A client's core sends a call anew that it has not sent yet when GOAWAY comes,
    unless it is told to try nothing twice."""

    def __init__(self, server, until):
        super().__init__()
        self.server, self.until, self.answered, self.fault = server, until, 0, None
        self.start()

    def run(self):
        options = [("grpc.use_local_subchannel_pool", 1)]
        request = self.server.predict_request("half_plus_two", {"x": np.float32([1])})
        with grpc.insecure_channel(f"127.0.0.1:{self.server.grpc_port}", options) as channel:
            stub = channel.unary_unary(PREDICT, lambda m: m.SerializeToString(),
                                       message("tensorflow.serving.PredictResponse").FromString)
            while time.monotonic() < self.until and not self.fault:
                try:
                    stub(request, timeout=harness.PATIENCE)
                    self.answered += 1
                except grpc.RpcError as error:
                    self.fault = f"{error.code()}: {error.details()}"


class Age(unittest.TestCase):
    def test_no_call_fails(self):
        for flag in (*AGE, "--grpc_channel_arguments=grpc.max_connection_age_ms=1000"):
            with harness.Server({"half_plus_two": harness.MODELS / "half_plus_two"}, [flag]) as server:
                clients = [Asking(server, time.monotonic() + 4) for _ in range(4)]
                for client in clients:
                    client.join()
                self.assertEqual([c.fault for c in clients], [None] * 4)
                self.assertTrue(all(c.answered > 10 for c in clients))
                self.assertGreater(accepted(server), 10)  # each client comes three times or more

    def test_calls_outlive_it_and_goaways_never_take_back(self):
        """A call that is longer than the age, and an end of the server on top: HTTP/2 allows no later stream than said."""
        with tempfile.TemporaryDirectory() as folder:
            base = graphs.save(pathlib.Path(folder) / "slow" / "1", graphs.products(3000, 1024)).parent
            with harness.Server({"slow": base}, [*AGE, "--enable_model_warmup=false"]) as server, \
                    http2.Connection(server.grpc_port, harness.PATIENCE) as connection:
                request = server.predict_request("slow", {"x": np.float32(1)}).SerializeToString()
                connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, 1,
                                            http2.head(PREDICT.encode(), (b"grpc-timeout", b"4S"))))
                connection.send(http2.frame(http2.DATA, http2.END_STREAM, 1, http2.envelope(request)))
                told, begin = [], time.monotonic()
                for kind, flags, stream, payload in connection.frames():
                    if kind == http2.PING and not flags:
                        connection.send(http2.frame(http2.PING, http2.ACK, 0, payload))
                    if kind == http2.GOAWAY:
                        told.append(int.from_bytes(payload[:4], "big"))
                        if told[-1] == 1:
                            server.tell(harness.signal.SIGTERM)
                    if kind in (http2.HEADERS, http2.RST_STREAM) and stream == 1:
                        break
                self.assertEqual(told, sorted(told, reverse=True))
                self.assertEqual((told[0], told[-1]), (2**31 - 1, 1))
                self.assertGreater(time.monotonic() - begin, 3.5)  # by its own deadline, not before

    def test_the_grace(self):
        with tempfile.TemporaryDirectory() as folder:
            base = graphs.save(pathlib.Path(folder) / "slow" / "1", graphs.products(3000, 1024)).parent
            flags = [*AGE, "--grpc_max_connection_age_grace_seconds=1", "--enable_model_warmup=false"]
            with harness.Server({"slow": base}, flags) as server:
                begin = time.monotonic()
                with self.assertRaises(grpc.RpcError):
                    server.call("PredictionService", "Predict", server.predict_request("slow", {"x": np.float32(1)}))
                self.assertLess(time.monotonic() - begin, harness.PATIENCE / 2)


class Pings(unittest.TestCase):
    MODELS = {"half_plus_two": harness.MODELS / "half_plus_two"}

    def test_who_answers_no_ping_is_hung_up(self):
        arguments = "grpc.keepalive_time_ms=300,grpc.keepalive_timeout_ms=300,grpc.keepalive_permit_without_calls=1"
        with harness.Server(self.MODELS, [f"--grpc_channel_arguments={arguments}"]) as server, \
                http2.Connection(server.grpc_port, harness.PATIENCE) as connection:
            begin = time.monotonic()
            kinds = [kind for kind, _, _, _ in connection.frames()]  # to the end
            self.assertIn(http2.PING, kinds)
            self.assertLess(time.monotonic() - begin, harness.PATIENCE / 2)

    def test_too_many_pings(self):
        with harness.Server(self.MODELS, ["--grpc_channel_arguments=grpc.http2.max_ping_strikes=1"]) as server, \
                http2.Connection(server.grpc_port, harness.PATIENCE) as connection:
            connection.send(http2.frame(http2.PING, 0, 0, bytes(8)) * 8)
            goaways = [payload for kind, _, _, payload in connection.frames() if kind == http2.GOAWAY]
            self.assertTrue(any(payload[8:] == b"too_many_pings" for payload in goaways), goaways)


if __name__ == "__main__":
    unittest.main()
