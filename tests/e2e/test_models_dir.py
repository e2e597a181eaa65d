#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A directory of models instead of a configuration."""
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

import graphs
import harness

FLAG = "--models_dir={}"


class ModelsDir(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "models"
        self.root.mkdir()

    def start(self, *flags, path=None):
        server = harness.Server(flags=[FLAG.format(path or self.root), *flags], wait=False)
        self.enterContext(server)
        harness.until(lambda: "Exporting HTTP" in server.log_text(), "the ports")
        return server

    def names(self, server):
        return [m["name"] for m in server.http("GET", "/v1/models").json["models"]]

    def answer(self, server, name):
        return server.post(name + ":predict", {"instances": [0.0]}).json.get("predictions")

    def test_models_come_and_go(self):
        graphs.save(self.root / "one" / "1", graphs.affine(b=1))
        graphs.save(self.root / "flat", graphs.affine(b=2))
        graphs.save(self.root / ".hidden" / "1", graphs.affine(b=9))
        (self.root / "empty").mkdir()
        (self.root / "file").write_text("no model")
        server = self.start()
        self.assertEqual(self.names(server), ["flat", "one"])
        self.assertEqual((self.answer(server, "one"), self.answer(server, "flat")), ([1.0], [2.0]))
        graphs.save(self.root / "one" / "2", graphs.affine(b=3))
        graphs.save(self.root / "empty" / "5", graphs.affine(b=5))
        harness.until(lambda: self.answer(server, "one") == [3.0], "version 2 of one")
        harness.until(lambda: self.answer(server, "empty") == [5.0], "a new model")
        self.assertEqual(self.names(server), ["empty", "flat", "one"])
        shutil.rmtree(self.root / "one")
        harness.until(lambda: self.names(server) == ["empty", "flat"], "one to go")
        self.assertEqual(self.answer(server, "flat"), [2.0])

    def test_a_directory_that_goes_keeps_what_is_loaded(self):
        graphs.save(self.root / "m" / "1", graphs.affine(b=1))
        server = self.start()
        self.root.rename(self.root.parent / "away")
        harness.until(lambda: "event=model_config_ignored" in server.log_text(), "the complaint")
        self.assertEqual(self.answer(server, "m"), [1.0])
        (self.root.parent / "away").rename(self.root)
        graphs.save(self.root / "n" / "1", graphs.affine(b=2))
        harness.until(lambda: self.answer(server, "n") == [2.0], "what comes when it is back")

    def test_one_model(self):
        graphs.save(self.root / "m" / "7", graphs.affine(b=1))
        graphs.save(self.root / "m" / "3", graphs.affine(b=2))
        for path, name, version in ((self.root / "m", "m", "7"), (self.root / "m" / "3", "m", "3")):
            with self.subTest(path=path):
                server = self.start(path=path)
                self.assertEqual(self.names(server), [name])
                self.assertEqual(server.get(name).json["model_version_status"][0]["version"], version)

    def test_an_empty_one_waits(self):
        server = self.start("--file_system_poll_wait_seconds=0")
        self.assertEqual(self.names(server), [])
        graphs.save(self.root / "m" / "1", graphs.affine(b=1))
        server.tell(signal.SIGHUP)
        harness.until(lambda: self.names(server) == ["m"] and self.answer(server, "m") == [1.0], "the model")

    def test_as_a_word(self):
        """`tensord DIR` and `tensord FILE`."""
        graphs.save(self.root / "m" / "1", graphs.affine(b=1))
        config = self.root.parent / "models.config"
        config.write_text(harness.model_config({"c": self.root / "m"}))
        for path, name in ((self.root, "m"), (config, "c")):
            grpc_port, rest_port = harness.free_ports(2)
            command = [harness.BINARY, str(path), f"--port={grpc_port}", f"--rest_api_port={rest_port}"]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            lines = []
            while not lines or "Exporting HTTP" not in lines[-1]:
                lines.append(process.stderr.readline())
                self.assertTrue(lines[-1], lines)
            self.assertIn(f"event=available model={name} ", "".join(lines))
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(harness.PATIENCE), 0)
            process.stderr.close()

    def test_mistakes(self):
        for flags, text in (([FLAG.format(self.root / "nowhere")], "is no directory"),
                            ([FLAG.format(self.root), "--model_base_path=/x"], "models_dir is set together with")):
            result = subprocess.run([harness.BINARY, "--port=0", "--grpc_socket_path=x", *flags], capture_output=True,
                                    text=True, timeout=harness.PATIENCE)
            self.assertEqual(result.returncode, 255)
            self.assertIn(text, result.stdout)
        result = subprocess.run([harness.BINARY, str(self.root / "nowhere")], capture_output=True, text=True,
                                timeout=harness.PATIENCE)
        self.assertEqual(result.returncode, 2)


if __name__ == "__main__":
    unittest.main()
