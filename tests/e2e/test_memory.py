#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the process takes for large requests, and what is left of it a moment later."""
import pathlib
import signal
import tempfile
import threading
import time
import unittest

import grpc
import numpy as np

import graphs
import harness
from messages import get_tensor, message

MIB = 1 << 20
ROW = MIB // 4  # floats


def double():
    """y = 2 x, of rows of 1 MiB."""
    graph = graphs.Graph().constant("two", np.float32(2)).placeholder("x", "float32")
    graph.node("y", "Mul", ["x", "two"], "float32")
    return graph.signature("serving_default", {"x": "float32"}, {"y": "y"}, shape=[-1, ROW])


def mirror():
    """Its outputs: the input as it came, and doubled."""
    graph = graphs.Graph().constant("two", np.float32(2)).placeholder("x", "float32")
    graph.node("same", "Identity", ["x"], "float32").node("y", "Mul", ["x", "two"], "float32")
    return graph.signature("serving_default", {"x": "float32"}, {"same": "same", "y": "y"}, shape=[-1, ROW])


def fill():
    """As many ones as the request says."""
    graph = graphs.Graph().constant("one", np.float32(1)).placeholder("dims", "int32")
    graph.node("y", "Fill", ["dims", "one"], "float32")
    return graph.signature("serving_default", {"dims": "int32"}, {"y": "y"}, shape=[1])


