#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The process: its command line, its log lines, its readiness, its end."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import graphs
import harness


def run(*words, **environment):
    return subprocess.run([harness.BINARY, *words], capture_output=True, text=True, timeout=harness.PATIENCE,
                          env={**os.environ, **environment})


class CommandLine(unittest.TestCase):
    def test_version(self):
        done = run("--version")
        lines = done.stdout.splitlines()
        self.assertEqual((done.returncode, len(lines)), (0, 2))
        self.assertRegex(lines[0], r"^TensorFlow ModelServer: ")
        self.assertRegex(lines[1], r"^TensorFlow Library: ")

    def test_help_names_the_flags(self):
        text = run("serve", "--help").stdout
        self.assertEqual(run("help", "serve").stdout, text)
        flags = re.findall(r"^TD_FLAG\(\w+, (\w+),", (harness.SOURCE / "src/config/flags.inc").read_text(), re.M)
        self.assertGreater(len(flags), 40)
        for flag in flags:
            self.assertIn(f"--{flag}=", text)

    def test_bad_values(self):
        for word in ("--port=x", "--enable_batching=1"):
            done = run(word)
            self.assertEqual(done.returncode, 255)
            self.assertIn("Couldn't interpret value", done.stderr)

    def test_flags_that_are_not_built(self):
        """What is safe or right by them does not start; what only tunes is served, with a warning each."""
        base = f"--model_base_path={harness.MODELS / 'half_plus_two'}"
        done = run(base, "--use_alts_credentials")
        self.assertEqual(done.returncode, 255)
        self.assertIn("Failed to start server. Error: UNIMPLEMENTED: --use_alts_credentials is not built yet", done.stdout)
        flags = ("enable_per_model_batching_parameters=true", "per_process_gpu_memory_fraction=0.5")
        with harness.Server(flags=[base, *(f"--{flag}" for flag in flags)]) as server:
            named = re.findall(r"level=warning .*event=flag_without_effect flag=(\w+) ", server.log_text())
            self.assertEqual(sorted(named), sorted(flag.split("=")[0] for flag in flags))

    def test_a_file_uri(self):
        done = run("--model_base_path=file://")
        self.assertEqual(done.returncode, 255)
        self.assertIn("a file URI has three slashes", done.stdout)
        with harness.Server(flags=[f"--model_base_path=file://{harness.MODELS / 'half_plus_two'}"]) as server:
            self.assertEqual(server.post("default:predict", {"instances": [1.0]}).json, {"predictions": [2.5]})

    def test_nothing_to_serve(self):
        done = run("--port=0")
        self.assertEqual(done.returncode, 255)
        self.assertIn("Failed to start server. Error: ", done.stdout)

    def test_unknown_passes(self):
        done = run("--port=0", f"--model_base_path={harness.MODELS}/half_plus_two", TENSORD_PASSES="-fold,-folds")
        self.assertEqual(done.returncode, 255)
        self.assertIn("TENSORD_PASSES: '-folds' is no pass; there are: all none freeze fold ", done.stdout)

    def test_bad_config_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".config") as file:
            file.write("model_config_list {{{")
            file.flush()
            done = run("--port=0", "--grpc_socket_path=" + file.name + ".sock", f"--model_config_file={file.name}")
        self.assertEqual(done.returncode, 255)
        self.assertIn("Error parsing text-format tensorflow.serving.ModelServerConfig", done.stderr)


