#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Process start to the first answer, and the memory that a served model takes.

start.py [DIR ...]: model directories as --model_base_path takes them; by default half_plus_two alone. After each start
one predict of zeros is sent as soon as the model is available. TENSORD is the binary, STARTS how often each is started,
FLAGS what else it is told. Times are medians: until the answer, and of the process's CPU by then; the machine's other
work lengthens the first, hardly the second. Memory is what the process has for itself (Pss: of what is shared, its part).
"""
import http.client
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

BINARY = os.environ["TENSORD"]
MODELS = pathlib.Path(__file__).resolve().parent.parent / "models"
STARTS = int(os.environ.get("STARTS", "10"))
FLAGS = os.environ.get("FLAGS", "").split()
PATIENCE = 120
MIB = 1 << 20


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Start:
    """One server; times are in milliseconds since its exec."""

    def __init__(self, model):
        grpc_port, self.rest_port = free_ports(2)
        self.begin = time.perf_counter()
        self.process = subprocess.Popen([BINARY, f"--port={grpc_port}", f"--rest_api_port={self.rest_port}",
                                         "--model_name=m", f"--model_base_path={model}", *FLAGS],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()  # an orderly end waits for clients
        self.process.wait()

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.rest_port, timeout=PATIENCE)
        try:
            connection.request(method, path, body)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def wait(self):
        """Until the model is available; without a pause longer than what is measured would bear."""
        while time.perf_counter() - self.begin < PATIENCE:
            try:
                status, body = self.ask("GET", "/v1/models/m")
                if status == 200 and b'"AVAILABLE"' in body:
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                sys.exit(f"{BINARY} ended with {self.process.returncode}")
            time.sleep(0.0005)
        sys.exit("no model within two minutes")

    def elapsed(self):
        return (time.perf_counter() - self.begin) * 1e3

    def cpu(self):
        return time.clock_gettime(~self.process.pid << 3 | 2) * 1e3  # the kernel's name of a process's clock

    def memory(self):
        """Pss, and the part of it that no file backs, in MiB."""
        rollup = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return [int(rollup.split(f"\n{name}:")[1].split()[0]) / 1024 for name in ("Pss", "Pss_Anon")]


def zeros(shape, dtype):
    if not shape:
        return {"DT_STRING": "", "DT_BOOL": False}.get(dtype, 0)
    return [zeros(shape[1:], dtype)] * shape[0]


def body_for(start):
    """A predict of the default signature, by its metadata."""
    metadata = json.loads(start.ask("GET", "/v1/models/m/metadata")[1])
    inputs = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]
    return json.dumps({"inputs": {name: zeros([max(int(d["size"]), 1) for d in spec["tensor_shape"]["dim"]],
                                              spec["dtype"]) for name, spec in inputs.items()}})


def weights(model):
    """Bytes of the variables' files of the latest version."""
    latest = max((p for p in pathlib.Path(model).iterdir() if p.name.isdigit()), key=lambda p: int(p.name))
    return sum(p.stat().st_size for p in latest.glob("variables/variables.data*"))


def measure(model):
    with Start(model) as start:
        start.wait()
        body = body_for(start)
    rows = []
    for _ in range(STARTS):
        with Start(model) as start:
            start.wait()
            available = start.elapsed()
            status, reply = start.ask("POST", "/v1/models/m:predict", body)
            if status != 200:
                sys.exit(f"{model}: {status} {reply}")
            rows.append((available, start.elapsed(), start.cpu(), *start.memory()))
    return [statistics.median(column) for column in zip(*rows)] + [min(row[1] for row in rows)]


def main():
    print("model: available, answer (best), CPU until then; memory, of it anonymous; files of weights")
    for model in sys.argv[1:] or [MODELS / "half_plus_two"]:
        available, answer, cpu, pss, anonymous, best = measure(model)
        print(f"{pathlib.Path(model).name}: {available:.1f} ms, {answer:.1f} ({best:.1f}) ms, {cpu:.1f} ms; "
              f"{pss:.1f} MiB, {anonymous:.1f} MiB; {weights(model) / MIB:.1f} MiB", flush=True)


main()
