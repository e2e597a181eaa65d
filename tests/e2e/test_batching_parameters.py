#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Serving's batching parameters: its files, what batches by them do, and its words for what they refuse."""
import concurrent.futures
import pathlib
import re
import subprocess
import tempfile
import threading
import time
import unittest

import grpc
import numpy as np

import graphs
import harness

MINUTE = 60_000_000  # microseconds: batches wait until they are full
SOME = 20_000


def parameters(sizes=(), more="", **wrapped):
    """BatchingParameters as text."""
    names = {"rows": "max_batch_size", "wait": "batch_timeout_micros", "batches": "max_enqueued_batches",
             "threads": "num_batch_threads", "run": "max_execution_batch_size"}
    return "".join(f"{names[key]} {{ value: {value} }}\n" for key, value in wrapped.items()) + "".join(
        f"allowed_batch_sizes: {size}\n" for size in sizes) + more


SPLIT = "enable_large_batch_splitting { value: true }\n"


def matrices():
    """y = x / 2 + 2 of any shape; declared as matrices."""
    graph = graphs.Graph().constant("half", np.float32(0.5)).constant("two", np.float32(2)).placeholder("x", "float32")
    graph.node("hx", "Mul", ["x", "half"], "float32").node("y", "AddV2", ["hx", "two"], "float32")
    graph.node("two_x", "AddV2", ["x", "x"], "float32").constant("all", np.int32([0, 1]))
    graph.node("total", "Sum", ["x", "all"], "float32", Tidx="int32", keep_dims=False)
    graph.node("shape", "Shape", ["x"], "float32", out_type="int32")
    graph.signature("serving_default", {"x": "float32"}, {"y": "y"}, shape=[-1, 3])
    graph.signature("total", {"x": "float32"}, {"total": "total"})
    graph.signature("shape", {"x": "float32"}, {"shape": "shape"})
    graph.placeholder("w", "float32").node("sum", "AddV2", ["x", "w"], "float32")
    graph.signature("sum", {"x": "float32", "w": "float32"}, {"sum": "sum"})
    return graph


def fails(*flags):
    """A server that must not start: stdout, stderr."""
    done = subprocess.run([harness.BINARY, "--port=0", "--grpc_socket_path=/tmp/never", *flags], capture_output=True,
                          text=True, timeout=harness.PATIENCE)
    assert done.returncode == 255, done
    return done.stdout, done.stderr


def batch_rows(server):
    """Runs, and their rows."""
    page = server.http("GET", "/metrics").body.decode()
    read = lambda name: sum(float(v) for v in re.findall(rf"^{name}{{.*}} (\S+)$", page, re.M))
    return read("tensord_batch_rows_count"), read("tensord_batch_rows_sum")


def beside(*tasks):
    """What each of them returns, all run at the same time."""
    with concurrent.futures.ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


