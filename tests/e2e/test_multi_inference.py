#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""MultiInference: several heads of one model on the same examples, and what it says of tasks that cannot be done."""
import itertools
import pathlib
import re
import tempfile
import threading
import unittest

import harness
from examples import CLASSIFY, PREDICT, REGRESS, fill, write_heads
from messages import message

BOTH = (("classify", CLASSIFY), ("regress", REGRESS))


class MultiInference(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.models = {"heads": write_heads(folder), "half_plus_two": harness.MODELS / "half_plus_two"}
        super().setUpClass()

    def request(self, tasks=BOTH, xs=(1.0, 2.0), model="heads"):
        request = message("tensorflow.serving.MultiInferenceRequest")()
        for signature, method in tasks:
            task = request.tasks.add(method_name=method)
            harness.set_spec(task.model_spec, model, signature)
        fill(request.input, *xs)
        return request

    def ask(self, *arguments, **options):
        return self.server.call("PredictionService", "MultiInference", self.request(*arguments, **options))

    def fails(self, code, text, *arguments, edit=None, **options):
        request = self.request(*arguments, **options)
        if edit:
            edit(request)
        self.assertEqual(self.server.grpc_error("PredictionService", "MultiInference", request), (code, text))

    def test_two_heads(self):
        reply = self.ask()
        self.assertEqual([r.WhichOneof("result") for r in reply.results], ["classification_result", "regression_result"])
        self.assertEqual([c.classes[0].score for c in reply.results[0].classification_result.classifications], [10, 20])
        self.assertEqual([r.value for r in reply.results[1].regression_result.regressions], [2.5, 3.0])

    def test_specs_are_resolved(self):
        reply = self.ask((("", CLASSIFY), ("flat", REGRESS), ("labels", CLASSIFY)))
        self.assertEqual([(r.model_spec.name, r.model_spec.version.value, r.model_spec.signature_name)
                          for r in reply.results],
                         [("heads", 1, "serving_default"), ("heads", 1, "flat"), ("heads", 1, "labels")])

    def runs(self):
        page = self.server.http("GET", "/metrics").body.decode()
        return sum(int(n) for n in re.findall(r'tensord_batch_rows_count{[^}]*model="heads"[^}]*} (\d+)', page))

    def results(self, reply):
        return [getattr(r, r.WhichOneof("result")) for r in reply.results]

    def alone(self, signature, method, xs):
        verb = "Classification" if method == CLASSIFY else "Regression"
        request = message(f"tensorflow.serving.{verb}Request")()
        harness.set_spec(request.model_spec, "heads", signature)
        fill(request.input, *xs)
        return self.server.call("PredictionService", "Classify" if method == CLASSIFY else "Regress", request).result

    def test_as_each_by_itself(self):
        """Every pair and triple of tasks, in every order: what they want is a part of what one run can make."""
        heads = (("serving_default", CLASSIFY), ("classify", CLASSIFY), ("labels", CLASSIFY), ("more", CLASSIFY),
                 ("regress", REGRESS), ("flat", REGRESS), ("elsewhere", REGRESS), ("odd", REGRESS))
        if self.flags == Methods.flags:
            heads = heads[:-1]
        xs = (1.0, -2.5, 1e30)
        single = {head: self.alone(*head, xs) for head in heads}
        for n in (1, 2, 3):
            for tasks in itertools.permutations(heads, n):
                self.assertEqual(self.results(self.ask(tasks, xs)), [single[task] for task in tasks], tasks)

    def test_one_run(self):
        for tasks, runs in ((BOTH, 1), ((*BOTH, ("", CLASSIFY), ("flat", REGRESS), ("labels", CLASSIFY)), 1), (BOTH[:1], 1),
                            ((*BOTH, ("elsewhere", REGRESS)), 3), ((("elsewhere", REGRESS), BOTH[0]), 2)):
            before = self.runs()
            self.ask(tasks)
            self.assertEqual(self.runs() - before, runs, tasks)

    def test_one_task(self):
        self.assertEqual([r.value for r in self.ask((("regress", REGRESS),), (8.0,)).results[0]
                          .regression_result.regressions], [6.0])

    def test_many_examples(self):
        xs = [float(x) for x in range(30000)]  # beyond what an event thread parses
        reply = self.ask(xs=xs)
        self.assertEqual([r.value for r in reply.results[1].regression_result.regressions], [x / 2 + 2 for x in xs])
        self.assertEqual([c.classes[0].score for c in reply.results[0].classification_result.classifications],
                         [x * 10 for x in xs])

    def test_compressed(self):
        stub = self.server.stub("PredictionService", "MultiInference")
        reply = stub(self.request(xs=[3.0] * 5000), compression=harness.grpc.Compression.Gzip, timeout=harness.PATIENCE)
        self.assertEqual({r.value for r in reply.results[1].regression_result.regressions}, {3.5})

    def test_side_by_side(self):
        def work():
            for i in range(50):
                reply = self.ask(xs=(float(i),))
                if reply.results[1].regression_result.regressions[0].value != i / 2 + 2:
                    wrong.append(i)
        wrong = []
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_models(self):
        self.fails("INVALID_ARGUMENT", "ModelSpec has no name specified.", ())
        self.fails("INVALID_ARGUMENT", "ModelSpec has no name specified.", model="")
        self.fails("INVALID_ARGUMENT", "Found ModelSpec with an empty model name.",
                   edit=lambda r: r.tasks[1].ClearField("model_spec"))
        self.fails("INVALID_ARGUMENT", "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
                   edit=lambda r: setattr(r.tasks[1].model_spec, "name", "half_plus_two"))
        code, text = self.server.grpc_error("PredictionService", "MultiInference", self.request(model="nobody"))
        self.assertEqual(code, "NOT_FOUND")
        self.assertTrue(text.startswith("Servable not found for request: Latest(nobody)"), text)

    def test_signatures(self):
        self.fails("INVALID_ARGUMENT", "Duplicate evaluation of signature: regress", (BOTH[1], BOTH[1]))
        self.fails("INVALID_ARGUMENT", "Duplicate evaluation of signature: serving_default",
                   (("", CLASSIFY), ("serving_default", CLASSIFY)))
        self.fails("INVALID_ARGUMENT", "Requested signature not found in model graph: nope", (("nope", REGRESS),))
        self.fails("INVALID_ARGUMENT", "Expected one output Tensor.", (*BOTH, ("two_outputs", REGRESS)))
        self.fails("INVALID_ARGUMENT", "Expected one or two output Tensors, found 3", (("three", CLASSIFY),))

    def test_methods(self):
        self.fails("UNIMPLEMENTED", f"Unsupported signature method_name: {PREDICT}", (*BOTH, ("predict", PREDICT)))
        self.fails("UNIMPLEMENTED", "Unsupported signature method_name: ", (("regress", ""),))

    def test_input(self):
        self.fails("INVALID_ARGUMENT", "Input is empty.", xs=())
        self.fails("INVALID_ARGUMENT", "Input is empty.", edit=lambda r: r.ClearField("input"))

    def test_a_late_task_that_fails_fails_all(self):
        self.fails("INVALID_ARGUMENT", "Expected scores output batch size of 2. Got: 1", (*BOTH, ("batch", CLASSIFY)))

    def test_damaged(self):
        call = self.server.channel.unary_unary("/tensorflow.serving.PredictionService/MultiInference")
        with self.assertRaises(harness.grpc.RpcError) as caught:
            call(b"\x0a\x05\x0a\xff", timeout=harness.PATIENCE)
        self.assertEqual(caught.exception.code().name, "INVALID_ARGUMENT")

    def test_counted(self):
        self.ask()
        page = self.server.http("GET", "/metrics").body.decode()
        self.assertRegex(page, 'requests_total{[^}]*method="multi_inference"[^}]*} [1-9]')


class Examples(unittest.TestCase):
    def test_counted_by_tensorflow_servings_names(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "monitoring.config"
            config.write_text("prometheus_config { enable: true }")
            models = {"heads": write_heads(pathlib.Path(folder))}
            with harness.Server(models, [f"--monitoring_config_file={config}"]) as server:
                for xs in ((1.0, 2.0, 3.0), ()):
                    request = message("tensorflow.serving.MultiInferenceRequest")()
                    for signature, method in BOTH:
                        harness.set_spec(request.tasks.add(method_name=method).model_spec, "heads", signature)
                    fill(request.input, *xs)
                    if xs:
                        server.call("PredictionService", "MultiInference", request)
                    else:
                        server.grpc_error("PredictionService", "MultiInference", request)
                page = server.http("GET", "/monitoring/prometheus/metrics").body.decode()
                for line in ('request_example_count_total{model="heads"} 3', 'request_example_counts_count{model="heads"} 1',
                             'request_example_counts_bucket{model="heads",le="2"} 0',
                             'request_example_counts_bucket{model="heads",le="4"} 1'):
                    self.assertIn(":tensorflow:serving:" + line + "\n", page)


class Methods(MultiInference):
    """The same where method names count: a task's signature must be meant for it."""
    flags = ["--enable_signature_method_name_check"]

    def test_others(self):
        self.fails("INVALID_ARGUMENT", "Expected regression signature method_name to be tensorflow/serving/regress. Was: "
                   "tensorflow/serving/predict", (("predict", REGRESS),))


class Batched(MultiInference):
    """The same where each task's run waits for others, by TensorFlow Serving's rules."""
    flags = ["--enable_batching"]


class Late(unittest.TestCase):
    def test_a_deadline_between_tasks(self):
        """Whatever task it meets: the call ends, and the server goes on."""
        with tempfile.TemporaryDirectory() as folder, \
                harness.Server({"heads": write_heads(pathlib.Path(folder))}) as server:
            request = message("tensorflow.serving.MultiInferenceRequest")()
            for signature, method in (*BOTH, ("flat", REGRESS), ("labels", CLASSIFY)):
                harness.set_spec(request.tasks.add(method_name=method).model_spec, "heads", signature)
            fill(request.input, *[1.0] * 20000)
            ended = set()
            for ms in (*range(1, 40, 3), 20000):
                try:
                    server.call("PredictionService", "MultiInference", request, timeout=ms / 1000)
                    ended.add("OK")
                except harness.grpc.RpcError as error:
                    ended.add(error.code().name)
            self.assertEqual(ended, {"OK", "DEADLINE_EXCEEDED"})


if __name__ == "__main__":
    unittest.main()
