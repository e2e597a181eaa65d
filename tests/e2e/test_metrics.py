#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pages of metrics after requests that are known: tensord's own, and TensorFlow Serving's by its configuration file."""
import pathlib
import re
import subprocess
import tempfile
import threading
import unittest

import grpc
import numpy as np

import graphs
import harness

SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')
TF_PATH = "/monitoring/prometheus/metrics"


def parse(text):
    """{(name, {label: value} as a frozenset): number}; fails where a line is not of the format, or comes twice."""
    types, samples = {}, {}
    for line in text.decode().splitlines():
        if line.startswith("# "):
            word, name, rest = line[2:].split(" ", 2)
            if word == "TYPE":
                assert name not in types and rest in ("counter", "gauge", "histogram"), line
                types[name] = rest
            else:
                assert word == "HELP" and rest, line
            continue
        name, labels, value = SAMPLE.match(line).groups()
        found = LABEL.findall(labels or "")
        assert ",".join(f'{k}="{v}"' for k, v in found) == (labels or ""), line
        family = name if name in types else re.sub("_(bucket|sum|count)$", "", name)
        assert family == list(types)[-1], f"{line} does not stand below its type"
        key = (name, frozenset(found))
        assert key not in samples, line
        samples[key] = float(value)
    return samples


def pick(samples, name, **labels):
    """The one sample of that name with these labels among its own; 0: there is none."""
    found = [v for (n, have), v in samples.items() if n == name and labels.items() <= dict(have).items()]
    assert len(found) < 2, (name, labels, found)
    return found[0] if found else 0


def read(server, path="/metrics"):
    reply = server.http("GET", path)
    assert reply.status == 200, reply
    assert reply.headers["Content-Type"].startswith("text/plain"), reply.headers
    return parse(reply.body)


def config(folder, text):
    path = pathlib.Path(folder) / "monitoring.config"
    path.write_text(text)
    return f"--monitoring_config_file={path}"