class WithModel(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        graphs.save(self.folder / "m/1", matrices())

    def file(self, text):
        path = self.folder / "batching.txt"
        path.write_text(text)
        return path

    def serve(self, text, *flags):
        flags = ["--enable_batching=true", f"--batching_parameters_file={self.file(text)}", *flags]
        return self.enterContext(harness.Server({"m": self.folder / "m"}, flags))

    def ask(self, server, rows, start=0.0, signature="serving_default"):
        """y of rows x 3 numbers over gRPC, checked."""
        x = np.arange(start, start + 3 * rows, dtype=np.float32).reshape(rows, 3)
        np.testing.assert_array_equal(server.predict("m", {"x": x}, signature=signature)["y"], x / 2 + 2)

    def refused(self, server, status, code, text, inputs, signature="serving_default"):
        """By both protocols."""
        body = {"signature_name": signature, "inputs": {k: np.asarray(v).tolist() for k, v in inputs.items()}}
        reply = server.post("m:predict", body)
        self.assertEqual(reply.status, status, reply.body)
        self.assertTrue(reply.json["error"].startswith(text), reply.json)
        request = server.predict_request("m", {k: np.float32(v) for k, v in inputs.items()}, signature)
        name, details = server.grpc_error("PredictionService", "Predict", request)
        self.assertEqual(name, code)
        self.assertTrue(details.startswith(text), details)


class Files(WithModel):
    def flags(self, text):
        return f"--model_base_path={self.folder / 'm'}", f"--batching_parameters_file={self.file(text)}"

    def test_needs_enable_batching(self):
        out, _ = fails(*self.flags(""))
        self.assertIn("server_options.batching_parameters_file is set without setting "
                      "server_options.enable_batching to true.", out)

    def test_mistakes(self):
        for text, message in (
                (parameters(rows=64, sizes=(8, 32)),
                 "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 32; expected 64"),
                (parameters(threads=0), "num_batch_threads must be positive; was 0"),
                (parameters(wait=-1), "batch_timeout_micros must be non-negative; was -1"),
                (parameters(rows=4, run=5, more=SPLIT),
                 "When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal to "
                 "max_execution_batch_size.")):
            out, _ = fails("--enable_batching=true", *self.flags(text))
            self.assertIn(f"Failed to start server. Error: INVALID_ARGUMENT: {message}", out)

    def test_text_that_does_not_parse(self):
        out, err = fails("--enable_batching", *self.flags("max_batch_size { value: 4 }\nbatch_timeout { }\n"))
        self.assertIn("Error parsing text-format tensorflow.serving.BatchingParameters: 2:", err)
        self.assertIn("Invalid protobuf file: '", out)

    def test_a_missing_file(self):
        out, _ = fails("--enable_batching", f"--model_base_path={self.folder / 'm'}",
                       "--batching_parameters_file=/nowhere/batching.txt")
        self.assertIn("Failed to start server. Error: NOT_FOUND", out)

    def test_all_fields(self):
        text = parameters(rows=128, wait=0, batches=1000000, threads=8, run=64, sizes=(8, 128),
                          more=SPLIT + 'pad_variable_length_inputs: true thread_pool_name { value: "mine" }')
        server = self.serve(text)
        self.ask(server, 100)
        self.assertEqual(server.post("m:predict", {"instances": [[1, 2, 3]]}).json, {"predictions": [[2.5, 3, 3.5]]})
        self.assertNotIn("flag_without_effect", server.log_text())

    def test_an_empty_file_says_the_defaults(self):
        server = self.serve("")
        self.ask(server, 1000)
        self.refused(server, 400, "INVALID_ARGUMENT", "Task size 1001 is larger than maximum input batch size 1000",
                     {"x": np.zeros((1001, 3))})


class Batches(WithModel):
    def test_full_batches_run_together(self):
        server = self.serve(parameters(rows=6, wait=MINUTE))
        beside(*(lambda i=i: self.ask(server, 2, 10 * i) for i in range(3)))
        self.assertEqual(batch_rows(server), (1, 6))

    def test_both_protocols_share_batches(self):
        server = self.serve(parameters(rows=2, wait=MINUTE))
        _, reply = beside(lambda: self.ask(server, 1),
                          lambda: server.post("m:predict", {"instances": [[1, 2, 3]]}).json)
        self.assertEqual(reply, {"predictions": [[2.5, 3, 3.5]]})
        self.assertEqual(batch_rows(server), (1, 2))

    def test_a_batch_waits_for_its_time(self):
        server = self.serve(parameters(rows=6, wait=300_000))
        start = time.monotonic()
        self.ask(server, 2)
        self.assertGreaterEqual(time.monotonic() - start, 0.3)

    def test_two_batches_that_wait(self):
        """What does not fit makes the first one run; the second waits on."""
        server = self.serve(parameters(rows=3, wait=MINUTE))

        def fill_the_second():
            harness.until(lambda: batch_rows(server) == (1, 2), "the first to run")
            self.ask(server, 1)

        beside(lambda: self.ask(server, 2), lambda: self.ask(server, 2), fill_the_second)
        self.assertEqual(batch_rows(server), (2, 5))

    def test_allowed_sizes_pad_unseen(self):
        server = self.serve(parameters(rows=32, wait=SOME, sizes=(8, 32)))
        self.ask(server, 3)
        self.assertEqual(batch_rows(server), (1, 8))
        self.ask(server, 9)
        self.assertEqual(batch_rows(server), (2, 40))

    def test_unlike_shapes_do_not_fail_each_other(self):
        server = self.serve(parameters(rows=2, wait=MINUTE))
        ask = lambda x: server.predict("m", {"x": np.float32(x)})["y"].tolist()
        got = beside(lambda: ask([[1, 2, 3]]), lambda: ask([[1, 2]]), lambda: ask([[5, 5]]), lambda: ask([[7, 7, 7]]))
        self.assertEqual(got, [[[2.5, 3, 3.5]], [[2.5, 3]], [[4.5, 4.5]], [[5.5, 5.5, 5.5]]])
        self.assertEqual(batch_rows(server), (2, 4))

    def test_padded_inputs(self):
        """Each is padded with its own first element; outputs are as wide as the widest."""
        server = self.serve(parameters(rows=2, wait=MINUTE, more="pad_variable_length_inputs: true"))
        ask = lambda x: server.predict("m", {"x": np.float32(x)})["y"].tolist()
        narrow, wide = beside(lambda: ask([[4, 2]]), lambda: ask([[6, 8, 10, 12]]))
        self.assertEqual((narrow, wide), ([[4, 3, 4, 4]], [[5, 6, 7, 8]]))
        self.refused(server, 400, "INVALID_ARGUMENT", "Only tensors with rank from 1 to 6 can be padded.",
                     {"x": np.zeros((1,) * 7)})

    def test_large_requests_are_split(self):
        server = self.serve(parameters(rows=100, wait=SOME, run=8, more=SPLIT))
        self.ask(server, 50)
        self.refused(server, 400, "INVALID_ARGUMENT", "Task size 101 is larger than maximum input batch size 100",
                     {"x": np.zeros((101, 3))})
        self.refused(server, 503, "UNAVAILABLE",
                     "The batch scheduling queue to which this task was submitted is full; task size is 81 but scheduling "
                     "capacity is only 80 (num_enqueued_batches=1, max_enqueued_batches=10, open_batch_size=0, "
                     "max_execution_batch_size=8)", {"x": np.zeros((81, 3))})

    def test_as_without_batches(self):
        """What is answered under load is what is answered without batches, whatever the rules."""
        inputs = [np.random.default_rng(i).random((1 + i % 7, 3), np.float32) for i in range(64)]
        digits = {"digits": harness.MODELS / "digits"}
        images = [np.random.default_rng(i).random((1 + i % 5, 8, 8, 1), np.float32) for i in range(24)]
        with harness.Server(digits, ["--enable_batching=false"]) as alone:
            wants = [alone.predict("digits", {"image": x})["output_0"] for x in images]
        flags = ["--enable_batching",
                 f"--batching_parameters_file={self.file(parameters(rows=16, wait=2000, batches=1000, run=8, sizes=(4, 16), more=SPLIT))}"]
        with harness.Server({**digits, "m": self.folder / "m"}, flags) as server:
            beside(*(lambda i=i: [self.ask(server, len(inputs[i]), i) for _ in range(10)] for i in range(16)))
            gots = beside(*(lambda x=x: server.predict("digits", {"image": x})["output_0"] for x in images))
            for got, want in zip(gots, wants):
                np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)