class Life(unittest.TestCase):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}

    def test_without_passes(self):
        with harness.Server(self.models, environment={"TENSORD_PASSES": "none,+fold"}) as server:
            self.assertIn("event=pass_left_out pass=freeze", server.log_text())
            self.assertNotIn("pass_left_out pass=fold\n", server.log_text())
            self.assertEqual(server.post("half_plus_two:predict", {"instances": [1.0]}).json, {"predictions": [2.5]})

    def test_log_lines_that_scripts_wait_for(self):
        with harness.Server(self.models) as server:
            lines = (f"Running gRPC ModelServer at 0.0.0.0:{server.grpc_port} ...",
                     f"Exporting HTTP/REST API at:localhost:{server.rest_port} ...")
            for line in lines:
                harness.until(lambda: line in server.log_text(), line)

    def test_log_level_by_tensorflows_environment(self):
        least, most = "TF_CPP_MIN_LOG_LEVEL", "TF_CPP_MAX_VLOG_LEVEL"
        for flags, environment, levels in (((), {least: "0"}, {"info", "warning"}), ((), {least: "1"}, {"warning"}),
                                           ((), {least: "2"}, set()), ((), {least: "3"}, set()),
                                           ((), {most: "1"}, {"debug", "info", "warning"}),
                                           (("--log_level=info",), {least: "3"}, {"info", "warning"}),
                                           (("--log_level=error",), {most: "2"}, set())):
            with self.subTest(flags=flags, **environment):
                with harness.Server({"m": harness.MODELS / "half_plus_two"}, ["--prot=1", *flags], environment=environment) as server:
                    server.stop()
                    self.assertEqual(set(re.findall(r"level=(\w+) ", server.log_text())), levels)

    def test_unknown_flags_do_not_stop_it(self):
        with harness.Server(self.models, ["--no_such_flag=1"]) as server:
            self.assertIn("unknown argument: --no_such_flag=1", server.log_text())

    def test_model_name_and_base_path(self):
        flags = [f"--model_base_path={harness.MODELS / 'half_plus_two'}"]
        with harness.Server(flags=flags) as server:
            self.assertEqual(server.post("default:predict", {"instances": [1.0]}).json, {"predictions": [2.5]})

    def test_health(self):
        with harness.Server(self.models) as server:
            self.assertEqual(server.http("GET", "/healthz").status, 200)
            self.assertEqual(server.http("GET", "/readyz").status, 200)

    def test_not_ready_while_a_model_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder) / "late"
            with harness.Server({"late": base}, ["--file_system_poll_wait_seconds=1"], wait=False) as server:
                harness.until(lambda: self.answers(server), "the REST port")
                reply = server.http("GET", "/readyz")
                self.assertEqual(reply.status, 503)
                self.assertIn(b"late", reply.body)
                graphs.save(base / "1", graphs.affine())
                harness.until(lambda: server.http("GET", "/readyz").status == 200, "readiness")
                self.assertEqual(server.post("late:predict", {"instances": [1.0]}).json, {"predictions": [2.5]})

    @staticmethod
    def answers(server):
        try:
            return server.http("GET", "/healthz").status == 200
        except OSError:
            return False

    def test_sigterm_drains(self):
        """Requests that were accepted are answered; afterwards the process ends with 0."""
        with harness.Server(self.models) as server:
            failures, answered, begun = [], [0], threading.Event()

            def ask():
                while True:
                    try:
                        reply = server.post("half_plus_two:predict", {"instances": [1.0]})
                    except OSError:
                        return  # refused or closed between requests: the port is gone
                    if reply.status == 503:
                        return
                    if reply.json != {"predictions": [2.5]}:
                        failures.append(reply)
                    answered[0] += 1
                    begun.set()

            threads = [threading.Thread(target=ask) for _ in range(4)]
            for thread in threads:
                thread.start()
            begun.wait(harness.PATIENCE)
            self.assertEqual(server.stop(), 0)
            for thread in threads:
                thread.join()
            self.assertEqual(failures, [])
            self.assertGreater(answered[0], 0)

    def test_sigint_ends_it_too(self):
        with harness.Server(self.models) as server:
            self.assertEqual(server.stop(signal.SIGINT), 0)

    def test_starts_fast(self):
        begin = time.monotonic()
        with harness.Server(self.models):
            self.assertLess(time.monotonic() - begin, harness.PATIENCE / 4)


unittest.main()
