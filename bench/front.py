#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the server costs around a model that costs next to nothing, beside servers that do nothing at all.

half_plus_two over gRPC and REST against echo_grpc and echo_http, which are the gRPC core and libmicrohttpd alone; wrk and
h2load, client and server on the same cores. They take turns, ROUNDS times; a round is SECONDS. The table has medians of
calls a second, the server's processor time a call, and the median of the rounds' ratios to the echo. Then a million
floats each way as JSON: megabytes of text a second, of the codec (by the server's own trace: fill and write) and of whole
requests, of which half is this client. ./dev bench runs it.
"""
import http.client
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

import numpy as np

import harness

ECHOES = pathlib.Path(os.environ["TENSORD"]).parent / "bench"
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = int(os.environ.get("SECONDS", "3"))
THREADS = str(max(2, len(os.sched_getaffinity(0))))  # of the echoes: as many as tensord's
BODY = '{"instances": [1.0, 2.0, 5.0]}'
SCRIPT = """wrk.method = "POST"; wrk.body = '%s'
done = function(s, l, r)
  io.write(string.format("%%.0f/s %%d errors\\n", s.requests / s.duration * 1e6,
    s.errors.status + s.errors.read + s.errors.timeout + s.errors.connect))
end
"""


class Echo:
    """A server of bench/, on a port of its own choice."""

    def __init__(self, name, *words):
        self.process = subprocess.Popen([ECHOES / name, *words], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def run(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def rest(port, folder, connections):
    script = folder / "post.lua"
    script.write_text(SCRIPT % BODY)
    url = f"http://127.0.0.1:{port}/v1/models/half_plus_two:predict"
    line = run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", script, url]).splitlines()[-1]
    if not line.endswith(" 0 errors"):
        raise SystemExit(f"wrk: {line}")
    return float(line.split("/")[0])


def rpc(port, folder, connections, streams):
    url = f"http://127.0.0.1:{port}/tensorflow.serving.PredictionService/Predict"
    out = run(["h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-D{SECONDS}", "-H", "content-type: application/grpc",
               "-H", "te: trailers", "-d", folder / "request", url])
    if " 0 failed, 0 errored" not in out:
        raise SystemExit(f"h2load: {out}")
    return float(re.search(r"([\d.]+) req/s", out)[1])


def cpu_s(pid):
    return time.clock_gettime(~pid << 3 | 2)  # the kernel's name of a process's clock


def measure(load, server, folder):
    """Calls a second, and microseconds of the server's processors for each."""
    port, pid = server
    before = cpu_s(pid)
    rate = load(port, folder)
    return rate, (cpu_s(pid) - before) / (rate * SECONDS) * 1e6


def compare(name, load, ours, echo, folder):
    rows = [measure(load, ours, folder) + measure(load, echo, folder) for _ in range(ROUNDS)]
    rate, cpu, echo_rate, echo_cpu = (statistics.median(column) for column in zip(*rows))
    ratio = statistics.median(row[0] / row[2] for row in rows)
    print(f"{name}: {rate:6.0f}/s, {cpu:5.1f} us; echo {echo_rate:6.0f}/s, {echo_cpu:5.1f} us; ratio {ratio:.2f}", flush=True)


def json_speed(server):
    """Numbers as a client in Python writes them, 17 digits, and with the 9 that tell floats apart."""
    values = np.random.default_rng(1).standard_normal(1_000_000).astype(np.float32)
    for name, text in (("17 digits", [repr(float(v)) for v in values]), ("floats   ", [str(v) for v in values])):
        body = '{"inputs": [%s]}' % ", ".join(text)
        connection = http.client.HTTPConnection("127.0.0.1", server.rest_port)
        rows = []
        for _ in range(2 * ROUNDS):
            begin = time.perf_counter()
            connection.request("POST", "/v1/models/half_plus_two:predict", body, {"x-tensord-trace": "1"})
            reply = connection.getresponse()
            out = reply.read()
            whole = time.perf_counter() - begin
            if reply.status != 200:
                raise SystemExit(f"REST: {reply.status} {out[:200]}")
            ms = {part: float(re.search(rf"\b{part};dur=([\d.]+)", reply.headers["Server-Timing"])[1])
                  for part in ("parse", "fill", "write")}
            rows.append((len(body) / (ms["parse"] + ms["fill"]) / 1e3, len(out) / ms["write"] / 1e3,
                         (len(body) + len(out)) / whole / 1e6))
        connection.close()
        read, written, total = (statistics.median(column) for column in zip(*rows))
        best = [max(column) for column in zip(*rows)]
        print(f"JSON, {name}: {len(body) / 1e6:.1f} MB in, {read:.0f} MB/s ({best[0]:.0f} at best); {len(out) / 1e6:.1f} out, "
              f"{written:.0f} MB/s ({best[1]:.0f}); both, end to end: {total:.0f} MB/s ({best[2]:.0f})", flush=True)


def main():
    print(f"cores: {len(os.sched_getaffinity(0))}")
    with harness.Server({"half_plus_two": harness.MODELS / "half_plus_two"}) as server, \
            Echo("echo_grpc", THREADS, "1") as rpc_echo, Echo("echo_http", THREADS) as rest_echo, \
            tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        message = server.predict_request("half_plus_two", {"x": np.float32([1, 2, 5])}).SerializeToString()
        (folder / "request").write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
        for connections, streams in ((1, 1), (4, 16)):
            compare(f"gRPC, {connections:2} connections x {streams:2} calls", lambda port, f: rpc(port, f, connections, streams),
                    (server.grpc_port, server.process.pid), (rpc_echo.port, rpc_echo.process.pid), folder)
        for connections in (1, 32):
            compare(f"REST, {connections:2} connections           ", lambda port, f: rest(port, f, connections),
                    (server.rest_port, server.process.pid), (rest_echo.port, rest_echo.process.pid), folder)
        json_speed(server)


main()
