#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the server costs around a model that costs next to nothing: requests a second and latency, REST and gRPC.

wrk and h2load, half_plus_two, server and client on the same cores. ./dev bench runs it.
"""
import os
import pathlib
import re
import subprocess
import tempfile

import numpy as np

import harness

BODY = '{"instances": [1.0, 2.0, 5.0]}'
SCRIPT = """wrk.method = "POST"; wrk.body = '%s'
done = function(s, l, r)
  io.write(string.format("%%.0f/s, p50 %%.0f us, p99 %%.0f us, %%d errors\\n", s.requests / s.duration * 1e6,
    l:percentile(50), l:percentile(99), s.errors.status + s.errors.read + s.errors.timeout + s.errors.connect))
end
"""
SECONDS = 3


def rest(server, connections, folder):
    script = folder / "post.lua"
    script.write_text(SCRIPT % BODY)
    url = f"http://127.0.0.1:{server.rest_port}/v1/models/half_plus_two:predict"
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", script, url], capture_output=True,
                          text=True, check=True)
    return done.stdout.splitlines()[-1]


def rpc(server, connections, streams, folder):
    message = server.predict_request("half_plus_two", {"x": np.float32([1, 2, 5])}).SerializeToString()
    data = folder / "request"
    data.write_bytes(b"\0" + len(message).to_bytes(4, "big") + message)
    url = f"http://127.0.0.1:{server.grpc_port}/tensorflow.serving.PredictionService/Predict"
    done = subprocess.run(["h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-D{SECONDS}", "--warm-up-time=1",
                           "-H", "content-type: application/grpc", "-H", "te: trailers", "-d", data, url],
                          capture_output=True, text=True, check=True)
    rate = re.search(r"([\d.]+) req/s", done.stdout)[1]
    mean = re.search(r"^time for request:\s+\S+\s+\S+\s+(\S+)", done.stdout, re.M)[1]
    return f"{float(rate):.0f}/s, mean {mean}"


def main():
    print(f"cores: {len(os.sched_getaffinity(0))}")
    with harness.Server({"half_plus_two": harness.MODELS / "half_plus_two"}) as server, \
            tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for connections in (1, 32):
            print(f"REST, {connections:2} connections:          {rest(server, connections, folder)}")
        for connections, streams in ((1, 1), (4, 16)):
            print(f"gRPC, {connections:2} connections x {streams:2} calls: {rpc(server, connections, streams, folder)}")


main()
