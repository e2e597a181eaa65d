#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Process start to the first answer, and memory at rest: half_plus_two, best and median of ten starts."""
import pathlib
import statistics
import subprocess
import time

import harness


def first_answer():
    """Milliseconds from exec to an answered predict, and the resident memory afterwards in MB."""
    grpc_port, rest_port = harness.free_ports(2)
    server = harness.Server()
    server.rest_port = rest_port
    begin = time.perf_counter()
    process = subprocess.Popen([harness.BINARY, f"--port={grpc_port}", f"--rest_api_port={rest_port}",
                                "--model_name=m", f"--model_base_path={harness.MODELS / 'half_plus_two'}"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                if server.post("m:predict", {"instances": [1.0]}).status == 200:
                    break
            except OSError:
                time.sleep(0.0005)
        elapsed = (time.perf_counter() - begin) * 1e3
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        return elapsed, int(status.split("VmRSS:")[1].split()[0]) / 1024
    finally:
        process.terminate()
        process.wait()


def main():
    times, sizes = zip(*(first_answer() for _ in range(10)))
    print(f"start to first answer: best {min(times):.1f} ms, median {statistics.median(times):.1f} ms")
    print(f"resident: {statistics.median(sizes):.1f} MB")


main()
