#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The scripts around the binary: ./dev serve, and the image's entry point."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import harness


class Script:
    """A script that runs beside the test, with what it prints in a file."""

    def __init__(self, words, environment):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tensord-script-"))
        with open(self.folder / "out", "wb") as out:
            self.process = subprocess.Popen(words, stdout=out, stderr=out, env={**os.environ, **environment})

    def text(self):
        return (self.folder / "out").read_text(errors="replace")

    def prints(self, what):
        harness.until(lambda: what in self.text() or self.process.poll() is not None, what)
        return what in self.text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(harness.PATIENCE)
        finally:
            self.process.kill()
            shutil.rmtree(self.folder, ignore_errors=True)


class DevServe(unittest.TestCase):
    def serve(self, *flags):
        return Script([harness.SOURCE / "dev", "serve", *flags], {"TENSORD": harness.BINARY})

    def test_other_ports(self):
        grpc, rest = harness.free_ports(2)
        with self.serve(f"--port={grpc}", f"--rest_api_port={rest}") as script:
            self.assertTrue(script.prints("\nReady. Try"), script.text())
            self.assertIn(f"http://localhost:{rest}/v1/models/half_plus_two:predict", script.text())
            script.process.send_signal(signal.SIGINT)
            self.assertEqual(script.process.wait(harness.PATIENCE), 0)
            self.assertTrue(script.prints("event=stopped"), script.text())

    def test_models_of_the_user(self):
        grpc, rest = harness.free_ports(2)
        with self.serve(f"--port={grpc}", f"--rest_api_port={rest}",
                        f"--model_base_path={harness.MODELS / 'digits'}") as script:
            self.assertTrue(script.prints(f"curl http://localhost:{rest}/readyz"), script.text())

    def test_taken_ports(self):
        """Another server's answers are not taken for ours, and what is wrong is said."""
        with harness.Server({"half_plus_two": harness.MODELS / "half_plus_two"}) as other:
            with self.serve(f"--port={other.grpc_port}", f"--rest_api_port={other.rest_port}") as script:
                self.assertEqual(script.process.wait(harness.PATIENCE), 255)
                self.assertIn(f"port {other.grpc_port} is taken", script.text())
                self.assertIn("--port", script.text())
                self.assertNotIn("Ready", script.text())
            grpc, = harness.free_ports(1)
            with self.serve(f"--port={grpc}", f"--rest_api_port={other.rest_port}") as script:
                self.assertTrue(script.prints("Running gRPC ModelServer"), script.text())
                self.assertIn(f"port {other.rest_port} is taken", script.text())
                self.assertIn("--rest_api_port", script.text())
                self.assertNotIn("Ready", script.text())


class ForbiddenPort(unittest.TestCase):
    def test_text(self):
        first = pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
        if not first.exists() or int(first.read_text()) <= 80:
            self.skipTest("every port is free for all here")
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            binary = shutil.copy(harness.BINARY, folder)
            nobody = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
            done = subprocess.run([binary, "--port=80", f"--model_base_path={folder}"], capture_output=True, text=True,
                                  timeout=harness.PATIENCE, **nobody)
        self.assertEqual(done.returncode, 255, done.stderr)
        self.assertIn("PERMISSION_DENIED: port 80 is forbidden to this user", done.stdout)