class Figures(WithModel):
    def test_on_the_page_of_tensorflow_serving(self):
        monitoring = self.folder / "monitoring.config"
        monitoring.write_text('prometheus_config { enable: true path: "/tf" }')
        server = self.serve(parameters(rows=16, wait=SOME, sizes=(8, 16)), f"--monitoring_config_file={monitoring}")
        self.ask(server, 3)
        self.ask(server, 16)
        page = server.http("GET", "/tf").body.decode()
        name = ":tensorflow:serving:batching_session:"
        for line in (name + "wrapped_run_count{} 2",
                     name + 'input_batch_size_bucket{le="2"} 0', name + 'input_batch_size_bucket{le="4"} 1',
                     name + "input_batch_size_sum{} 19",
                     name + "processed_batch_size_sum{} 24",
                     name + 'padding_size_sum{execution_batch_size="8"} 5',
                     name + 'padding_size_sum{execution_batch_size="16"} 0',
                     name + 'queuing_latency_count{thread_pool_name=""} 2'):
            self.assertIn(line + "\n", page)


class Refusals(WithModel):
    def test_inputs(self):
        server = self.serve(parameters(rows=8, wait=0))
        refused = lambda text, inputs, signature: self.refused(server, 400, "INVALID_ARGUMENT", text, inputs, signature)
        refused("Task size 9 is larger than maximum input batch size 8", {"x": np.zeros((9, 3))}, "serving_default")
        refused("Batching Run() input tensors must have at least one dimension", {"x": 1.0}, "serving_default")
        refused("Batching Run() input tensors must have equal 0th-dimension size",
                {"x": np.zeros((2, 3)), "w": np.zeros((1, 3))}, "sum")
        self.ask(server, 8)

    def test_outputs(self):
        server = self.serve(parameters(rows=8, wait=0))
        refused = lambda text, signature: self.refused(server, 400, "FAILED_PRECONDITION", text,
                                                       {"x": np.zeros((3, 3))}, signature)
        refused("Batched output tensor has 0 dimensions", "total")
        refused("Batched output tensor's 0th dimension does not equal the sum of the 0th dimension sizes of the input "
                "tensors", "shape")

    def test_no_room(self):
        server = self.serve(parameters(rows=3, wait=MINUTE, batches=1, threads=1))
        first = threading.Thread(target=lambda: self.ask(server, 2))
        first.start()
        harness.until(lambda: b'tensord_queue_length{model="m"' in server.http("GET", "/metrics").body and re.search(
            rb'tensord_queue_length{model="m"[^}]*} 1', server.http("GET", "/metrics").body), "it to wait")
        time.sleep(0.2)  # it is counted a moment before it is there
        self.refused(server, 503, "UNAVAILABLE",
                     "The batch scheduling queue to which this task was submitted is full; currently 1 batches enqueued "
                     "and max_enqueued_batches is 1", {"x": np.zeros((2, 3))})
        reply = server.post("m:predict", {"inputs": {"x": [[1, 2, 3]] * 2}})
        self.assertEqual((reply.status, reply.headers["Retry-After"]), (503, "1"))
        with self.assertRaises(grpc.RpcError) as raised:
            server.predict("m", {"x": np.zeros((2, 3), np.float32)})
        self.assertEqual(dict(raised.exception.trailing_metadata())["grpc-retry-pushback-ms"], "1000")
        self.ask(server, 1)
        first.join()

    def test_deadline_in_the_queue(self):
        server = self.serve(parameters(rows=8, wait=MINUTE), "--rest_api_timeout_in_ms=200")
        start = time.monotonic()
        reply = server.post("m:predict", {"instances": [[1, 2, 3]]})
        self.assertLess(time.monotonic() - start, harness.PATIENCE)
        self.assertEqual(reply.status, 429, reply.body)
        self.assertEqual(reply.headers["Retry-After"], "1")
        self.assertTrue(reply.json["error"].startswith("Run() timeout exceeded while waiting in batching queue"))
        self.assertEqual(batch_rows(server), (0, 0))

    def test_a_call_that_is_cancelled(self):
        server = self.serve(parameters(rows=2, wait=MINUTE))
        request = server.predict_request("m", {"x": np.zeros((1, 3), np.float32)})
        with self.assertRaises(grpc.RpcError) as raised:
            server.call("PredictionService", "Predict", request, timeout=0.2)
        # The client's clock or the server's, whichever is first.
        self.assertIn(raised.exception.code(),
                      (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED))
        time.sleep(1)  # by then the server has ended it, too: else it would fill a batch with one of the next
        beside(lambda: self.ask(server, 1), lambda: self.ask(server, 1))
        self.assertEqual(batch_rows(server), (1, 2))


