#!/usr/bin/env python3
"""Storms of requests: what a client can make the server log, hold or keep."""
import pathlib
import struct
import tempfile
import unittest

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


if __name__ == "__main__":
    unittest.main()
