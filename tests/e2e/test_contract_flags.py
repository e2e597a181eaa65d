#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/contract.md, TensorFlow Serving's flags: all are taken, and what those do that no other test is about."""
import concurrent.futures
import http.client
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

import grpc
import numpy as np

import graphs
import harness
import records
from messages import message

HALF = {"m": harness.MODELS / "half_plus_two"}
ONE = {"instances": [1.0]}
FLAG = re.compile(r"^TD_FLAG\((\w+), (\w+), ([^,]+),", re.M)
# Flags of two files: their own tests say what is in them.
FILES = {"batching_parameters_file": "", "tensorflow_session_config_file": "", "monitoring_config_file": "",
         "thread_pool_factory_config_file": ""}
# What ends or changes the process, names another model, or refuses to serve: each has its own test.
LEFT_OUT = {"version", "use_alts_credentials", "ssl_config_file", "platform_config_file",
            "model_config_file", "model_base_path", "port", "rest_api_port", "grpc_socket_path", "saved_model_tags",
            "grpc_channel_arguments", "mixed_precision", "model_name"}


def start_fails(*words):
    done = subprocess.run([harness.BINARY, *words], capture_output=True, text=True, timeout=harness.PATIENCE, check=False)
    assert done.returncode == 255, done
    return done.stdout


class All(unittest.TestCase):
    def test_they_are_taken(self):
        """Each in the form --name=value: the defaults of most, and something else of those that have none."""
        with tempfile.TemporaryDirectory() as folder:
            words = {"model_name": "m", "model_base_path": HALF["m"], "grpc_socket_path": f"{folder}/socket",
                     "saved_model_tags": "serve", "grpc_channel_arguments": "grpc.so_reuseaddr=1", "mixed_precision": "bfloat16",
                     "version": "false", "use_alts_credentials": "false",
                     "ssl_config_file": "", "platform_config_file": "", "model_config_file": ""}
            text = (harness.SOURCE / "src/config/flags.inc").read_text().split("/* tensord's own */")[0]
            for kind, name, default in FLAG.findall(text):
                if name in FILES:
                    words[name] = f"{folder}/{name}"
                    pathlib.Path(words[name]).write_text(FILES[name])
                elif name not in LEFT_OUT:
                    words[name] = {"BOOL": "true", "F32": "0.5"}.get(kind, "2")
            self.assertEqual(len({*words, "port", "rest_api_port"}), 48)
            # Three numbers of threads at once are refused.
            words["tensorflow_session_parallelism"] = 0
            words["rest_api_timeout_in_ms"] = 20000  # for slow machines
            with harness.Server(flags=[f"--{name}={value}" for name, value in words.items()], wait=False) as server:
                harness.until(lambda: "Exporting HTTP/REST API" in server.log_text(), "the ports")
                self.assertEqual(server.post("m:predict", ONE).json, {"predictions": [2.5]})
                self.assertNotIn("unknown argument", server.log_text())


class Refused(unittest.TestCase):
    def test_start(self):
        base = f"--model_base_path={HALF['m']}"
        for text, words in (
                ("INVALID_ARGUMENT: At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.",
                 (base, "--port=0")),
                ("INVALID_ARGUMENT: Both server_options.model_base_path and server_options.model_config_file are empty!",
                 ("--model_name=m",)),
                ("INVALID_ARGUMENT: server_options.tensorflow_session_parallelism is set together with ",
                 (base, *(f"--tensorflow_{what}_parallelism=1" for what in ("session", "intra_op", "inter_op")))),
                ("UNIMPLEMENTED: --use_alts_credentials is not built yet", (base, "--use_alts_credentials")),
                ("INVALID_ARGUMENT: ", (base, "--grpc_channel_arguments=grpc.so_reuseaddr"))):
            self.assertIn("Failed to start server. Error: " + text, start_fails(*words))


