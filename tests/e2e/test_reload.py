#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HandleReloadConfigRequest: the list of models replaced by a call that waits for them."""
import shutil
import subprocess
import time
import unittest

import grpc
from google.protobuf import text_format

from harness import MODELS, Server, model_config, until
from messages import message

HALF, DIGITS = MODELS / "half_plus_two", MODELS / "digits"
POLLING_OFF = ["--file_system_poll_wait_seconds=0"]


def request(models, metrics=()):
    r = message("tensorflow.serving.ReloadConfigRequest")()
    text_format.Parse(model_config(models), r.config)
    r.metric_names.extend(metrics)
    return r


def reload(server, models, metrics=(), timeout=30):
    return server.stub("ModelService", "HandleReloadConfigRequest")(request(models, metrics), timeout=timeout)


class ReloadTest(unittest.TestCase):
    def assert_fails(self, code, text, call, *args, **named):
        with self.assertRaises(grpc.RpcError) as caught:
            call(*args, **named)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        self.assertIn(text, caught.exception.details())

    def assert_serves(self, server, name):
        self.assertEqual(server.post(name + ":predict", {"instances": [1.0]}).json, {"predictions": [2.5]})

    def test_models_come_and_go_with_polling_off(self):
        with Server({"a": HALF}, POLLING_OFF) as server:
            answer = reload(server, {"b": HALF, "digits": DIGITS})
            self.assertEqual((answer.status.error_code, answer.status.error_message), (0, ""))
            self.assert_serves(server, "b")  # at once: the call has waited for it
            self.assertEqual(server.get("digits").json["model_version_status"][0]["state"], "AVAILABLE")
            until(lambda: server.post("a:predict", {"instances": [1.0]}).status == 404, "a to go")
            reload(server, {})
            until(lambda: server.post("b:predict", {"instances": [1.0]}).status == 404, "b to go")

    def test_failures_are_told_for_each_model_and_the_rest_serves(self):
        with Server({"a": HALF}, POLLING_OFF) as server:
            broken = server.folder / "broken"
            (broken / "7").mkdir(parents=True)
            (broken / "7" / "saved_model.pb").write_bytes(b"\xff\xff")
            began = time.monotonic()
            with self.assertRaises(grpc.RpcError) as caught:
                reload(server, {"a": HALF, "b": HALF, "broken": broken, "nowhere": server.folder / "nowhere"})
            self.assertLess(time.monotonic() - began, 20)  # it does not wait for what cannot come
            self.assertEqual(caught.exception.code(), grpc.StatusCode.UNKNOWN)
            text = caught.exception.details()
            self.assertIn("2 model(s) did not become available: {{name: broken version: 7} due to error: ", text)
            self.assertIn("{name: nowhere} due to error: Could not find base path", text)
            self.assert_serves(server, "a")
            self.assert_serves(server, "b")

    def test_a_list_that_is_wrong_changes_nothing(self):
        with Server({"a": HALF}) as server:
            twice = request({"a": HALF})
            twice.config.model_config_list.config.add().CopyFrom(twice.config.model_config_list.config[0])
            relative = request({"a": "models"})
            moved = request({"a": HALF})
            moved.config.model_config_list.config[0].model_platform = "pytorch"
            other = request({"b": HALF})
            other.config.model_config_list.config[0].model_platform = "pytorch"
            custom = message("tensorflow.serving.ReloadConfigRequest")()
            custom.config.custom_model_config.value = b"x"
            call = server.stub("ModelService", "HandleReloadConfigRequest")
            for wrong, text in (
                (twice, "Illegal to list model a multiple times in config list"),
                (relative, "Expected model a to have an absolute path or URI; got base_path()=models"),
                (moved, "Illegal to change a model's platform. For model a platform was tensorflow and new "
                 "platform requested is pytorch"),
                (other, "Model b requests unsupported platform pytorch"),
                (custom, "Only ModelConfigList is currently supported"),
                (message("tensorflow.serving.ReloadConfigRequest")(), "Only ModelConfigList is currently supported"),
            ):
                self.assert_fails(grpc.StatusCode.INVALID_ARGUMENT, text, call, wrong, timeout=30)
            self.assert_serves(server, "a")

    def test_labels(self):
        with Server({"a": HALF}) as server:
            version = next(HALF.glob("[0-9]*")).name
            labelled = 'version_labels {{ key: "stable" value: {} }}'
            reload(server, {"a": (HALF, labelled.format(version))})
            self.assertEqual(server.post("a/labels/stable:predict", {"instances": [1.0]}).status, 200)
            # of a model that comes with the same call, too
            reload(server, {"a": (HALF, labelled.format(version)), "b": (HALF, labelled.format(version))})
            self.assertEqual(server.post("b/labels/stable:predict", {"instances": [1.0]}).status, 200)
            text = "Request to assign label to version 9 of model a, which is not currently available for inference"
            self.assert_fails(grpc.StatusCode.FAILED_PRECONDITION, text, reload, server,
                              {"a": (HALF, labelled.format(9))})
            self.assertEqual(server.post("a/labels/stable:predict", {"instances": [1.0]}).status, 200)  # as before

    def test_a_label_resolves_when_its_version_comes(self):
        with Server({"a": HALF}) as server:
            base = server.folder / "base"
            shutil.copytree(next(HALF.glob("[0-9]*")), base / "1")
            labelled = (base, 'version_labels { key: "next" value: 2 }')
            self.assert_fails(grpc.StatusCode.FAILED_PRECONDITION, "version 2 of model m", reload, server,
                              {"m": labelled})
            shutil.copytree(base / "1", server.folder / "two")
            (server.folder / "two").rename(base / "2")
            until(lambda: server.post("m/labels/next:predict", {"instances": [1.0]}).status == 200, "the label")

    def test_new_labels_may_point_anywhere_with_the_flag(self):
        with Server({"a": HALF}, ["--allow_version_labels_for_unavailable_models"]) as server:
            reload(server, {"a": (HALF, 'version_labels { key: "soon" value: 9 }')})
            reply = server.post("a/labels/soon:predict", {"instances": [1.0]})
            self.assertEqual(reply.status, 404)
            self.assertIn("Specific(a, 9)", reply.json["error"])
            self.assert_fails(grpc.StatusCode.FAILED_PRECONDITION, "Request to assign label to version 8 of model a",
                              reload, server, {"a": (HALF, 'version_labels { key: "soon" value: 8 }')})

    def test_counters(self):
        with Server({"a": HALF}) as server:
            self.assert_serves(server, "a")
            names = ["tensord_model_loads_total", "/no/such/metric"]
            answer = reload(server, {"a": HALF, "b": HALF}, names)
            self.assertEqual([(m.name, m.WhichOneof("value_increase"), m.int64_value_increase) for m in answer.metric],
                             [(names[0], "int64_value_increase", 1), (names[1], "int64_value_increase", 0)])

    def test_no_call_waits_for_ever_and_none_disturbs_the_served(self):
        """Version 2 of model m is written to all the time, so that it is not loaded."""
        with Server({"a": HALF}) as server:
            base = server.folder / "m"
            shutil.copytree(next(HALF.glob("[0-9]*")), base / "1")
            reload(server, {"a": HALF, "m": base})
            (base / "2").mkdir()
            # a process of its own: what the test does must not hold it up
            writer = subprocess.Popen(["sh", "-c", "while :; do echo x >> saved_model.pb; sleep 0.02; done"], cwd=base / "2")
            try:
                self.check_while_version_2_comes(server, base)
            finally:
                writer.kill()
                writer.wait()

    def check_while_version_2_comes(self, server, base):
        until(lambda: len(server.get("m").json["model_version_status"]) == 2, "version 2 to be seen")
        self.assert_fails(grpc.StatusCode.DEADLINE_EXCEEDED, "", reload, server, {"a": HALF, "m": base}, timeout=1)
        call = server.stub("ModelService", "HandleReloadConfigRequest").future(
            request({"a": HALF, "m": base, "b": HALF}), timeout=60)
        until(lambda: server.post("b:predict", {"instances": [1.0]}).status == 200, "b")
        self.assertFalse(call.done())
        self.assert_serves(server, "m")
        call.cancel()
        reload(server, {"a": HALF})  # the thread that waited is free again
        self.assert_serves(server, "a")

    def test_damaged_requests(self):
        with Server({"a": HALF}) as server:
            raw = server.channel.unary_unary("/tensorflow.serving.ModelService/HandleReloadConfigRequest")
            for bad in (b"\x0a\x7f", b"\x0a\x02\x0a\x7f", b"\xff" * 40):
                self.assert_fails(grpc.StatusCode.INVALID_ARGUMENT, "Damaged", raw, bad, timeout=30)
            self.assert_serves(server, "a")


if __name__ == "__main__":
    unittest.main()