def resident(server):
    """MiB that are the process's own: not those of files, which the system can take back."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1]) / 1024


class Watch(threading.Thread):
    """The most that the server has had."""

    def __init__(self, server):
        super().__init__()
        self.server, self.most, self.is_over = server, 0, threading.Event()

    def run(self):
        while not self.is_over.wait(0.005):
            self.most = max(self.most, resident(self.server))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()


class Asker(threading.Thread):
    """Asks with up to 32 rows, in some order, and looks at each answer."""

    def __init__(self, server, seed):
        super().__init__()
        self.server, self.problems = server, []
        self.sizes = np.random.default_rng(seed).permutation([1, 2, 9, 17, 25, 32])

    def run(self):
        try:
            for rows in self.sizes:
                x = np.full((rows, ROW), rows, np.float32)
                x[:, 0] = np.arange(rows)
                y = self.server.predict("m", {"x": x})["y"]
                if y.shape != x.shape or not (y == 2 * x).all():
                    self.problems.append(f"{rows} rows: wrong answer")
        except Exception as error:
            self.problems.append(repr(error))


class LargeRequests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = pathlib.Path(folder.name) / "m"

    def serve(self, graph, *flags, as_content=True):
        """as_content: Python takes long for lists."""
        graphs.save(self.base / "1", graph)
        return harness.Server({"m": self.base}, [*flags, f"--enable_serialization_as_tensor_content={str(as_content).lower()}"])

    def test_they_take_little_and_leave_nothing(self):
        with self.serve(double(), "--large_request_megabytes=32") as server:
            _ = server.channel  # made once, before the threads
            askers = [Asker(server, seed) for seed in range(4)]
            with Watch(server) as watch:
                for asker in askers:
                    asker.start()
                for asker in askers:
                    asker.join()
            self.assertEqual([p for a in askers for p in a.problems], [])
            if harness.SLOW:
                return
            self.assertLess(watch.most, 300)
            harness.until(lambda: resident(server) < 60, "memory to go back")

    def test_bodies_leave_nothing(self):
        """REST's text and its rows go, too."""
        row = "[" + ",".join(["1.25"] * ROW) + "]"
        with self.serve(double()) as server:
            def ask(rows):
                reply = server.post("m:predict", '{"instances":[' + ",".join([row] * rows) + "]}")
                problems.extend([] if reply.status == 200 and reply.body.count(b"2.5") == rows * ROW else [reply.body[:200]])

            problems = []
            threads = [threading.Thread(target=ask, args=(rows,)) for rows in (1, 6, 12)]
            with Watch(server) as watch:
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            self.assertEqual(problems, [])
            if harness.SLOW:
                return
            self.assertLess(watch.most, 200)
            harness.until(lambda: resident(server) < 40, "memory to go back")

    def test_outputs_that_are_inputs(self):
        """They lie in the request, which is there until the answer is out."""
        with self.serve(mirror(), as_content=False) as server:
            x = np.random.default_rng(1).normal(0, 1, (2, ROW)).astype(np.float32)
            for _ in range(2):
                outputs = server.predict("m", {"x": x})
                np.testing.assert_array_equal(outputs["same"], x)
                np.testing.assert_array_equal(outputs["y"], 2 * x)

    def test_a_slow_reader_keeps_its_answer(self):
        """An answer is sent from where it was computed: what others compute meanwhile lies elsewhere, also when
        the version is gone."""
        with self.serve(double()) as server:
            x = np.random.default_rng(2).normal(0, 1, (8, ROW)).astype(np.float32)
            request = server.predict_request("m", {"x": x})
            reply_class = message("tensorflow.serving.PredictResponse")
            with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}",
                                       [("grpc.max_receive_message_length", -1),
                                        ("grpc.use_local_subchannel_pool", 1)]) as channel:
                stub = channel.unary_unary("/tensorflow.serving.PredictionService/Predict",
                                           request_serializer=lambda m: m.SerializeToString(),
                                           response_deserializer=reply_class.FromString)
                slow = [stub.future(request, timeout=harness.PATIENCE) for _ in range(4)]
                graphs.save(self.base / "2", double())
                harness.until(lambda: b"UNLOADING" not in server.get("m").body and b'"2"' in server.get("m").body,
                              "version 2")
                for rows in (1, 3, 8):
                    server.predict("m", {"x": np.zeros((rows, ROW), np.float32)})
                for future in slow:
                    np.testing.assert_array_equal(get_tensor(future.result().outputs["y"]), 2 * x)

    def test_who_waits_may_leave(self):
        """One at a time, and a crowd of clients that do not wait for it: those that stay are served, in time."""
        with self.serve(double(), "--large_request_megabytes=1") as server:
            x = np.ones((16, ROW), np.float32)
            request = server.predict_request("m", {"x": x})
            stub = server.channel.unary_unary("/tensorflow.serving.PredictionService/Predict",
                                              request_serializer=lambda m: m.SerializeToString())
            late = [stub.future(request, timeout=0.2) for _ in range(4)]
            gone = [stub.future(request, timeout=harness.PATIENCE) for _ in range(4)]
            stay = [stub.future(request, timeout=harness.PATIENCE) for _ in range(2)]
            time.sleep(0.1)
            for future in gone:
                future.cancel()
            for future in stay:
                self.assertGreater(len(future.result()), x.nbytes)
            for future in late:
                try:
                    future.result()
                except grpc.RpcError as error:
                    self.assertEqual(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
            self.assertEqual(server.predict("m", {"x": x})["y"][15, 7], 2)

    def test_the_end_waits_for_those_in_line(self):
        with self.serve(double(), "--large_request_megabytes=1") as server:
            x = np.ones((8, ROW), np.float32)
            stub = server.channel.unary_unary("/tensorflow.serving.PredictionService/Predict",
                                              request_serializer=lambda m: m.SerializeToString())
            all_of_them = [stub.future(server.predict_request("m", {"x": x}), timeout=harness.PATIENCE)
                           for _ in range(4)]
            all_of_them[0].result()
            server.tell(signal.SIGTERM)
            for future in all_of_them:
                try:
                    self.assertGreater(len(future.result()), x.nbytes)
                except grpc.RpcError as error:  # it came behind the signal
                    self.assertEqual(error.code(), grpc.StatusCode.UNAVAILABLE)

    def test_beyond_the_limit(self):
        """A request that does not fit is refused with the numbers; the next one that does is served."""
        with self.serve(double(), "--max_memory_bytes=50000000") as server:
            request = server.predict_request("m", {"x": np.ones((64, ROW), np.float32)})
            code, details = server.grpc_error("PredictionService", "Predict", request)
            self.assertEqual(code, "RESOURCE_EXHAUSTED")
            self.assertRegex(details, r"a request needs \d+ bytes of memory; \d+ of 50000000 are in use")
            x = np.ones((8, ROW), np.float32)
            self.assertEqual(server.predict("m", {"x": x})["y"][7, 7], 2)

    def test_tensors_of_any_size(self):
        """What a few bytes ask a run to make counts, too, and what it made goes."""
        with self.serve(fill(), "--max_memory_bytes=50000000") as server:
            for _ in range(3):
                request = server.predict_request("m", {"dims": np.int32([100 * ROW])})
                code, details = server.grpc_error("PredictionService", "Predict", request)
                self.assertEqual(code, "RESOURCE_EXHAUSTED")
                self.assertRegex(details, r"OOM when allocating .*\(\d+ of 50000000 bytes are in use\)")
                self.assertEqual(len(server.predict("m", {"dims": np.int32([30 * ROW])})["y"]), 30 * ROW)


if __name__ == "__main__":
    unittest.main()
