#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recorded requests (logging_config): what is in the files, when the next one begins, and that they serve as warm-up."""
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

import numpy as np

import graphs
import harness
import records
from messages import get_tensor, message

OWN, TF = "tensord_request_log_records_total", ":tensorflow:serving:request_log_count"


def logging(prefix, rate=1.0, kind="file"):
    return (f'logging_config {{ log_collector_config {{ type: "{kind}" filename_prefix: "{prefix}" }} '
            f'sampling_config {{ sampling_rate: {rate} }} }}')


def echo():
    """a, doubled in memory of its own, is y; b is z, and the text s is t, as they lie in the request."""
    g = graphs.Graph().placeholder("a", "float32").placeholder("b", "int64").placeholder("s", "string")
    g.node("y", "AddV2", ["a", "a"], "float32").node("z", "Identity", ["b"], "int64").node("t", "Identity", ["s"], "string")
    return g.signature("serving_default", {"a": "float32", "b": "int64", "s": "string"}, {"y": "y", "z": "z", "t": "t"}, shape=[-1])


class RequestLog(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.prefix = self.folder / "log" / "m"
        self.prefix.parent.mkdir()
        self.monitoring = self.folder / "monitoring"
        self.monitoring.write_text("prometheus_config { enable: true }")

    def serve(self, more=None, graph=None, flags=()):
        graphs.save(self.folder / "m" / "1", graph or records.counter())
        return self.serve_again(more, flags)

    def serve_again(self, more=None, flags=()):
        more = logging(self.prefix) if more is None else more
        flags = [f"--monitoring_config_file={self.monitoring}", "--model_config_file_poll_wait_seconds=1", *flags]
        return self.enterContext(harness.Server({"m": (self.folder / "m", more)}, flags))

    def files(self, prefix=None):
        prefix = prefix or self.prefix
        return sorted(prefix.parent.glob(prefix.name + ".*"), key=lambda path: int(path.suffix[1:]))

    def logs(self, prefix=None):
        return [log for path in self.files(prefix) for log in records.read_logs(path)]

    def count(self, prefix=None):
        return sum(records.count(path) for path in self.files(prefix))

    def await_logs(self, count, prefix=None):
        harness.until(lambda: self.count(prefix) >= count, f"{count} records")
        found = self.logs(prefix)
        self.assertEqual(len(found), count)
        return found

    def add(self, server, by=1.0, **options):
        return float(server.predict("m", {"by": np.float32(by)}, **options)["count"])

    def counted(self, server, code):
        """Records by both pages; -1: one has just come, and only the second page has it."""
        own, tf = server.http("GET", "/metrics").body.decode(), server.http("GET", "/monitoring/prometheus/metrics").body.decode()
        both = [[line.split()[-1] for line in page.splitlines() if line.startswith(name)]
                for page, name in ((own, f'{OWN}{{model="m",code="{code}"}}'),
                                   (tf, f'{TF}{{model_name="m",status_code="{code}"}}'))]
        if both[0] != both[1]:
            return -1
        return int(both[0][0]) if both[0] else 0

    # -- what is written ---------------------------------------------------------------------------------------
    def test_a_grpc_predict(self):
        server = self.serve(graph=echo())
        inputs = {"a": np.float32([1.5, -2]), "b": np.int64([3, 1 << 40]), "s": np.array([b"x", b"\xff"], object)}
        server.predict("m", inputs, version=1, signature="serving_default")
        log, = self.await_logs(1)
        request, response = log.predict_log.request, log.predict_log.response
        self.assertEqual((request.model_spec.name, request.model_spec.version.value, request.model_spec.signature_name),
                         ("m", 1, "serving_default"))
        for name, value in inputs.items():
            np.testing.assert_array_equal(get_tensor(request.inputs[name]), value)
        self.assertTrue(request.inputs["b"].tensor_content)
        self.assertEqual(list(request.inputs["s"].string_val), [b"x", b"\xff"])
        self.assertFalse(request.output_filter)
        for name, value in {"y": np.float32([3, -4]), "z": inputs["b"], "t": inputs["s"]}.items():
            np.testing.assert_array_equal(get_tensor(response.outputs[name]), value)
        self.assertEqual((response.model_spec.name, response.model_spec.version.value), ("m", 1))
        meta = log.log_metadata
        self.assertEqual((meta.model_spec.name, meta.model_spec.version.value, meta.model_spec.signature_name),
                         ("m", 1, "serving_default"))
        self.assertEqual(meta.sampling_config.sampling_rate, 1.0)
        self.assertLess(abs(meta.timestamp_secs - self.files()[0].stat().st_mtime), 60)

    def test_an_output_filter(self):
        server = self.serve(graph=echo())
        inputs = {"a": np.float32([1]), "b": np.int64([3]), "s": np.array([b"x"], object)}
        server.predict("m", inputs, outputs=["z", "y"])
        log, = self.await_logs(1)
        self.assertEqual(list(log.predict_log.request.output_filter), ["z", "y"])
        self.assertEqual(sorted(log.predict_log.response.outputs), ["y", "z"])

    def test_a_rest_predict_is_the_same(self):
        server = self.serve(graph=echo())
        rows = [{"a": 1.5, "b": 3, "s": "x"}, {"a": -2, "b": 4, "s": {"b64": "/w=="}}]
        self.assertEqual(server.post("m/versions/1:predict", {"instances": rows}).status, 200)
        log, = self.await_logs(1)
        request = log.predict_log.request
        self.assertEqual((request.model_spec.name, request.model_spec.version.value), ("m", 1))
        np.testing.assert_array_equal(get_tensor(request.inputs["a"]), np.float32([1.5, -2]))
        np.testing.assert_array_equal(get_tensor(request.inputs["b"]), np.int64([3, 4]))
        self.assertEqual(list(request.inputs["s"].string_val), [b"x", b"\xff"])
        self.assertEqual(list(log.predict_log.response.outputs["t"].string_val), [b"x", b"\xff"])

    def test_a_large_one(self):
        """Its message would be given up before the answer is written; outputs are sent from where they lie."""
        server = self.serve(graph=echo())
        rng = np.random.default_rng(1)
        inputs = {"a": rng.random(300_000, np.float32), "b": np.int64([1]), "s": np.array([b"x"], object)}
        server.predict("m", inputs)
        body = {"inputs": {"a": inputs["a"][:50_000].tolist(), "b": [1], "s": ["x"]}}
        self.assertEqual(server.post("m:predict", body).status, 200)
        by_grpc, by_rest = self.await_logs(2)
        for side, log, size in ((0, by_grpc, 300_000), (1, by_rest, 50_000)):
            with self.subTest(side):
                np.testing.assert_array_equal(get_tensor(log.predict_log.request.inputs["a"]), inputs["a"][:size])
                np.testing.assert_array_equal(get_tensor(log.predict_log.response.outputs["y"]), 2 * inputs["a"][:size])

    def test_classify_and_regress(self):
        server = self.serve()
        examples = [{"x": "a"}, {"x": "bcd"}]
        self.assertEqual(server.post("m:classify", {"signature_name": "classify", "examples": examples}).status, 200)
        request = message("tensorflow.serving.RegressionRequest")()
        harness.set_spec(request.model_spec, "m", "regress")
        request.input.example_list_with_context.context.features.feature["c"].int64_list.value.append(3)
        request.input.example_list_with_context.examples.add().features.feature["x"].bytes_list.value.append(b"a")
        reply = server.call("PredictionService", "Regress", request)
        classify, regress = self.await_logs(2)
        items = classify.classify_log.request.input.example_list.examples
        self.assertEqual([list(e.features.feature["x"].bytes_list.value) for e in items], [[b"a"], [b"bcd"]])
        self.assertEqual(len(classify.classify_log.response.result.classifications), 2)
        self.assertEqual(classify.classify_log.request.model_spec.signature_name, "classify")
        example, = regress.regress_log.request.input.example_list.examples
        self.assertEqual(sorted(example.features.feature), ["c", "x"])
        self.assertEqual(regress.regress_log.response, reply)

    def test_multi_inference(self):
        server = self.serve()
        request = message("tensorflow.serving.MultiInferenceRequest")()
        request.input.example_list.examples.add().features.feature["x"].bytes_list.value.append(b"a")
        for verb in ("classify", "regress"):
            task = request.tasks.add(method_name="tensorflow/serving/" + verb)
            harness.set_spec(task.model_spec, "m", verb)
        server.call("PredictionService", "MultiInference", request)
        self.assertEqual([log.WhichOneof("log_type") for log in self.await_logs(2)], ["classify_log", "regress_log"])

    # -- which -------------------------------------------------------------------------------------------------
    def test_only_what_succeeds(self):
        server = self.serve()
        self.assertEqual(server.post("m:predict", {"inputs": "text"}).status, 400)
        self.assertEqual(server.post("m:predict", {"signature_name": "nothing", "inputs": 1}).status, 400)
        self.add(server)
        self.await_logs(1)

    def test_a_sample(self):
        server = self.serve(logging(self.prefix, 0.25))
        for _ in range(200):
            self.add(server)
        harness.until(lambda: self.count() >= 49, "the sample")
        self.assertIn(self.count(), (49, 50, 51))
        self.assertEqual(self.logs()[0].log_metadata.sampling_config.sampling_rate, 0.25)

    def test_none(self):
        for more in ("", logging(self.prefix, 0.0), logging(self.prefix, kind=""), "logging_config {}"):
            with self.subTest(more):
                self.setUp()
                server = self.serve(more)
                self.add(server)
                server.stop()
                self.assertEqual(self.files(), [])

    def test_configuration_changes(self):
        server = self.serve("")
        other = self.folder / "log" / "other"

        def grown():
            """The files that one more request goes to."""
            before = {path: path.stat().st_size for path in self.files() + self.files(other)}
            self.add(server)
            time.sleep(0.2)
            return {path.name for path in self.files() + self.files(other) if path.stat().st_size > before.get(path, 0)}
        self.assertEqual(grown(), set())
        for more, names in ((logging(self.prefix), {"m.1"}), (logging(other), {"other.1"}), ("", set()),
                            (logging(self.prefix), {"m.2"})):
            server.config.write_text(harness.model_config({"m": (self.folder / "m", more)}))
            server.tell(signal.SIGHUP)
            harness.until(lambda names=names: grown() == names, f"the change to {more or 'nothing'}")

    def test_what_is_no_log(self):
        for more, said in ((logging(self.prefix, kind="kafka"), 'type "kafka"; there are "file", and "" for none'),
                           (logging(""), 'filename_prefix ""'), (logging("/var/log/"), 'filename_prefix "/var/log/"'),
                           (logging(self.prefix, 1.5), "sampling_rate of model m is 1.5"),
                           (logging(self.prefix, "nan"), "sampling_rate of model m is nan")):
            with self.subTest(more):
                config = self.folder / "config"
                config.write_text(harness.model_config({"m": (self.folder, more)}))
                done = subprocess.run([harness.BINARY, f"--model_config_file={config}"], capture_output=True, text=True,
                                      timeout=harness.PATIENCE, check=False)
                self.assertEqual(done.returncode, 255)
                self.assertIn("INVALID_ARGUMENT: ", done.stdout)
                self.assertIn(said, done.stdout)

    # -- files -------------------------------------------------------------------------------------------------
    def test_the_next_file(self):
        server = self.serve(graph=echo(), flags=["--request_log_file_megabytes=1"])
        a = np.arange(60_000, dtype=np.float32)  # 480 KB of a record
        for _ in range(5):
            server.predict("m", {"a": a, "b": np.int64([1]), "s": np.array([b"x"], object)})
        self.await_logs(5)
        self.assertEqual([path.name for path in self.files()], ["m.1", "m.2", "m.3"])
        self.assertTrue(all(path.stat().st_size <= 1 << 20 for path in self.files()))

    def test_files_that_were_there_stay(self):
        (self.folder / "log" / "m.7").write_bytes(b"mine")
        (self.folder / "log" / "m.8x").write_bytes(b"mine")
        (self.folder / "log" / "more.9").write_bytes(b"mine")
        server = self.serve()
        self.add(server)
        harness.until(lambda: self.counted(server, "OK") == 1, "the record to be written")
        self.assertEqual(len(records.read_logs(self.folder / "log" / "m.8")), 1)
        self.assertEqual((self.folder / "log" / "m.7").read_bytes(), b"mine")

    def test_the_end_loses_nothing(self):
        server = self.serve()
        for _ in range(50):
            self.add(server)
        server.stop()
        self.assertEqual(len(self.logs()), 50)

    def test_it_warms_up_the_next_version(self):
        server = self.serve()
        for by in (1, 2, 4):
            self.add(server, by)
        self.assertEqual(server.post("m:regress", {"signature_name": "regress", "examples": [{"x": "a"}]}).status, 200)
        self.await_logs(4)
        server.stop()
        graphs.save(self.folder / "m" / "2", records.counter())
        path = self.folder / "m" / "2" / records.WARMUP
        path.parent.mkdir()
        path.write_bytes(self.files()[0].read_bytes())
        server = self.serve_again("")
        self.assertIn("event=warmed_up model=m version=2 records=4 ", server.log_text())
        self.assertEqual(self.add(server), 8)

    # -- what goes wrong ---------------------------------------------------------------------------------------
    def test_no_folder(self):
        server = self.serve(logging(self.folder / "nowhere" / "m"))
        for _ in range(20):
            self.add(server)  # answered nevertheless
        harness.until(lambda: self.counted(server, "NOT_FOUND") == 20, "the records to be given up")
        self.assertIn("event=request_not_recorded model=m code=NOT_FOUND", server.log_text())
        self.assertLess(server.log_text().count("event=request_not_recorded"), 10)
        (self.folder / "nowhere").mkdir()
        self.add(server)
        self.await_logs(1, self.folder / "nowhere" / "m")

    def test_a_full_disk(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        server = self.serve(graph=echo())
        limit = 300_000  # of any file: what is beyond fails, as on a full disk
        subprocess.run(["prlimit", f"--fsize={limit}", f"--pid={server.process.pid}"], check=True)
        a = np.arange(25_000, dtype=np.float32)  # 200 KB of a record
        for size in (25_000, 25_000, 10):
            server.predict("m", {"a": a[:size], "b": np.int64([1]), "s": np.array([b"x"], object)})
        harness.until(lambda: self.counted(server, "OK") == 2, "the records to be written")
        sizes = [len(get_tensor(log.predict_log.request.inputs["a"])) for log in self.await_logs(2)]
        self.assertEqual(sizes, [25_000, 10])  # the one between was taken back, and those behind it can be read
        self.assertEqual(len(self.files()), 1)

    def test_too_much_at_once(self):
        server = self.serve(graph=echo())
        a = np.zeros(9_000_000, np.float32)  # a record of 72 MB finds no room
        server.predict("m", {"a": a, "b": np.int64([1]), "s": np.array([b"x"], object)})
        harness.until(lambda: self.counted(server, "RESOURCE_EXHAUSTED") == 1, "the record to be left out")
        server.predict("m", {"a": a[:9], "b": np.int64([1]), "s": np.array([b"x"], object)})
        self.await_logs(1)
        harness.until(lambda: self.counted(server, "OK") == 1, "the next one to be counted")


unittest.main()
