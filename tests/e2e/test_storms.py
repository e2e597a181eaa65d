#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Storms of requests: what a client can make the server log, hold or keep."""
import contextlib
import pathlib
import re
import struct
import tempfile
import threading
import unittest

import grpc
import numpy as np

import graphs
import harness
import http2

PREDICT = b"/tensorflow.serving.PredictionService/Predict"
MODELS = {"half_plus_two": harness.MODELS / "half_plus_two"}


class Log(unittest.TestCase):
    """A client sets the rate of requests, never the rate of lines."""

    def test_aborted_calls(self):
        cancel = struct.pack(">I", http2.CANCEL)
        with harness.Server(MODELS) as server:
            before = len(server.log_text().splitlines())
            message = http2.envelope(server.predict_request("half_plus_two", {"x": np.float32([1])}).SerializeToString())
            for data in (b"", message[:10], message):
                with http2.Connection(server.grpc_port, harness.PATIENCE) as connection:
                    for stream in range(1, 1000, 2):
                        connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, http2.head(PREDICT))
                                        + http2.frame(http2.DATA, 0, stream, data)
                                        + http2.frame(http2.RST_STREAM, 0, stream, cancel))
            self.assertEqual(server.predict("half_plus_two", {"x": np.float32([1])})["y"].tolist(), [2.5])
            self.assertEqual(server.stop(), 0)
            self.assertLess(len(server.log_text().splitlines()) - before, 50)

    def test_prints(self):
        """What a model prints is written a hundred times in ten seconds; the rest is counted."""
        graph = graphs.Graph().placeholder("x", "string").node("print", "PrintV2", ["x"])
        graph.node("y", "Identity", ["x", "^print"], "string")
        graph.signature("serving_default", {"x": "string"}, {"y": "y"}, shape=[])
        with tempfile.TemporaryDirectory() as folder:
            graphs.save(pathlib.Path(folder) / "m" / "1", graph)
            with harness.Server({"m": pathlib.Path(folder) / "m"}) as server:
                for _ in range(300):
                    self.assertEqual(server.post("m:predict", {"inputs": "hello"}).json, {"outputs": "hello"})
                self.assertEqual(server.stop(), 0)
                log = server.log_text()
        self.assertLessEqual(log.count("event=print node=print text=\"hello\""), 110)
        self.assertRegex(log, r"event=lines_left_out kind=\"prints of models\" lines=\d+")