class Ports(unittest.TestCase):
    def predicts(self, server, target):
        with grpc.insecure_channel(target) as channel:
            stub = channel.unary_unary("/tensorflow.serving.PredictionService/Predict", lambda m: m.SerializeToString(),
                                       message("tensorflow.serving.PredictResponse").FromString)
            reply = stub(server.predict_request("m", {"x": np.float32([1])}), wait_for_ready=True, timeout=harness.PATIENCE)
            self.assertEqual(list(reply.outputs["y"].float_val), [2.5])

    def test_a_socket_path_alone(self):
        """No TCP port; what another process left in its place is replaced, and who is still there gives way."""
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/socket"
            flags = ["--model_name=m", f"--model_base_path={HALF['m']}", "--port=0", f"--grpc_socket_path={path}"]
            for _ in range(2):
                with harness.Server(flags=flags, wait=False) as server:
                    self.predicts(server, f"unix:{path}")
                    self.assertNotIn("Running gRPC ModelServer at 0.0.0.0", server.log_text())
                    server.code = -9  # killed: the file stays
                    server.process.kill()
                self.assertTrue(os.path.exists(path))
            with harness.Server(flags=flags, wait=False) as first:
                self.predicts(first, f"unix:{path}")
                with harness.Server(flags=flags, wait=False) as second:
                    self.predicts(second, f"unix:{path}")
                    harness.until(lambda: "event=socket_taken_over" in second.log_text(), "a word about it")
                    self.assertEqual(first.stop(), 0)
                    self.predicts(second, f"unix:{path}")

    def test_rest_on_the_port_of_grpc(self):
        server = harness.Server(wait=False)
        server.flags += ["--model_name=m", f"--model_base_path={HALF['m']}"]
        with server:
            harness.until(lambda: "Running gRPC" in server.log_text(), "the port")
            port, = harness.free_ports(1)
            with harness.Server(flags=[*server.flags, f"--port={port}", f"--rest_api_port={port}"], wait=False) as other:
                self.predicts(other, f"localhost:{port}")
                self.assertIn("--rest_api_port cannot be same as --port.", other.log_text())
                self.assertNotIn("Exporting HTTP/REST", other.log_text())


