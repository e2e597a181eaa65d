#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Warm-up files: what they hold is run before a version serves, and a bad one keeps it from serving."""
import pathlib
import tempfile
import unittest

import numpy as np

import graphs
import harness
import records
from messages import message, set_tensor

PAGE = "/monitoring/prometheus/metrics"


def predict(by=1.0, **names):
    log = message("tensorflow.serving.PredictionLog")()
    harness.set_spec(log.predict_log.request.model_spec, names.get("model", ""), names.get("signature", ""))
    set_tensor(log.predict_log.request.inputs["by"], np.float32(by))
    return log


def examples(request, signature, texts):
    request.model_spec.signature_name = signature
    for text in texts:
        request.input.example_list.examples.add().features.feature["x"].bytes_list.value.append(text)


def classify(*texts, signature="classify"):
    log = message("tensorflow.serving.PredictionLog")()
    examples(log.classify_log.request, signature, texts)
    return log


def regress(*texts, signature="regress"):
    log = message("tensorflow.serving.PredictionLog")()
    examples(log.regress_log.request, signature, texts)
    return log


def several(*tasks):
    """tasks: pairs of a method and a signature."""
    log = message("tensorflow.serving.PredictionLog")()
    request = log.multi_inference_log.request
    request.input.example_list.examples.add().features.feature["x"].bytes_list.value.append(b"abc")
    for method, signature in tasks:
        task = request.tasks.add(method_name=method)
        harness.set_spec(task.model_spec, "m", signature)
    return log