def resident(server):
    """MiB of memory that the process has."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def open_channel(server):
    return grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}", [
        ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1),
        ("grpc.use_local_subchannel_pool", 1)])


def predict(channel, body, **options):
    return channel.unary_unary(PREDICT.decode())(body, timeout=harness.PATIENCE, **options)


class Inflated(unittest.TestCase):
    """What a compressed message may become."""

    def body(self, server, mib):
        """A request of so many MiB, which compresses to a thousandth."""
        return server.predict_request("half_plus_two", {"x": np.zeros([mib << 18], np.float32)}).SerializeToString()

    def test_limit(self):
        with harness.Server(MODELS, ["--max_inflated_megabytes=8"]) as server, open_channel(server) as channel:
            self.assertTrue(predict(channel, self.body(server, 7), compression=grpc.Compression.Gzip))
            self.assertTrue(predict(channel, self.body(server, 7), compression=grpc.Compression.Deflate))
            self.assertTrue(predict(channel, self.body(server, 9)))  # as it is, it may be larger
            with self.assertRaises(grpc.RpcError) as caught:
                predict(channel, self.body(server, 9), compression=grpc.Compression.Gzip)
            self.assertEqual(caught.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
            self.assertIn("--max_inflated_megabytes", caught.exception.details())

    def test_it_is_not_inflated_first(self):
        with harness.Server(MODELS, ["--max_inflated_megabytes=8"]) as server, open_channel(server) as channel:
            before, body = resident(server), self.body(server, 300)
            with self.assertRaises(grpc.RpcError):
                predict(channel, body, compression=grpc.Compression.Gzip)
            peak = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{server.process.pid}/status").read_text())[1]
            self.assertLess(int(peak) / 1024 - before, 100)

    def test_damaged(self):
        with harness.Server(MODELS) as server, http2.Connection(server.grpc_port, harness.PATIENCE) as connection:
            connection.send(http2.frame(http2.HEADERS, http2.END_HEADERS, 1, http2.head(PREDICT, (b"grpc-encoding", b"gzip")))
                            + http2.frame(http2.DATA, http2.END_STREAM, 1, http2.envelope(b"no gzip at all", True)))
            for kind, _, stream, payload in connection.frames():
                if kind == http2.HEADERS and stream == 1 and b"grpc-status" in payload:
                    self.assertIn(b"no gzip", payload)
                    break
            else:
                self.fail("the connection ended")


class Connections(unittest.TestCase):
    def test_limit(self):
        """Connections beyond the limit are ended; those that go make room for others."""
        with harness.Server(MODELS, ["--grpc_max_connections=10"]) as server:
            server.close_channel()
            with contextlib.ExitStack() as stack:
                many = [stack.enter_context(http2.Connection(server.grpc_port, harness.PATIENCE)) for _ in range(40)]
                ended = sum(self.is_ended(connection) for connection in many)
                self.assertGreaterEqual(ended, 30)
                self.assertLess(ended, 35)
                self.assertEqual(server.http("GET", "/readyz").status, 200)

            def answers():
                with open_channel(server) as channel:
                    try:
                        return predict(channel, server.predict_request(
                            "half_plus_two", {"x": np.float32([1])}).SerializeToString())
                    except grpc.RpcError:
                        return None
            harness.until(answers, "room")
            self.assertLess(server.log_text().count("event=connection_refused"), 10)

    @staticmethod
    def is_ended(connection):
        try:
            return not any(True for _ in connection.frames())
        except OSError:
            return True


class Memory(unittest.TestCase):
    """What connections may hold, and what a burst leaves behind."""

    def test_streams_of_a_connection(self):
        for flags, want in (((), 1000), (("--grpc_max_streams=5",), 5), (("--grpc_max_streams=0",), None),
                            (("--grpc_channel_arguments=grpc.max_concurrent_streams=7",), 7)):
            with harness.Server(MODELS, flags) as server, http2.Connection(server.grpc_port, harness.PATIENCE) as c:
                payload = next(payload for kind, _, _, payload in c.frames() if kind == http2.SETTINGS)
                settings = dict(struct.iter_unpack(">HI", payload))
                self.assertEqual(settings.get(3), want)

    def burst(self, server, clients, rounds, mib, after=lambda: None):
        """That many clients, each on its own connection, send that many MiB; the codes they got."""
        codes = []
        body = server.predict_request("half_plus_two", {"x": np.zeros([mib << 18], np.float32)}).SerializeToString()

        def ask():
            with open_channel(server) as channel:
                for _ in range(rounds):
                    try:
                        predict(channel, body)
                        codes.append(grpc.StatusCode.OK)
                    except grpc.RpcError as error:
                        codes.append(error.code())
                    after()
        threads = [threading.Thread(target=ask) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return codes

    def test_what_is_on_its_way_in(self):
        """Beyond the limit some calls are ended; the server lives on, and so do those after the storm."""
        with harness.Server(MODELS, ["--grpc_memory_megabytes=16"]) as server:
            codes = self.burst(server, 8, 2, 32)
            self.assertIn(grpc.StatusCode.RESOURCE_EXHAUSTED, codes)
            self.assertLessEqual(set(codes), {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED,
                                              grpc.StatusCode.UNAVAILABLE})
            harness.until(lambda: self.answers(server), "answers")

    def answers(self, server):
        try:
            return server.predict("half_plus_two", {"x": np.float32([1])})["y"].tolist() == [2.5]
        except grpc.RpcError:
            return False

    @unittest.skipIf(harness.SLOW, "sanitizers and emulators keep memory")
    def test_a_burst_is_given_back(self):
        with harness.Server(MODELS) as server:
            before, seen = resident(server), [0]

            def look():
                seen[0] = max(seen[0], resident(server))
            codes = self.burst(server, 12, 4, 8, look)
            self.assertEqual(set(codes), {grpc.StatusCode.OK})
            burst = seen[0] - before
            self.assertGreater(burst, 20)
            harness.until(lambda: resident(server) - before < burst / 3 + 5, "the memory of the burst to go")


if __name__ == "__main__":
    unittest.main()