class EntryPoint(unittest.TestCase):
    """The binary by the name of the image's entry point."""

    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.script = folder / "tf_serving_entrypoint.sh"
        self.script.symlink_to(harness.BINARY)
        self.environment = {"MODEL_NAME": "half_plus_two", "MODEL_BASE_PATH": str(harness.MODELS)}

    def run_words(self, *words):
        return subprocess.run([self.script, *words], capture_output=True, text=True, timeout=harness.PATIENCE,
                              env={**os.environ, **self.environment})

    def serve(self, *words):
        grpc, rest = harness.free_ports(2)
        ports = (f"--port={grpc}", f"--rest_api_port={rest}")
        return Script([self.script, *words, *ports], self.environment), rest

    def test_verbs(self):
        model = str(harness.MODELS / "half_plus_two" / "1")
        self.assertIn("signature_def['serving_default']", self.run_words("show", model).stdout)
        self.assertIn("2.5", self.run_words("run", model, "--inputs=[1.0]").stdout)
        self.assertIn("usage: tensord", self.run_words("help").stdout)
        done = self.run_words("bake")
        self.assertEqual((done.returncode, 'no verb "bake"' in done.stderr), (2, True))
        self.assertIn("TensorFlow ModelServer: ", self.run_words("--version").stdout)

    def test_serves(self):
        for words in ((), ("serve",)):
            script, rest = self.serve(*words)
            with script:
                self.assertTrue(script.prints(f"Exporting HTTP/REST API at:localhost:{rest}"), script.text())
                self.assertIn("event=available model=half_plus_two", script.text())

    def test_flags_of_the_user_win(self):
        script, rest = self.serve("--model_name=other", f"--model_base_path={harness.MODELS / 'digits'}")
        with script:
            self.assertTrue(script.prints(f"Exporting HTTP/REST API at:localhost:{rest}"), script.text())
            self.assertIn("event=available model=other", script.text())

    def test_a_directory_of_models(self):
        script, rest = self.serve(f"--models_dir={harness.MODELS}")
        with script:
            self.assertTrue(script.prints(f"Exporting HTTP/REST API at:localhost:{rest}"), script.text())
            for model in ("half_plus_two", "digits"):
                self.assertIn(f"event=available model={model}", script.text())

    def test_defaults(self):
        """Without the variables, a model named model in /models; empty ones count as none."""
        self.environment = {"MODEL_NAME": "", "MODEL_BASE_PATH": ""}
        script, _ = self.serve()
        with script:
            self.assertTrue(script.prints("/models/model"), script.text())

    def test_the_image(self):
        """What whoever starts it can read of it."""
        lines = (harness.SOURCE / "docker" / "Dockerfile").read_text().splitlines()
        for line in ("ENV MODEL_NAME=model MODEL_BASE_PATH=/models", "EXPOSE 8500 8501"):
            self.assertIn(line, lines)


class Health(unittest.TestCase):
    """`tensord health`, which an image's HEALTHCHECK runs."""

    def ask(self, *words):
        done = subprocess.run([harness.BINARY, "health", *words], capture_output=True, text=True,
                              timeout=harness.PATIENCE)
        return done.returncode, done.stdout + done.stderr

    def test_ready(self):
        with harness.Server({"half_plus_two": harness.MODELS / "half_plus_two"}) as server:
            rest, grpc = f"--rest_api_port={server.rest_port}", f"--port={server.grpc_port}"
            harness.until(lambda: server.http("GET", "/readyz").status == 200, "readiness")
            self.assertEqual(self.ask(rest), (0, "ready\n"))
            self.assertEqual(self.ask(grpc, rest, "--model_name=x"), (0, "ready\n"))
            self.assertEqual(self.ask(grpc, "--rest_api_port=0"), (0, "ready: gRPC takes connections\n"))
            code, text = self.ask(f"--rest_api_port={server.grpc_port}")
            self.assertEqual(code, 1, text)
            self.assertIn("does not answer as HTTP", text)

    def test_not_ready(self):
        with tempfile.TemporaryDirectory() as folder:
            with harness.Server({"late": pathlib.Path(folder) / "late"}, wait=False) as server:
                words = [f"--rest_api_port={server.rest_port}"]
                harness.until(lambda: "503" in self.ask(*words)[1], "an answer")
                code, text = self.ask(*words)
                self.assertEqual(code, 1)
                self.assertIn("late", text)

    def test_nobody_there(self):
        port, other = harness.free_ports(2)
        for words in ([f"--rest_api_port={port}"], ["--rest_api_port=0", f"--port={other}"],
                      ["--rest_api_port=0", "--port=0", "--grpc_socket_path=/nowhere/at/all"],
                      ["--rest_api_port=0", "--port=0", "--grpc_socket_path=/" + "long" * 99]):
            code, text = self.ask(*words)
            self.assertEqual(code, 1, text)
            self.assertIn("not ready", text)

    def test_a_server_that_says_nothing(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            code, text = self.ask(f"--rest_api_port={silent.getsockname()[1]}")
        self.assertEqual(code, 1, text)

    def test_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/s"
            flags = [f"--grpc_socket_path={path}"]
            with harness.Server({"half_plus_two": harness.MODELS / "half_plus_two"}, flags):
                self.assertEqual(self.ask("--rest_api_port=0", "--port=0", *flags)[0], 0)

    def test_words(self):
        self.assertEqual(self.ask("--help")[0], 0)
        self.assertEqual(self.ask("--port=x")[0], 2)
        code, text = self.ask("--prot=1")
        self.assertEqual(code, 2)
        self.assertIn("unknown argument: --prot=1", text)


if __name__ == "__main__":
    unittest.main()