class Warmup(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.base, self.version = folder / "m", folder / "m" / "1"
        monitoring = folder / "monitoring"
        monitoring.write_text("prometheus_config { enable: true }")
        self.flags = [f"--monitoring_config_file={monitoring}"]

    def bring(self, logs, graph=None):
        graphs.save(self.version, graph or records.counter())
        if logs is not None:
            records.write_warmup(self.version, logs)

    def serve(self, *flags, **more):
        return self.enterContext(harness.Server({"m": self.base}, [*self.flags, *flags], **more))

    def count(self, server):
        """How much has been added so far."""
        return float(server.predict("m", {"by": np.float32(0)})["count"])

    def fails(self, logs, code, *texts, graph=None):
        """The version does not serve, and its status says why."""
        self.bring(logs, graph)
        server = self.serve(wait=False)
        harness.until(lambda: "event=load_failed" in server.log_text(), "the load to fail")
        harness.until(lambda: "Exporting HTTP/REST" in server.log_text(), "the server to be there")
        status = server.get("m").json["model_version_status"][0]
        self.assertEqual((status["state"], status["status"]["error_code"]), ("END", code))
        for text in texts:
            self.assertIn(text, status["status"]["error_message"])
        return server

    def metric(self, server, name, status):
        sample = f':tensorflow:serving:{name}{{model_path="{self.version}",status="{status}"}} '
        lines = server.http("GET", PAGE).body.decode().splitlines()
        return [float(line[len(sample):]) for line in lines if line.startswith(sample)]

    # -- what is run -------------------------------------------------------------------------------------------
    def test_each_record_is_run(self):
        self.bring([predict(1), predict(2, model="another"), predict(4, model="m", signature="serving_default")])
        server = self.serve()
        self.assertEqual(self.count(server), 7)
        self.assertIn("event=warmed_up model=m version=1 records=3 ", server.log_text())
        self.assertEqual(self.metric(server, "model_warmup_records_read", "OK"), [3])
        self.assertEqual(self.metric(server, "model_warmup_latency_count", "OK"), [1])

    def test_several_times(self):
        self.bring([predict(1), predict(2)])
        self.assertEqual(self.count(self.serve("--num_request_iterations_for_warmup=3")), 9)

    def test_no_times_are_once(self):
        self.bring([predict(1), predict(2)])
        self.assertEqual(self.count(self.serve("--num_request_iterations_for_warmup=-1")), 3)

    def test_not_asked_for(self):
        self.bring([predict(1), b"damaged"])
        self.assertEqual(self.count(self.serve("--enable_model_warmup=false")), 0)

    def test_none_is_fine(self):
        self.bring(None)
        server = self.serve("--log_level=debug")
        self.assertEqual(self.count(server), 0)
        self.assertIn(f"event=no_warmup_file model=m version=1 path={self.version / records.WARMUP}", server.log_text())

    def test_an_empty_one_is_fine(self):
        self.bring([])
        self.assertIn("records=0", self.serve().log_text())

    def test_every_verb(self):
        both = several(("tensorflow/serving/classify", "classify"), ("tensorflow/serving/regress", "regress"))
        self.bring([predict(1), classify(b"a", b"bc"), regress(b"abc"), both])
        self.assertIn("records=4", self.serve().log_text())

    def test_with_batching(self):
        """Through the batcher: its rules refuse a request that is too large for them."""
        parameters = self.base.parent / "batching"
        parameters.write_text("max_batch_size { value: 2 }\nallowed_batch_sizes: 1 allowed_batch_sizes: 2\n")
        self.flags += ["--enable_batching", f"--batching_parameters_file={parameters}"]
        self.fails([regress(b"a", b"b"), regress(b"a", b"b", b"c")], "INVALID_ARGUMENT", "warm-up record 1 of ", "3")

    def test_the_most_records(self):
        self.bring([predict(1)] * 1000)
        self.assertEqual(self.count(self.serve()), 1000)

    # -- what fails --------------------------------------------------------------------------------------------
    def test_one_more_than_the_most(self):
        path = self.version / records.WARMUP
        self.fails([predict(1)] * 1001, "INVALID_ARGUMENT", f"Number of warmup records exceeds the maximum (1000) at {path}")

    def test_a_record_that_fails(self):
        path = self.version / records.WARMUP
        server = self.fails([predict(1), predict(1, signature="nothing")], "FAILED_PRECONDITION",
                            f"warm-up record 1 of {path}: Serving signature key \"nothing\" not found.")
        self.assertEqual(self.metric(server, "model_warmup_records_read", "FAILED_PRECONDITION"), [1])

    def test_an_answer_of_another_form(self):
        self.fails([regress(b"a", signature="classify")], "INVALID_ARGUMENT", "No regression outputs found")

    def test_kinds_that_cannot_be_run(self):
        for field, name in ((5, "session_run_log"), (7, "predict_streamed_log")):
            with self.subTest(name):
                self.setUp()
                log = message("tensorflow.serving.PredictionLog")()
                getattr(log, name).SetInParent()
                self.fails([log], "UNIMPLEMENTED", f"Unsupported log_type for warmup: {field}")

    def test_a_method_that_is_none(self):
        self.fails([several(("tensorflow/serving/predict", "regress"))], "UNIMPLEMENTED",
                   "Unsupported signature method_name: tensorflow/serving/predict")

    def test_no_record_file(self):
        self.bring([])
        (self.version / records.WARMUP).write_bytes(b"requests of mine\n")
        server = self.serve(wait=False)
        harness.until(lambda: "event=load_failed" in server.log_text(), "the load to fail")
        self.assertIn("code=DATA_LOSS", server.log_text())
        self.assertIn("corrupted record at 0. Please verify your warmup data is in TFRecord format.\"", server.log_text())

    def test_damage_behind_good_records(self):
        self.bring([predict(1)])
        path = self.version / records.WARMUP
        path.write_bytes(path.read_bytes() + records.frame(predict(1).SerializeToString())[:-1])
        server = self.serve(wait=False)
        harness.until(lambda: "event=load_failed" in server.log_text(), "the load to fail")
        self.assertIn("truncated record at ", server.log_text())
        self.assertIn("Please verify your warmup data is in TFRecord format.", server.log_text())

    def test_a_record_that_is_no_log(self):
        self.fails([b"\xff"], "INVALID_ARGUMENT", "warm-up record 0 of ", "Damaged PredictionLog")

    def test_a_time_limit(self):
        """It fails as a load does that takes too long; that may be tried again."""
        self.bring([predict(1)])
        server = self.serve("--max_load_seconds=1", "--num_request_iterations_for_warmup=2147483647", wait=False)
        harness.until(lambda: "event=load_failed" in server.log_text(), "the load to fail")
        self.assertIn("code=DEADLINE_EXCEEDED", server.log_text())
        self.assertIn("warm-up record 0 of ", server.log_text())

    def test_a_new_file_heals_it(self):
        server = self.fails([b"\xff"], "INVALID_ARGUMENT")
        records.write_warmup(self.version, [predict(5)])
        server.wait_ready()
        self.assertEqual(self.count(server), 5)


class Synthetic(unittest.TestCase):
    """Without a file: rows of zeros, as many as batches have. The model refuses them, and the log tells which."""
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        g = graphs.Graph().placeholder("x", "int32").constant("seven", np.int32(7))
        g.node("y", "FloorDiv", ["seven", "x"], "int32").signature("serving_default", {"x": "int32"}, {"y": "y"}, shape=[-1])
        graphs.save(self.folder / "m" / "1", g)

    def rows(self, *flags):
        """What the warm-up was refused with."""
        with harness.Server({"m": self.folder / "m"}, list(flags)) as server:
            return [int(word[5:]) for word in server.log_text().split() if word.startswith("rows=")]

    def batching(self, text):
        path = self.folder / "batching"
        path.write_text(text)
        return ["--enable_batching", f"--batching_parameters_file={path}"]

    def test_one_row(self):
        self.assertEqual(self.rows("--enable_batching=false"), [1])

    def test_it_can_be_turned_off(self):
        self.assertEqual(self.rows("--synthetic_warmup=false"), [])
        self.assertEqual(self.rows("--enable_model_warmup=false"), [])

    def test_allowed_sizes(self):
        flags = self.batching("max_batch_size { value: 6 }\nallowed_batch_sizes: 3 allowed_batch_sizes: 6\n")
        self.assertEqual(self.rows(*flags), [1, 3])  # the first that fails is the last

    def test_a_file_comes_instead(self):
        log = message("tensorflow.serving.PredictionLog")()
        set_tensor(log.predict_log.request.inputs["x"], np.int32([1]))
        records.write_warmup(self.folder / "m" / "1", [log])
        self.assertEqual(self.rows(), [])


unittest.main()