class PerModel(WithModel):
    flags = ["--enable_batching=true", "--enable_per_model_batching_parameters=true"]

    def test_each_version_by_its_own_file(self):
        (self.folder / "m/1/batching_params.pbtxt").write_text(parameters(rows=2, wait=MINUTE))
        graphs.save(self.folder / "other/1", matrices())
        models = {"m": self.folder / "m", "other": self.folder / "other"}
        # Of the common file only the threads count.
        common = f"--batching_parameters_file={self.file(parameters(rows=1, wait=MINUTE, threads=2))}"
        with harness.Server(models, [*self.flags, common]) as server:
            beside(lambda: self.ask(server, 1), lambda: self.ask(server, 1))
            self.assertEqual(batch_rows(server), (1, 2))
            self.refused(server, 400, "INVALID_ARGUMENT", "Task size 3 is larger than maximum input batch size 2",
                         {"x": np.zeros((3, 3))})
            y = server.predict("other", {"x": np.zeros((5000, 3), np.float32)})["y"]  # at once, and as large as it likes
            self.assertEqual(y.shape, (5000, 3))

    def test_a_bad_file_fails_that_load(self):
        with harness.Server({"m": self.folder / "m"}, self.flags) as server:
            graphs.save(self.folder / "bad", matrices())
            (self.folder / "bad/batching_params.pbtxt").write_text(parameters(rows=4, sizes=(2,)))
            (self.folder / "bad").rename(self.folder / "m/2")
            version = lambda: next((v for v in server.get("m").json["model_version_status"] if v["version"] == "2"), {})
            harness.until(lambda: version().get("state") == "END", "version 2 to fail")
            self.assertEqual(version()["status"]["error_code"], "INVALID_ARGUMENT")
            self.assertIn("Last entry in allowed_batch_sizes must match max_batch_size; last entry was 2; expected 4",
                          version()["status"]["error_message"])
            self.ask(server, 1)

    def test_needs_enable_batching(self):
        with harness.Server({"m": self.folder / "m"}, self.flags[1:]) as server:
            self.assertIn("event=flag_without_effect flag=enable_per_model_batching_parameters", server.log_text())
            self.ask(server, 5000)