class Threads(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def names(self, server):
        return [(task / "comm").read_text().strip() for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()]

    def test_one_of_rest_does_not_freeze(self):
        """Idle connections, a request that stays half, and runs that take long leave room for others."""
        graphs.save(self.folder / "slow" / "1", graphs.products(20, 600))
        flags = ["--rest_api_num_threads=1", "--enable_model_warmup=false"]
        with harness.Server({**HALF, "slow": self.folder / "slow"}, flags) as server:
            idle = [http.client.HTTPConnection("127.0.0.1", server.rest_port) for _ in range(4)]
            for connection in idle:
                connection.connect()
            idle[0].sock.sendall(b"POST /v1/models/m:predict HTTP/1.1\r\nContent-Length: 10\r\n\r\n{")
            with concurrent.futures.ThreadPoolExecutor() as pool:
                slow = [pool.submit(server.post, "slow:predict", {"inputs": 1.0}) for _ in range(2)]
                for _ in range(20):
                    self.assertEqual(server.post("m:predict", ONE).json, {"predictions": [2.5]})
                self.assertEqual([f.result().status for f in slow], [200, 200])
            for connection in idle:  # before the end, which waits for half a request
                connection.close()

    def test_one_of_grpc_does_not_freeze(self):
        graphs.save(self.folder / "slow" / "1", graphs.products(20, 600))
        flags = ["--grpc_max_threads=1", "--enable_model_warmup=false"]
        with harness.Server({**HALF, "slow": self.folder / "slow"}, flags) as server:
            request = server.predict_request("slow", {"x": np.float32(1)})
            slow = [server.stub("PredictionService", "Predict").future(request, timeout=harness.PATIENCE) for _ in range(3)]
            for _ in range(20):
                self.assertEqual(server.predict("m", {"x": np.float32([1])})["y"].tolist(), [2.5])
            for call in slow:
                call.result()
            self.assertEqual(self.names(server).count("run"), 1)

    def test_of_a_run(self):
        """Threads beside the one that runs: as many as are asked for, less one."""
        config = self.folder / "session.config"
        config.write_text("intra_op_parallelism_threads: 4")
        for flag, wanted in (("tensorflow_session_parallelism=1", 0), ("tensorflow_session_parallelism=3", 2),
                             ("tensorflow_intra_op_parallelism=5", 4), (f"tensorflow_session_config_file={config}", 3)):
            with self.subTest(flag), harness.Server({"digits": harness.MODELS / "digits"}, ["--" + flag]) as server:
                image = np.zeros((4, 8, 8, 1), np.float32)
                self.assertEqual(server.predict("digits", {"image": image})["output_0"].shape, (4, 10))
                self.assertEqual(sum(name.startswith("team-") for name in self.names(server)), wanted)

    def test_of_a_platform(self):
        """Its file takes the place of the flags about sessions."""
        config = self.folder / "platform.config"
        config.write_text("platform_configs { key: 'tensorflow' value { source_adapter_config { "
                          "[type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig] { "
                          "legacy_config { session_config { intra_op_parallelism_threads: 4 } } } } } }")
        flags = [f"--platform_config_file={config}", "--tensorflow_session_parallelism=1"]
        with harness.Server({"digits": harness.MODELS / "digits"}, flags) as server:
            image = np.zeros((4, 8, 8, 1), np.float32)
            self.assertEqual(server.predict("digits", {"image": image})["output_0"].shape, (4, 10))
            self.assertEqual(sum(name.startswith("team-") for name in self.names(server)), 3)

    def test_of_loads(self):
        """Loads whose warm-up never ends: as many as there are threads are begun."""
        for name in ("a", "b", "c"):
            graphs.save(self.folder / name / "1", records.counter())
            log = message("tensorflow.serving.PredictionLog")()
            harness.set_tensor(log.predict_log.request.inputs["by"], np.float32(1))
            records.write_warmup(self.folder / name / "1", [log])
        models = {name: self.folder / name for name in ("a", "b", "c")}
        for threads in (1, 2):
            flags = [f"--num_load_threads={threads}", "--num_request_iterations_for_warmup=2147483647"]
            with harness.Server(models, flags, wait=False) as server:
                harness.until(lambda: server.log_text().count("event=loading") == threads, "loads")
                time.sleep(0.5)
                self.assertEqual(server.log_text().count("event=loading"), threads)

    def test_of_unloads(self):
        flags = ["--num_unload_threads=3", "--model_config_file_poll_wait_seconds=1"]
        with harness.Server({**HALF, "a": HALF["m"], "b": HALF["m"]}, flags) as server:
            server.config.write_text(harness.model_config(HALF))
            harness.until(lambda: server.log_text().count("event=unloaded") == 2, "a and b to go")
            self.assertEqual(server.post("m:predict", ONE).json, {"predictions": [2.5]})


class Times(unittest.TestCase):
    def test_of_a_rest_call(self):
        with tempfile.TemporaryDirectory() as folder:
            graphs.save(pathlib.Path(folder) / "slow" / "1", graphs.products(400, 3000))
            flags = ["--rest_api_timeout_in_ms=300", "--enable_model_warmup=false"]
            with harness.Server({"slow": pathlib.Path(folder) / "slow"}, flags) as server:
                begin = time.monotonic()
                reply = server.post("slow:predict", {"inputs": 1.0})
                self.assertEqual((reply.status, list(reply.json)), (504, ["error"]))
                self.assertIn("Timed out waiting for notification", reply.json["error"])
                self.assertLess(time.monotonic() - begin, harness.PATIENCE / 2)

    def test_between_looks_for_versions(self):
        """0: one look; negative: none, not even at the start. SIGHUP looks anyway."""
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder) / "m"
            graphs.save(base / "1", graphs.affine())
            with harness.Server({"m": base}, ["--file_system_poll_wait_seconds=0"]) as server:
                graphs.save(base / "2", graphs.affine(b=3))
                time.sleep(1.5)
                self.assertEqual(server.post("m:predict", ONE).json, {"predictions": [2.5]})
            with harness.Server({"m": base}, ["--file_system_poll_wait_seconds=-1"], wait=False) as server:
                time.sleep(1)
                self.assertNotIn("event=loading", server.log_text())
                server.tell(signal.SIGHUP)
                server.wait_ready()
                self.assertEqual(server.post("m:predict", ONE).json, {"predictions": [3.5]})


class Services(unittest.TestCase):
    def test_health_and_profiler(self):
        with harness.Server(HALF, ["--enable_grpc_healthcheck_service=false", "--enable_profiler=true"]) as server:
            for method in ("grpc.health.v1.Health/Check", "tensorflow.ProfilerService/Profile"):
                with self.assertRaises(grpc.RpcError) as caught:
                    server.channel.unary_unary("/" + method)(b"", timeout=harness.PATIENCE)
                self.assertEqual(caught.exception.code(), grpc.StatusCode.UNIMPLEMENTED)

    def test_tensor_content_leaves_rest_alone(self):
        with harness.Server(HALF, ["--enable_serialization_as_tensor_content"]) as server:
            reply = server.call("PredictionService", "Predict", server.predict_request("m", {"x": np.float32([1, 2])}))
            y = reply.outputs["y"]
            self.assertEqual((list(y.float_val), y.tensor_content), ([], np.float32([2.5, 3]).tobytes()))
            self.assertEqual(server.post("m:predict", ONE).json, {"predictions": [2.5]})

    def test_no_list_of_models(self):
        with harness.Server(HALF, ["--rest_api_list_models=false"]) as server:
            reply = server.http("GET", "/v1/models")
            self.assertEqual((reply.status, reply.json), (400, {"error": "Missing model name in request."}))


if __name__ == "__main__":
    unittest.main()
