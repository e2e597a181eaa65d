#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/contract.md, statements about the list of models and their versions: policies, names of version directories, and
a configuration that changes, by a file that is polled, by a signal and by a call."""
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import graphs
import harness
from test_reload import reload

POLL = ["--model_config_file_poll_wait_seconds=1", "--file_system_poll_wait_seconds=1", "--max_num_load_retries=0"]


class Configurations(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def bring(self, model, *versions):
        """Version n answers n; its directory may be named otherwise."""
        for name in versions:
            graphs.save(self.folder / model / name, graphs.affine(a=0, b=float(name)))
        return self.folder / model

    def versions(self, server, model):
        reply = server.get(model)
        return {int(v["version"]) for v in reply.json.get("model_version_status", ()) if v["state"] == "AVAILABLE"}

    def answer(self, server, path):
        return server.post(path + ":predict", {"instances": [0.0]}).json.get("predictions")

    def test_policies(self):
        base = self.bring("m", "1", "2", "3", "4")
        with harness.Server({"m": base}) as server:
            self.assertEqual(self.versions(server, "m"), {4})
            for policy, wanted in (("latest { num_versions: 2 }", {3, 4}), ("all {}", {1, 2, 3, 4}), ("latest {}", {4}),
                                   ("specific { versions: 1 versions: 3 versions: 9 }", {1, 3})):
                reload(server, {"m": (base, f"model_version_policy {{ {policy} }}")})
                harness.until(lambda: self.versions(server, "m") == wanted, policy)
                self.assertEqual(self.answer(server, "m"), [max(wanted)])
                for version in (1, 2, 3, 4):
                    self.assertEqual(self.answer(server, f"m/versions/{version}"), [version] if version in wanted else None)

    def test_names_of_versions(self):
        base = self.bring("m", "00000123", "7")
        for name in ("abc", "1a", "999.bak", "tmp-1000"):
            shutil.copytree(base / "7", base / name)
        with harness.Server({"m": (base, "model_version_policy { all {} }")}) as server:
            self.assertEqual(self.versions(server, "m"), {7, 123})
            self.assertEqual(self.answer(server, "m"), [123])

    def test_a_base_path_that_goes_keeps_what_is_loaded(self):
        base, other = self.bring("m", "1"), self.bring("other", "1")
        with harness.Server({"m": base, "other": other}, POLL) as server:
            base.rename(self.folder / "away")
            harness.until(lambda: f"Could not find base path {base} for servable m" in server.log_text(), "the log to say so")
            self.bring("other", "2")  # the other model's versions come all the same
            harness.until(lambda: self.answer(server, "other") == [2], "version 2")
            self.assertEqual(self.answer(server, "m"), [1])
            base.mkdir()  # there, and empty: nothing is wanted any more
            harness.until(lambda: self.answer(server, "m") is None, "m to go")

    def test_the_file_is_polled(self):
        a, b = self.bring("a", "1"), self.bring("b", "2")
        with harness.Server({"a": a}, POLL) as server:
            server.config.write_text("model_config_list {{")
            harness.until(lambda: "event=model_config_ignored" in server.log_text(), "the file to be refused")
            self.assertEqual(self.answer(server, "a"), [1])
            server.config.write_text(harness.model_config({"b": b}))
            harness.until(lambda: self.answer(server, "b") == [2] and self.answer(server, "a") is None, "b in place of a")
            server.config.write_text(harness.model_config({"b": a}))
            harness.until(lambda: self.answer(server, "b") == [1], "the other base path")

    def test_a_configuration_that_was_wrong_at_the_start(self):
        """The models that it names do not come; a better one is taken nevertheless."""
        a = self.bring("a", "1")
        for flags, sign in ((POLL, None), ((), signal.SIGHUP)):
            with harness.Server({"a": self.folder / "mistyped"}, flags, wait=False) as server:
                harness.until(lambda: "event=no_version" in server.log_text(), "the look at the base path")
                server.config.write_text(harness.model_config({"a": a}))
                if sign:
                    server.tell(sign)
                server.wait_ready()
                self.assertEqual(self.answer(server, "a"), [1])
                harness.until(lambda: "Exporting HTTP/REST API" in server.log_text(), "the line that scripts wait for")

    def test_lists_that_are_wrong(self):
        """At the start; by a call they are in test_reload.py."""
        base = self.bring("a", "1")
        one = harness.model_config({"a": base})
        for text, said in (
                (one.replace("}\n}", "}\n" + one.split("\n")[1] + "\n}"), "Illegal to list model a multiple times in config list"),
                (harness.model_config({"a": "relative"}),
                 "Expected model a to have an absolute path or URI; got base_path()=relative"),
                (one.replace('model_platform: "tensorflow"', ""),
                 "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, "
                 "model name is a"),
                (one.replace('model_platform: "tensorflow"', "model_type: OTHER"),
                 "ModelServerConfig::model_type choice 2 not supported."),
                (one.replace('"tensorflow"', '"caffe"'), "Model a requests unsupported platform caffe")):
            path = self.folder / "models.config"
            path.write_text(text)
            done = subprocess.run([harness.BINARY, f"--model_config_file={path}"], capture_output=True, text=True,
                                  timeout=harness.PATIENCE, check=False)
            self.assertEqual(done.returncode, 255)
            self.assertIn(f"Failed to start server. Error: INVALID_ARGUMENT: {said}", done.stdout)

    def test_an_empty_list_serves_nothing(self):
        path = self.folder / "models.config"
        path.write_text("")
        with harness.Server(flags=[f"--model_config_file={path}"], wait=False) as server:
            harness.until(lambda: "Exporting HTTP/REST API" in server.log_text(), "the ports")
            self.assertEqual(server.get("a").status, 404)
            time.sleep(0.1)
            self.assertIsNone(server.process.poll())


if __name__ == "__main__":
    unittest.main()