class Other(WithModel):
    def test_without_parameters(self):
        """--enable_batching alone leaves natural batching as it is: no rule refuses, and nobody waits."""
        with harness.Server({"m": self.folder / "m"}, ["--enable_batching=true"]) as server:
            self.ask(server, 5000)
            total = server.predict("m", {"x": np.ones((2, 3), np.float32)}, signature="total")["total"]
            self.assertEqual(float(total), 6.0)

    def test_a_promised_latency(self):
        models = {"m": (self.folder / "m", "batch_latency_slo_ms: 2.5")}
        with harness.Server(models, ["--batch_latency_slo_ms=20"]) as server:
            beside(*(lambda i=i: [self.ask(server, 1 + i) for _ in range(20)] for i in range(8)))
        out, _ = fails(f"--model_base_path={self.folder / 'm'}", "--batch_latency_slo_ms=-1")
        self.assertIn("INVALID_ARGUMENT: batch_latency_slo_ms is -1, which is no time", out)

    def test_the_end_hurries_batches(self):
        """Who waits for company when the server is to end waits no longer."""
        server = self.serve(parameters(rows=100, wait=MINUTE))
        asks = threading.Thread(target=lambda: self.ask(server, 1))
        asks.start()
        harness.until(lambda: re.search(rb'tensord_queue_length{model="m"[^}]*} 1',
                                        server.http("GET", "/metrics").body), "it to wait")
        time.sleep(0.2)
        server.tell(15)
        asks.join(harness.PATIENCE)
        self.assertFalse(asks.is_alive())


if __name__ == "__main__":
    unittest.main()