class Own(unittest.TestCase):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}

    def setUp(self):
        self.server = self.enterContext(harness.Server(self.models))

    def test_requests_of_both_protocols(self):
        good = {"instances": [1.0, 2.0, 5.0]}
        sent = sum(len(self.server.post("half_plus_two:predict", good).body) for _ in range(7))
        for _ in range(3):
            self.server.post("half_plus_two:predict", {"instances": ["a"]})
        for _ in range(5):
            self.server.predict("half_plus_two", {"x": np.float32([1, 2])})
        self.server.post("half_plus_two/versions/9:predict", good)
        for name in ("nobody", "somebody", 'a"b'):
            self.server.post(f"{name}:predict", good)
        with self.assertRaises(grpc.RpcError):
            self.server.predict("nobody", {"x": np.float32([1])})
        self.server.get("half_plus_two")
        self.server.get("half_plus_two/metadata")
        for service, method in (("ModelService", "GetModelStatus"), ("PredictionService", "GetModelMetadata")):
            request = harness.message(f"tensorflow.serving.{method}Request")()
            if method == "GetModelMetadata":
                request.metadata_field.append("signature_def")
            harness.set_spec(request.model_spec, "half_plus_two")
            self.server.call(service, method, request)
        self.server.get("x/y/z")
        self.server.http("GET", "/healthz")
        page = read(self.server)
        served = {"model": "half_plus_two", "version": "2", "signature": "serving_default", "method": "predict"}
        counts = lambda **labels: pick(page, "tensord_requests_total", **labels)
        self.assertEqual(counts(protocol="rest", code="OK", **served), 7)
        self.assertEqual(counts(protocol="rest", code="INVALID_ARGUMENT", **served), 3)
        self.assertEqual(counts(protocol="grpc", code="OK", **served), 5)
        self.assertEqual(counts(model="half_plus_two", version="", method="predict", code="NOT_FOUND"), 1)
        self.assertEqual(counts(model="", protocol="rest", method="predict", code="NOT_FOUND"), 3)
        self.assertEqual(counts(model="", protocol="grpc", method="predict", code="NOT_FOUND"), 1)
        status, metadata = {"method": "status", "version": ""}, {"method": "metadata", "version": "2"}
        for labels in (status, metadata):
            self.assertEqual(counts(protocol="rest", model="half_plus_two", code="OK", **labels), 1)
        self.assertEqual(counts(protocol="grpc", model="half_plus_two", code="OK", **metadata), 1)
        waits = counts(protocol="grpc", model="half_plus_two", code="OK", **status)  # the harness's, for one
        self.assertGreater(waits, 1)
        self.assertEqual(counts(model="", method="other", code="INVALID_ARGUMENT"), 1)
        self.assertEqual(sum(v for (n, _), v in page.items() if n == "tensord_requests_total"), 24 + waits)
        rest = lambda name, **labels: pick(page, name, protocol="rest", **labels, **served)
        self.assertEqual(rest("tensord_request_duration_seconds_count"), 10)
        self.assertGreater(rest("tensord_request_duration_seconds_sum"), 0)
        self.assertEqual(rest("tensord_request_duration_seconds_bucket", le="+Inf"), 10)
        for stage in ("parse", "queue", "run", "write"):
            self.assertEqual(rest("tensord_request_stage_seconds_count", stage=stage), 7)
        self.assertEqual(rest("tensord_request_bytes_total"), 7 * len('{"instances": [1.0, 2.0, 5.0]}')
                         + 3 * len('{"instances": ["a"]}'))
        self.assertGreater(rest("tensord_response_bytes_total"), sent)
        self.assertEqual(pick(page, "tensord_batch_rows_count", model="half_plus_two"), 12)
        self.assertEqual(pick(page, "tensord_batch_rows_sum", model="half_plus_two"), 7 * 3 + 5 * 2)
        self.assertEqual(pick(page, "tensord_requests_in_flight", protocol="rest"), 0)
        self.assertEqual(pick(page, "tensord_connections", protocol="grpc"), 1)

    def test_what_is_refused_at_once(self):
        """It is nobody's: there may be more of it than anybody could have named."""
        refused = lambda protocol, code: pick(read(self.server), "tensord_requests_total", model="", method="other",
                                              protocol=protocol, code=code)
        self.server.http("POST", "/v1/models/half_plus_two:predict", b"{}", {"Content-Length": str(1 << 40)})
        self.assertEqual(refused("rest", "RESOURCE_EXHAUSTED"), 1)
        self.server.http("POST", "/v1/models/half_plus_two:predict", b"{}", {"Transfer-Encoding": "odd"})
        self.assertGreaterEqual(refused("rest", "INVALID_ARGUMENT") + refused("rest", "UNIMPLEMENTED"), 1)
        call = self.server.channel.unary_unary("/a.b/C")
        with self.assertRaises(grpc.RpcError):
            call(b"", timeout=harness.PATIENCE)
        self.assertEqual(refused("grpc", "UNIMPLEMENTED"), 1)
        self.assertEqual(pick(read(self.server), "tensord_requests_in_flight", protocol="rest"), 0)

    def test_models_and_the_process(self):
        page = read(self.server)
        self.assertEqual(pick(page, "tensord_model_loads_total", model="half_plus_two", code="OK"), 1)
        self.assertEqual(pick(page, "tensord_model_load_seconds_count", model="half_plus_two"), 1)
        self.assertEqual(pick(page, "tensord_model_ready", model="half_plus_two"), 1)
        self.assertEqual(pick(page, "tensord_model_state", model="half_plus_two", version="2"), harness.AVAILABLE)
        memory = pick(page, "tensord_model_memory_bytes", model="half_plus_two", version="2")
        self.assertGreater(memory, 0)
        self.assertGreaterEqual(pick(page, "tensord_memory_bytes"), memory)
        self.assertEqual(pick(page, "tensord_build_info"), 1)
        self.assertGreater(pick(page, "process_open_fds"), 5)
        if harness.EMULATED:
            self.skipTest("qemu's /proc/self/stat is nearly empty")
        pid = self.server.process.pid
        self.assertAlmostEqual(pick(page, "process_threads"),
                               int(re.search(r"Threads:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]), delta=4)
        self.assertGreater(pick(page, "process_resident_memory_bytes"), 1 << 20)
        self.assertGreater(pick(page, "process_cpu_seconds_total"), 0)
        start = pick(page, "process_start_time_seconds")
        self.assertAlmostEqual(start, self.server.log.stat().st_ctime, delta=60)
        self.assertEqual(pick(read(self.server), "process_start_time_seconds"), start)

    def test_paths_and_methods(self):
        self.assertEqual(self.server.http("GET", "/metrics?x=1").status, 200)
        self.assertEqual(self.server.http("HEAD", "/metrics").body, b"")
        self.assertEqual(self.server.http("POST", "/metrics", b"x").status, 404)
        self.assertEqual(self.server.http("GET", "/metricsx").status, 404)
        self.assertEqual(self.server.http("GET", TF_PATH).status, 404)


class Life(unittest.TestCase):
    def test_another_path_or_none(self):
        models = {"half_plus_two": harness.MODELS / "half_plus_two"}
        with harness.Server(models, ["--metrics_path=/a/b"]) as server:
            self.assertTrue(read(server, "/a/b"))
            self.assertEqual(server.http("GET", "/metrics").status, 404)
        with harness.Server(models, ["--metrics_path="]) as server:
            self.assertEqual(server.http("GET", "/metrics").status, 404)

    def test_counts_of_a_version_that_is_gone(self):
        """They stay for a while, and do not fall."""
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder) / "m"
            graphs.save(base / "1", graphs.affine(b=1))
            with harness.Server({"m": base}) as server:
                for _ in range(4):
                    server.post("m:predict", {"instances": [0.0]})
                graphs.save(base / "2", graphs.affine(b=2))
                gone = lambda: pick(read(server), "tensord_model_state", model="m", version="1") == 0
                harness.until(gone, "the end of version 1")
                server.post("m:predict", {"instances": [0.0]})
                page = read(server)
                self.assertEqual(pick(page, "tensord_requests_total", model="m", version="1"), 4)
                self.assertEqual(pick(page, "tensord_requests_total", model="m", version="2"), 1)
                self.assertEqual(pick(page, "tensord_model_state", model="m", version="2"), harness.AVAILABLE)


    def test_nothing_falls_while_versions_change(self):
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder) / "m"
            graphs.save(base / "1", graphs.affine(b=1))
            with harness.Server({"m": base}) as server:
                is_over, asked = threading.Event(), []

                def ask():
                    while not is_over.is_set():
                        asked.append(server.post("m:predict", {"instances": [0.0]}).status)

                clients = [threading.Thread(target=ask) for _ in range(3)]
                for client in clients:
                    client.start()
                last = {}
                for version in range(2, 6):
                    graphs.save(base / str(version), graphs.affine(b=version))
                    ready = lambda: pick(read(server), "tensord_model_state", model="m", version=str(version))
                    while ready() != harness.AVAILABLE:
                        page = read(server)
                        counts = {k: v for k, v in page.items() if k[0].endswith(("_total", "_count", "_bucket"))}
                        fallen = {k: (v, counts.get(k)) for k, v in last.items() if counts.get(k, -1) < v}
                        self.assertFalse(fallen)
                        last = counts
                is_over.set()
                for client in clients:
                    client.join()
                page = read(server)
                answered = sum(v for (n, labels), v in page.items()
                               if n == "tensord_requests_total" and ("protocol", "rest") in labels)
                self.assertEqual((set(asked), answered), ({200}, len(asked)))


class TensorFlowServing(unittest.TestCase):
    models = {"half_plus_two": harness.MODELS / "half_plus_two"}

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def ask(self, server):
        for _ in range(3):
            server.post("half_plus_two:predict", {"instances": [1.0]})
        for _ in range(2):
            server.predict("half_plus_two", {"x": np.float32([1])})
        server.post("half_plus_two:predict", {"instances": ["a"]})
        server.post("nobody:predict", {"instances": [1.0]})
        server.get("half_plus_two")

    def test_its_names(self):
        with harness.Server(self.models, [config(self.folder, "prometheus_config { enable: true }")]) as server:
            self.ask(server)
            page = read(server, TF_PATH)
            count = lambda name, **labels: pick(page, ":tensorflow:serving:" + name, **labels)
            self.assertEqual(count("request_count", model_name="half_plus_two", status="OK"), 6)
            self.assertEqual(count("request_count", model_name="half_plus_two", status="INVALID_ARGUMENT"), 1)
            self.assertEqual(count("request_count", model_name="", status="NOT_FOUND"), 1)
            self.assertEqual(count("request_latency_count", API="predict", entrypoint="REST", model_name="half_plus_two"), 3)
            self.assertEqual(count("request_latency_count", API="Predict", entrypoint="GRPC", model_name="half_plus_two"), 2)
            self.assertEqual(count("request_latency_count", API="", entrypoint="REST", model_name="half_plus_two"), 1)
            self.assertEqual(count("runtime_latency_count", API="Predict", runtime="TF1", model_name="half_plus_two"), 5)
            bounds = [dict(labels)["le"] for (name, labels) in page if name == ":tensorflow:serving:runtime_latency_bucket"]
            self.assertEqual(bounds[:3] + bounds[-2:], ["10", "18", "32.4", f"{10 * 1.8 ** 32:g}", "+Inf"])
            self.assertEqual(len(bounds), 34)
            self.assertEqual(pick(page, ":tensorflow:core:graph_runs"), 5)
            self.assertEqual(pick(page, ":tensorflow:cc:saved_model:load_attempt_count", status="success"), 1)
            self.assertEqual(pick(page, ":tensorflow:cc:saved_model:load_latency_by_stage_count", stage="restore_graph"), 1)
            self.assertEqual(count("model_warmup_latency_count", status="OK",
                                   model_path=str(self.models["half_plus_two"] / "2")), 1)
            own = read(server)
            self.assertTrue(0 < pick(own, "tensord_model_version_load_seconds", model="half_plus_two", version="2") < 60)
            self.assertEqual(pick(own, "tensord_requests_total", protocol="rest", version="2", code="OK"), 3)
            self.assertFalse([name for (name, _) in own if name.startswith(":")])

    def test_its_page(self):
        with harness.Server(self.models, [config(self.folder, "prometheus_config { enable: true }")]) as server:
            reply = server.http("POST", TF_PATH, b"whatever")
            self.assertEqual((reply.status, reply.headers["Content-Type"]), (200, "text/plain"))
            self.assertNotIn(b"# HELP", reply.body)
            self.assertIn(b"# TYPE :tensorflow:serving:request_latency histogram\n", reply.body)
            reply = server.http("GET", TF_PATH + "?a=b")
            self.assertEqual((reply.status, reply.body.decode()), (400, f"Unexpected path: {TF_PATH}?a=b. Should be {TF_PATH}"))

    def test_both_on_one_path(self):
        flag = config(self.folder, 'prometheus_config { enable: true path: "/metrics" }')
        with harness.Server(self.models, [flag]) as server:
            self.ask(server)
            page = read(server)
            self.assertEqual(pick(page, ":tensorflow:core:graph_runs"), 5)
            self.assertEqual(pick(page, "tensord_model_ready"), 1)

    def test_not_enabled(self):
        with harness.Server(self.models, [config(self.folder, 'prometheus_config { path: "/m" }')]) as server:
            self.assertEqual(server.http("GET", "/m").status, 404)

    def test_a_bad_file(self):
        base = f"--model_base_path={harness.MODELS / 'half_plus_two'}"
        for text, said in (("prometheus_config {\n enabel: true }", "MonitoringConfig: 2:8: "),
                           ('prometheus_config { enable: true path: "m" }', 'prometheus_config.path is "m"')):
            done = subprocess.run([harness.BINARY, base, config(self.folder, text)], capture_output=True, text=True,
                                  timeout=harness.PATIENCE, check=False)
            self.assertEqual(done.returncode, 255)
            self.assertIn("Failed to start server. Error: INVALID_ARGUMENT: ", done.stdout)
            self.assertIn(said, done.stdout + done.stderr)


unittest.main()
